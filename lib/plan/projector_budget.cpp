// Budgets of projectors, compiled once.
#include "vrambudget/plan/projector_budget.ipp"
