"""Many cases, recorded from one engine: some at a time, and taken up where it was interrupted."""
import concurrent.futures
import json
import time

import case as cases
import engine
import shape

SILENCE_S = 15


def recordable(case, name):
    """Whether the recorder can have it said by that engine: rules are made what they were before in the release
    alone."""
    return "before" not in case or name == engine.PINNED


def kept_run(kept, case, name):
    """The case of that id if it is the same run; else the new one, of the engine that it is recorded from."""
    before = kept.get(case["id"])
    if before and {**cases.asked(before), "engine": None} == {**case, "engine": None}:
        return before
    if before and cases.own_engine(before) != name:
        raise engine.EngineFailed("%s is another run, of %s: choose another --tag" % (case["id"], cases.own_engine(before)))
    return case if name == engine.PINNED else {**case, "engine": name}


class Recording:
    """What an engine said so far is kept in build/recorder/NAME/recorded.jsonl."""

    def __init__(self, recorder, jobs=1):
        self.recorder, self.jobs = recorder, jobs
        self.file = engine.BUILD / recorder.engine.name / "recorded.jsonl"
        self.so_far = dict(self.read()) if self.file.exists() else {}

    def forget(self):
        self.file.unlink(missing_ok=True)
        self.so_far = {}

    def read(self):
        """By id; of a case that was recorded again the later one counts."""
        for line in self.file.read_text(encoding="utf-8").splitlines():
            try:
                recorded = json.loads(line)
            except ValueError:  # empty, or the recording was interrupted while it was written
                continue
            yield recorded["id"], recorded

    def missing(self, wanted):
        return [c for c in wanted if cases.asked(self.so_far.get(c["id"], {})) != cases.asked(c)]

    def of(self, wanted, again=False):
        """What the engine says of cases, by id; `again`: even if that is kept."""
        missing, begin = wanted if again else self.missing(wanted), time.monotonic()
        told = begin
        with self.file.open("a", encoding="utf-8") as file, concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            running = [pool.submit(self.record, case) for case in missing]
            try:
                for n, done in enumerate(concurrent.futures.as_completed(running), 1):
                    recorded = done.result()
                    if recorded:
                        self.so_far[recorded["id"]] = recorded
                        file.write("\n" + shape.dump(recorded))
                        file.flush()
                    if time.monotonic() - told > SILENCE_S:
                        told = time.monotonic()
                        left = (told - begin) / n * (len(missing) - n)
                        print("%d of %d recorded, %d s left" % (n, len(missing), left), flush=True)
            finally:
                pool.shutdown(cancel_futures=True)
        return {c["id"]: self.so_far[c["id"]] for c in wanted if c["id"] in self.so_far}

    def record(self, case):
        try:
            return self.recorder.record(case)
        except cases.Unanswered as e:
            print("%s: %s" % (case["id"], e), flush=True)
            return None
