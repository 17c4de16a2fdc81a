"""Keyword arguments against the table of options. VRAMBUDGET_BLESS=1 writes their types anew."""

import json
import os
import re
import textwrap
import unittest

import vrambudget as vb
from vrambudget import _core, options

TYPES = {
    "count": "int",
    "layers": "Union[int, str]",
    "word or switch": "Union[bool, str]",
    "desktop": "Union[bool, int, str]",
    "word": "str",
    "type": "str",
    "switch": "bool",
    "shares": "Sequence[float]",
    "overrides": "Union[str, Sequence[str]]",
    "words": "Union[str, Sequence[str]]",
    "device": "str",
    "engine": "str",
    "size": "Union[int, str]",
    "sizes": "Union[int, str, Sequence[Union[int, str]]]",
}
PARAMETERS = {"model", "gpu", "draft", "mmproj", "max_context"}  # of the functions themselves
AXES = {"n_ctx", "n_parallel", "type_k", "type_v"}  # of sweeps
OF_ONE = AXES | {"file_size"}  # of the one model

TABLE = [row for row in json.loads(_core.options()) if row["name"] not in PARAMETERS]
SOURCE = os.path.realpath(options.__file__)
BEGIN, END = "class RunOptions", "SWEPT: "


def declared(rows):
    """A field for each name, the row's own first."""
    seen, lines = set(), []
    for row in rows:
        for name in [row["name"], *row["names"]]:
            if name not in seen:
                told = re.sub(r" \[v[0-9.]+\]$", "", row["help"])  # the engine's release is named in one header
                comment = ("False: " if row["turns_off"] else "") + told if name == row["name"] else ""
                field = f"{name}: {TYPES[row['kind']]}"
                room = 110 - len(field)
                lines.append(field + (comment and "  # " + textwrap.shorten(comment, room, placeholder=" ...")))
            seen.add(name)
    return "".join(f"    {line}\n" for line in lines)


def classes():
    rest = [row for row in TABLE if row["name"] not in OF_ONE]
    of_one = [row for row in TABLE if row["name"] in OF_ONE]
    return (
        "class RunOptions(TypedDict, total=False):\n"
        '    """What a run is, except for what a sweep goes over. Sizes are bytes; absent is llama-server\'s default."""\n\n'
        f"{declared(rest)}\n\n"
        "class Options(RunOptions, total=False):\n"
        '    """All of a run."""\n\n'
        f"{declared(of_one)}\n\n"
    )


class Options(unittest.TestCase):
    def test_types_are_the_tables(self):
        with open(SOURCE, encoding="utf-8") as f:
            text = f.read()
        begin, end = text.index(BEGIN), text.index(END)
        if os.environ.get("VRAMBUDGET_BLESS"):
            with open(SOURCE, "w", encoding="utf-8") as f:
                f.write(text[:begin] + classes() + text[end:])
            return
        self.assertEqual(text[begin:end], classes())

    def test_sweeps_refuse_what_their_axes_decide(self):
        for row in TABLE:
            for name in row["names"]:
                if row["name"] in AXES and name != row["name"]:
                    self.assertIn(name, options.SWEPT)
        drafts = next(row for row in json.loads(_core.options()) if row["name"] == "draft")
        for name in drafts["names"]:
            self.assertTrue(name == "draft" or name in options.SWEPT, name)
        self.assertGreater(len(TABLE), 45)

    def test_a_number_is_never_a_text(self):
        # an int goes as an int: more than 64 bits of it are no number of tokens, with all its digits
        with self.assertRaisesRegex(vb.InvalidArgumentError, "number of tokens"):
            vb.plan("Qwen3-8B", "3090", n_ctx=2**70)
        self.assertEqual(vb.plan("Qwen3-8B", "3090", n_ctx=True + 4095).run["n_ctx"], 4096)
        self.assertTrue(re.match(r"\d", vb.__version__))


if __name__ == "__main__":
    unittest.main()
