// The speed of decoding, compiled once.
#include "vrambudget/advise/speed.ipp"
