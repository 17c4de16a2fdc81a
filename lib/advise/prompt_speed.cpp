// The speed of prompts, compiled once.
#include "vrambudget/advise/prompt_speed.ipp"
