"""Tables as Parquet files, written by pyarrow."""

from __future__ import annotations

import os
from os import PathLike
from typing import Any, Optional, Union

from .whole_file import whole_file

ROW_GROUP = 1 << 20  # rows that are read or skipped at once


def pyarrow_or_say() -> Any:
    """pyarrow with its Parquet part."""
    try:
        import pyarrow as pa
        import pyarrow.parquet  # noqa: F401
    except ImportError as e:
        raise ImportError("Parquet files are written by pyarrow: pip install pyarrow") from e
    return pa


def write(
    rows: Any,
    path: Union[str, "PathLike[str]"],
    metadata: Optional[dict[str, str]] = None,
) -> int:
    """Writes whatever has Arrow's stream, with words about the file, and gives its size. The file is there whole or not at
    all."""
    pa = pyarrow_or_say()
    table = pa.table(rows)
    if metadata:
        table = table.replace_schema_metadata(metadata)
    where = os.path.abspath(os.fspath(path))
    with whole_file(where) as f:
        _write(pa, table, f)
    return os.path.getsize(where)


def _write(pa: Any, table: Any, f: Any) -> None:
    """Numbers as differences to the one before, which along a context are mostly the same; words and flags as runs."""
    numbers = [c.name for c in table.schema if pa.types.is_integer(c.type)]
    pa.parquet.write_table(
        table,
        f,
        row_group_size=ROW_GROUP,
        use_dictionary=[c.name for c in table.schema if c.name not in numbers],
        column_encoding={n: "DELTA_BINARY_PACKED" for n in numbers},
        compression="zstd",
        write_statistics=True,
    )
