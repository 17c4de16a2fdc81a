// Where the parts that take long to compile are: every graph of every architecture.
#pragma once

// Whoever uses the headers alone compiles them too, in the .ipp files; vrambudget::vrambudget has them
// compiled, and defines VRAMBUDGET_COMPILED for all that link it.
#ifdef VRAMBUDGET_COMPILED
#define VRAMBUDGET_INLINE
#else
#define VRAMBUDGET_INLINE inline
#endif
