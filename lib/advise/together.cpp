// Several models at once, compiled once.
#include "vrambudget/advise/together.ipp"
