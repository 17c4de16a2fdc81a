"""The runs that a new architecture is recorded with: each tries something that has its own rules in the engine."""

# tag, cards, arguments; LAYERS: half of the model's
ALWAYS = (
    ("default", "rtx3090", "-c 8192"),
    ("full", "rtx4090", "-c 24576 -np 1 -fa on -ctk q8_0 -ctv q8_0"),
    ("odd", "t4", "-c 33333 -np 3 -ub 1024"),
    ("ub", "rtx5090", "-c 16384 -np 1 -ub 2048 -b 4096"),
    ("seq", "h100", "-c 24576 -np 8 -fa on"),
    ("faoff", "a100", "-c 5000 -fa off -np 1"),
    ("mixkv", "rtx3090", "-c 12345 -np 1 -ctk q8_0 -ctv q4_0"),
    ("nkvo", "rtx4090", "-c 4096 -np 1 -nkvo"),
    ("partial", "rtx3090", "-c 8192 -np 2 -ngl LAYERS"),
    ("cpu", "rtx2080ti", "-c 4096 -np 1 -ngl 0"),
    ("gpu2", "rtx3090 rtx4090", "-c 16384 -np 1"),
    ("gpu3", "rtx4090 rtx3090 t4", "-c 32768 -np 2 -ts 3,2,1"),
    ("smnone", "rtx4090 rtx3090", "-c 5000 -sm none -mg 1 -np 1"),
)
WITH_EXPERTS = (("moecpu", "rtx3090", "-c 8192 -np 1 -cmoe"), ("ot", "rtx3090", "-c 8192 -np 1 -ncmoe LAYERS"))
WITH_A_WINDOW = (("swafull", "rtx3090", "-c 16384 -np 2 --swa-full"),)
WITH_STATES = (("nrs", "rtx3090", "-c 4096 -np 2"),)


def runs(name, read):
    """The cases of the shape NAME, not recorded yet."""
    architecture = read["architecture"]
    metadata, tensors = read["metadata"], [row[0] for row in read["tensors"]]
    half = str(metadata[architecture + ".block_count"][1] // 2)
    chosen = list(ALWAYS)
    if any("_exps." in name for name in tensors):
        chosen += WITH_EXPERTS
    if any("attention.sliding_window" in name for name in metadata):
        chosen += WITH_A_WINDOW
    if any("ssm_" in name or "time_mix" in name for name in tensors):
        chosen += WITH_STATES
    return [{"id": "%s-%s" % (name, tag), "model": name, "tag": tag, "gpus": cards.split(),
             "args": arguments.replace("LAYERS", half).split(), **({"n_rs_seq": 3} if tag == "nrs" else {})}
            for tag, cards, arguments in chosen]
