#version 450
layout (local_size_x_id = 0, local_size_y_id = 1, local_size_z = 1) in;
layout (constant_id = 2) const uint N = 16;
layout (constant_id = 3) const bool FLAG = true;
layout (constant_id = 4) const float F = 1.5;
layout (binding = 3) uniform U { mat4 m; vec3 v[N]; } u;
layout (binding = 1, std430) writeonly buffer O { vec4 o[]; } outp;
shared vec4 cache[N];
void main () { cache[gl_LocalInvocationIndex % N] = u.m * vec4 (u.v[0], F); barrier ();
  if (FLAG) outp.o[gl_GlobalInvocationID.x] = cache[0]; }
