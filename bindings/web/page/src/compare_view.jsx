// Two to four files side by side on the same cards.
import { useMemo } from "preact/hooks";
import { useAnswer } from "./answer.js";
import { count, decimal, expected_rate, in_gib, size } from "./numbers.js";
import { options_of, without } from "./question.js";
import { SearchBox } from "./search_box.jsx";

const most_files = 4;

const rows = [
  ["Size", (f) => in_gib(f.size_bytes)],
  ["Bits a weight", (f) => decimal(f.bits_per_weight, 2)],
  ["Weights on the cards", (f) => in_gib(f.weights_on_devices_bytes)],
  ["Largest context, KV f16", (f) => context(f.largest?.f16)],
  ["Largest context, KV q8_0", (f) => context(f.largest?.q8_0)],
  ["Largest context, KV q4_0", (f) => context(f.largest?.q4_0)],
  ["Spare", (f) => (f.fits ? size(f.spare_bytes) : "does not fit")],
  ["Tokens a second, empty", (f) => expected_rate(f.speed?.[0])],
  ["Tokens a second, full", (f) => expected_rate(f.speed?.at(-1))],
  ["Loss of quality (KLD)", (f) => loss(f.kld)],
];

const context = (c) =>
  c?.n_ctx ? `${count(c.n_ctx)}${c.bound_by === "n_ctx_train" ? ", as trained" : ""}` : c ? "none" : "";
const loss = (kld) =>
  !kld
    ? ""
    : kld.mean !== undefined
      ? `${kld.mean.toPrecision(2)}, measured`
      : `${kld.low.toPrecision(1)} to ${kld.high.toPrecision(1)}`;

export function CompareView({ core, question, names, problem, on_files, on_picked, on_plan }) {
  const { value: models } = useAnswer(core, "models", "models", []);
  const list = useMemo(
    () =>
      (models ?? []).map((m) => ({
        key: m.name,
        text: m.name.toLowerCase(),
        name: m.name,
        detail: in_gib(m.data_bytes, 1),
      })),
    [models],
  );
  const options = without(options_of(question), "mmproj", "draft", "loras", "file_size");
  const { value, error, pending } = useAnswer(
    core,
    "compare",
    "compareFiles",
    names.length >= 2 && !problem ? [names, options] : null,
    50,
  );
  const files = question.files;
  const told = problem ?? error?.message;
  return (
    <div class="answer" id="answer" tabIndex={-1}>
      <section class="panel wide" aria-labelledby="compare-title">
        <h2 id="compare-title">Side by side</h2>
        <ul class="plain-list">
          {files.map((f) => (
            <li key={f} class="chosen">
              <span>{f.replace(/^(local:|hf:)/, "")}</span>
              <button
                type="button"
                onClick={() => on_files(files.filter((x) => x !== f))}
                aria-label={`Remove ${f}`}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
        {files.length < most_files && (
          <SearchBox
            label="Add a model to compare"
            placeholder={files.length < 2 ? "Add a model: two to four are compared" : "Add another"}
            rows={list}
            other={(text) => ({ key: text, name: text, detail: "by this name" })}
            on_choose={(name) => files.includes(name) || on_files([...files, name])}
          />
        )}
        <label class="button">
          Open GGUF files…
          <input
            type="file"
            class="unseen"
            multiple
            accept=".gguf"
            onChange={(e) => on_picked(e.target.files)}
          />
        </label>
        {told && (
          <p class="problem" role="alert">
            {told}
          </p>
        )}
        {value && !told && (
          <div class={`scroll${pending ? " stale" : ""}`} tabIndex={0} role="region" aria-label="Comparison">
            <table class="compare">
              <thead>
                <tr>
                  <td />
                  {value.files.map((f, i) => (
                    <th scope="col" key={f.model}>
                      {f.model}
                      <br />
                      <button type="button" onClick={() => on_plan(files[i])}>
                        Plan it
                      </button>
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {rows.map(([name, text]) => (
                  <tr key={name}>
                    <th scope="row">{name}</th>
                    {value.files.map((f) => (
                      <td key={f.model}>{text(f)}</td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
    </div>
  );
}
