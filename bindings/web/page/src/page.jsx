// The whole page: what is asked on one side, the answer on the other.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { useAnswer } from "./answer.js";
import { Boundary } from "./boundary.jsx";
import { CardsBox } from "./cards_box.jsx";
import { CheckView } from "./check_view.jsx";
import { CompareView } from "./compare_view.jsx";
import { CoreError } from "./core.js";
import { ModelBox, take_files } from "./model_box.jsx";
import { add_model, useOpenedModel } from "./opened_model.js";
import { Paste } from "./paste.jsx";
import { PlanView } from "./plan_view.jsx";
import { first_question, fragment_of, question_of, with_settings } from "./question.js";
import { MachineSettings, SettingsBox } from "./settings_box.jsx";
import { ThemeButton } from "./theme.jsx";

/// Whether there is room beside the answer, so that nothing need be folded away.
const is_wide = matchMedia("(min-width: 62rem)").matches;
const views = [["plan", "Plan"], ["compare", "Compare"], ["check", "Check a log"]];
const most_compared = 4;
const files_of_settings = ["mmproj", "draft", "loras"];
const is_file = (text) => typeof text === "string" && /^(local:|hf:|https?:)/.test(text);

/// The question, which the address's fragment follows once it stands still.
function useQuestion() {
  const [question, set_question] = useState(() => question_of(location.hash) ?? first_question_here());
  const written = useRef(location.hash);
  useEffect(() => {
    const timer = setTimeout(() => {
      written.current = fragment_of(question);
      if (location.hash !== written.current) history.replaceState(null, "", written.current);
    }, 250);
    return () => clearTimeout(timer);
  }, [question]);
  useEffect(() => {
    const follow = () => {
      const other = location.hash !== written.current && question_of(location.hash);
      if (other) set_question(other);
    };
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return [question, set_question];
}

/// A first visit's system is the reader's own.
function first_question_here() {
  return with_settings(first_question, { os: /Windows/.test(navigator.userAgent) ? "windows" : "linux" });
}

/// Settings with files in the place of what names them, once these are read.
function useFilesOfSettings(core, settings, version) {
  const wanted = files_of_settings.filter((key) => is_file(settings[key])).map((key) => [key, settings[key]]);
  const [state, set_state] = useState({ paths: {} });
  const key = JSON.stringify([wanted, version]);
  useEffect(() => {
    let current = true;
    Promise.all(wanted.map(async ([name, text]) => [name, await add_model(core, text)])).then(
      (pairs) => current && set_state({ key, paths: Object.fromEntries(pairs) }),
      (error) => current && set_state({ key, paths: {}, error }),
    );
    return () => {
      current = false;
    };
  }, [key]);
  const ready = wanted.length === 0 || state.key === key;
  return { ready, error: wanted.length ? state.error : undefined, settings: wanted.length ? { ...settings, ...state.paths } : settings };
}

/// Names by which the core knows files that are compared.
function useComparedFiles(core, files, version) {
  const [state, set_state] = useState({ names: [] });
  const key = JSON.stringify([files, version]);
  useEffect(() => {
    let current = true;
    Promise.all(files.map((f) => add_model(core, f))).then(
      (names) => current && set_state({ names }),
      (error) => current && set_state({ names: [], problem: error.message }),
    );
    return () => {
      current = false;
    };
  }, [key]);
  return state;
}

function useDrop(on_files) {
  const [is_over, set_over] = useState(false);
  useEffect(() => {
    const over = (event) => {
      if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
      event.preventDefault();
      set_over(true);
    };
    const leave = (event) => event.relatedTarget || set_over(false);
    const drop = (event) => {
      event.preventDefault();
      set_over(false);
      const folder = [...event.dataTransfer.items].map((i) => i.webkitGetAsEntry?.()).find((e) => e?.isDirectory);
      on_files(event.dataTransfer.files, folder?.name);
    };
    addEventListener("dragover", over);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, [on_files]);
  return is_over;
}

function CoreState({ core }) {
  const [problem, set_problem] = useState(null);
  useEffect(() => {
    core.ready.catch((error) =>
      set_problem(
        location.protocol === "file:"
          ? "Browsers let no page start its planner from a folder: open vrambudget.html, which has everything in one file, or put the folder on a web server."
          : `The planner does not start: ${error.message}`,
      ),
    );
  }, []);
  return problem && <p class="problem large" role="alert">{problem}</p>;
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
  const on_cards = useCallback((cards) => set_question((q) => ({ ...with_settings(q, { free: undefined, tensor_split: undefined }), cards })), []);
  const on_model = useCallback((model, projector) => {
    set_told(null);
    set_question((q) => ({ ...with_settings(q, { n_ctx: undefined, mmproj: projector, file_size: undefined, fit: undefined }), model }));
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
        : { ...with_settings(q, { n_ctx: undefined, mmproj: projector, file_size: undefined, fit: undefined }), model, view: "plan" },
    );
  }, []);
  const on_run = useCallback((run) => {
    const { model, gpu, ...settings } = run.options;
    set_question((q) => ({ ...with_settings({ ...q, settings: {} }, { os: q.settings.os, ram: q.settings.ram, ...settings }), model: model || q.model, cards: gpu ? [gpu].flat() : q.cards, view: "plan" }));
  }, []);
  /// Flags as a suggestion has them, read by the core itself.
  const on_flags = useCallback(async (flags, model) => {
    try {
      const [run] = flags.trim() ? await core.ask("paste", "findRuns", [`llama-server -m model.gguf ${flags}`]) : [{ options: {} }];
      const { model: ignored, ...settings } = run.options;
      set_question((q) => ({ ...with_settings(q, { fit: undefined, ...settings }), ...(model ? { model } : {}) }));
    } catch (error) {
      if (error instanceof CoreError) set_told(error.message);
    }
  }, []);
  const is_over = useDrop(on_files);

  const asked = { ...question, settings: beside.settings };
  const shown = { ...opened, reference: beside.ready ? opened.reference : undefined, error: opened.error ?? beside.error };
  return (
    <>
      <a class="skip" href="#answer" onClick={(e) => {
        e.preventDefault();
        document.getElementById("answer")?.focus();
      }}>To the answer</a>
      <header class="top">
        <div>
          <h1>vrambudget</h1>
          <p>Will this model fit on this GPU, with how much context, and where does every byte go?</p>
        </div>
        <nav aria-label="Views" class="chips">
          {views.map(([view, name]) => <button key={view} type="button" aria-current={question.view === view ? "page" : undefined} onClick={() => change({ view, ...(view === "compare" && question.files.length === 0 ? { files: [question.model] } : {}) })}>{name}</button>)}
          <ThemeButton />
        </nav>
      </header>
      <main class={question.view === "plan" ? "" : "other"}>
        <div class="ask">
          {question.view === "compare" || <ModelBox core={core} question={question} opened={opened} on_model={on_model} on_files={on_files} />}
          <CardsBox core={core} question={question} on_cards={on_cards} open={is_wide}>
            <MachineSettings settings={question.settings} options={options} on_change={on_settings} />
          </CardsBox>
          <SettingsBox settings={question.settings} options={options} on_change={on_settings} open={is_wide}>
            <Paste core={core} on_run={on_run} />
          </SettingsBox>
        </div>
        <div>
          {told && <p class="problem" role="alert">{told} <button type="button" class="plain" onClick={() => set_told(null)} aria-label="Close this message">×</button></p>}
          <CoreState core={core} />
          <Boundary of={question}>
          {question.view === "plan" && <PlanView core={core} question={asked} opened={shown} on_settings={on_settings} on_flags={on_flags} on_cards={on_cards} on_model={(model, flags) => (flags ? on_flags(flags, model) : on_model(model))} />}
          {question.view === "compare" && <CompareView core={core} question={question} names={compared.names} problem={compared.problem} on_picked={on_files} on_files={(files) => change({ files })} on_plan={(model) => change({ model, view: "plan" })} />}
          {question.view === "check" && <CheckView core={core} opened={opened} question={question} />}
          </Boundary>
        </div>
      </main>
      <footer>
        <p>Everything is computed in this page, from the header of the file: nothing is uploaded, counted or tracked. {opened.summary && "Rules: llama.cpp v0.5.0."}</p>
      </footer>
      {is_over && <div class="drop" aria-hidden="true"><p>Drop GGUF files: a model, all parts of a set, a projector beside it</p></div>}
    </>
  );
}
