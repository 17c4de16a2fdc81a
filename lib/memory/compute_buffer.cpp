// Simulated graphs of contexts, compiled once.
#include "vrambudget/memory/compute_buffer.ipp"
