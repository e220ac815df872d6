// \
#version 450
#version 110
void main(){}
