// The core as the page sees it: a worker for what is dragged, and another, once it is needed, for tables that take a
// second, so that neither waits for the other.
import { Core } from "./core.js";

const slow = new Set(["trade", "best", "cards", "rank", "compare", "check", "launch", "fit"]);

export class Planners {
  constructor(start) {
    this.start_ = start;
    this.files_ = new Map();
    this.quick_ = new Core(start, this.files_);
    this.ready = this.quick_.ready;
  }

  /// The answer of a method of worker.js; see Core.
  ask(kind, method, args, owner) {
    if (!slow.has(kind)) return this.quick_.ask(kind, method, args, owner);
    this.slow_ ??= new Core(this.start_, this.files_);
    return this.slow_.ask(kind, method, args, owner);
  }

  /// Makes a file known: its beginning, with its whole header, and its size.
  async add_file(path, bytes, size) {
    await this.quick_.ask("file", "addFile", [path, bytes, size]);
    this.files_.set(path, { bytes, size });
    // Not waited for: what is asked of it later comes after.
    this.slow_?.ask("file", "addFile", [path, bytes, size]).catch(() => {});
  }
  has_file(path) {
    return this.files_.has(path);
  }
}
