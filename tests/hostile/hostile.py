"""Models that strangers made, and the program that is shown them."""
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../http"))
import gguf_file  # noqa: E402
from gguf_file import F32, STRING, Model  # noqa: E402

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else ""
MIB = 1 << 20

# Escape sequences, as C0 and as C1 of UTF-8; DEL, BEL, NUL; line feeds; no UTF-8; what turns the direction of text.
NASTY = (b"\x1b]0;title\x07\x1b[31mred\nCUDA0  fits\r\x00\x7f \xc2\x9b31m \xff\xfe\"\\\x01\x80 "
         b"\xe2\x80\xae\xe2\x80\xa8\xe2\x81\xa6 end")


class Nasty(Model):
    """A small Llama in which a string is another: `change` is called with the name of what it is of, and its bytes."""

    def __init__(self, change, **model):
        plain_text, plain_entry = gguf_file.text, gguf_file.entry
        try:
            gguf_file.text = lambda s: text_of(change(None, s.encode()))
            gguf_file.entry = lambda key, kind, payload: (
                text_of(key.encode()) + kind.to_bytes(4, "little") +
                (text_of(change(key, payload[8:])) if kind == STRING else payload))
            super().__init__(n_vocab=1000, n_layer=2, **model)
        finally:
            gguf_file.text, gguf_file.entry = plain_text, plain_entry


def text_of(b):
    return len(b).to_bytes(8, "little") + b


def nasty(key, value=NASTY):
    """A model whose `key` has another text."""
    return Nasty(lambda k, old: value if k == key else old)


def with_keys(keys):
    """A model with more texts, by key, which are bytes."""
    return with_entries({k: STRING.to_bytes(4, "little") + text_of(v) for k, v in keys.items()})


def with_numbers(keys):
    """The same with numbers of 32 bits."""
    return with_entries({k: struct.pack("<If", F32, v) for k, v in keys.items()})


def with_entries(keys):
    m = Model(1000, 2)
    n = int.from_bytes(m.header[16:24], "little") + len(keys)
    more = b"".join(text_of(k) + v for k, v in keys.items())
    m.header = m.header[:16] + n.to_bytes(8, "little") + more + m.header[24:]
    m.size += len(more) + 64
    return m


def nasty_tensor(name):
    """A model in which a tensor is called otherwise."""
    m = Model(1000, 2)
    assert text_of(name) in m.header
    m.header = m.header.replace(text_of(name), text_of(name + NASTY[:20]))
    m.size += 64
    return m


def write(folder, model, name="m.gguf"):
    path = os.path.join(os.fsencode(folder), name if isinstance(name, bytes) else name.encode())
    with open(path, "wb") as f:
        f.write(model.header)
        f.truncate(model.size)
    return path


class Outcome:
    """How the program ends, in bytes; `peak` is its most memory in MiB, `seconds` those of the processor."""

    def __init__(self, *args, limits=(), env=None, **popen):
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
        for name in ("LD_LIBRARY_PATH", "ASAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                environment[name] = os.environ[name]
        environment.update(env or {})

        def limit():
            for what, most in limits:
                resource.setrlimit(what, (most, most))

        popen.setdefault("stdout", subprocess.PIPE)
        popen.setdefault("stderr", subprocess.PIPE)
        popen.setdefault("stdin", subprocess.DEVNULL)
        with tempfile.TemporaryDirectory() as nothing:  # a configuration that is nobody's
            environment.setdefault("XDG_CONFIG_HOME", nothing)
            environment.setdefault("XDG_CACHE_HOME", nothing)
            p = subprocess.Popen([PROGRAM, *args], env=environment, preexec_fn=limit, **popen)
            self.out, self.err = (x or b"" for x in p.communicate(timeout=120))
        self.status = p.returncode


def measured(*args, **how):
    """An outcome with its most memory in MiB and its seconds of processor, by a process of its own."""
    before = time.monotonic()
    read, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        o = Outcome(*args, **how)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        os.write(write_end, b"%d %d %f\n" % (o.status, used.ru_maxrss, used.ru_utime + used.ru_stime) +
                 o.err[:2000])
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read, "rb") as f:
        first, err = f.readline().split(), f.read()
    os.waitpid(child, 0)
    o = Outcome.__new__(Outcome)
    o.status, o.peak, o.seconds, o.err = int(first[0]), int(first[1]) / 1024, float(first[2]), err
    o.wall = time.monotonic() - before
    return o
