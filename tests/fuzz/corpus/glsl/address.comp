#version 450
#extension GL_EXT_buffer_reference : require
layout (local_size_x = 1) in;
layout (buffer_reference) buffer R;
layout (buffer_reference, std430) buffer R { uint v; R next; };
layout (push_constant) uniform P { R first; };
void main () { R r = first; while (r.v != 0) r = r.next; r.v = 3; }
