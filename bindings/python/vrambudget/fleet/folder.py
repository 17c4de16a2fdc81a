"""The folder of a fleet: rows/ with a file a task, shapes/ with what they are planned by, a journal of what was done, and
when all is done models.parquet, refused.parquet and manifest.json."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, Optional

from vrambudget import parquet
from vrambudget.whole_file import is_left_over, whole_file

from .scan import Scanned
from .task import Done, Task, row_path


class Folder:
    def __init__(self, path: str):
        self.path = os.path.abspath(path)
        self.rows = os.path.join(self.path, "rows")
        self.shapes = os.path.join(self.path, "shapes")
        self._lock: Any = None

    def open(self) -> None:
        """Makes it, takes it for this process alone, and removes what workers that died left half written."""
        os.makedirs(self.rows, exist_ok=True)
        os.makedirs(self.shapes, exist_ok=True)
        self._lock = _locked(os.path.join(self.path, ".lock"))
        for folder in (self.path, self.rows, self.shapes):
            for name in os.listdir(folder):
                if is_left_over(name):
                    os.unlink(os.path.join(folder, name))

    def close(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def done(self, tasks: Iterable[Task]) -> dict[str, Done]:
        """What was done of these tasks: those whose file is there, as the journal has it, else as the file says."""
        files = set(os.listdir(self.rows))
        known = {d.task: d for d in self.journal() if not d.code}
        found = {}
        for t in tasks:
            if t.id + ".parquet" in files:
                found[t.id] = known.get(t.id) or _done_of_file(row_path(self.rows, t.id))
        return found

    def journal(self) -> Iterator[Done]:
        """What was written of tasks, the last of each counts; a line that is no whole one is of a process that ended."""
        for entry in _lines(os.path.join(self.path, "journal.jsonl")):
            try:
                entry["refused"] = tuple(entry["refused"])
                yield Done(**entry)
            except (KeyError, TypeError):
                continue

    def note(self, done: Done) -> None:
        with open(os.path.join(self.path, "journal.jsonl"), "a", encoding="utf-8") as f:
            f.write(json.dumps(asdict(done)) + "\n")

    def scanned(self) -> dict[str, Scanned]:
        """The models as they were found the last time, by path."""
        entries = _lines(os.path.join(self.path, "models.jsonl"))
        try:
            return {e["path"]: Scanned(**e) for e in entries}
        except (KeyError, TypeError):
            return {}

    def keep_scanned(self, all_models: Iterable[Scanned]) -> None:
        text = "".join(json.dumps(asdict(s)) + "\n" for s in all_models)
        with whole_file(os.path.join(self.path, "models.jsonl")) as f:
            f.write(text.encode())

    def finish(self, models: list[Scanned], tasks: list[Task], done: dict[str, Done], about: dict[str, Any]) -> None:
        """Writes what a reader of the rows wants beside them."""
        pa = parquet.pyarrow_or_say()
        words = pa.string()
        of_models = [(n, words if t == "str" else pa.int64()) for n, t in _fields(Scanned)]
        parquet.write(_table(pa, of_models, [asdict(s) for s in models]), os.path.join(self.path, "models.parquet"))
        of_refused = [("shape", words), ("gpu", words), ("type_k", words), ("type_v", words), ("n_parallel", pa.int64()),
                      ("n_ctx_first", pa.int64()), ("n_ctx_last", pa.int64()), ("why", words)]
        refused = [{"shape": d.shape, **r} for t in sorted(tasks, key=lambda t: t.id) if (d := done.get(t.id))
                   for r in d.refused]
        parquet.write(_table(pa, of_refused, refused), os.path.join(self.path, "refused.parquet"))
        manifest = json.dumps(about, indent=1, sort_keys=True) + "\n"
        with whole_file(os.path.join(self.path, "manifest.json")) as f:
            f.write(manifest.encode())


def connect(folder: str) -> Any:
    """A connection of DuckDB that has the folder's tables as views: `rows`, `models`, `refused`, and `answers`, the rows
    of each model by its path."""
    try:
        import duckdb
    except ImportError as e:
        raise ImportError("pip install duckdb") from e
    c = duckdb.connect()
    at = os.path.abspath(folder).replace("'", "''")
    c.execute(f"create view rows as from '{at}/rows/*.parquet'")
    c.execute(f"create view models as from '{at}/models.parquet'")
    c.execute(f"create view refused as from '{at}/refused.parquet'")
    c.execute(
        "create view answers as select m.path, m.name, r.* from rows r join"
        " (select path, name, shape from models where why = '' union all"
        "  select path, name, mapped_shape from models where mapped_shape <> '') m using (shape)"
    )
    return c


def _fields(of: Any) -> list[tuple[str, str]]:
    return [(name, str(f.type)) for name, f in of.__dataclass_fields__.items()]


def _table(pa: Any, fields: list[tuple[str, Any]], entries: list[dict[str, Any]]) -> Any:
    return pa.table({n: pa.array([e[n] for e in entries], t) for n, t in fields}, schema=pa.schema(fields))


def _lines(path: str) -> Iterator[dict[str, Any]]:
    try:
        with open(path, encoding="utf-8") as f:
            for line in f:
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue
                if isinstance(entry, dict):
                    yield entry
    except FileNotFoundError:
        return


def _done_of_file(path: str) -> Done:
    pa = parquet.pyarrow_or_say()
    told = json.loads(pa.parquet.read_metadata(path).metadata[b"vrambudget.task"])
    return Done(told["task"], told["shape"], told["n_rows"], os.path.getsize(path), told["n_budgets"], tuple(told["refused"]))


def _locked(path: str) -> Optional[Any]:
    """An open file that no other process has locked; of systems without such locks none."""
    try:
        import fcntl
    except ImportError:
        return None
    f = open(path, "a", encoding="utf-8")  # noqa: SIM115
    try:
        fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        f.close()
        raise RuntimeError(f"{os.path.dirname(path)}: another run writes into it") from None
    return f
