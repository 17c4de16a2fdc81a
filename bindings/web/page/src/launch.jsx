// What starts the planned run, to copy.
import { useState } from "preact/hooks";
import { useAnswer } from "./answer.js";
import { Copy } from "./copy.jsx";
import { repository_of } from "./repository.js";

const programs = [
  ["llama-server", "llama-server"],
  ["ollama", "Ollama"],
  ["lmstudio", "LM Studio"],
  ["koboldcpp", "KoboldCpp"],
];

/// A file of a repository by that, where the core only knows the path that its header has here.
function with_repository(text, model) {
  const found = model.startsWith("hf:") && repository_of(model);
  if (!found) return text.replace(/(-m |--model )\/(?=\S)/, "$1");
  const { repository, file, quantization } = found;
  const named = file
    ? `${repository} -hff ${file}`
    : quantization
      ? `${repository}:${quantization}`
      : repository;
  return text.replace(/(?:-m|--model) \/\S+\.gguf/, `-hf ${named}`);
}

const pretty = (text) => {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text.trim();
  }
};

export function Launch({ core, reference, options, model }) {
  const [program, set_program] = useState("llama-server");
  const { value, error } = useAnswer(core, "launch", "launch", [reference, options, program], 150);
  const text = value && with_repository(pretty(value.text), model);
  return (
    <section class="panel wide" aria-labelledby="launch-title">
      <div class="row spread">
        <h2 id="launch-title">Run it</h2>
        <span class="chips" role="group" aria-label="Program">
          {programs.map(([id, name]) => (
            <button key={id} type="button" aria-pressed={id === program} onClick={() => set_program(id)}>
              {name}
            </button>
          ))}
        </span>
      </div>
      {error ? (
        <p class="quiet">{error.message}</p>
      ) : (
        <div class="command">
          <pre tabIndex={0} aria-label={`What starts it in ${program}`}>
            {text ?? " "}
          </pre>
          {text && <Copy text={() => text} class="copy" />}
        </div>
      )}
      {value?.notes?.map((note) => (
        <p key={note} class="quiet small">
          {note}
        </p>
      ))}
    </section>
  );
}
