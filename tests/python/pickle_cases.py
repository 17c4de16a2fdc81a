"""Files of models of the catalogue, with a vocabulary as real ones have it."""

import vrambudget as vb


def entry(key, type_id, payload):
    return len(key).to_bytes(8, "little") + key + type_id.to_bytes(4, "little") + payload


def write_gguf(path, like, n_tokens, padding=0):
    """A GGUF file with the tensors of a model of the catalogue and a vocabulary of empty words, sparse where its data
    would be; `padding`: so many bytes more before them."""
    kept = vb.open_model(like).to_bytes()
    none, gpt2 = (entry(b"tokenizer.ggml.model", 8, (4).to_bytes(8, "little") + w) for w in (b"none", b"gpt2"))
    assert none in kept
    words = (8).to_bytes(4, "little") + n_tokens.to_bytes(8, "little") + bytes(8 * n_tokens)
    added = entry(b"tokenizer.ggml.tokens", 9, words)
    rest = -(len(added) + len(entry(b"general.note", 8, bytes(8)))) % 32 + padding  # tensors' data are aligned
    added += entry(b"general.note", 8, rest.to_bytes(8, "little") + b" " * rest)
    n_kv = int.from_bytes(kept[16:24], "little") + 2
    header = kept[:16] + n_kv.to_bytes(8, "little") + added + kept[24:].replace(none, gpt2)
    with open(path, "wb") as f:
        f.write(header)
        f.truncate(len(header) + vb.open_model(like).tensor_bytes + 10**6)
    return len(header)
