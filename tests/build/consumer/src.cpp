#include <vrambudget/src.hpp>
