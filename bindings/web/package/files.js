// The system that the module asks: files that the page gives it, a clock, and nothing else. (WASI, snapshot preview 1;
// numbers by wasi-libc's wasi/api.h.)

const errno = { success: 0, badf: 8, inval: 28, noent: 44, notdir: 54, nosys: 52 };
const filetype = { directory: 3, regularFile: 4, character: 2 };
const root = 3; // the folder "/", which is open from the start

/// Files by their paths: the bytes they begin with, and how long each is. What lies behind the bytes reads as zeros.
export class Files {
  #files = new Map();
  #open = new Map();
  #next = root + 1;
  #memory = null;
  #inode = 0;

  add(path, bytes, size) {
    this.#files.set(nameOf(path), { bytes, size: BigInt(size ?? bytes.length), inode: BigInt(++this.#inode) });
  }
  remove(path) {
    this.#files.delete(nameOf(path));
  }

  /// For WebAssembly.instantiate(); attach() the memory of what it makes.
  imports() {
    const calls = {
      environ_sizes_get: (n, size) => this.#write((v) => (v.setUint32(n, 0, true), v.setUint32(size, 0, true))),
      environ_get: () => errno.success,
      clock_time_get: (_id, _precision, at) =>
        this.#write((v) => v.setBigUint64(at, BigInt(Date.now()) * 1_000_000n, true)),
      proc_exit: (status) => {
        throw new WebAssembly.RuntimeError(`the module ended with ${status}`);
      },
      fd_prestat_get: (fd, at) => {
        if (fd !== root) return errno.badf;
        return this.#write((v) => (v.setUint32(at, 0, true), v.setUint32(at + 4, 1, true)));
      },
      fd_prestat_dir_name: (fd, at) => {
        if (fd !== root) return errno.badf;
        return this.#write((v) => v.setUint8(at, 47));
      },
      path_open: (fd, _lookup, path, length, _flags, _rights, _inheriting, _fdflags, at) => {
        if (fd !== root) return errno.badf;
        const file = this.#at(path, length);
        if (!file) return errno.noent;
        const opened = this.#next++;
        this.#open.set(opened, { file, at: 0n });
        return this.#write((v) => v.setUint32(at, opened, true));
      },
      path_filestat_get: (fd, _flags, path, length, at) => {
        if (fd !== root) return errno.badf;
        const file = this.#at(path, length);
        return file ? this.#stat(file, at) : errno.noent;
      },
      fd_filestat_get: (fd, at) => {
        const file = fd === root ? { folder: true } : this.#open.get(fd)?.file;
        return file ? this.#stat(file, at) : errno.badf;
      },
      fd_fdstat_get: (fd, at) => {
        const file = fd === root ? { folder: true } : this.#open.get(fd)?.file;
        if (!file && fd > 2) return errno.badf;
        return this.#write((v) => {
          v.setUint8(at, !file ? filetype.character : file.folder ? filetype.directory : filetype.regularFile);
          v.setUint16(at + 2, 0, true);
          v.setBigUint64(at + 8, 0xffffffffffffffffn, true);
          v.setBigUint64(at + 16, 0xffffffffffffffffn, true);
        });
      },
      fd_pread: (fd, vectors, n, offset, at) => this.#read(fd, vectors, n, offset, at),
      fd_read: (fd, vectors, n, at) => {
        const open = this.#open.get(fd);
        if (!open) return errno.badf;
        const status = this.#read(fd, vectors, n, open.at, at);
        if (status === errno.success) open.at += BigInt(this.#view().getUint32(at, true));
        return status;
      },
      fd_seek: (fd, offset, whence, at) => {
        const open = this.#open.get(fd);
        if (!open || open.file.folder) return errno.badf;
        const from = [0n, open.at, open.file.size][whence];
        if (from === undefined || from + offset < 0n) return errno.inval;
        open.at = from + offset;
        return this.#write((v) => v.setBigUint64(at, open.at, true));
      },
      fd_readdir: (fd, buffer, length, cookie, at) => {
        if (fd !== root && !this.#open.get(fd)?.file.folder) return errno.notdir;
        return this.#list(buffer, length, Number(cookie), at);
      },
      fd_close: (fd) => (this.#open.delete(fd) ? errno.success : errno.badf),
      fd_write: (fd, vectors, n, at) => this.#write((v) => v.setUint32(at, this.#lengthOf(vectors, n), true)),
    };
    // what a library's corner could ask for besides
    const absent = (_target, name) => calls[name] ?? (() => errno.nosys);
    return { wasi_snapshot_preview1: new Proxy({}, { get: absent, has: () => true }) };
  }

  attach(memory) {
    this.#memory = memory;
  }

  #view() {
    return new DataView(this.#memory.buffer);
  }
  #write(put) {
    put(this.#view());
    return errno.success;
  }
  #text(at, length) {
    return new TextDecoder().decode(new Uint8Array(this.#memory.buffer, at, length));
  }
  /// What stands at a path: a file, the folder itself, or nothing.
  #at(path, length) {
    const name = this.#text(path, length);
    return name === "." || name === "" ? { folder: true } : this.#files.get(name);
  }
  #vectors(at, n) {
    const v = this.#view();
    return Array.from({ length: n }, (_, i) => [v.getUint32(at + 8 * i, true), v.getUint32(at + 8 * i + 4, true)]);
  }
  #lengthOf(at, n) {
    return this.#vectors(at, n).reduce((sum, [, length]) => sum + length, 0);
  }

  #stat(file, at) {
    return this.#write((v) => {
      new Uint8Array(this.#memory.buffer, at, 64).fill(0);
      v.setBigUint64(at, 1n, true);
      v.setBigUint64(at + 8, file.inode ?? 0n, true);
      v.setUint8(at + 16, file.folder ? filetype.directory : filetype.regularFile);
      v.setBigUint64(at + 24, 1n, true);
      v.setBigUint64(at + 32, file.size ?? 0n, true);
    });
  }

  #read(fd, vectors, n, offset, at) {
    const file = this.#open.get(fd)?.file;
    if (!file || file.folder) return errno.badf;
    let done = 0;
    for (const [begin, length] of this.#vectors(vectors, n)) {
      const from = offset + BigInt(done);
      const left = file.size > from ? file.size - from : 0n;
      const take = left < BigInt(length) ? Number(left) : length;
      const into = new Uint8Array(this.#memory.buffer, begin, take);
      const known = from < BigInt(file.bytes.length) ? file.bytes.subarray(Number(from), Number(from) + take) : [];
      into.set(known);
      into.fill(0, known.length);
      done += take;
    }
    return this.#write((v) => v.setUint32(at, done, true));
  }

  /// Entries of 24 bytes, each with its name behind it; the last may be cut.
  #list(buffer, length, first, at) {
    const names = [...this.#files.keys()].sort().slice(first);
    const out = new Uint8Array(this.#memory.buffer, buffer, length);
    let used = 0;
    names.forEach((name, i) => {
      const text = new TextEncoder().encode(name);
      const entry = new Uint8Array(24 + text.length);
      const v = new DataView(entry.buffer);
      v.setBigUint64(0, BigInt(first + i + 1), true);
      v.setBigUint64(8, this.#files.get(name).inode, true);
      v.setUint32(16, text.length, true);
      v.setUint8(20, filetype.regularFile);
      entry.set(text, 24);
      const fits = Math.min(entry.length, length - used);
      out.set(entry.subarray(0, fits), used);
      used += fits;
    });
    return this.#write((v) => v.setUint32(at, used, true));
  }
}

function nameOf(path) {
  return path.replace(/^\/+/, "");
}
