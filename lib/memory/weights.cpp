// Placing a model's tensors, compiled once.
#include "vrambudget/memory/weights.ipp"
