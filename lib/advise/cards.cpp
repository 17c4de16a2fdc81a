// The search among cards, compiled once.
#include "vrambudget/advise/cards.ipp"
