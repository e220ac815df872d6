#version 450
layout (local_size_x = 16) in;
struct S { float x; ivec3 y; mat3 m; };
shared S s[16];
shared uint count;
layout (binding = 0) buffer B { S s[]; } b;
void main () { if (gl_LocalInvocationIndex == 0) count = 0u; barrier ();
  s[gl_LocalInvocationIndex] = b.s[gl_GlobalInvocationID.x]; atomicAdd (count, 1u); barrier ();
  b.s[gl_GlobalInvocationID.x].x = s[15 - gl_LocalInvocationIndex].x + float (count); }
