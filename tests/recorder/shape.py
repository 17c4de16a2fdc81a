"""Shapes of models, as tests/truth/README.md describes them: reading, writing, and files for the engine."""
import json
import re
import struct

LAYER = re.compile(r"^((?:[^.]*\.)*?)(\d+)(\..*)$")
ALIGNMENT = 32
VALUES = {"u8": (0, "B"), "i8": (1, "b"), "u16": (2, "H"), "i16": (3, "h"), "u32": (4, "I"), "i32": (5, "i"),
          "f32": (6, "f"), "bool": (7, "?"), "str": (8, None), "u64": (10, "Q"), "i64": (11, "q"), "f64": (12, "d")}
ARRAY = 9


def dump(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)


def ranges(numbers):
    """[0, 1, 2, 5] -> "0-2,5" """
    out = []
    for n in sorted(numbers):
        if out and n == out[-1][1] + 1:
            out[-1][1] = n
        else:
            out.append([n, n])
    return ",".join(str(a) if a == b else "%d-%d" % (a, b) for a, b in out)


def numbers(text):
    """The inverse."""
    ends = [part.partition("-") for part in text.split(",")]
    return [n for a, _, b in ends for n in range(int(a), int(b or a) + 1)]


def fold(tensors):
    """[["blk.0.attn_q.weight", "Q4_K", [ne...]], ...] -> the same with layers folded: "blk.{0-31}...." """
    rows = {}
    for name, type_name, ne in tensors:
        m = LAYER.match(name)
        head, layer, tail = m.groups() if m else (name, None, "")
        rows.setdefault((head, tail, layer is None, type_name, tuple(ne)), []).append(layer)
    return [[head + ("" if single else "{%s}" % ranges(map(int, layers))) + tail, type_name, list(ne)]
            for (head, tail, single, type_name, ne), layers in rows.items()]


def unfold(rows):
    """The inverse, layer by layer."""
    out = []
    for name, type_name, ne in rows:
        head, brace, rest = name.partition("{")
        layers, _, tail = rest.partition("}")
        names = ["%s%d%s" % (head, n, tail) for n in numbers(layers)] if brace else [name]
        out += [[n, type_name, ne] for n in names]
    return out


def text(shape):
    """The text of models/NAME.json: one line a metadata key, one line a tensor row."""
    lines = ["  %s: %s," % (dump(k), dump(v)) for k, v in shape.items() if k not in ("metadata", "tensors")]
    lines.append('  "metadata": {')
    lines.append(",\n".join("    %s: %s" % (dump(k), dump(v)) for k, v in shape["metadata"].items()))
    lines.append('  },\n  "tensors": [')
    lines.append(",\n".join("    " + dump(row) for row in shape["tensors"]))
    lines.append("  ]")
    return "{\n" + "\n".join(lines) + "\n}\n"


class TensorTypes:
    """ggml's types: id, elements and bytes of a block. From the engine's program `types`."""

    def __init__(self, rows):
        self.known = {name: tuple(row) for name, *row in rows}

    def id(self, name):
        return self.known[name][0]

    def padded_bytes(self, name, ne):
        _, block, block_bytes = self.known[name]
        if ne[0] % block:
            raise ValueError("rows of %d are not a multiple of %s's block of %d" % (ne[0], name, block))
        size = ne[0] // block * block_bytes
        for n in ne[1:]:
            size *= n
        return -(-size // ALIGNMENT) * ALIGNMENT


def string(s):
    data = s.encode()
    return struct.pack("<Q", len(data)) + data


def scalar(kind, v):
    return string(v) if kind == "str" else struct.pack("<" + VALUES[kind][1], v)


def pair(key, kind, v):
    if not kind.startswith("arr:"):
        return string(key) + struct.pack("<I", VALUES[kind][0]) + scalar(kind, v)
    of = kind[len("arr:"):]
    return (string(key) + struct.pack("<IIQ", ARRAY, VALUES[of][0], len(v)) + b"".join(scalar(of, x) for x in v))


def write_gguf(shape, path, types):
    """A file of this shape for the engine: weights of zeros, which take no room on the disk. Gives their bytes."""
    metadata = {"general.architecture": ["str", shape["architecture"]], "general.name": ["str", shape["name"]],
                **shape["metadata"]}
    pairs = [pair(key, kind, v) for key, (kind, v) in metadata.items()]
    infos, offset = [], 0
    for name, type_name, ne in unfold(shape.get("tensors", [])):
        infos.append(string(name) + struct.pack("<I%dQIQ" % len(ne), len(ne), *ne, types.id(type_name), offset))
        offset += types.padded_bytes(type_name, ne)
    header = struct.pack("<IIQQ", 0x46554747, 3, len(infos), len(pairs)) + b"".join(pairs) + b"".join(infos)
    header += b"\0" * (-len(header) % ALIGNMENT)
    with open(path, "wb") as f:
        f.write(header)
        f.truncate(len(header) + offset)
    return offset
