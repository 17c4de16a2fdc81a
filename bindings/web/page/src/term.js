// The terms of a budget: what they are called, look like and mean. Colours are Okabe and Ito's, as in the
// program's pictures; a draft's terms share their model's colour, striped.
const looks = {
  weights: ["weights", "#0072b2", "the model's tensors, as they lie in the file"],
  repacked_weights: [
    "repacked weights",
    "#0072b2",
    "tensors that the CPU lays out anew for its own instructions",
  ],
  mapped_rest: [
    "mapped rest of the file",
    "#0072b2",
    "what else of the file a Mac's GPU maps with the weights",
    "striped",
  ],
  kv_cache: ["KV cache", "#e69f00", "keys and values of all tokens of the context"],
  recurrent_state: [
    "recurrent state",
    "#cc79a7",
    "what layers without a KV cache keep for each slot, however long the context",
  ],
  compute_buffer: [
    "compute buffer",
    "#009e73",
    "room for all that is computed in between, for one micro-batch",
  ],
  output_buffer: ["output buffer", "#b8a200", "the last layer's results, from which tokens are drawn"],
  adapters: ["adapters", "#56b4e9", "LoRA matrices and control vectors, beside the tensors", "striped"],
  adapter_growth: [
    "growth with adapters",
    "#009e73",
    "what compute buffers grow by at the first prompt with adapters",
    "striped",
  ],
  projector_weights: ["projector", "#d55e00", "the tensors of the encoder for images or sound"],
  projector_compute: [
    "projector's compute buffer",
    "#d55e00",
    "the encoder's compute buffer when it is loaded",
    "striped",
  ],
  projector_growth: ["largest image", "#f0a878", "what the largest image or sound adds to that", "striped"],
  driver_context: [
    "driver context",
    "#999999",
    "what the card's driver takes for a process that uses the card",
  ],
  pool: ["pool", "#56b4e9", "scratch that kernels draw with the first prompts"],
  all_reduce: ["all-reduce", "#56b4e9", "in which cards add up their results", "striped"],
  compute_growth: [
    "compute growth",
    "#56b4e9",
    "what compute buffers grow by as the context fills",
    "striped",
  ],
  cpu_scratch: ["CPU scratch", "#56b4e9", "what the CPU takes while it computes, beside its buffers"],
  page_rounding: ["page rounding", "#777777", "what buffers leave unused of their last pages"],
  others: ["held by others", "#999999", "a desktop and other programs on the card", "striped"],
  process: ["process", "#999999", "what llama-server takes beside the engine's buffers", "striped"],
  other: ["draft and projector", "#d55e00", "what a draft and a projector take", "striped"],
};

/// {name, colour, meaning, striped, dark}; dark: white is read more easily on the colour than black.
export function term_look(term) {
  const is_draft = term.startsWith("draft_");
  const [name, colour, meaning, striped] = looks[term] ||
    (is_draft && looks[term.slice(6)]) || [term.replaceAll("_", " "), "#b8a200", ""];
  return {
    name: is_draft ? `draft: ${name}` : name,
    colour,
    meaning: is_draft ? `${meaning}, of what drafts tokens` : meaning,
    striped: is_draft || striped === "striped",
    dark: colour === "#0072b2",
  };
}

export const basis_meaning = {
  exact: "computed as the engine allocates it",
  bound: "the engine takes at most this",
  fitted: "measured on such cards: the highest is counted",
  assumed: "not measured on such cards, or by rules that logs do not establish",
};

export const held_meaning = {
  mapped: "a part of the file, read again where memory is short",
  locked: "a part of the file, held in memory",
  pinned: "memory for transfers to a card",
  anonymous: "plain memory",
};
