"""Single edits of a shape's header: a key that is missing or says something else, a tensor that is missing or of another
shape. What an engine makes of them is in tests/truth/edited.jsonl."""
import json

import shape

NUMBERS = (0, 1, 3, 1 << 16, 1 << 24, (1 << 32) - 1)
LISTS = ("arr:u32", "arr:i32", "arr:bool")


def set_to(key, value):
    return {"set": {key: value}}


def edits_of_key(key, kind, value):
    """The edits of a metadata key, each with what it is."""
    yield "a key is missing", set_to(key, None)
    if kind == "u32":
        for n in sorted({*NUMBERS, value + 1, value * 2, value // 2} - {value}):
            if 0 <= n < 1 << 32:
                yield "a key has another number", set_to(key, [kind, n])
    elif kind == "f32":
        for n in (0.0, -1.0):
            yield "a key has another number", set_to(key, [kind, n])
    elif kind == "bool":
        yield "a key is the other", set_to(key, [kind, not value])
    elif kind in LISTS:
        for n in (0, 1, 2):
            yield "a list of other numbers", set_to(key, [kind, [bool(n) if kind == "arr:bool" else n] * len(value)])
        yield "a list that is too short", set_to(key, [kind, value[:-1]])
        yield "a list that is twice as long", set_to(key, [kind, value + value])
        yield "a list of nothing", set_to(key, [kind, []])


def edits_of_tensor(name, ne, alike):
    """The edits of a tensor; `alike`: the names of those that are it in other layers, and its own."""
    yield "a tensor is missing", {"remove": [name]}
    yield "a tensor has half the rows", {"shape": {name: ne[:-1] + [max(1, ne[-1] // 2)]}}
    yield "a tensor has no rows", {"shape": {name: ne[:-1] + [0]}}
    yield "a tensor has one row", {"shape": {name: ne[:-1] + [1]}}
    yield "a tensor has shorter rows", {"shape": {name: [256] + ne[1:]}}
    if len(ne) < 4:
        yield "a tensor has one more dimension", {"shape": {name: ne + [2]}}
    if len(ne) > 1 and ne[1] % 256 == 0:
        yield "a tensor is turned", {"shape": {name: ne[1::-1] + ne[2:]}}
    yield "all of a kind are missing", {"remove": alike}


def drawn(read, count, rnd):
    """`count` edits of a shape, or as many as there are, two thirds of them of keys; drawn by `rnd`."""
    prefix = read["architecture"] + "."
    of_keys = [e for key, (kind, value) in read["metadata"].items() if key.startswith(prefix)
               for e in edits_of_key("ARCH." + key[len(prefix):], kind, value)]
    kinds = {}
    for name, _, ne in shape.unfold(read["tensors"]):
        kinds.setdefault(shape.LAYER.sub(r"\1#\3", name), []).append((name, ne))
    of_tensors = [e for alike in kinds.values() for e in edits_of_tensor(*rnd.choice(alike), [name for name, _ in alike])]
    most = count * 2 // 3
    return (rnd.sample(of_keys, min(len(of_keys), most)) +
            rnd.sample(of_tensors, min(len(of_tensors), count - most)))


def edited(read, edit):
    """The shape with an edit made."""
    prefix = read["architecture"] + "."
    after = json.loads(json.dumps(read))
    for key, value in edit.get("set", {}).items():
        key = key.replace("ARCH.", prefix, 1)
        if value is None:
            after["metadata"].pop(key, None)
        else:
            after["metadata"][key] = value
    removed, shapes = set(edit.get("remove", [])), edit.get("shape", {})
    after["tensors"] = [[name, kind, shapes.get(name, ne)] for name, kind, ne in shape.unfold(read["tensors"])
                        if name not in removed]
    return after
