// The search for the best run, compiled once.
#include "vrambudget/advise/best_run.ipp"
