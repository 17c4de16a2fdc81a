/* What llama.cpp will allocate for a model: C ABI, version 1.
 *
 * Options are a JSON object whose keys are llama-server's options without their dashes ("ctx_size", "ctk",
 * "n_gpu_layers"), and "gpu" ("3090" or ["3090", "2x4090"]; without it the GPUs of this machine), "free",
 * "reserve", "mmproj", "lora", "model_draft", "engine", ... as `vrambudget --help` lists them. NULL means none. Answers
 * are JSON of schema 1 or plain numbers; sizes are bytes.
 *
 * Every function may be called by several threads at once, a model by several threads too. Nothing is
 * printed, nothing ends the process. Strings that are given back belong to the caller: vrambudget_free().
 * On failure a function leaves its results alone and, where `error` is not NULL, sets it to one line. */
#ifndef VRAMBUDGET_H
#define VRAMBUDGET_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32) && defined(VRAMBUDGET_EXPORTS)
#define VRAMBUDGET_API __declspec(dllexport)
#elif defined(__GNUC__) && !defined(_WIN32)
#define VRAMBUDGET_API __attribute__((visibility("default")))
#else
#define VRAMBUDGET_API
#endif

/* Grows when a function or status is added; what is there keeps its meaning. */
#define VRAMBUDGET_ABI 4

typedef enum vrambudget_status {
  VRAMBUDGET_OK = 0,
  VRAMBUDGET_BAD_FILE = 1,     /* truncated, damaged, or beyond limits */
  VRAMBUDGET_BAD_ARGUMENT = 2, /* options that contradict each other or that the engine refuses */
  VRAMBUDGET_UNSUPPORTED = 3,  /* well formed, but not modelled */
  VRAMBUDGET_NOT_FOUND = 4,    /* no such file or name */
  VRAMBUDGET_IO = 5,           /* the system, a server or the GPU's driver failed */
  VRAMBUDGET_OVERFLOW = 6,     /* a size needs more than 64 bits */
  VRAMBUDGET_STOPPED = 8,      /* the caller's progress function asked for it */
  VRAMBUDGET_INTERNAL = 70     /* a bug of this library */
} vrambudget_status;

/* A model whose header was read. */
typedef struct vrambudget_model vrambudget_model;

/* VRAMBUDGET_ABI of the library that is loaded, and its version, "0.1.0". */
VRAMBUDGET_API uint32_t vrambudget_abi(void);
VRAMBUDGET_API const char* vrambudget_version(void);

/* A path, an address, hf:org/repo:QUANT, ollama:name, or the name of a known model. */
VRAMBUDGET_API vrambudget_status vrambudget_open_model(const char* name, const char* options_json,
                                                       vrambudget_model** model, char** error);
VRAMBUDGET_API void vrambudget_close_model(vrambudget_model* model);

/* How many bytes from a file's beginning its header takes, by `n_bytes` of them. `least`: exactly, if it is not more
 * than `n_bytes`; else at least so many. `likely`: as many are worth to be fetched then. Either may be NULL.
 * VRAMBUDGET_BAD_FILE: no GGUF file, or none that further bytes could mend. */
VRAMBUDGET_API vrambudget_status vrambudget_header_extent(const void* beginning, uint64_t n_bytes,
                                                          uint64_t* least, uint64_t* likely,
                                                          char** error);

/* A model of one file by its beginning, with the whole header, and the size of the whole file. The bytes are not needed
 * afterwards. `name`: its path or what else it is called by. */
VRAMBUDGET_API vrambudget_status vrambudget_read_model(const void* beginning, uint64_t n_bytes,
                                                       uint64_t file_size, const char* name,
                                                       vrambudget_model** model, char** error);

/* The model's summary. */
VRAMBUDGET_API vrambudget_status vrambudget_model_json(const vrambudget_model* model, char** json,
                                                       char** error);

/* The whole budget. Without a context it is that of the largest that fits. */
VRAMBUDGET_API vrambudget_status vrambudget_plan(const vrambudget_model* model,
                                                 const char* options_json, char** json,
                                                 char** error);

/* Whether a run fits (1 or 0). `bytes`: what is left on the device with least, or what is missing on all
 * together. Either may be NULL. */
VRAMBUDGET_API vrambudget_status vrambudget_fits(const vrambudget_model* model,
                                                 const char* options_json, int* fits,
                                                 uint64_t* bytes, char** error);

/* The largest context that fits; 0: none does. */
VRAMBUDGET_API vrambudget_status vrambudget_max_context(const vrambudget_model* model,
                                                        const char* options_json, uint32_t* n_ctx,
                                                        char** error);

