// Files that settings and comparisons name, made known to the core.
import { useEffect, useState } from "preact/hooks";
import { add_model } from "./opened_model.js";

const files_of_settings = ["mmproj", "draft", "loras"];
const is_file = (text) => typeof text === "string" && /^(local:|hf:|https?:)/.test(text);

/// Settings with files in the place of what names them, once these are read.
export function useFilesOfSettings(core, settings, version) {
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
  return {
    ready,
    error: wanted.length ? state.error : undefined,
    settings: wanted.length ? { ...settings, ...state.paths } : settings,
  };
}

/// Names by which the core knows files that are compared.
export function useComparedFiles(core, files, version) {
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
