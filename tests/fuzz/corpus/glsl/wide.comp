#version 450
#extension GL_EXT_shader_explicit_arithmetic_types : require
#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_shader_8bit_storage : require
layout (local_size_x = 1) in;
layout (constant_id = 7) const int64_t BIG = 5l;
layout (constant_id = 8) const float64_t D = 2.0lf;
layout (binding = 0) buffer B { float16_t h[4]; uint8_t c[4]; int64_t l; double d; } b;
void main () { b.l += BIG; b.d *= D; b.h[0] += float16_t (1); b.c[1] = uint8_t (b.c[0] + 1); }
