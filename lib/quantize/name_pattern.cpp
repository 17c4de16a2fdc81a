// Regular expressions over tensors' names, compiled once.
#include "vrambudget/quantize/name_pattern.ipp"
