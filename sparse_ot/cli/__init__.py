"""The command line: ``sparse-ot``, or ``python -m sparse_ot``.

It uses Typer and Rich, which the library itself does not need; they come with the extra `cli`. So
this module, the entry point, imports neither before it is called.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]

EXTRA = ("typer", "rich")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the entry point of the `sparse-ot` script.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after the program's name; those of the process when not given.

    Returns
    -------
    int
        The exit code: 2 where the extra `cli` is not installed, else see `sparse_ot.cli.app`.
    """
    try:
        from sparse_ot.cli import app
    except ImportError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in EXTRA:
            raise
        print(
            f"sparse-ot: the command line needs {missing}, which is not installed. Install it "
            "with: pip install 'sparseot[cli]'",
            file=sys.stderr,
        )
        return 2
    return app.main(arguments)
