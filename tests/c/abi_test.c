/* The C ABI, called as C: results, failures, several threads. Exits with the number of failed checks. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <vrambudget.h>

#include "check.h"

static void *plan_again(void *given) {
  char *json = NULL, *error = NULL;
  const char *options = "{\"gpu\": \"3090\", \"ctx_size\": 4096}";
  for (int i = 0; i < 5; ++i) {
    if (vrambudget_plan(given, options, &json, &error) != VRAMBUDGET_OK) return error;
    vrambudget_free(json);
  }
  return NULL;
}

/* Counts calls; stops at the one that `user` says. */
struct progress {
  int n_calls, stop_at;
  uint64_t done, all;
};
static int told(uint64_t done, uint64_t all, void *user) {
  struct progress *p = user;
  p->done = done;
  p->all = all;
  return ++p->n_calls != p->stop_at;
}

static int64_t value(const vrambudget_table *table, const char *column, uint64_t row) {
  const int64_t *values = NULL;
  uint64_t n = 0;
  if (vrambudget_table_column(table, column, &values, &n, NULL) != VRAMBUDGET_OK || row >= n) return -1;
  return values[row];
}

/* Arrow's structs, as its specification has them. */
struct ArrowSchema {
  const char *format, *name, *metadata;
  int64_t flags, n_children;
  struct ArrowSchema **children, *dictionary;
  void (*release)(struct ArrowSchema *);
  void *private_data;
};
struct ArrowArray {
  int64_t length, null_count, offset, n_buffers, n_children;
  const void **buffers;
  struct ArrowArray **children, *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};
struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *);
  int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *);
  const char *(*get_last_error)(struct ArrowArrayStream *);
  void (*release)(struct ArrowArrayStream *);
  void *private_data;
};

/* The rows of a table that is closed, and a column that is kept after all others. */
static void check_arrow(const vrambudget_model *model) {
  vrambudget_table *table = NULL;
  struct ArrowArrayStream stream;
  struct ArrowSchema schema;
  struct ArrowArray rows, end, kv_cache;
  const char *grid = "{\"gpus\": [\"3090\", [\"3090\", \"1060\"]], \"n_ctx\": [8192, 16384], \"n_parallel\": 1}";
  CHECK(vrambudget_sweep(&model, 1, grid, NULL, NULL, NULL, &table, NULL) == VRAMBUDGET_OK);
  CHECK(vrambudget_table_arrow(NULL, &stream, NULL) == VRAMBUDGET_BAD_ARGUMENT);
  CHECK(vrambudget_table_arrow(table, NULL, NULL) == VRAMBUDGET_BAD_ARGUMENT);
  CHECK(vrambudget_table_arrow(table, &stream, NULL) == VRAMBUDGET_OK);
  vrambudget_close_table(table);
  CHECK(stream.get_schema(&stream, &schema) == 0 && strcmp(schema.format, "+s") == 0);
  CHECK(stream.get_next(&stream, &rows) == 0 && rows.length == 4 && rows.n_children == schema.n_children);
  CHECK(stream.get_next(&stream, &end) == 0 && end.release == NULL);
  stream.release(&stream);
  CHECK(stream.release == NULL);
  for (int64_t i = 0; i < schema.n_children; ++i) {
    const struct ArrowSchema *of = schema.children[i];
    struct ArrowArray *column = rows.children[i];
    CHECK(column->length == 4 && (of->dictionary == NULL) == (column->dictionary == NULL));
    if (strcmp(of->name, "gpu") == 0) {
      const int32_t *number = column->buffers[1], *offset = column->dictionary->buffers[1];
      CHECK(number[0] == 0 && number[1] == 0 && number[2] == 1 && number[3] == 1);
      CHECK(offset[1] == 4 && memcmp(column->dictionary->buffers[2], "30903090 + 1060", 15) == 0);
    }
    if (strcmp(of->name, "kv_cache") == 0) {
      kv_cache = *column;
      column->release = NULL; /* it is taken */
    }
  }
  schema.release(&schema);
  rows.release(&rows);
  CHECK(schema.release == NULL && rows.release == NULL);
  /* 36 layers x 8192 cells x (1024 + 1024) values of f16 */
  CHECK(((const int64_t *)kv_cache.buffers[1])[0] == 1207959552);
  kv_cache.release(&kv_cache);
}

