/* The C ABI, called as C: results, failures, several threads. Exits with the number of failed checks. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <vrambudget.h>

static int n_failed = 0;

#define CHECK(condition)                                          \
  do {                                                            \
    if (!(condition)) {                                           \
      fprintf(stderr, "line %d: not %s\n", __LINE__, #condition); \
      ++n_failed;                                                 \
    }                                                             \
  } while (0)

static void *plan_again(void *given) {
  char *json = NULL, *error = NULL;
  const char *options = "{\"gpu\": \"3090\", \"ctx_size\": 4096}";
  for (int i = 0; i < 5; ++i) {
    if (vrambudget_plan(given, options, &json, &error) != VRAMBUDGET_OK) return error;
    vrambudget_free(json);
  }
  return NULL;
}

int main(void) {
  char *error = NULL, *json = NULL;
  vrambudget_model *model = NULL;
  CHECK(vrambudget_abi() == VRAMBUDGET_ABI);
  CHECK(strcmp(vrambudget_version(), "0.1.0") == 0);

  CHECK(vrambudget_open_model("no such model at all", NULL, &model, &error) == VRAMBUDGET_NOT_FOUND);
  CHECK(error && strstr(error, "no such model at all"));
  CHECK(model == NULL);
  vrambudget_free(error);
  error = NULL;
  CHECK(vrambudget_open_model(NULL, NULL, &model, NULL) == VRAMBUDGET_BAD_ARGUMENT);

  CHECK(vrambudget_open_model("Qwen3-8B-Q8_0", NULL, &model, &error) == VRAMBUDGET_OK);
  CHECK(vrambudget_model_json(model, &json, &error) == VRAMBUDGET_OK);
  CHECK(json && strstr(json, "\"architecture\":\"qwen3\""));
  vrambudget_free(json);
  json = NULL;

  /* 36 layers x 8192 cells x (1024 + 1024) values of f16 */
  CHECK(vrambudget_plan(model, "{\"gpu\": \"3090\", \"ctx_size\": 8192, \"parallel\": 1}", &json, &error) ==
        VRAMBUDGET_OK);
  CHECK(json && strstr(json, "{\"term\":\"kv_cache\",\"bytes\":1207959552,\"basis\":\"exact\"}"));
  vrambudget_free(json);
  json = NULL;

  int fits = -1;
  uint64_t bytes = 0;
  CHECK(vrambudget_fits(model, "{\"gpu\": \"3090\", \"ctx_size\": 8192}", &fits, &bytes, &error) ==
        VRAMBUDGET_OK);
  CHECK(fits == 1 && bytes > 0);
  CHECK(vrambudget_fits(model, "{\"gpu\": \"1060\", \"ctx_size\": 8192}", &fits, &bytes, &error) ==
        VRAMBUDGET_OK);
  CHECK(fits == 0 && bytes > 0);
  uint32_t n_ctx = 0;
  CHECK(vrambudget_max_context(model, "{\"gpu\": \"3090\"}", &n_ctx, &error) == VRAMBUDGET_OK);
  CHECK(n_ctx == 40960); /* what it was trained for */

  CHECK(vrambudget_plan(model, "{\"gpu\": \"3090\", \"ctx_sise\": 1}", &json, &error) ==
        VRAMBUDGET_BAD_ARGUMENT);
  CHECK(json == NULL && error && strstr(error, "ctx_sise"));
  vrambudget_free(error);
  error = NULL;
  CHECK(vrambudget_plan(model, "{", &json, &error) == VRAMBUDGET_BAD_ARGUMENT);
  vrambudget_free(error);
  error = NULL;
  CHECK(vrambudget_gpus("3090", &json, &error) == VRAMBUDGET_OK);
  CHECK(json && strstr(json, "NVIDIA GeForce RTX 3090"));
  vrambudget_free(json);
  CHECK(vrambudget_models(&json, NULL) == VRAMBUDGET_OK);
  vrambudget_free(json);

  pthread_t threads[4];
  for (int i = 0; i < 4; ++i) CHECK(pthread_create(&threads[i], NULL, plan_again, model) == 0);
  for (int i = 0; i < 4; ++i) {
    void *message = NULL;
    pthread_join(threads[i], &message);
    CHECK(message == NULL);
  }
  vrambudget_close_model(model);
  vrambudget_close_model(NULL);
  vrambudget_free(NULL);
  return n_failed;
}
