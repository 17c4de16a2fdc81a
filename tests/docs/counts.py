"""The numbers of recorded runs and of known GPUs that pages tell are those that lie in tests/ and data/; so is the date
of the catalogue.

usage: counts.py SOURCE
"""
import json
import re
import sys
from pathlib import Path

root = Path(sys.argv[1])


def rows(pattern: str) -> list[dict]:
    return [json.loads(line) for file in sorted(root.glob(pattern)) for line in file.read_text().splitlines()]


runs = rows("tests/truth/cases/*.jsonl")
growth = [run["expected"]["decode_growth"] for run in runs if "decode_growth" in run.get("expected", {})]
edits = rows("tests/truth/edited.jsonl")
told = {
    "README.md": [f"{len(runs):,} recorded runs"],
    "docs/exactness.md": [
        f"{len(runs):,} recorded runs",
        f"{sum(map(len, growth))} cards of {len(growth)} recorded runs",
        f"{len(rows('tests/truth/mmproj/cases/*.jsonl'))} recorded runs",
        f"for {len(rows('tests/truth/quantized.jsonl'))} models in",
        f"for {len(rows('tests/truth/recipes.jsonl'))} recipes with options",
        f"{len(rows('tests/truth/adapters.jsonl'))} recorded runs with adapters",
        f"All {len(rows('tests/truth/refusals.jsonl'))} edits of headers",
        f"of {len(edits):,} single edits drawn at random",
        f"all but {sum('reason' in edit for edit in edits)}, which have the reason",
        f"{sum('expected' in run for run in rows('tests/truth/backends/metal.jsonl'))} recorded runs of v0.5.0's own Metal code",
    ],
    "docs/recipes.md": [f"in all {len(rows('tests/truth/recipes.jsonl'))} that were recorded"],
    "docs/options.md": [
        f"the {len(json.loads((root / 'data/gpus.json').read_text()))} cards that are known by name",
        f"{len(json.loads((root / 'data/other_gpus.json').read_text()))} others, AMD's",
    ],
    "docs/logs.md": [f"{len(rows('tests/log/records.jsonl'))} runs on real cards"],
}
dates = [date for file in root.glob("data/**/*.json") for date in re.findall(r"\b20\d\d-[01]\d\b", file.read_text())]
told["include/vrambudget/version.hpp"] = [f'catalogue_date = "{max(dates)}"']
wrong = []
for page, parts in told.items():
    text = " ".join((root / page).read_text().split())
    wrong += [f"{page} does not say '{part}'" for part in parts if part not in text]
print("\n".join(wrong) or "all numbers are those of the recordings")
sys.exit(1 if wrong or not runs else 0)
