// One worker with the core: it is asked one thing at a time. Of the questions of one asker only
// the last one waits. A worker that trapped or hangs is replaced, and the page goes on.
export class CoreError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/// Thrown to who asked for what nobody wants to know any more.
export class Superseded extends Error {}

const longest_call_ms = 30_000;

/// What is dragged comes first, tables that take a while last.
const order = [
  "file",
  "summary",
  "plan",
  "limits",
  "sweep",
  "models",
  "model_files",
  "gpus",
  "options",
  "fit",
  "launch",
];
const urgency = (kind) => (order.includes(kind) ? order.indexOf(kind) : order.length);

/// `start`: gives {worker, wasm}, a new worker and what its start is told. `files`: what is known by its path from the
/// start on, {bytes, size}.
export class Core {
  constructor(start, files) {
    this.start_ = start;
    this.waiting_ = [];
    this.files_ = files;
    this.current_ = null;
    this.id_ = 0;
    this.ready = this.begin_();
    this.ready.catch(() => {});
  }

  /// The answer of a method of worker.js. `kind` decides what comes first; a later question of the same owner takes the
  /// place of one that still waits.
  ask(kind, method, args, owner) {
    return new Promise((resolve, reject) => {
      const same = owner ? this.waiting_.findIndex((call) => call.owner === owner) : -1;
      if (same >= 0) this.waiting_.splice(same, 1)[0].reject(new Superseded());
      this.waiting_.push({ kind, method, args, owner, resolve, reject });
      this.next_();
    });
  }

  async begin_() {
    const { worker, wasm } = await this.start_();
    this.worker_ = worker;
    worker.onmessage = ({ data }) => this.receive_(data);
    worker.onerror = (event) => {
      event.preventDefault?.();
      this.replace_(event.message || "the worker does not start");
    };
    const version = await this.send_({ method: "start", args: [wasm] });
    for (const [path, { bytes, size }] of this.files_)
      await this.send_({ method: "addFile", args: [path, bytes, size] });
    this.is_ready_ = true;
    this.next_();
    return version;
  }

  send_(call) {
    return new Promise((resolve, reject) => this.post_({ resolve, reject, ...call }));
  }

  post_(call) {
    this.current_ = call;
    call.id = ++this.id_;
    call.timer = setTimeout(
      () => this.replace_("this took longer than half a minute and was stopped"),
      longest_call_ms,
    );
    this.worker_.postMessage({ id: call.id, method: call.method, args: call.args });
  }

  next_() {
    if (!this.is_ready_ || this.current_ || this.waiting_.length === 0) return;
    let first = 0;
    this.waiting_.forEach((call, i) => {
      if (urgency(call.kind) < urgency(this.waiting_[first].kind)) first = i;
    });
    this.post_(this.waiting_.splice(first, 1)[0]);
  }

  receive_({ id, answer, error, status, trapped }) {
    const call = this.current_;
    if (!call || call.id !== id) return;
    if (trapped && call.method !== "start") return this.replace_(error);
    clearTimeout(call.timer);
    this.current_ = null;
    if (error === undefined) call.resolve(answer);
    else call.reject(new CoreError(error, status));
    this.next_();
  }

  /// The call that broke the worker fails; all others go to a new one.
  replace_(why) {
    this.worker_.terminate();
    this.is_ready_ = false;
    const call = this.current_;
    this.current_ = null;
    if (call) clearTimeout(call.timer);
    call?.reject(new CoreError(`The planner stopped at this and was started anew: ${why}`, 70));
    if (call?.method === "start") return;
    this.ready = this.begin_();
    this.ready.catch(() => {});
  }
}
