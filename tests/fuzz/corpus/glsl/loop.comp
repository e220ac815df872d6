#version 450
layout (local_size_x = 4) in;
layout (binding = 0) buffer B { int b[]; };
int f (int x) { int r = 0; for (int i = 0; i < x; i++) { if ((i & 1) == 0) continue; r += i; switch (i) { case 3: r = 7; break; default: r--; } } return r; }
void main () { b[gl_GlobalInvocationID.x] = f (b[0]); }
