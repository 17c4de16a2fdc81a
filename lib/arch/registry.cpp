// The graphs of all architectures, compiled once.
#include "vrambudget/arch/registry.ipp"
