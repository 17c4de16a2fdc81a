// The search for changes, compiled once.
#include "vrambudget/advise/what_would_fit.ipp"
