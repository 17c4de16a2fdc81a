"""The pages of the documentation, and the blocks of code on them."""
import re
from pathlib import Path
from typing import Iterator, NamedTuple


class Block(NamedTuple):
    page: Path
    language: str
    begin: int  # of its text, which follows the fence
    text: str


def pages(root: Path) -> list[Path]:
    """All pages that the project has written; those of builds and of npm's packages are not."""
    found = [*root.glob("*.md"), *root.glob("docs/*.md"), *root.glob("data/**/*.md"), *root.glob("tests/**/*.md")]
    return sorted(page for page in found if "node_modules" not in page.parts)


def blocks(page: Path) -> Iterator[Block]:
    """Blocks between fences, from the top to the bottom."""
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
        yield Block(page, found[1], found.start(2), found[2])
