/* What llama.cpp will allocate for a model: C ABI, version 1.
 *
 * Options are a JSON object whose keys are llama-server's options without their dashes ("ctx_size", "ctk",
 * "n_gpu_layers"), and "gpu" ("3090" or ["3090", "2x4090"]; without it the GPUs of this machine), "free",
 * "reserve", "mmproj", "model_draft", "engine", ... as `vrambudget --help` lists them. NULL means none. Answers
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

#if defined(__GNUC__)
#define VRAMBUDGET_API __attribute__((visibility("default")))
#else
#define VRAMBUDGET_API
#endif

/* Grows when a function or status is added; what is there keeps its meaning. */
#define VRAMBUDGET_ABI 1

typedef enum vrambudget_status {
  VRAMBUDGET_OK = 0,
  VRAMBUDGET_BAD_FILE = 1,     /* truncated, damaged, or beyond limits */
  VRAMBUDGET_BAD_ARGUMENT = 2, /* options that contradict each other or that the engine refuses */
  VRAMBUDGET_UNSUPPORTED = 3,  /* well formed, but not modelled */
  VRAMBUDGET_NOT_FOUND = 4,    /* no such file or name */
  VRAMBUDGET_IO = 5,           /* the system, a server or the GPU's driver failed */
  VRAMBUDGET_OVERFLOW = 6,     /* a size needs more than 64 bits */
  VRAMBUDGET_INTERNAL = 70     /* a bug of this library */
} vrambudget_status;

/* A model whose header was read. */
typedef struct vrambudget_model vrambudget_model;

/* VRAMBUDGET_ABI of the library that is loaded, and its version, "0.1.0". */
VRAMBUDGET_API uint32_t vrambudget_abi(void);
VRAMBUDGET_API const char *vrambudget_version(void);

/* A path, an address, hf:org/repo:QUANT, ollama:name, or the name of a known model. */
VRAMBUDGET_API vrambudget_status vrambudget_open_model(const char *name, const char *options_json,
                                                       vrambudget_model **model, char **error);
VRAMBUDGET_API void vrambudget_close_model(vrambudget_model *model);

/* The model's summary. */
VRAMBUDGET_API vrambudget_status vrambudget_model_json(const vrambudget_model *model, char **json,
                                                       char **error);

/* The whole budget. Without a context it is that of the largest that fits. */
VRAMBUDGET_API vrambudget_status vrambudget_plan(const vrambudget_model *model,
                                                 const char *options_json, char **json,
                                                 char **error);

/* Whether a run fits (1 or 0). `bytes`: what is left on the device with least, or what is missing on all
 * together. Either may be NULL. */
VRAMBUDGET_API vrambudget_status vrambudget_fits(const vrambudget_model *model,
                                                 const char *options_json, int *fits,
                                                 uint64_t *bytes, char **error);

/* The largest context that fits; 0: none does. */
VRAMBUDGET_API vrambudget_status vrambudget_max_context(const vrambudget_model *model,
                                                        const char *options_json, uint32_t *n_ctx,
                                                        char **error);

/* The catalogues. `name`: of one GPU; NULL: all. */
VRAMBUDGET_API vrambudget_status vrambudget_gpus(const char *name, char **json, char **error);
VRAMBUDGET_API vrambudget_status vrambudget_models(char **json, char **error);

/* Frees a string of this library; NULL is left alone. */
VRAMBUDGET_API void vrambudget_free(char *text);

#ifdef __cplusplus
}
#endif

#endif
