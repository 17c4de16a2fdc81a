"""Every relative link leads to a file, every anchor to a heading, every preset that pages tell to type is there;
the README is short; the page on the architecture names every folder and the layers as their test has them.

usage: links.py SOURCE
"""
import json
import re
import sys
from pathlib import Path

from pages import pages

MOST_LINES, LONGEST_LINE = 130, 160


def without_code(text: str) -> str:
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings: lower case, words joined by hyphens, the rest dropped."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def broken_links(page: Path) -> list[str]:
    problems = []
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text())):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists():
            problems.append(f"{page}: there is no {target}")
        elif anchor and anchor not in anchors(there):
            problems.append(f"{page}: {there.name} has no heading #{anchor}")
    return problems


def unknown_presets(page: Path, root: Path) -> list[str]:
    presets = json.loads((root / "CMakePresets.json").read_text())
    kinds = {"cmake": "configurePresets", "cmake --build": "buildPresets", "cmake --workflow": "workflowPresets",
             "ctest": "testPresets"}
    typed = re.findall(r"(cmake|cmake --build|cmake --workflow|ctest) --preset (\w+)", page.read_text())
    return [f"{page}: '{command} --preset {name}' is not in CMakePresets.json" for command, name in typed
            if name not in {p["name"] for p in presets[kinds[command]]}]


def too_long(readme: Path) -> list[str]:
    lines = readme.read_text().splitlines()
    problems = [f"{readme}:{n}: {len(line)} characters, at most {LONGEST_LINE}"
                for n, line in enumerate(lines, 1) if len(line) > LONGEST_LINE]
    if len(lines) > MOST_LINES:
        problems.append(f"{readme}: {len(lines)} lines, at most {MOST_LINES}")
    return problems


def untrue_rooms(root: Path) -> list[str]:
    page = (root / "docs/architecture.md").read_text()
    rooms = {p.name for folder in ("include/vrambudget", "lib") for p in (root / folder).iterdir() if p.is_dir()}
    problems = [f"docs/architecture.md does not name {room}/" for room in sorted(rooms) if f"{room}/`" not in page]
    tested = (root / "tests/build/layers.cmake").read_text().replace("#", " ")
    layers = re.search(r"^    (error .*\n(?:    .*\n)*)", page, re.MULTILINE)
    if not layers or " ".join(layers[1].split()) not in " ".join(tested.split()):
        problems.append("docs/architecture.md: the layers are not those of tests/build/layers.cmake")
    return problems


def main() -> int:
    root = Path(sys.argv[1])
    found = pages(root)
    problems = [p for page in found for p in broken_links(page) + unknown_presets(page, root)]
    problems += too_long(root / "README.md") + untrue_rooms(root)
    print("\n".join(problems) or f"{len(found)} pages in order")
    return 1 if problems or len(found) < 10 else 0


sys.exit(main())
