// The graphs of all encoders, compiled once.
#include "vrambudget/memory/projector.ipp"
