// Sweeps, compiled once.
#include "vrambudget/plan/sweep.ipp"
