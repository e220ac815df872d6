// SPDX-License-Identifier: MIT
#version 450

// Strength of the edges of a picture: the length of the Sobel gradient of its luma. Three channels
// of 8 bits are stored as four, and a shader declares what is stored.

layout(local_size_x = 16, local_size_y = 8) in;

layout(set = 0, binding = 0, rgba8ui) uniform readonly uimage2D picture;
layout(set = 0, binding = 1, r8ui) uniform writeonly uimage2D edges;

float
luma(ivec2 at)
{
  // Outside of the picture is what lies at its edge.
  const ivec2 last = imageSize(picture) - 1;
  const uvec3 rgb = imageLoad(picture, clamp(at, ivec2(0), last)).rgb;

  return dot(vec3(rgb), vec3(0.299, 0.587, 0.114));
}

void
main()
{
  const ivec2 at = ivec2(gl_GlobalInvocationID.xy);

  // The grid is rounded up to whole workgroups.
  if (any(greaterThanEqual(at, imageSize(picture))))
    return;

  const float nw = luma(at + ivec2(-1, -1));
  const float n = luma(at + ivec2(0, -1));
  const float ne = luma(at + ivec2(1, -1));
  const float w = luma(at + ivec2(-1, 0));
  const float e = luma(at + ivec2(1, 0));
  const float sw = luma(at + ivec2(-1, 1));
  const float s = luma(at + ivec2(0, 1));
  const float se = luma(at + ivec2(1, 1));

  const float gx = (ne + 2.0 * e + se) - (nw + 2.0 * w + sw);
  const float gy = (sw + 2.0 * s + se) - (nw + 2.0 * n + ne);

  imageStore(edges, at, uvec4(min(255.0, round(sqrt(gx * gx + gy * gy)))));
}
