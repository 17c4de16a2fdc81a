// The planner in a browser's worker or in node. Answers are what the program says with --json, schema 1.

export type Source = string | URL | Response | ArrayBuffer | ArrayBufferView | WebAssembly.Module;

/** An option of a plan: llama-server's without its dashes ("ctx_size", "ctk"), "gpu", "free", "os", ... */
export type Options = { [option: string]: string | number | boolean | null | (string | number)[] };

export type Json = { [key: string]: unknown };

export type Status =
  | "bad_file" | "bad_argument" | "unsupported" | "not_found" | "io" | "overflow" | "stopped" | "internal";

export class VramBudgetError extends Error {
  readonly status: Status;
  readonly code: number;
}

export type Program = "llama-server" | "ollama" | "koboldcpp" | "lmstudio";

export type Grid = {
  gpus: (string | string[])[];
  n_ctx: number[] | { first: number; last: number; step: number };
  cache_types?: (string | [string, string])[];
  n_parallel?: number[];
};

export class Model {
  readonly summary: Json;
  close(): void;
}

export class Planner {
  readonly version: string;
  /** A trap of the module left it of no use: load another. */
  readonly broken: boolean;

  headerExtent(bytes: Uint8Array): { least: number; likely: number };
  addFile(path: string, beginning: Uint8Array, size: number): void;
  removeFile(path: string): void;
  openModel(name: string, options?: Options): Model;
  readModel(beginning: Uint8Array, size: number, name: string): Model;

  plan(model: Model, options?: Options): Json;
  fits(model: Model, options?: Options): { fits: boolean; bytes: number };
  maxContext(model: Model, options?: Options): number;
  bestRuns(model: Model, options?: Options): Json;
  trade(model: Model, options?: Options): Json;
  cards(model: Model, options?: Options): Json;
  launch(model: Model, options: Options, program: Program): { text: string; notes: string[] };
  rank(options?: Options, which?: { family?: string | null; minCtx?: number }): Json;
  compareFiles(names: string[], options?: Options): Json;
  together(models: Model[], options?: Options): Json;
  recipe(name: string, recipe?: Json, options?: Options): Json;
  inspect(name: string, which?: { other?: string | null; keys?: string | null }, options?: Options): Json;
  check(log: string, model?: Model | null, options?: Options, engine?: string | null): Json;
  sweep(
    models: Model[],
    grid: Grid,
    options?: Options,
  ): { columns: { [name: string]: Float64Array }; refused: Json[]; n_budgets: number };

  gpus(name?: string | null): Json[];
  models(): Json[];
  modelFiles(name: string): Json[];
  options(): Json[];
  findRuns(text: string): Json[];
}

/** Without a source: vrambudget.wasm beside this file. */
export function load(source?: Source): Promise<Planner>;
