/* The largest context of a model on a GPU, and every byte of its budget:
 *   cc plan.c -lvrambudget -o plan && ./plan Qwen3-8B-Q8_0 3090 */
#include <inttypes.h>
#include <stdio.h>
#include <vrambudget.h>

static int failed(vrambudget_status status, char *error) {
  fprintf(stderr, "plan: %s\n", error ? error : "no memory");
  vrambudget_free(error);
  return (int)status;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: plan MODEL GPU\n");
    return 2;
  }
  char *error = NULL;
  vrambudget_model *model = NULL;
  vrambudget_status status = vrambudget_open_model(argv[1], NULL, &model, &error);
  if (status != VRAMBUDGET_OK) return failed(status, error);

  char options[256];
  snprintf(options, sizeof options, "{\"gpu\": \"%.100s\", \"parallel\": 1}", argv[2]);
  uint32_t n_ctx = 0;
  status = vrambudget_max_context(model, options, &n_ctx, &error);
  if (status == VRAMBUDGET_OK) {
    int fits = 0;
    uint64_t bytes = 0;
    char *json = NULL;
    snprintf(options, sizeof options, "{\"gpu\": \"%.100s\", \"parallel\": 1, \"ctx_size\": %" PRIu32 "}",
             argv[2], n_ctx);
    status = vrambudget_fits(model, options, &fits, &bytes, &error);
    if (status == VRAMBUDGET_OK) status = vrambudget_plan(model, options, &json, &error);
    if (status == VRAMBUDGET_OK) {
      printf("%" PRIu32 " tokens, %" PRIu64 " bytes %s\n%s", n_ctx, bytes, fits ? "to spare" : "missing",
             json);
      vrambudget_free(json);
    }
  }
  vrambudget_close_model(model);
  return status == VRAMBUDGET_OK ? 0 : failed(status, error);
}
