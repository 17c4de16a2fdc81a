// The graphs of all architectures, compiled once.
#include "vrambudget/memory/compute_buffer.ipp"