static void check_sweep(const vrambudget_model *model) {
  char *error = NULL, *json = NULL;
  vrambudget_table *table = NULL;
  struct progress p = {0, 0, 0, 0};
  const char *grid = "{\"gpus\": [\"3090\", [\"3090\", \"1060\"]], \"n_parallel\": [1],"
                     " \"n_ctx\": {\"first\": 8192, \"last\": 16384, \"step\": 256},"
                     " \"cache_types\": [\"f16\", [\"q8_0\", \"q4_0\"]], \"threads\": 2}";
  CHECK(vrambudget_sweep(&model, 1, grid, "{\"reserve\": \"1GiB\"}", told, &p, &table, &error) ==
        VRAMBUDGET_OK);
  CHECK(error == NULL && table != NULL);
  const uint64_t n_rows = 2 * 2 * 33;
  const int64_t *used = NULL;
  uint64_t n = 0;
  CHECK(vrambudget_table_column(table, "used", &used, &n, &error) == VRAMBUDGET_OK && n == n_rows);
  CHECK(p.n_calls > 0 && p.done == n_rows && p.all == n_rows);
  /* 36 layers x 8192 cells x (1024 + 1024) values of f16; q8_0: 34 bytes of 32 values, q4_0: 18 */
  CHECK(value(table, "kv_cache", 0) == 1207959552);
  CHECK(value(table, "kv_cache", 33) == 36LL * 8192 * (1024 / 32) * (34 + 18));
  CHECK(value(table, "kv_cache", 32) == 2 * value(table, "kv_cache", 0));
  CHECK(value(table, "n_ctx", 1) == 8448 && value(table, "gpu", 66) == 1);
  int n_interpolated = 0;
  for (uint64_t i = 0; i < n_rows; ++i) n_interpolated += value(table, "interpolated", i) == 1;
  CHECK(n_interpolated > 66);
  int fits = -1;
  uint64_t bytes = 0; /* as a plan of one point has it */
  CHECK(vrambudget_fits(model, "{\"gpu\": \"3090\", \"parallel\": 1, \"ctx_size\": 9216, \"reserve\": \"1GiB\"}",
                        &fits, &bytes, &error) == VRAMBUDGET_OK);
  CHECK(value(table, "n_ctx", 4) == 9216 && value(table, "fits", 4) == fits);
  CHECK(value(table, "spare", 4) == (int64_t)bytes);
  CHECK(vrambudget_table_column(table, "colour", &used, &n, &error) == VRAMBUDGET_NOT_FOUND);
  CHECK(error && strstr(error, "colour"));
  vrambudget_free(error);
  error = NULL;
  CHECK(vrambudget_table_json(table, &json, &error) == VRAMBUDGET_OK);
  CHECK(json && strstr(json, "\"kv_cache\":[1207959552,") && strstr(json, "\"refused\":[]"));
  CHECK(json && strstr(json, "\"fits\":[true,") && strstr(json, "\"basis\":[\"exact\","));
  vrambudget_free(json);
  vrambudget_close_table(table);
  table = NULL;

  p.n_calls = 0;
  p.stop_at = 1;
  CHECK(vrambudget_sweep(&model, 1, grid, NULL, told, &p, &table, NULL) == VRAMBUDGET_STOPPED);
  CHECK(table == NULL && p.n_calls == 1);
  const char *wrong[][2] = {
      {"{\"gpus\": [\"3090\"]}", NULL},                      /* no contexts */
      {"{\"gpus\": [\"3090\"], \"n_ctx\": [-1]}", NULL},     /* no number of tokens */
      {"{\"gpus\": [\"3090\"], \"n_ctx\": [1], \"sizes\": 1}", NULL},
      {"{\"gpus\": [\"3090\"], \"n_ctx\": {\"first\": 0, \"last\": 4294967295, \"step\": 1}}", NULL},
      {"{\"gpus\": [\"3090\"], \"n_ctx\": {\"first\": 1, \"last\": 2, \"step\": 0}}", NULL},
      {"{\"gpus\": [\"3090\"], \"n_ctx\": [4096], \"cache_types\": [\"q9\"]}", NULL},
      {"{\"gpus\": [\"3090\"], \"n_ctx\": [4096]}", "{\"ctx_size\": 8192}"}, /* an axis decides it */
      {"{\"gpus\": [\"3090\"], \"n_ctx\": [4096]}", "{\"ctk\": \"q8_0\"}"},
      {"{\"gpus\": [\"3090\"], \"n_ctx\": [4096]}", "{\"gpu\": \"4090\"}"},
      {"[1]", NULL},
      {"{", NULL}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
    vrambudget_status s = vrambudget_sweep(&model, 1, wrong[i][0], wrong[i][1], NULL, NULL, &table, &error);
    if (s == VRAMBUDGET_OK || s == VRAMBUDGET_INTERNAL || table || !error || strchr(error, '\n')) {
      fprintf(stderr, "grid %s: status %d, %s\n", wrong[i][0], (int)s, error ? error : "no error");
      ++n_failed;
    }
    vrambudget_free(error);
    error = NULL;
  }
  CHECK(vrambudget_sweep(&model, 1, "{\"gpus\": [\"no such card\"], \"n_ctx\": [1]}", NULL, NULL, NULL,
                         &table, NULL) == VRAMBUDGET_NOT_FOUND);
  const vrambudget_model *nothing = NULL;
  CHECK(vrambudget_sweep(&nothing, 1, grid, NULL, NULL, NULL, &table, NULL) == VRAMBUDGET_BAD_ARGUMENT);
  CHECK(vrambudget_table_json(NULL, &json, NULL) == VRAMBUDGET_BAD_ARGUMENT);
  vrambudget_close_table(NULL);
}

