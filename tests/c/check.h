/* Counts what does not hold. */
#pragma once
#include <stdio.h>

static int n_failed = 0;

#define CHECK(condition)                                          \
  do {                                                            \
    if (!(condition)) {                                           \
      fprintf(stderr, "line %d: not %s\n", __LINE__, #condition); \
      ++n_failed;                                                 \
    }                                                             \
  } while (0)
