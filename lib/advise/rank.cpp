// The ranking of models, compiled once.
#include "vrambudget/advise/rank.ipp"