/* Which known models fit, as `vrambudget --json` without a model says it: those on this disk first, then the
 * catalogue's, the best first, each with its largest file that fits, and where the options tell "ram" those that need
 * a part of it. "prefer" in the options: "quality", "speed", "context". `family`: only names or architectures with
 * this; NULL: all. `min_ctx`: tokens that a model must take at least; 0: not said. A model, a draft or a
 * projector in the options is VRAMBUDGET_BAD_ARGUMENT. */
VRAMBUDGET_API vrambudget_status vrambudget_rank(const char* options_json, const char* family,
                                                 uint32_t min_ctx, char** json, char** error);

/* Which known cards hold a run, alone and in pairs, as `vrambudget cards --json` says it. A GPU in the options is
 * VRAMBUDGET_BAD_ARGUMENT. */
VRAMBUDGET_API vrambudget_status vrambudget_cards(const vrambudget_model* model,
                                                  const char* options_json, char** json,
                                                  char** error);

/* The best runs by what is wanted most, as `vrambudget best --json` says them: no run where none fits. */
VRAMBUDGET_API vrambudget_status vrambudget_best_runs(const vrambudget_model* model,
                                                      const char* options_json, char** json,
                                                      char** error);

/* The largest context by cache type, micro-batch and slots, as `vrambudget trade --json` says it. */
VRAMBUDGET_API vrambudget_status vrambudget_trade(const vrambudget_model* model,
                                                  const char* options_json, char** json,
                                                  char** error);

/* Files side by side on the same GPUs: sizes, largest contexts, speed, quality, as `vrambudget compare --json` says
 * it. `names`: as vrambudget_open_model() takes them; one that does not say which file means the best that runs. A
 * model in the options is VRAMBUDGET_BAD_ARGUMENT. */
VRAMBUDGET_API vrambudget_status vrambudget_compare_files(const char* const* names,
                                                          uint64_t n_names,
                                                          const char* options_json, char** json,
                                                          char** error);

/* The file that llama-quantize would make of a model, as `vrambudget recipe --json` says it, with a plan where the
 * options name GPUs or this machine has any. `name`: as vrambudget_open_model() takes it. `recipe_json`, or NULL:
 *   "base"                  its file type: "Q4_K_M"; several: "Q3_K_M..Q6_K"
 *   "token_embedding_type", "output_tensor_type", "source_type"
 *   "tensor_types"          ["attn_v=q6_k", ...], "tensor_type_file"
 *   "pure", "leave_output_tensor", "keep_split"
 *   "imatrix"               true, or its file
 *   "prune_layers"          [3, 7]
 *   "like"                  a model: the recipe that its file looks like
 *   "find"                  true: the recipe that makes the most of the GPUs at the context of the options
 * A model in the options is VRAMBUDGET_BAD_ARGUMENT; VRAMBUDGET_NOT_FOUND: nothing that was looked for fits. */
VRAMBUDGET_API vrambudget_status vrambudget_recipe(const char* name, const char* recipe_json,
                                                   const char* options_json, char** json,
                                                   char** error);

/* What is inside of a file, as `vrambudget inspect --json` says it; with `other` how the two differ; with `keys` the
 * metadata whose keys have that regular expression. Either may be NULL. `options_json`: how models on servers are
 * read. */
VRAMBUDGET_API vrambudget_status vrambudget_inspect(const char* name, const char* other,
                                                    const char* keys, const char* options_json,
                                                    char** json, char** error);

/* Several models on the same GPUs at once, as `vrambudget together --json` says it: two at least. */
VRAMBUDGET_API vrambudget_status vrambudget_together(const vrambudget_model* const* models,
                                                     uint64_t n_models, const char* options_json,
                                                     char** json, char** error);

/* The GPUs of this machine now, as `vrambudget probe --json` shows them: total_bytes, free_bytes, and what the
 * driver tells besides. Each is given a context for a moment, in a process of its own.
 * VRAMBUDGET_IO: no driver, no device, or either fails. */
VRAMBUDGET_API vrambudget_status vrambudget_probe(char** json, char** error);

/* The plan as what starts it in `program`, "llama-server", "ollama", "koboldcpp" or "lmstudio": {"text", "notes"}.
 * VRAMBUDGET_UNSUPPORTED: it does not run, or not in that program. */
VRAMBUDGET_API vrambudget_status vrambudget_launch(const vrambudget_model* model,
                                                   const char* options_json, const char* program,
                                                   char** json, char** error);

/* A log of llama.cpp against the plan of its run, as `vrambudget check --json` says it. `model`: its model, or NULL: as
 * the log tells of it. Of the options count GPUs and adapters. `engine`: the build that wrote it, or NULL. */
