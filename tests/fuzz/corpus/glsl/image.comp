#version 450
layout (local_size_x = 8, local_size_y = 8) in;
layout (binding = 0, rgba8) uniform readonly image2D src;
layout (binding = 1, r32ui) uniform uimage2D dst;
layout (binding = 2) uniform sampler2D tex;
layout (binding = 4) uniform sampler3D vols[2];
void main () { ivec2 p = ivec2 (gl_GlobalInvocationID.xy);
  vec4 c = imageLoad (src, p) + texture (tex, vec2 (p)) + textureLod (vols[1], vec3 (p, 0), 0);
  imageStore (dst, p, uvec4 (c.r)); imageAtomicAdd (dst, p, 1u); }
