// Reads a pasted command line, compose file or Modelfile, and plans the run in it.
import { useState } from "preact/hooks";

export function Paste({ core, on_run }) {
  const [state, set_state] = useState({});
  const read = async (text) => {
    if (!text.trim()) return set_state({});
    try {
      const runs = await core.ask("paste", "findRuns", [text]);
      set_state({ runs });
      if (runs.length === 1) on_run(runs[0]);
    } catch (error) {
      set_state({ error });
    }
    return undefined;
  };
  const notes = state.runs?.length === 1 ? state.runs[0].notes : [];
  return (
    <details>
      <summary>Paste a command line</summary>
      <label class="field">
        <span class="unseen">A command line, compose file or Modelfile</span>
        <textarea
          rows={3}
          spellcheck={false}
          placeholder="llama-server -hf org/repo:Q4_K_M -c 65536 …"
          onInput={(e) => read(e.target.value)}
        />
      </label>
      {state.error && (
        <p class="problem" role="alert">
          {state.error.message}
        </p>
      )}
      {state.runs?.length === 1 && (
        <p class="quiet" role="status">{`Read as a run of ${state.runs[0].program}.`}</p>
      )}
      {notes.map((note) => (
        <p key={note} class="quiet small">
          {typeof note === "string" ? note : JSON.stringify(note)}
        </p>
      ))}
      {state.runs?.length > 1 && (
        <ul class="plain-list">
          {state.runs.map((run, i) => (
            <li key={i}>
              <button type="button" onClick={() => on_run(run)}>
                {run.name || run.options.model || `${run.program}, line ${run.line}`}
              </button>
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}
