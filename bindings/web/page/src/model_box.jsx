// Chooses the model: from the catalogue, this disk, a repository or an address.
import { useMemo, useRef, useState } from "preact/hooks";
import { useAnswer } from "./answer.js";
import { is_projector } from "./local_file.js";
import { decimal, size } from "./numbers.js";
import { picked } from "./opened_model.js";
import { repository_of } from "./repository.js";
import { RepositoryFiles } from "./repository_files.jsx";
import { SearchBox } from "./search_box.jsx";

/// "Qwen3.6-27B" of "Qwen3.6-27B-UD-Q4_K_XL".
const family_name = ({ name, quantization }) =>
  name.endsWith(`-${quantization}`) ? name.slice(0, -quantization.length - 1) : name;

/// One row for each model of the catalogue, whatever files there are of it.
function catalogue_rows(models) {
  const rows = new Map();
  for (const m of models ?? []) {
    const name = family_name(m);
    if (!rows.has(name))
      rows.set(name, {
        key: m.name,
        text: `${name} ${m.architecture}`.toLowerCase(),
        name,
        detail: m.architecture,
      });
  }
  return [...rows.values()];
}

/// What typed text is besides a name of the catalogue.
function typed_model(text) {
  if (/^https?:\/\//i.test(text) && !repository_of(text))
    return { key: text, name: text, detail: "a file on a server", first: true };
  const found = repository_of(text);
  if (!found) return { key: text, name: text, detail: "by this name" };
  const name = `hf:${found.repository}${found.file ? `/${found.file}` : found.quantization ? `:${found.quantization}` : ""}`;
  return {
    key: name,
    name: found.repository,
    detail: found.file ?? "a repository on Hugging Face",
    first: true,
    repository: found.file ? undefined : found.repository,
  };
}

/// Takes picked files: the model among them, and a projector beside it. Gives what changes in the question.
export function take_files(files) {
  const ggufs = [...files].filter((f) => /\.gguf$/i.test(f.name));
  if (ggufs.length === 0)
    return {
      refused:
        files.length === 1 ? `${files[0].name} is no .gguf file.` : "There is no .gguf file among these.",
    };
  for (const file of ggufs) picked.set(file.name, file);
  const projector = ggufs.find((f) => is_projector(f.name));
  const models = ggufs
    .filter((f) => f !== projector)
    .map((f) => f.name)
    .sort();
  return { model: models[0] && `local:${models[0]}`, projector: projector && `local:${projector.name}` };
}

function FileOfModel({ core, model, summary, on_model }) {
  const base = summary && !/^(local:|hf:|https?:)/.test(model) ? model : null;
  const { value: models } = useAnswer(core, "models", "models", base ? [] : null);
  const known = models?.find((m) => m.name === base);
  const family = known ? family_name(known) : base?.replace(/-(UD-)?(I?Q\d\w*|F16|BF16|F32|MXFP4\w*)$/i, "");
  const { value: files } = useAnswer(core, "model_files", "modelFiles", family ? [family] : null);
  if (!files || files.length === 0) return null;
  const names = [...new Map(files.map((f) => [f.name, f])).values()].sort(
    (a, b) => b.data_bytes - a.data_bytes,
  );
  return (
    <label class="field">
      <span>File</span>
      <select value={base} onChange={(e) => on_model(e.target.value)}>
        {names.some((f) => f.name === base) || <option value={base}>{base}</option>}
        {names.map((f) => (
          <option key={f.name} value={f.name}>{`${f.quantization} · ${size(f.data_bytes)}`}</option>
        ))}
      </select>
    </label>
  );
}

function describe(summary) {
  const facts = [
    `${decimal(summary.n_params / 1e9, summary.n_params < 1e10 ? 2 : 1)} B parameters`,
    `${decimal(summary.bits_per_weight, 2)} bits a weight`,
    `${summary.n_layer} layers`,
  ];
  return facts.join(", ");
}

export function ModelBox({ core, question, opened, on_model, on_files }) {
  const { value: models } = useAnswer(core, "models", "models", []);
  const rows = useMemo(() => catalogue_rows(models), [models]);
  const [repository, set_repository] = useState(null);
  const input = useRef();
  const shown = question.model.replace(/^(local:|hf:)/, "");
  const choose = (key, row) => {
    set_repository(row.repository ?? null);
    if (!row.repository) on_model(key);
  };
  return (
    <section class="box" aria-labelledby="model-title">
      <h2 id="model-title">Model</h2>
      <SearchBox
        label="Model: a name, a Hugging Face repository or an address"
        placeholder="Name, org/repository or https://…"
        rows={rows}
        other={typed_model}
        value={shown}
        on_choose={choose}
      />
      {repository && (
        <RepositoryFiles repository={repository} on_close={() => set_repository(null)} on_model={on_model} />
      )}
      <FileOfModel core={core} model={question.model} summary={opened.summary} on_model={on_model} />
      <p class="quiet" aria-live="polite">
        {opened.pending ? (opened.told ?? "Opening…") : opened.summary ? describe(opened.summary) : ""}
      </p>
      <div class="row">
        <button type="button" onClick={() => input.current.click()}>
          Open a GGUF file…
        </button>
        <small class="quiet">or drop it anywhere; only its header is read</small>
      </div>
      <input
        ref={input}
        type="file"
        multiple
        accept=".gguf"
        class="unseen"
        tabIndex={-1}
        aria-label="GGUF files: a model, all parts of a set, a projector beside it"
        onChange={(e) => {
          on_files(e.target.files);
          e.target.value = "";
        }}
      />
    </section>
  );
}
