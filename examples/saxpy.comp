// SPDX-License-Identifier: MIT
#version 450

// y = a x + y, four elements per invocation.

layout(local_size_x = 128) in;

layout(set = 0, binding = 0) readonly buffer X { vec4 data[]; } x;
layout(set = 0, binding = 1) buffer Y { vec4 data[]; } y;
layout(push_constant) uniform Constants { float a; };

void
main()
{
  const uint i = gl_GlobalInvocationID.x;

  if (i < y.data.length())
    y.data[i] += a * x.data[i];
}
