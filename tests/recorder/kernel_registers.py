#!/usr/bin/env python3
"""Registers and static shared memory of each CUDA kernel, read from the machine code in libggml-cuda.so.

    kernel_registers.py LIBGGML_CUDA OUT

OUT has a line for each kernel: its mangled name, a tab, "arch:registers:shared bytes" for each architecture that
it is compiled for. The stand-in driver derives from it how many blocks run at once. Needs libzstd.so.1.
"""
import ctypes
import mmap
import struct
import sys

FATBIN_MAGIC = struct.pack("<I", 0xBA55ED50)
CUBIN = 2  # kind of an entry; 1 is PTX
SHT_SYMTAB, EIATTR_REGCOUNT = 2, 0x2F
NAME_OFFSET, KIND, OFFSET, SIZE, LINK, INFO = 0, 1, 4, 5, 6, 7  # of a section header


def decompress(data, size):
    zstd = ctypes.CDLL("libzstd.so.1")
    zstd.ZSTD_decompress.restype = ctypes.c_size_t
    out = ctypes.create_string_buffer(size)
    n = zstd.ZSTD_decompress(out, ctypes.c_size_t(size), data, ctypes.c_size_t(len(data)))
    if n > size:
        raise ValueError("not a zstd frame")
    return out.raw[:n]


def text(data, offset):
    return data[offset:data.find(b"\0", offset)].decode()


def sections(elf):
    """[(name, header)]"""
    table, = struct.unpack_from("<Q", elf, 40)
    size, count, names = struct.unpack_from("<HHH", elf, 58)
    headers = [struct.unpack_from("<IIQQQQIIQQ", elf, table + i * size) for i in range(count)]
    return [(text(elf, headers[names][OFFSET] + h[NAME_OFFSET]), h) for h in headers]


def register_counts(cubin, all_sections):
    symbols = next(h for _, h in all_sections if h[KIND] == SHT_SYMTAB)
    names = all_sections[symbols[LINK]][1][OFFSET]
    info = dict(all_sections).get(".nv.info")
    at, end = (info[OFFSET], info[OFFSET] + info[SIZE]) if info else (0, 0)
    counts = {}
    while at < end:
        form, attribute, size = struct.unpack_from("<BBH", cubin, at)
        if form == 4 and attribute == EIATTR_REGCOUNT:
            symbol, n = struct.unpack_from("<II", cubin, at + 4)
            name, = struct.unpack_from("<I", cubin, symbols[OFFSET] + symbol * 24)
            counts[text(cubin, names + name)] = n
        at += 4 + (size if form == 4 else 0)
    return counts


def kernels(cubin):
    """Yields (name, registers, static shared memory)."""
    all_sections = sections(cubin)
    by_name = dict(all_sections)
    counts = register_counts(cubin, all_sections)
    for name, header in all_sections:
        if name.startswith(".text."):
            kernel = name[len(".text."):]
            shared = by_name.get(".nv.shared." + kernel)
            yield kernel, counts.get(kernel, header[INFO] >> 24), shared[SIZE] if shared else 0


def cubins(library):
    """Yields (architecture, machine code)."""
    fat = dict(sections(library))[".nv_fatbin"]
    at, end = fat[OFFSET], fat[OFFSET] + fat[SIZE]
    while (start := library.find(FATBIN_MAGIC, at, end)) >= 0:
        header, body = struct.unpack_from("<HQ", library, start + 6)
        entry, at = start + header, start + header + body
        while entry < at:
            kind, _, entry_header, padded = struct.unpack_from("<HHIQ", library, entry)
            packed, = struct.unpack_from("<I", library, entry + 16)
            arch, = struct.unpack_from("<I", library, entry + 28)
            unpacked, = struct.unpack_from("<Q", library, entry + 56)
            if kind == CUBIN:
                code = entry + entry_header
                yield arch, decompress(library[code:code + packed], unpacked)
            entry += entry_header + padded


def write_table(library_path, out):
    table = {}
    with open(library_path, "rb") as f:
        library = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
    for arch, cubin in cubins(library):
        for name, registers, shared in kernels(cubin):
            table.setdefault(name, {})[arch] = (registers, shared)
    with open(out, "w", encoding="utf-8") as f:
        for name, archs in table.items():
            f.write(name + "\t" + " ".join("%d:%d:%d" % (a, *v) for a, v in sorted(archs.items())) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    write_table(sys.argv[1], sys.argv[2])
