// The search for a context, compiled once.
#include "vrambudget/plan/max_context.ipp"
