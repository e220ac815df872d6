#version 450
layout (local_size_x = 1) in;
layout (binding = 0) uniform texture2D t;
layout (binding = 1) uniform sampler s;
layout (binding = 2) uniform sampler2DShadow sh;
layout (binding = 3) buffer B { vec4 v; };
void main () { v = texture (sampler2D (t, s), vec2 (0)) + texture (sh, vec3 (0)); }
