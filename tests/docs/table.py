"""A page has the table that a program prints.

usage: table.py SOURCE PAGE PROGRAM ARGUMENTS...
"""
import subprocess
import sys
from pathlib import Path

root, page, *command = sys.argv[1:]
output = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
table = "".join(line + "\n" for line in output.splitlines() if line.startswith("|"))
shown = bool(table) and table in Path(root, page).read_text()
print(f"{page} has the table" if shown else f"{page} lacks\n{table}")
sys.exit(0 if shown else 1)
