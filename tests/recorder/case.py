"""One recorded case: what the engine allocates for a run, in the form that tests/truth/README.md describes."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading

import engine
import shape

TRUTH = pathlib.Path(__file__).resolve().parent.parent / "truth"
ROOT = TRUTH.parent.parent
SHAPES = (TRUTH / "models", ROOT / "data" / "models")
PATIENCE_S = 120
# Real runs have this many times the cards' memory, so that nothing is refused and layers are split as before.
ROOM = 100
# A host's cache is filled with zeros when it is allocated; where it is larger nothing is.
MOST_ON_HOST = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4

# How a rule of the engine is made what it was before it changed.
BEFORE = {
    "keeps_fused_sources": {"GGML_CUDA_DISABLE_FUSION": "1"},
    "rotates_quantized": {"LLAMA_ATTN_ROT_DISABLE": "1"},
    "logits_of_all_tokens": ["--all-outputs"],
}
# What an engine can say of a run.
ANSWERS = ("expected", "refusal", "aborts", "estimate")
# With one of these the CPU computes, which takes time and tells nothing of the cards' pools.
COMPUTED_BY_HOST = {"-ngl", "-nkvo", "-ot", "-cmoe", "-ncmoe", "--n-cpu-ffn", "--embeddings", "--pooling"}


def parse(ap):
    """The options of `ap` and those that recorders share; llama-server's arguments come after "--"."""
    ap.add_argument("--compare", action="store_true", help="record nothing")
    ap.add_argument("--engine", default=engine.PINNED, help="one that engine.py built (default: the pinned one)")
    ap.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release", help="the project's build folder")
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    o = ap.parse_args(words[:end])
    o.arguments = words[end + 1:]
    return o


class Refused(Exception):
    """The engine does not run this, and says why."""


class Aborted(Refused):
    """It ends itself."""


class Unanswered(Exception):
    """It did not end by itself: that tells nothing of the engine."""


def find_shape(name, folders=SHAPES):
    for folder in folders:
        if (folder / (name + ".json")).exists():
            return folder / (name + ".json")
    raise SystemExit("record: no shape %s.json in %s" % (name, " or ".join(map(str, folders))))


def own_engine(case):
    """The one whose numbers are its `expected`; others' are in `also`."""
    return case.get("engine", engine.PINNED)


def shares_cards(case):
    return "tensor" in case["args"]


def without_split_mode(args):
    at = args.index("-sm")
    return args[:at] + args[at + 2:]


def asked(case):
    """The run, without what engines said of it."""
    return {key: value for key, value in case.items() if key not in (*ANSWERS, "also")}


def said(case):
    return {key: case[key] for key in ANSWERS if key in case}


