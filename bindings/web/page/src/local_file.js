// A file that somebody picked or dropped, of which only slices are read.
export const local_source = (file) => ({
  name: file.name,
  size: file.size,
  async read(from, to) {
    try {
      return new Uint8Array(await file.slice(from, to).arrayBuffer());
    } catch {
      throw new Error(`${file.name} cannot be read: a folder, or a file that was moved since it was chosen.`);
    }
  },
});

/// All names of the set that a part belongs to; of a file that stands alone its own.
export function names_of_set(name) {
  const part = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i.exec(name);
  if (!part || Number(part[3]) > 1000) return [name];
  return Array.from(
    { length: Number(part[3]) },
    (_, i) => `${part[1]}-${String(i + 1).padStart(5, "0")}-of-${part[3]}.gguf`,
  );
}

export const is_projector = (name) => /mmproj/i.test(name);
