// The verdict on a run, compiled once.
#include "vrambudget/plan/verdict.ipp"
