// GGUF files of a repository on Hugging Face.
import { names_of_set } from "./local_file.js";

const endpoint = "https://huggingface.co";
const most_pages = 10;

/// {repository, file, quantization} of "hf:org/repo/dir/file.gguf", "hf:org/repo:Q4_K_M", "org/repo" or an address
/// there; null: it is none.
export function repository_of(text) {
  const address =
    /^https?:\/\/(?:huggingface\.co|hf\.co)\/([\w.-]+\/[\w.-]+)(?:\/(?:resolve|blob|tree)\/[^/]+(?:\/([^?#]*))?)?\/?(?:[?#].*)?$/.exec(
      text,
    );
  if (address)
    return { repository: address[1], file: address[2] ? decodeURIComponent(address[2]) : undefined };
  const named = /^(?:hf:|hf\.co\/)?([\w.-]+\/[\w.-]+?)(?::([\w.-]+)|\/(.+\.gguf))?$/i.exec(text);
  return named && { repository: named[1], quantization: named[2], file: named[3] };
}

export const address_in = (repository, file) =>
  `${endpoint}/${repository}/resolve/main/${file.split("/").map(encodeURIComponent).join("/")}`;

function refusal(repository, status) {
  if (status === 401 || status === 403)
    return (
      `${repository} wants a token (${status}): it is gated, private or not there. ` +
      "Accept its terms on Hugging Face, download the file, and drop it here."
    );
  if (status === 404) return `There is no repository ${repository} on Hugging Face.`;
  if (status === 429) return "Hugging Face has been asked too often (429): try again in a few minutes.";
  return `Hugging Face answers ${status} for ${repository}.`;
}

async function page_of(address, repository) {
  let response;
  try {
    response = await fetch(address, { signal: AbortSignal.timeout(20_000) });
  } catch {
    throw new Error(
      navigator.onLine === false
        ? "This machine is offline: models of the catalogue and local files can still be planned."
        : "Hugging Face cannot be reached from here.",
    );
  }
  if (!response.ok) throw new Error(refusal(repository, response.status));
  const entries = await response.json().catch(() => null);
  if (!Array.isArray(entries)) throw new Error(`Hugging Face's list of ${repository} cannot be understood.`);
  return { entries, next: /<([^>]+)>;\s*rel="next"/.exec(response.headers.get("Link") ?? "")?.[1] };
}

/// [{file, size, parts, is_projector}], a set of parts once, by its first; sorted by size.
export async function files_of(repository) {
  const sizes = new Map();
  let address = `${endpoint}/api/models/${repository}/tree/main?recursive=true`;
  for (let page = 0; address && page < most_pages; ++page) {
    const { entries, next } = await page_of(address, repository);
    for (const e of entries)
      if (e.type === "file" && /\.gguf$/i.test(e.path)) sizes.set(e.path, e.lfs?.size ?? e.size ?? 0);
    address = next;
  }
  const files = [];
  for (const [file, size] of sizes) {
    const folder = file.slice(0, file.lastIndexOf("/") + 1);
    const parts = names_of_set(file.slice(folder.length)).map((name) => folder + name);
    if (parts[0] !== file && sizes.has(parts[0])) continue;
    files.push({
      file,
      parts: parts.map((part) => ({ file: part, size: sizes.get(part) })),
      size: parts.reduce(
        (sum, part) => sum + (sizes.get(part) ?? 0),
        size && !sizes.has(parts[0]) ? size : 0,
      ),
      is_projector: /mmproj/i.test(file),
    });
  }
  if (files.length === 0) throw new Error(`${repository} has no GGUF files.`);
  return files.sort((a, b) => a.size - b.size);
}

const words_of = (name) => name.toLowerCase().replace(/[^a-z0-9]+/g, "-");

/// The file that llama-server -hf would take of a list: by its quantization, Q4_K_M without one, else the first.
export function file_for(files, quantization = "Q4_K_M") {
  const models = files.filter((f) => !f.is_projector);
  const wanted = words_of(quantization);
  return (
    models.find((f) => words_of(f.file).includes(`-${wanted}-gguf`)) ??
    models.find((f) => words_of(f.file).includes(wanted)) ??
    models[0]
  );
}
