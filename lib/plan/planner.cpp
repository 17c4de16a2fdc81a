// The planner, compiled once.
#include "vrambudget/plan/planner.ipp"
