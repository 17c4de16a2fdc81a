// What is asked: a model, cards and settings, and which view shows the answer. A link's fragment has all of
// it in words that a person can read and change.
export const first_question = {
  view: "plan",
  model: "Qwen3.6-27B-UD-Q4_K_XL",
  cards: ["rtx-3090"],
  settings: { os: "linux" },
  files: [],
};

const views = ["plan", "compare", "check"];

/// The question of a fragment; null: it has none.
export function question_of(fragment) {
  const words = new URLSearchParams(fragment.replace(/^#/, ""));
  if (!words.has("model") && !words.has("gpu") && !words.has("view")) return null;
  const question = { ...first_question, cards: [], settings: { ...first_question.settings }, files: [] };
  for (const [key, value] of words) {
    if (key === "view") question.view = views.includes(value) ? value : "plan";
    else if (key === "model") question.model = value;
    else if (key === "gpu") question.cards.push(value);
    else if (key === "file") question.files.push(value);
    else question.settings[key] = value === "true" ? true : value === "false" ? false : value;
  }
  if (!words.has("gpu")) question.cards = first_question.cards;
  return question;
}

export function fragment_of({ view, model, cards, settings, files }) {
  const words = new URLSearchParams();
  if (view !== "plan") words.append("view", view);
  words.append("model", model);
  for (const card of cards) words.append("gpu", card);
  for (const [key, value] of Object.entries(settings)) words.append(key, value);
  for (const file of files) words.append("file", file);
  return `#${words.toString().replaceAll("%2C", ",").replaceAll("%2F", "/").replaceAll("%3A", ":")}`;
}

/// A question with some settings changed; undefined takes one away.
export function with_settings(question, changes) {
  const settings = { ...question.settings, ...changes };
  for (const key of Object.keys(settings))
    if (settings[key] === undefined || settings[key] === "") delete settings[key];
  return { ...question, settings };
}

/// The options of the core.
export const options_of = ({ cards, settings }) => ({ gpu: cards, ...settings });

export function without(settings, ...keys) {
  const rest = { ...settings };
  for (const key of keys) delete rest[key];
  return rest;
}