VRAMBUDGET_API vrambudget_status vrambudget_check(const char* log, const vrambudget_model* model,
                                                  const char* options_json, const char* engine,
                                                  char** json, char** error);

/* Rows of a sweep. */
typedef struct vrambudget_table vrambudget_table;

/* Told the points done and their number now and then, on the thread that called vrambudget_sweep(); 0 stops
 * the sweep. `user` is what was given there. It must not throw. */
typedef int (*vrambudget_progress)(uint64_t done, uint64_t all, void* user);

/* Budgets of `n_models` models over a grid, an object:
 *   "gpus"         a GPU or a set of them each: ["3090", "2x4090", ["3090", "3060"]]
 *   "n_ctx"        tokens over all slots: [4096, 8192], or {"first": 4096, "last": 262144, "step": 256}
 *   "cache_types"  of K and V: ["f16", ["q8_0", "q4_0"]]; without it f16
 *   "n_parallel"   slots: [1, 4]; without it 0, automatic
 *   "threads"      without it as many as the machine runs at once
 * at most 100 million points. `options_json` has all that does not vary, "model_draft" and "mmproj" too; a
 * context, slots, cache types or GPUs there are VRAMBUDGET_BAD_ARGUMENT. `progress` may be NULL.
 *
 * There is a row for each point that the engine accepts, models outermost, then GPUs, cache types, slots and
 * contexts. Between budgets that are planned one by one, values are taken from the line through them where a
 * third one lies on it to the byte; such rows are `interpolated`.
 * VRAMBUDGET_STOPPED: `progress` said so, and there is no table. */
VRAMBUDGET_API vrambudget_status vrambudget_sweep(const vrambudget_model* const* models,
                                                  uint64_t n_models, const char* grid_json,
                                                  const char* options_json,
                                                  vrambudget_progress progress, void* user,
                                                  vrambudget_table** table, char** error);
VRAMBUDGET_API void vrambudget_close_table(vrambudget_table* table);

/* One column and its length. The values belong to the table and last as long. Columns:
 *   model, gpu, cache_types     numbers on their axes, from 0
 *   n_parallel, n_ctx           as they were asked for
 *   weights, kv_cache, recurrent_state, compute_buffer, driver_context, pool, other
 *                               bytes over all devices; other: of a draft and a projector
 *   used                        bytes, the sum of those
 *   usable                      bytes, free memory less the reserve over all devices
 *   spare                       bytes on the device with least; negative: missing there
 *   host                        bytes of main memory
 *   fits, interpolated          1 or 0
 *   basis                       of the engine's own buffers: 0 exact, 1 bound, 2 fitted, 3 assumed
 * VRAMBUDGET_NOT_FOUND: no such column. */
VRAMBUDGET_API vrambudget_status vrambudget_table_column(const vrambudget_table* table,
                                                         const char* name, const int64_t** values,
                                                         uint64_t* n_rows, char** error);

/* {"columns": {NAME: [...]}, "refused": [...], "n_budgets"}; refused: points that the engine refuses, which
 * have no row, with the reason. */
VRAMBUDGET_API vrambudget_status vrambudget_table_json(const vrambudget_table* table, char** json,
                                                       char** error);

/* The rows as a stream of Arrow's C stream interface, whose struct is declared by whoever reads it: one batch, with texts
 * for the axes as dictionaries (model, gpu, type_k, type_v, basis), fits and interpolated as booleans. Numbers are not
 * copied, and last as long as what the stream gave, also after vrambudget_close_table(). */
struct ArrowArrayStream;
VRAMBUDGET_API vrambudget_status vrambudget_table_arrow(const vrambudget_table* table,
                                                        struct ArrowArrayStream* stream,
                                                        char** error);

/* The catalogues. `name`: of one GPU; NULL: all. */
VRAMBUDGET_API vrambudget_status vrambudget_gpus(const char* name, char** json, char** error);
VRAMBUDGET_API vrambudget_status vrambudget_models(char** json, char** error);
/* The files of one model of the catalogue: `models NAME --json`. */
VRAMBUDGET_API vrambudget_status vrambudget_model_files(const char* name, char** json, char** error);

/* The options of a plan: [{"name", "names", "kind", "turns_off", "help"}]. */
VRAMBUDGET_API vrambudget_status vrambudget_options(char** json, char** error);

/* The runs in a pasted text, a command line, a compose file, a Modelfile and the like: [{"program", "line", "name",
 * "args", "options", "notes"}]; "options" are a plan's, with "model". */
VRAMBUDGET_API vrambudget_status vrambudget_find_runs(const char* text, char** json, char** error);

/* Frees a string of this library; NULL is left alone. */
VRAMBUDGET_API void vrambudget_free(char* text);

#ifdef __cplusplus
}
#endif

#endif
