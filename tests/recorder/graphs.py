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
    return [row[i] for i in COMPARED]


def told(who, row):
    return "%-7s%s" % (who, "  ".join(row[OP:]) if row else "ends here")


def first_difference(ours, engines, before=3):
    """A few lines about it; None: the graphs are the same."""
    ours, engines = by_phase(ours), by_phase(engines)
    for phase, theirs in engines.items():
        mine = ours.get(phase, [])
        for i in range(max(len(mine), len(theirs))):
            a, b = (rows[i] if i < len(rows) else None for rows in (mine, theirs))
            if a and b and key(a) == key(b):
                continue
            lines = [told("", row) for row in theirs[max(0, i - before):i]]
            return "\n".join(["%s, tensor %d of %d:" % (phase, i, len(theirs)), *lines, told("engine", b), told("ours", a)])
    return None


def our_graphs(program, shape_files, devices, case):
    model, *draft = map(str, shape_files)
    words = [str(program), model, str(devices), ",".join(case["gpus"])]
    words += ["-md", draft[0]] if draft else []
    done = subprocess.run(words + case["args"], text=True, capture_output=True)
    if done.returncode != 0:
        raise ValueError(done.stderr.strip())
    return done.stdout
