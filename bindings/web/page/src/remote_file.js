// A file on a server, of which only its beginning is asked for.
const timeout_ms = 20_000;

const host_of = (address) => new URL(address).host;

const offline = "This machine is offline: models of the catalogue and local files can still be planned.";

const unreachable = (address) =>
  navigator.onLine === false
    ? offline
    : `${host_of(address)} cannot be read from a page: it is not there, does not answer, or does not allow ` +
      "other sites to read it (CORS). Download the file and drop it here.";

/// A step of a transfer that is given up where nothing comes for too long.
function in_time(step, address, controller) {
  let timer;
  const end = new Promise((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${host_of(address)} has sent nothing for ${timeout_ms / 1000} seconds: given up.`));
      controller.abort();
    }, timeout_ms);
  });
  return Promise.race([step, end]).finally(() => clearTimeout(timer));
}

async function answer_of(address, controller, init) {
  const asked = fetch(address, { ...init, signal: controller.signal, referrerPolicy: "no-referrer" });
  return in_time(
    asked.catch(() => {
      throw new Error(unreachable(address));
    }),
    address,
    controller,
  );
}

function refusal(address, status) {
  if (status === 401 || status === 403)
    return (
      `${host_of(address)} wants a token for this (${status}): it is gated, private or not there. ` +
      "Accept its terms, download the file, and drop it here."
    );
  if (status === 404) return `There is no such file on ${host_of(address)}: ${new URL(address).pathname}`;
  if (status === 429)
    return `${host_of(address)} has been asked too often (429): try again in a few minutes.`;
  return `${host_of(address)} answers ${status}.`;
}

/// The whole length behind "bytes 0-99/1234"; undefined: it does not say.
const length_of_range = (response) =>
  Number(/\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "")?.[1]) || undefined;

export class RemoteFile {
  constructor(address, size) {
    this.address = address;
    this.name = decodeURIComponent(new URL(address).pathname.split("/").pop() || "model.gguf");
    this.size = size;
    this.controller_ = new AbortController();
  }

  async read(from, to) {
    if (this.stream_) return this.next_of_stream_(to - from);
    const { address, controller_: controller } = this;
    const response = await answer_of(address, controller, { headers: { Range: `bytes=${from}-${to - 1}` } });
    if (!response.ok) throw new Error(refusal(address, response.status));
    if (response.status === 206) {
      this.size ??= length_of_range(response);
      return new Uint8Array(await in_time(response.arrayBuffer(), address, controller));
    }
    // The host ignores ranges: its answer is read as far as the header goes, then cut off.
    this.size ??= Number(response.headers.get("Content-Length")) || undefined;
    this.stream_ = response.body.getReader();
    return this.next_of_stream_(to - from);
  }

  async next_of_stream_(wanted) {
    const parts = [];
    let length = 0;
    while (length < wanted) {
      const { done, value } = await in_time(this.stream_.read(), this.address, this.controller_);
      if (done) break;
      parts.push(value);
      length += value.length;
    }
    const all = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  /// Asked for where no answer told it: which headers a page may see is the host's choice.
  async whole_size() {
    if (this.size) return this.size;
    const response = await answer_of(this.address, this.controller_, { method: "HEAD" });
    this.size = Number(response.headers.get("Content-Length"));
    if (!this.size) throw new Error(`${host_of(this.address)} does not tell how large the file is.`);
    return this.size;
  }

  /// Ends a transfer that is still under way.
  close() {
    this.controller_.abort();
  }
}