def read_cases(file):
    """By id."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return {c["id"]: c for c in map(json.loads, lines)}


def write_cases(file, by_id):
    unfinished = file.with_suffix(".part")
    unfinished.write_text("".join(shape.dump(c) + "\n" for c in by_id.values()), encoding="utf-8")
    unfinished.replace(file)


def keep(by_id, case):
    """Adds or replaces a case, and says so."""
    before = by_id.get(case["id"])
    what = "new" if before is None else "as before" if before == case else "changed"
    told = case.get("refusal") or case.get("aborts") or "recorded, " + case["expected"].get("basis", "real")
    print("%s: %s, %s" % (case["id"], told, what), flush=True)
    by_id[case["id"]] = case


def compare(words):
    """What a comparison prints, and whether all is equal."""
    done = subprocess.run(list(map(str, words)), text=True, stdout=subprocess.PIPE)
    return done.stdout, done.returncode == 0


def last_assertion(words):
    """What an engine that aborted said: "ggml/src/ggml.c:4005: GGML_ASSERT(...) failed"."""
    found = re.findall(r"\S*?((?:ggml|src|common|tools)/\S+:\d+: .*)", words)
    return found[-1] if found else words.strip().split("\n")[-1]


class Recorder:
    """Runs an engine on the cards of devices.json."""

    def __init__(self, name=engine.PINNED):
        self.engine = engine.Engine(name)
        self.cards = json.loads((TRUTH / "devices.json").read_text(encoding="utf-8"))
        self.types = shape.TensorTypes(self.program("types", []))
        self.files, self.writing = {}, threading.Lock()

    def write_model(self, name, file):
        """A shape's file for the engine, written once."""
        with self.writing:
            if name not in self.files:
                folder = engine.BUILD / self.engine.name / "models"
                folder.mkdir(parents=True, exist_ok=True)
                self.files[name] = folder / (name + ".gguf")
                shape.write_gguf(json.loads(file.read_text(encoding="utf-8")), self.files[name], self.types)
            return self.files[name]

    def model_file(self, name):
        return self.write_model(name, find_shape(name))

    def card(self, key, room=1):
        """A card of devices.json with so many times its memory."""
        row = self.cards[key]
        return {**row, **{k: row[k] * room for k in ("total_bytes", "free_bytes")}}

    def program(self, program, words, cards=(), more=()):
        """A program's JSON; what the engine does not run is refused."""
        environment = dict(self.engine.environment(cards), **dict(more))
        try:
            done = subprocess.run([str(self.engine.folder / program), *map(str, words)], env=environment, text=True,
                                  capture_output=True, errors="replace", timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise Unanswered("no answer in %d s" % PATIENCE_S) from None
        if done.returncode == -signal.SIGKILL:
            raise Unanswered("killed, most likely for want of memory")
        if done.returncode < 0:
            raise Aborted(last_assertion(done.stderr or done.stdout) or signal.Signals(-done.returncode).name)
        try:
            said = json.loads(done.stdout.strip().split("\n")[-1])
        except ValueError:
            raise engine.EngineFailed("%s: exit status %d\n%s" % (program, done.returncode, done.stderr[-2000:])) from None
        if "refusal" in said:
            raise Refused(said["refusal"] if done.stderr == "" else "%s: %s" % (said["refusal"], done.stderr.strip().split("\n")[-1]))
        return said

    def run(self, case, allocate=False, decode=False, graph=None):
        cards = [self.card(key, ROOM if allocate else 1) for key in case["gpus"]]
        words, environment = [], {}
        for rule in case.get("before", []):
            if isinstance(BEFORE[rule], dict):
                environment.update(BEFORE[rule])
            else:
                words += BEFORE[rule]
        words += ["--allocate"] * allocate + ["--decode"] * decode
        words += ["--graph", graph] if graph else []
        words += ["--n-rs-seq", case["n_rs_seq"]] if "n_rs_seq" in case else []
        words += ["--", "-m", self.model_file(case["model"])]
        if "draft_model" in case:
            words += ["-md", self.model_file(case["draft_model"]), "--spec-type", "draft-simple"]
        return self.program("run", words + case["args"], cards, environment)

    def allocated(self, case, projected):
        """The run with real allocation, if it can be had."""
        if projected["host"]["context"] > MOST_ON_HOST:
            return None
        decodes = "draft_model" not in case and not COMPUTED_BY_HOST & set(case["args"])
        if "expected" in case:  # as before
            decodes = "decode_growth" in case["expected"]
        for decode in [True, False] if decodes else [False]:
            try:
                allocated = self.run(case, allocate=True, decode=decode)
                return allocated if uses_the_same_cards(projected, allocated) else None
            except (Refused, Unanswered):
                continue
        return None

    def shared(self, case):
        """The run on cards that share a model: with real allocation, for a projection sees one device only."""
        decode = not COMPUTED_BY_HOST & set(case["args"]) and self.decodes_undivided(case)
        shared = self.run(case, allocate=True, decode=decode)
        host = {**shared["host"], "weights": self.run(case)["host"]["weights"]}
        return {**in_order({**shared, "host": host}), "basis": "real"}

    def decodes_undivided(self, case):
        """What aborts without `-sm tensor` as well tells nothing of it."""
        try:
            return bool(self.run({**case, "args": without_split_mode(case["args"])}, allocate=True, decode=True))
        except Refused:
            return False

    def expected(self, case):
        if shares_cards(case):
            return self.shared(case)
        projected = self.run(case)
        allocated = self.allocated(case, projected)
        if not allocated and was_allocated(case) and projected["host"]["context"] > 0:
            raise Unanswered("with caches on the host only an allocation can be compared with the recorded one")
        return merge(projected, allocated)

    def record(self, case):
        """The case with what the engine says of it."""
        out = asked(case)
        try:
            return {**out, "expected": self.expected(case)}
        except Aborted as e:
            return {**out, "aborts" if shares_cards(case) else "refusal": str(e)}
        except Refused as e:
            return {**out, "refusal": str(e)}

    def complete(self, read):
        """A shape without tensors, with those that the engine asks for."""
        header = engine.BUILD / "header.gguf"
        read["metadata"].setdefault("tokenizer.ggml.model", ["str", "none"])
        read["metadata"].setdefault("general.quantization_version", ["u32", 2])
        shape.write_gguf({**read, "tensors": []}, header, self.types)
        words = [header, read["quantization"]]
        for option in ("optional", "absent"):
            for pattern in read.pop(option, []):
                words += ["--" + option, pattern]
        words += ["--nextn"] if read.pop("nextn", False) else []
        tensors = self.program("tensors", words)
        metadata = read.pop("metadata")
        read["data_bytes"] = sum(self.types.padded_bytes(t, ne) for _, t, ne in tensors)
        return {**read, "metadata": metadata, "tensors": shape.fold(tensors)}


def was_allocated(case):
    return "expected" in case and case["expected"].get("basis") != "dry"


def uses_the_same_cards(projected, allocated):
    """Where real memory is short, the engine falls back to the CPU without a word."""
    used = [[any(card.values()) for card in run["devices"]] for run in (projected, allocated)]
    return used[0] == used[1]


def merge(projected, allocated):
    """The allocation's numbers where there are some; the host's weights, the parts and the output buffer are always
    the projection's: an allocation counts a mapped range of the file there."""
    out = dict(projected)
    if allocated:
        for term in ("devices", "graph"):
            out[term] = allocated[term]
        out["host"] = {**allocated["host"], "weights": projected["host"]["weights"]}
        if "draft" in out:
            host = {**allocated["draft"]["host"], "weights": projected["draft"]["host"]["weights"]}
            out["draft"] = {**out["draft"], "devices": allocated["draft"]["devices"], "host": host}
        if "decode_growth" in allocated:
            out["decode_growth"] = allocated["decode_growth"]
    return {**in_order(out), "basis": "real" if allocated else "dry"}


def in_order(run):
    order = ("devices", "host", "parts", "graph", "output_mib", "draft", "decode_growth", "run")
    return {key: run[key] for key in order if key in run}