/* A file's beginning: 24 bytes that say version 3, no tensors and one key, which is cut. */
static void check_beginnings(void) {
  const unsigned char beginning[] = {'G', 'G', 'U', 'F', 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
  uint64_t least = 0, likely = 0;
  char *error = NULL;
  vrambudget_model *model = NULL;
  CHECK(vrambudget_header_extent(beginning, sizeof beginning, &least, &likely, &error) == VRAMBUDGET_OK);
  CHECK(error == NULL && least > sizeof beginning && likely >= least);
  CHECK(vrambudget_header_extent("<html><body>no such file</body>", 31, &least, NULL, &error) == VRAMBUDGET_BAD_FILE);
  CHECK(error && strstr(error, "GGUF"));
  vrambudget_free(error);
  error = NULL;
  CHECK(vrambudget_header_extent(NULL, 1, &least, NULL, NULL) == VRAMBUDGET_BAD_ARGUMENT);
  CHECK(vrambudget_read_model(beginning, sizeof beginning, 4096, "cut.gguf", &model, &error) == VRAMBUDGET_BAD_FILE);
  CHECK(model == NULL && error && strstr(error, "cut.gguf: "));
  vrambudget_free(error);
  CHECK(vrambudget_read_model(beginning, sizeof beginning, 4096, NULL, &model, NULL) == VRAMBUDGET_BAD_ARGUMENT);
}

static void check_launch_and_log(const vrambudget_model *model) {
  char *error = NULL, *json = NULL;
  const char *options = "{\"gpu\": \"3090\", \"ctx_size\": 8192}";
  CHECK(vrambudget_launch(model, options, "llama-server", &json, &error) == VRAMBUDGET_OK);
  CHECK(json && strstr(json, "\"text\":\"llama-server ") && strstr(json, " -c 8192 "));
  vrambudget_free(json);
  json = NULL;
  CHECK(vrambudget_launch(model, options, "word", &json, NULL) == VRAMBUDGET_BAD_ARGUMENT);
  CHECK(vrambudget_launch(model, "{\"gpu\": \"1060\", \"ctx_size\": 8192}", "ollama", &json, NULL) ==
        VRAMBUDGET_UNSUPPORTED);
  const char *log = "llama_kv_cache:      CUDA0 KV buffer size =  1152.00 MiB\n";
  CHECK(vrambudget_check(log, NULL, NULL, NULL, &json, &error) == VRAMBUDGET_OK);
  CHECK(json && strstr(json, "\"schema\":1"));
  vrambudget_free(json);
  json = NULL;
  CHECK(vrambudget_check(log, model, NULL, "no such build", &json, NULL) == VRAMBUDGET_BAD_ARGUMENT);
  CHECK(vrambudget_check("no log\n", model, NULL, NULL, &json, NULL) == VRAMBUDGET_BAD_FILE);
  CHECK(vrambudget_check(NULL, model, NULL, NULL, &json, NULL) == VRAMBUDGET_BAD_ARGUMENT);
  CHECK(vrambudget_options(&json, NULL) == VRAMBUDGET_OK);
  CHECK(json && strstr(json, "\"ctx_size\""));
  vrambudget_free(json);
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

  check_beginnings();
  check_launch_and_log(model);
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
  CHECK(vrambudget_find_runs("llama-server -m a.gguf -c 4096", &json, NULL) == VRAMBUDGET_OK);
  CHECK(strstr(json, "\"n_ctx\":\"4096\"") != NULL);
  vrambudget_free(json);
  CHECK(vrambudget_find_runs("none", &json, NULL) == VRAMBUDGET_NOT_FOUND);
  CHECK(vrambudget_models(&json, NULL) == VRAMBUDGET_OK);
  vrambudget_free(json);
  CHECK(vrambudget_model_files("Qwen3-8B", &json, NULL) == VRAMBUDGET_OK);
  CHECK(json && strstr(json, "\"quantization\":\"Q4_K_M\""));
  vrambudget_free(json);
  CHECK(vrambudget_model_files(NULL, &json, NULL) == VRAMBUDGET_BAD_ARGUMENT);

  json = NULL;
  CHECK(vrambudget_recipe("Qwen3.6-27B", "{\"token_embedding_type\": \"q8_0\", \"output_tensor_type\": \"q8_0\"}",
                          NULL, &json, &error) == VRAMBUDGET_OK);
  CHECK(json && strstr(json, "\"data_bytes\":17480022016") && strstr(json, "\"Q6_K\":64"));
  vrambudget_free(json);
  json = NULL;
  CHECK(vrambudget_recipe("Qwen3-8B", "{\"find\": true}", "{\"gpu\": \"3090\", \"ctx_size\": 8192}", &json,
                          &error) == VRAMBUDGET_OK);
  CHECK(json && strstr(json, "llama-quantize --pure"));
  vrambudget_free(json);
  json = NULL;
  const char *wrong_recipes[] = {"{\"bases\": \"Q4_K_M\"}", "{\"base\": 4}", "{\"pure\": 1}", "[]", "{",
                                 "{\"tensor_types\": \"a=q8_0\"}", "{\"prune_layers\": [0.5]}",
                                 "{\"imatrix\": 1}", "{\"find\": true}"};
  for (size_t i = 0; i < sizeof wrong_recipes / sizeof *wrong_recipes; ++i) {
    CHECK(vrambudget_recipe("Qwen3-8B", wrong_recipes[i], NULL, &json, &error) == VRAMBUDGET_BAD_ARGUMENT);
    CHECK(json == NULL && error && !strchr(error, '\n'));
    vrambudget_free(error);
    error = NULL;
  }
  CHECK(vrambudget_recipe(NULL, NULL, NULL, &json, NULL) == VRAMBUDGET_BAD_ARGUMENT);
  CHECK(vrambudget_inspect("Qwen3-8B-Q8_0", NULL, NULL, NULL, &json, &error) == VRAMBUDGET_OK);
  CHECK(json && strstr(json, "\"looks_like\":{\"base\":\"Q8_0\""));
  vrambudget_free(json);
  CHECK(vrambudget_inspect("Qwen3-8B-Q8_0", "Qwen3-8B-Q4_0", NULL, NULL, &json, &error) == VRAMBUDGET_OK);
  CHECK(json && strstr(json, "\"only_a\":[]"));
  vrambudget_free(json);
  CHECK(vrambudget_inspect("Qwen3-8B-Q8_0", NULL, "(", NULL, &json, NULL) == VRAMBUDGET_BAD_ARGUMENT);
  CHECK(vrambudget_inspect(NULL, NULL, NULL, NULL, &json, NULL) == VRAMBUDGET_BAD_ARGUMENT);

  json = NULL;
  CHECK(vrambudget_rank("{\"gpu\": \"3090\", \"ctx_size\": 8192, \"offline\": true}", "gpt-oss-120b", 0, &json,
                        &error) == VRAMBUDGET_OK);
  CHECK(json && strstr(json, "\"schema\":1") && strstr(json, "\"fits\":false") && !strstr(json, "\"fits\":true"));
  vrambudget_free(json);
  json = NULL;
  CHECK(vrambudget_rank("{\"gpu\": \"3090\", \"model_draft\": \"a\"}", NULL, 0, &json, &error) ==
        VRAMBUDGET_BAD_ARGUMENT);
  CHECK(json == NULL && error && strstr(error, "draft"));
  vrambudget_free(error);
  error = NULL;

  json = NULL;
  CHECK(vrambudget_best_runs(model, "{\"gpu\": \"3090\"}", &json, &error) == VRAMBUDGET_OK);
  CHECK(json && strstr(json, "\"runs\":[{\"prefer\":\"quality\""));
  vrambudget_free(json);
  json = NULL;
  CHECK(vrambudget_trade(model, "{\"gpu\": \"3090\"}", &json, &error) == VRAMBUDGET_OK);
  CHECK(json && strstr(json, "\"runs\":[{\"cache_type\":\"f16\",\"n_ubatch\":256"));
  vrambudget_free(json);
  json = NULL;
  CHECK(vrambudget_cards(model, "{\"ctx_size\": 8192}", &json, &error) == VRAMBUDGET_OK);
  CHECK(json && strstr(json, "\"schema\":1") && strstr(json, "\"cards\":["));
  vrambudget_free(json);
  json = NULL;
  CHECK(vrambudget_cards(model, "{\"gpu\": \"3090\"}", &json, &error) == VRAMBUDGET_BAD_ARGUMENT);
  CHECK(json == NULL && error && strstr(error, "--gpu"));
  vrambudget_free(error);
  error = NULL;
  const char *files[] = {"Qwen3-8B-Q8_0", "Qwen3-8B-Q4_K_M"};
  CHECK(vrambudget_compare_files(files, 2, "{\"gpu\": \"3090\", \"ctx_size\": 8192}", &json, &error) ==
        VRAMBUDGET_OK);
  CHECK(json && strstr(json, "\"schema\":1") && strstr(json, "\"files\":[{\"model\":\"Qwen3-8B-Q8_0\",\"size_bytes\":"));
  CHECK(json && strstr(json, "{\"model\":\"Qwen3-8B-Q4_K_M\"") && strstr(json, "\"q8_0\":{\"n_ctx\":40960,\"bound_by\":\"n_ctx_train\"}"));
  vrambudget_free(json);
  json = NULL;
  files[1] = "no such model at all";
  CHECK(vrambudget_compare_files(files, 2, "{\"gpu\": \"3090\"}", &json, &error) == VRAMBUDGET_NOT_FOUND);
  CHECK(json == NULL && error && strstr(error, "no such model at all"));
  vrambudget_free(error);
  error = NULL;
  files[1] = NULL;
  CHECK(vrambudget_compare_files(files, 2, "{\"gpu\": \"3090\"}", &json, NULL) == VRAMBUDGET_BAD_ARGUMENT);
  CHECK(vrambudget_compare_files(NULL, 1, NULL, &json, NULL) == VRAMBUDGET_BAD_ARGUMENT);
  CHECK(vrambudget_compare_files(files, 1, "{\"gpu\": \"3090\", \"model\": \"Qwen3-8B\"}", &json, NULL) ==
        VRAMBUDGET_BAD_ARGUMENT);
  const vrambudget_model *both[] = {model, model};
  CHECK(vrambudget_together(both, 2, "{\"gpu\": \"b200\", \"ctx_size\": 8192}", &json, &error) == VRAMBUDGET_OK);
  CHECK(json && strstr(json, "\"fits\":true") && strstr(json, "\"max_context\""));
  vrambudget_free(json);
  json = NULL;
  CHECK(vrambudget_together(both, 1, "{\"gpu\": \"b200\"}", &json, &error) == VRAMBUDGET_BAD_ARGUMENT);
  CHECK(json == NULL && error && strstr(error, "two models"));
  vrambudget_free(error);
  error = NULL;

  check_sweep(model);
  check_arrow(model);

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
