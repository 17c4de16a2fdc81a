// From what names a model in a question to what the core has open: a name of the catalogue, files picked here, files on
// a server.
import { useEffect, useState } from "preact/hooks";
import { add_header } from "./header.js";
import { local_source, names_of_set } from "./local_file.js";
import { RemoteFile } from "./remote_file.js";
import { address_in, file_for, files_of, repository_of } from "./repository.js";
import { size } from "./numbers.js";

/// Files that were picked or dropped since the page was opened, by name.
export const picked = new Map();

async function add_all(core, sources, told) {
  const sizes = sources.map(() => 0);
  const paths = [];
  for (let i = 0; i < sources.length; i += 4)
    paths.push(
      ...(await Promise.all(
        sources.slice(i, i + 4).map(async (source, j) => {
          try {
            return await add_header(core, source, (n) => {
              sizes[i + j] = n;
              told(`${size(sizes.reduce((a, b) => a + b, 0))} of ${sources[0].name} read`);
            });
          } finally {
            source.close?.();
          }
        }),
      )),
    );
  return paths[0];
}

async function add_picked(core, name, told) {
  if (core.has_file(`/${name}`)) return `/${name}`;
  const names = names_of_set(name);
  const missing = names.filter((n) => !picked.has(n));
  if (missing.length === names.length)
    throw new Error(`${name} is a file of whoever made this link: choose yours of that name.`);
  if (missing.length > 0)
    throw new Error(
      `${name} is one of ${names.length} parts: choose all of them at once. ` +
        `Missing: ${missing.slice(0, 3).join(", ")}${missing.length > 3 ? ", ..." : ""}`,
    );
  return add_all(
    core,
    names.map((n) => local_source(picked.get(n))),
    told,
  );
}

async function add_of_repository(core, { repository, file, quantization }, told) {
  told(`Reading the list of ${repository}`);
  const files = await files_of(repository);
  const chosen = file
    ? files.find((f) => f.file === file || f.parts.some((p) => p.file === file))
    : file_for(files, quantization);
  if (!chosen)
    throw new Error(file ? `There is no ${file} in ${repository}.` : `${repository} has no GGUF model.`);
  const sources = chosen.parts.map((part) => new RemoteFile(address_in(repository, part.file), part.size));
  return core.has_file(`/${sources[0].name}`) ? `/${sources[0].name}` : add_all(core, sources, told);
}

async function add_of_address(core, address, told) {
  let files;
  try {
    const name = decodeURIComponent(new URL(address).pathname.split("/").pop());
    files = names_of_set(name).map(
      (part) => new RemoteFile(new URL(encodeURIComponent(part), address).href + new URL(address).search),
    );
  } catch {
    throw new Error(`${address} is no address.`);
  }
  return core.has_file(`/${files[0].name}`) ? `/${files[0].name}` : add_all(core, files, told);
}

/// The name by which the core can open it.
export async function add_model(core, model, told = () => {}) {
  if (model.startsWith("local:")) return add_picked(core, model.slice(6), told);
  if (/^hf:|^https?:\/\/(huggingface\.co|hf\.co)\//i.test(model)) {
    const found = repository_of(model);
    if (!found) throw new Error(`${model} is no repository.`);
    try {
      return await add_of_repository(core, found, told);
    } catch (error) {
      if (found.file) throw error;
      // The catalogue may have it, as the program would say then.
      return core.ask("file", "summary", [[model, {}]]).then(
        () => model,
        () => {
          throw error;
        },
      );
    }
  }
  if (/^https?:\/\//i.test(model)) return add_of_address(core, model, told);
  return model;
}

/// {reference, summary, error, told}: reference is what the worker's methods take. While another is being opened the
/// last one stays.
export function useOpenedModel(core, model, file_size, version) {
  const [state, set_state] = useState({});
  useEffect(() => {
    let wanted = true;
    const told = (text) => wanted && set_state((s) => ({ ...s, told: text }));
    const open = async () => {
      const name = await add_model(core, model, told);
      const reference = [name, file_size ? { file_size } : {}];
      const summary = await core.ask("summary", "summary", [reference]);
      if (wanted) set_state({ model, reference, summary });
    };
    open().catch((error) => wanted && set_state({ model, error }));
    return () => {
      wanted = false;
    };
  }, [model, file_size, version]);
  return { ...state, pending: state.model !== model };
}
