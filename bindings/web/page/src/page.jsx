// The whole page: what is asked on one side, the answer on the other.
import { useCallback, useEffect, useState } from "preact/hooks";
import { useComparedFiles, useFilesOfSettings } from "./added_files.js";
import { useAnswer } from "./answer.js";
import { useQuestion } from "./asked_question.js";
import { Boundary } from "./boundary.jsx";
import { CardsBox } from "./cards_box.jsx";
import { CheckView } from "./check_view.jsx";
import { CopyLink } from "./copy.jsx";
import { CompareView } from "./compare_view.jsx";
import { CoreError } from "./core.js";
import { Drop } from "./drop.jsx";
import { ModelBox, take_files } from "./model_box.jsx";
import { picked, useOpenedModel } from "./opened_model.js";
import { Paste } from "./paste.jsx";
import { PlanView } from "./plan_view.jsx";
import { with_settings, without } from "./question.js";
import { MachineSettings, SettingsBox } from "./settings_box.jsx";
import { Still } from "./still.js";
import { ThemeButton } from "./theme.jsx";

/// Whether there is room beside the answer, so that nothing need be folded away.
const is_wide = matchMedia("(min-width: 62rem)").matches;
const views = [
  ["plan", "Plan"],
  ["compare", "Compare"],
  ["check", "Check a log"],
];
const most_compared = 4;

function CoreState({ core }) {
  const [problem, set_problem] = useState(null);
  useEffect(() => {
    core.ready.catch((error) =>
      set_problem(
        location.protocol === "file:"
          ? "Browsers let no page start its planner from a folder: open vrambudget.html, which has " +
              "everything in one file, or put the folder on a web server."
          : `The planner does not start: ${error.message}`,
      ),
    );
  }, []);
  return (
    problem && (
      <p class="problem large" role="alert">
        {problem}
      </p>
    )
  );
}

