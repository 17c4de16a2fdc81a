/* vrambudget_probe() on a fake driver: `whole` of tests/fake_cuda, or `none`. Exits with the number of failed
 * checks. */
#include <string.h>
#include <vrambudget.h>

#include "check.h"

int main(int argc, char **argv) {
  char *json = NULL, *error = NULL;
  const vrambudget_status s = vrambudget_probe(&json, &error);
  if (argc == 2 && strcmp(argv[1], "whole") == 0) {
    CHECK(s == VRAMBUDGET_OK && error == NULL && json != NULL);
    /* the fake card: 24,124 MiB, 100 of them others' */
    CHECK(json && strstr(json, "\"schema\":1"));
    CHECK(json && strstr(json, "\"gpu\":\"NVIDIA GeForce RTX 3090\""));
    CHECK(json && strstr(json, "\"total_bytes\":25295847424"));
    CHECK(json && strstr(json, "\"free_bytes\":25190989824"));
    CHECK(json && strstr(json, "\"driver_context_bytes\":262144000"));
  } else {
    CHECK(s == VRAMBUDGET_IO && json == NULL && error != NULL && strchr(error, '\n') == NULL);
  }
  CHECK(vrambudget_probe(NULL, NULL) != VRAMBUDGET_OK);
  vrambudget_free(json);
  vrambudget_free(error);
  return n_failed;
}
