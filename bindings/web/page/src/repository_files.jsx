// The GGUF files of a repository, to choose one.
import { useEffect, useState } from "preact/hooks";
import { size } from "./numbers.js";
import { files_of } from "./repository.js";

const name_of = (file) =>
  file
    .split("/")
    .pop()
    .replace(/\.gguf$/i, "")
    .replace(/-00001-of-\d{5}$/, "");

export function RepositoryFiles({ repository, on_model, on_close }) {
  const [state, set_state] = useState({});
  useEffect(() => {
    let wanted = true;
    set_state({});
    files_of(repository).then(
      (files) => wanted && set_state({ files }),
      (error) => wanted && set_state({ error }),
    );
    return () => {
      wanted = false;
    };
  }, [repository]);
  const models = state.files?.filter((f) => !f.is_projector);
  const projectors = state.files?.filter((f) => f.is_projector) ?? [];
  const choose = (file, projector) => {
    on_model(`hf:${repository}/${file.file}`, projector && `hf:${repository}/${projector.file}`);
    on_close();
  };
  return (
    <div class="repository" role="group" aria-label={`Files of ${repository}`}>
      <div class="row spread">
        <strong>{repository}</strong>
        <button type="button" class="plain" onClick={on_close} aria-label="Close the list of files">
          ×
        </button>
      </div>
      {state.error ? (
        <p class="problem" role="alert">
          {state.error.message}
        </p>
      ) : models ? null : (
        <p class="quiet" role="status">
          Reading the list of files…
        </p>
      )}
      {models && (
        <ul class="files">
          {models.map((f) => (
            <li key={f.file}>
              <button type="button" onClick={() => choose(f)}>
                <span>{name_of(f.file)}</span>
                <small>
                  {size(f.size)}
                  {f.parts.length > 1 ? `, ${f.parts.length} parts` : ""}
                </small>
              </button>
              {projectors[0] && (
                <button
                  type="button"
                  class="aside"
                  onClick={() => choose(f, projectors[0])}
                  aria-label={`${name_of(f.file)} with projector ${name_of(projectors[0].file)}`}
                  title={`with ${name_of(projectors[0].file)}`}
                >
                  + images
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
