// The graphs of all encoders, compiled once.
#include "vrambudget/memory/encoder_buffers.ipp"
