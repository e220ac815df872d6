#version 450
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_KHR_shader_subgroup_ballot : require
#extension GL_KHR_shader_subgroup_shuffle : require
layout (local_size_x = 32) in;
layout (binding = 0) buffer B { uint b[]; };
void main () { uint v = subgroupAdd (b[gl_GlobalInvocationID.x]); v += subgroupShuffle (v, 3);
 if (subgroupElect ()) b[gl_WorkGroupID.x] = v + subgroupBallot (v > 3).x; }
