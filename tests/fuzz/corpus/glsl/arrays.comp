#version 450
#extension GL_EXT_nonuniform_qualifier : require
layout (local_size_x = 1) in;
layout (set = 1, binding = 0) buffer B { uint v[]; } bufs[4];
layout (set = 2, binding = 5) uniform sampler2D texs[3][2];
layout (set = 0, binding = 2) buffer R { uint v; } run[];
void main () { uint i = gl_GlobalInvocationID.x; bufs[nonuniformEXT (i)].v[0] = uint (texture (texs[1][1], vec2 (0)).x) + run[nonuniformEXT (i)].v; }
