// A pasted log of llama.cpp against the plan of its run, line by line.
import { useState } from "preact/hooks";
import { useAnswer } from "./answer.js";
import { count, decimal, tokens } from "./numbers.js";
import { term_look } from "./term.js";

const MiB = 1024 * 1024;
const most_bytes = 32 * MiB;

function Line({ line }) {
  const predicted = line.predicted_bytes === undefined ? "" : decimal(line.predicted_bytes / MiB, 2);
  const kind = line.verdict === "equal" ? "yes" : line.verdict === "differs" ? "no" : "quiet";
  return (
    <tr>
      <td>{line.line ?? ""}</td>
      <th scope="row">{term_look(line.term).name}</th>
      <td class="left">{line.device ?? ""}</td>
      <td>{line.logged_mib === undefined ? "" : decimal(line.logged_mib, line.decimals ?? 2)}</td>
      <td>{predicted}</td>
      <td class="left">
        <span class={kind}>{line.verdict}</span>
        {line.why ? <small>{line.why}</small> : null}
      </td>
    </tr>
  );
}

function Context({ context, number }) {
  const { model, run, devices, assumed = [], notes = [], lines } = context;
  return (
    <section aria-label={`Run ${number}`}>
      <h3>
        {model.name || "A model that the log does not name"}{" "}
        <small>
          {[context.engine, run.n_ctx ? tokens(run.n_ctx) : "", devices.join(", ")]
            .filter(Boolean)
            .join(" · ")}
        </small>
      </h3>
      {[...assumed.map((a) => `Assumed: ${a}`), ...notes].map((note) => (
        <p key={note} class="quiet small">
          {note}
        </p>
      ))}
      {lines.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label={`Lines of run ${number}`}>
          <table class="check">
            <thead>
              <tr>
                <th scope="col">Line</th>
                <th scope="col" class="left">
                  term
                </th>
                <th scope="col" class="left">
                  device
                </th>
                <th scope="col">logged MiB</th>
                <th scope="col">predicted</th>
                <th scope="col" class="left">
                  verdict
                </th>
              </tr>
            </thead>
            <tbody>
              {lines.map((line, i) => (
                <Line key={i} line={line} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

export function CheckView({ core, opened, question }) {
  const [log, set_log] = useState("");
  const [with_model, set_with] = useState(false);
  const [refused, set_refused] = useState(null);
  const reference = with_model ? (opened.reference ?? null) : null;
  const { value, error, pending } = useAnswer(
    core,
    "check",
    "check",
    log.trim() ? [log, reference, {}] : null,
    300,
  );
  const read = async (files) => {
    const [file] = files;
    set_refused(null);
    if (!file) return;
    if (file.size > most_bytes)
      set_refused(`${file.name} has more than 32 MiB: cut it after the server has started.`);
    else set_log(await file.text().catch(() => ""));
  };
  const told = refused ?? error?.message;
  return (
    <div class="answer" id="answer" tabIndex={-1}>
      <section class="panel wide" aria-labelledby="check-title">
        <h2 id="check-title">Check a log</h2>
        <p class="quiet">
          What llama-server, llama-cli, Ollama or KoboldCpp printed as it started, compared with what is
          predicted of its run. Nothing leaves this page.
        </p>
        <label class="field">
          <span>Log</span>
          <textarea
            rows={8}
            spellcheck={false}
            placeholder="load_tensors:        CUDA0 model buffer size = …"
            value={log}
            onInput={(e) => set_log(e.target.value)}
          />
        </label>
        <div class="row">
          <label class="button">
            Open a file…
            <input
              type="file"
              class="unseen"
              accept=".log,.txt,text/plain"
              onChange={(e) => read(e.target.files)}
            />
          </label>
          <label class="switch">
            <input type="checkbox" checked={with_model} onChange={(e) => set_with(e.target.checked)} />
            <span>{`it is a log of ${question.model.replace(/^(local:|hf:)/, "")}`}</span>
          </label>
        </div>
        {told && (
          <p class="problem" role="alert">
            {told}
          </p>
        )}
        {value && !told && (
          <div class={pending ? "stale" : ""}>
            <p role="status" class="figures">
              <b class="yes">{`${count(value.equal)} equal`}</b>{" "}
              <b class={value.differs ? "no" : "quiet"}>{`${count(value.differs)} differ`}</b>{" "}
              <span class="quiet">{`${count(value.not_comparable)} not comparable`}</span>
            </p>
            {value.missing?.length > 0 && (
              <p class="quiet">{`The log does not say: ${value.missing.join(", ")}.`}</p>
            )}
            {value.contexts.map((c, i) => (
              <Context key={i} context={c} number={i + 1} />
            ))}
          </div>
        )}
      </section>
    </div>
  );
}
