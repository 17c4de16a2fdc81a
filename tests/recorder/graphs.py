"""Our graphs of a run beside the engine's: the first tensor that differs."""
import subprocess

# Columns of both dumps that must agree. A layer is known to ours only, and names are the engine's own affair.
PHASE, OP, LAYER, NAME, TYPE, DIMENSIONS, BYTES, BACKEND, PLACE = range(9)
COMPARED = (OP, TYPE, DIMENSIONS, BYTES, BACKEND, PLACE)


def by_phase(text):
    out = {}
    for line in text.splitlines():
        row = line.split("\t")
        if len(row) > PLACE:
            row[TYPE] = row[TYPE].lower()
            if row[PLACE].startswith("own"):  # ours says which of the buffers
                row[PLACE] = "own"
            out.setdefault(row[PHASE], []).append(row)
    return out


def key(row):
    """What must agree; of a view, which takes no memory, not how it is laid out."""
    return [row[i] for i in ((OP, BYTES, PLACE) if row[PLACE] == "view" else COMPARED)]


def parted(rows):
    """The graph's inputs, which come first, and its nodes. The engine's further copies of an input, "CPU#inp_pos#1",
    are left out."""
    n = next((i for i, row in enumerate(rows) if row[OP] != "none" or row[PLACE] == "view"), len(rows))
    return [row for row in rows[:n] if "#" not in row[NAME]], rows[n:]


def told(who, row):
    return "%-7s%s" % (who, "  ".join(row[OP:]) if row else "ends here")


def different_input(ours, engines):
    """Inputs are as old as the graph: their order does not matter."""
    for who, rows, others in (("engine", engines, ours), ("ours", ours, engines)):
        others = [key(row) for row in others]
        for row in rows:
            if key(row) not in others:
                return ["an input that the other does not have:", told(who, row)]
    return None


def different_node(ours, engines, before=3):
    for i in range(max(len(ours), len(engines))):
        a, b = (rows[i] if i < len(rows) else None for rows in (ours, engines))
        if not a or not b or key(a) != key(b):
            lines = [told("", row) for row in engines[max(0, i - before):i]]
            return ["node %d of %d:" % (i, len(engines)), *lines, told("engine", b), told("ours", a)]
    return None


def first_difference(ours, engines):
    """A few lines about it; None: the graphs are the same."""
    ours, engines = by_phase(ours), by_phase(engines)
    for phase, rows in engines.items():
        (a, b), (c, d) = parted(ours.get(phase, [])), parted(rows)
        lines = different_node(b, d) or different_input(a, c)
        if lines:
            return "\n".join([phase + ", " + lines[0], *lines[1:]])
    return None


def our_graphs(program, shape_files, devices, case, changes=""):
    """`changes`: rules that are not the release's, by their names in engine/changes.hpp."""
    model, *draft = map(str, shape_files)
    words = [str(program), model, str(devices), ",".join(case["gpus"])]
    words += ["-md", draft[0]] if draft else []
    words += ["--changes", changes] if changes else []
    words += ["--n-rs-seq", str(case["n_rs_seq"])] if "n_rs_seq" in case else []
    done = subprocess.run(words + case["args"], text=True, capture_output=True)
    if done.returncode != 0:
        raise ValueError(done.stderr.strip())
    return done.stdout
