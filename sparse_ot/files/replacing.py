"""Files that are written whole or not at all."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

__all__ = ["replacing"]


@contextmanager
def replacing(path: str | Path) -> Iterator[IO[bytes]]:
    """A new file, open for writing, that takes the place of `path` when all went well.

    After an error or Ctrl-C `path` is as it was before. A symbolic link stays one: the file that it
    points to is replaced. An old file passes its permissions on.

    Raises
    ------
    OSError
        When the folder or the file cannot be written.
    """
    target = Path(path).resolve()
    draft = target.with_name(f".sparse_ot-{secrets.token_hex(8)}.part")
    with draft.open("xb") as file:
        try:
            yield file
            file.close()
            if target.exists():
                shutil.copymode(target, draft)
            draft.replace(target)
        except BaseException:
            file.close()
            draft.unlink(missing_ok=True)
            raise
