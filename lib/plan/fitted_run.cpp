// The engine's fitting, compiled once.
#include "vrambudget/plan/fitted_run.ipp"
