// Reads as much of a file as its header takes, and makes it known to the core.
const first_bytes = 2 * 1024 * 1024;
const most_bytes = 64 * 1024 * 1024;

async function joined(have, source, wanted) {
  const more = await source.read(have.length, Math.min(wanted, source.size ?? wanted));
  if (more.length === 0)
    throw new Error(`${source.name} ends after ${have.length} bytes, within its header.`);
  const all = new Uint8Array(have.length + more.length);
  all.set(have);
  all.set(more, have.length);
  return all;
}

/// `source`: {name, size, read(from, to)}, a local file or one on a server. Gives the path that the core knows it by.
export async function add_header(core, source, on_progress = () => {}) {
  const path = `/${source.name}`;
  let bytes = await joined(new Uint8Array(), source, first_bytes);
  for (;;) {
    on_progress(bytes.length);
    const { least, likely } = await core.ask("file", "headerExtent", [bytes]);
    if (least <= bytes.length) break;
    if (source.size && least > source.size)
      throw new Error(`${source.name} is cut: its header takes ${least} bytes, and it has ${source.size}.`);
    if (least > most_bytes)
      throw new Error(
        `The header of ${source.name} takes more than 64 MiB, several times that of any known model: it is not read.`,
      );
    bytes = await joined(bytes, source, Math.min(Math.max(least, likely, bytes.length * 1.5), most_bytes));
  }
  const size = source.size ?? (await source.whole_size());
  await core.add_file(path, bytes, size);
  return path;
}
