// Regular expressions over tensors' names, compiled once.
#include "vrambudget/model/name_pattern.ipp"
