"""What pages show is what the program prints, and their pictures are what it draws.

usage: examples.py SOURCE PROGRAM

A block that begins with "$ vrambudget ..." shows commands and what each prints; a line "..." stands for any
number of lines. A picture stands below the command that draws it:

    <!-- vrambudget MODEL --gpu 3090 --svg -->
    ![What is to be seen](figures/name.svg)

A comment says of a page's numbers where they come from: that a command prints these parts, and that the
page has the last word of each.

    <!-- vrambudget MODEL --gpu 3090 shows weights 15,382.8 MiB; pool 14.0 MiB -->

With VRAMBUDGET_BLESS=1 in the environment, pictures are drawn anew and outputs without "..." written anew.
"""
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from pages import blocks, pages

BLESS = os.environ.get("VRAMBUDGET_BLESS") == "1"


def printed(program: str, command: str) -> str:
    """What a command line prints, wherever and as whoever the test is run."""
    words = shlex.split(command)
    assert words[0] == "vrambudget", command
    clean = {"HOME": "/nonexistent", "PATH": os.environ["PATH"]}
    done = subprocess.run([program, *words[1:]], env=clean, capture_output=True, text=True, timeout=60)
    if done.returncode > 1:
        raise RuntimeError(f"{command}: exit status {done.returncode}: {done.stderr}")
    return done.stdout


def matches(shown: str, output: str) -> bool:
    parts = re.split(r"^\.\.\.\n", shown, flags=re.MULTILINE)
    return re.fullmatch("(?:.*\n)*".join(re.escape(p) for p in parts), output) is not None


def check_outputs(page: Path, program: str) -> tuple[int, list[str]]:
    n, problems, new = 0, [], page.read_text()
    for block in blocks(page):
        if not block.text.startswith("$ vrambudget "):
            continue
        text = ""
        for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE):
            n += 1
            output = printed(program, command)
            text += f"$ {command}\n" + (shown if "\n...\n" in "\n" + shown else output)
            if not matches(shown, output):
                problems.append(f"{page}: {command} prints\n{output}")
        if BLESS:
            new = new.replace(block.text, text)
    if BLESS:
        page.write_text(new)
    return n, problems


def check_pictures(page: Path, program: str) -> tuple[int, list[str]]:
    n, problems = 0, []
    for command, path in re.findall(r"^<!-- (vrambudget .*) -->\n!\[[^\]]+\]\(([^)]+)\)$", page.read_text(), re.MULTILINE):
        n += 1
        picture, drawn = page.parent / path, printed(program, command)
        if BLESS:
            picture.write_text(drawn)
        if not picture.exists() or picture.read_text() != drawn:
            problems.append(f"{page}: {path} is not what '{command}' draws")
    return n, problems


def check_numbers(page: Path, program: str) -> tuple[int, list[str]]:
    n, problems = 0, []
    text = re.sub(r"<!--.*?-->", "", page.read_text())
    for command, parts in re.findall(r"^<!-- (vrambudget .*) shows (.*) -->$", page.read_text(), re.MULTILINE):
        output = " ".join(printed(program, command).split())
        for part in parts.split("; "):
            n += 1
            number = part.removesuffix(" MiB").split()[-1]
            if part not in output or number not in text:
                problems.append(f"{page}: {part} is not in the output of '{command}' or not on the page")
    return n, problems


def main() -> int:
    root, program = Path(sys.argv[1]), sys.argv[2]
    checks = {"outputs": (check_outputs, 2), "pictures": (check_pictures, 3), "numbers": (check_numbers, 20)}
    problems, counts = [], []
    for name, (check, least) in checks.items():
        results = [check(page, program) for page in pages(root)]
        n = sum(found for found, _ in results)
        problems += [p for _, wrong in results for p in wrong]
        if n < least:
            problems.append(f"only {n} {name} were found")
        counts.append(f"{n} {name}")
    print("\n".join(problems) or ", ".join(counts) + " as shown")
    return 1 if problems else 0


sys.exit(main())
