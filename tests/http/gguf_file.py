"""GGUF headers of the size that real models have, whose data are zeros that nobody stores."""
import struct

STRING, ARRAY, U32, U16, I32, F32 = 8, 9, 4, 2, 5, 6
F16 = 1


def text(s):
    b = s.encode()
    return struct.pack("<Q", len(b)) + b


def entry(key, kind, payload):
    return text(key) + struct.pack("<I", kind) + payload


def strings(key, values):
    return entry(key, ARRAY, struct.pack("<IQ", STRING, len(values)) + b"".join(map(text, values)))


class Model:
    """A Llama of n_layer layers in F16; `size` is the whole file's, of which `header` is stored."""

    def __init__(self, n_vocab=250000, n_layer=32, split=None, name="Loopback"):
        kv = []
        if split is None or split[0] == 0:
            kv += [entry("general.architecture", STRING, text("llama")),
                   entry("general.name", STRING, text(name))]
            for key, value in (("block_count", n_layer), ("context_length", 131072),
                               ("embedding_length", 4096), ("feed_forward_length", 14336),
                               ("attention.head_count", 32), ("attention.head_count_kv", 8),
                               ("vocab_size", n_vocab)):
                kv.append(entry("llama." + key, U32, struct.pack("<I", value)))
            kv.append(entry("llama.attention.layer_norm_rms_epsilon", F32, struct.pack("<f", 1e-5)))
            tokens = ["t%06d" % i for i in range(n_vocab)]
            kv.append(strings("tokenizer.ggml.tokens", tokens))
            kv.append(entry("tokenizer.ggml.token_type", ARRAY,
                            struct.pack("<IQ", I32, n_vocab) + struct.pack("<i", 1) * n_vocab))
            kv.append(strings("tokenizer.ggml.merges", ["t%05d x" % i for i in range(n_vocab)]))
        tensors = [("token_embd.weight", (4096, n_vocab)), ("output_norm.weight", (4096,)),
                   ("output.weight", (4096, n_vocab))]
        for i in range(n_layer):
            for part, shape in (("attn_norm", (4096,)), ("attn_q", (4096, 4096)), ("attn_k", (4096, 1024)),
                                ("attn_v", (4096, 1024)), ("attn_output", (4096, 4096)), ("ffn_norm", (4096,)),
                                ("ffn_gate", (4096, 14336)), ("ffn_up", (4096, 14336)), ("ffn_down", (14336, 4096))):
                tensors.append(("blk.%d.%s.weight" % (i, part), shape))
        if split is not None:
            no, count = split
            kv += [entry("split.no", U16, struct.pack("<H", no)),
                   entry("split.count", U16, struct.pack("<H", count)),
                   entry("split.tensors.count", I32, struct.pack("<i", len(tensors)))]
            tensors = tensors[no::count]
        infos, offset = [], 0
        for tensor, shape in tensors:
            infos.append(text(tensor) + struct.pack("<I", len(shape)) + struct.pack("<%dQ" % len(shape), *shape) +
                         struct.pack("<IQ", F16, offset))
            n = 2
            for d in shape:
                n *= d
            offset += (n + 31) // 32 * 32
        self.header = (b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(kv)) + b"".join(kv) + b"".join(infos))
        self.size = (len(self.header) + 31) // 32 * 32 + offset

    def read(self, first, last):
        """Bytes first to last, both included, in parts of 64 KiB at most."""
        while first <= last:
            n = min(65536, last + 1 - first)
            part = self.header[first:first + n]
            yield part + bytes(n - len(part))
            first += n
