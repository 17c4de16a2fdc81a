// Reading models, compiled once.
#include "vrambudget/model/model.ipp"