export function Page({ core }) {
  const [question, set_question] = useQuestion();
  const [version, set_version] = useState(0);
  const [told, set_told] = useState(null);
  const { value: options } = useAnswer(core, "options", "options", []);
  const opened = useOpenedModel(core, question.model, question.settings.file_size, version);
  const beside = useFilesOfSettings(core, question.settings, version);
  const compared = useComparedFiles(core, question.files, version);

  const change = useCallback((changes) => set_question((q) => ({ ...q, ...changes })), []);
  const on_settings = useCallback((changes) => set_question((q) => with_settings(q, changes)), []);
  const on_cards = useCallback(
    (cards) =>
      set_question((q) => ({ ...with_settings(q, { free: undefined, tensor_split: undefined }), cards })),
    [],
  );
  const on_model = useCallback((model, projector) => {
    set_told(null);
    set_question((q) => ({
      ...with_settings(q, { n_ctx: undefined, mmproj: projector, file_size: undefined, fit: undefined }),
      model,
    }));
  }, []);
  const on_files = useCallback((files, folder) => {
    if (folder) return set_told(`${folder} is a folder: drop the .gguf files that are in it.`);
    if (files.length === 0) return undefined;
    const { refused, model, projector } = take_files(files);
    set_told(refused ?? null);
    if (refused) return undefined;
    set_version((v) => v + 1);
    if (!model) return on_settings({ mmproj: projector });
    return set_question((q) =>
      q.view === "compare"
        ? { ...q, files: [...q.files.filter((f) => f !== model), model].slice(-most_compared) }
        : {
            ...with_settings(q, {
              n_ctx: undefined,
              mmproj: projector,
              file_size: undefined,
              fit: undefined,
            }),
            model,
            view: "plan",
          },
    );
  }, []);
  const on_file_beside = useCallback((name, file) => {
    picked.set(file.name, file);
    set_version((v) => v + 1);
    on_settings({ [name]: `local:${file.name}` });
  }, []);
  const on_run = useCallback((run) => {
    const { model, gpu, ...settings } = run.options;
    set_question((q) => ({
      ...with_settings({ ...q, settings: {} }, { os: q.settings.os, ram: q.settings.ram, ...settings }),
      model: model || q.model,
      cards: gpu ? [gpu].flat() : q.cards,
      view: "plan",
    }));
  }, []);
  /// Flags as a suggestion has them, read by the core itself.
  const on_flags = useCallback(async (flags, model) => {
    try {
      const [run] = flags.trim()
        ? await core.ask("paste", "findRuns", [`llama-server -m model.gguf ${flags}`])
        : [{ options: {} }];
      const settings = without(run.options, "model");
      set_question((q) => ({
        ...with_settings(q, { fit: undefined, ...settings }),
        ...(model ? { model } : {}),
      }));
    } catch (error) {
      if (error instanceof CoreError) set_told(error.message);
    }
  }, []);

  const settings_told = JSON.stringify(without(question.settings, "n_ctx"));
  const asked = { ...question, settings: beside.settings };
  const shown = {
    ...opened,
    reference: beside.ready ? opened.reference : undefined,
    error: opened.error ?? beside.error,
  };
  return (
    <>
      <a
        class="skip"
        href="#answer"
        onClick={(e) => {
          e.preventDefault();
          document.getElementById("answer")?.focus();
        }}
      >
        To the answer
      </a>
      <header class="top">
        <div>
          <h1>vrambudget</h1>
          <p>Will this model fit on this GPU, with how much context, and where does every byte go?</p>
        </div>
        <nav aria-label="Views" class="chips">
          {views.map(([view, name]) => (
            <button
              key={view}
              type="button"
              aria-current={question.view === view ? "page" : undefined}
              onClick={() =>
                change({
                  view,
                  ...(view === "compare" && question.files.length === 0 ? { files: [question.model] } : {}),
                })
              }
            >
              {name}
            </button>
          ))}
          <CopyLink />
          <ThemeButton />
        </nav>
      </header>
      <main class={question.view === "plan" ? "" : "other"}>
        <div class="ask">
          {question.view === "compare" || (
            <Still on={[question.model, opened.told, opened.summary, opened.pending]}>
              <ModelBox
                core={core}
                question={question}
                opened={opened}
                on_model={on_model}
                on_files={on_files}
              />
            </Still>
          )}
          <Still on={[question.cards, settings_told, options]}>
            <CardsBox core={core} question={question} on_cards={on_cards} open={is_wide}>
              <MachineSettings settings={question.settings} options={options} on_change={on_settings} />
            </CardsBox>
          </Still>
          <Still on={[settings_told, options]}>
            <SettingsBox
              settings={question.settings}
              options={options}
              on_change={on_settings}
              on_file={on_file_beside}
              open={is_wide}
            >
              <Paste core={core} on_run={on_run} />
            </SettingsBox>
          </Still>
        </div>
        <div>
          {told && (
            <p class="problem" role="alert">
              {told}{" "}
              <button
                type="button"
                class="plain"
                onClick={() => set_told(null)}
                aria-label="Close this message"
              >
                ×
              </button>
            </p>
          )}
          <CoreState core={core} />
          <Boundary of={question}>
            {question.view === "plan" && (
              <PlanView
                core={core}
                question={asked}
                opened={shown}
                on_settings={on_settings}
                on_flags={on_flags}
                on_cards={on_cards}
                on_model={(model, flags) => (flags ? on_flags(flags, model) : on_model(model))}
              />
            )}
            {question.view === "compare" && (
              <CompareView
                core={core}
                question={question}
                names={compared.names}
                problem={compared.problem}
                on_picked={on_files}
                on_files={(files) => change({ files })}
                on_plan={(model) => change({ model, view: "plan" })}
              />
            )}
            {question.view === "check" && <CheckView core={core} opened={opened} question={question} />}
          </Boundary>
        </div>
      </main>
      <footer>
        <p>
          Everything is computed in this page, from the header of the file: nothing is uploaded, counted or
          tracked.
        </p>
      </footer>
      <Drop on_files={on_files} />
    </>
  );
}
