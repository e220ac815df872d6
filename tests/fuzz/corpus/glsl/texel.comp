#version 450
layout (local_size_x = 1) in;
layout (binding = 0) uniform samplerBuffer t;
layout (binding = 1, r32f) uniform imageBuffer i;
void main () { imageStore (i, 0, texelFetch (t, 1)); }
