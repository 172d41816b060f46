"""The checks of files to write, made before any work, and the writing itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sparse_ot.errors import InputError
from sparse_ot.files.names import split_part
from sparse_ot.files.plans import PLANS
from sparse_ot.files.replacing import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sparse_ot.cli.request import Request

__all__ = ["check_outputs", "write_picture"]

PICTURES = (".png", ".pdf", ".svg")


def check_outputs(request: Request) -> None:
    """Refuse outputs that could not be written later, or that would overwrite an input.

    Raises
    ------
    InputError
    """
    outputs = {"--out": request.out} | ({"--plot": request.plot} if request.plot else {})
    for (option, path), kinds in zip(outputs.items(), (tuple(PLANS), PICTURES), strict=False):
        for name in request.inputs:
            if _is_same(path, split_part(name)[0]):
                msg = f"{option} {path}: this is the input {name}; give the output another name."
                raise InputError(msg)
        if path.suffix.lower() not in kinds:
            *most, last = kinds
            msg = f"{option} {path}: expected a name that ends in {', '.join(most)} or {last}."
            raise InputError(msg)
        _check_writable(option, path)
    if request.plot and _is_same(request.out, request.plot):
        msg = f"--out {request.out} and --plot {request.plot} are one file; expected two."
        raise InputError(msg)


def write_picture(path: Path, figure: Figure) -> None:
    """Save a figure in the format of the suffix, whole or not at all.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    with replacing(path) as file:
        figure.savefig(file, format=path.suffix[1:].lower(), bbox_inches="tight")


def _check_writable(option: str, path: Path) -> None:
    target = path.resolve()  # where a symbolic link points
    folder = target.parent
    if not folder.is_dir():
        msg = f"{option} {path}: there is no folder {folder} to write to."
        raise InputError(msg)
    if target.exists() and not target.is_file():
        kind = "a folder" if target.is_dir() else "not a regular file"
        msg = f"{option} {path}: this is {kind}; expected the name of a file."
        raise InputError(msg)
    for place in (folder, target):
        if place.exists() and not os.access(place, os.W_OK):
            msg = f"{option} {path}: no permission to write to {place}."
            raise InputError(msg)


def _is_same(path: Path, other: Path) -> bool:
    """Whether both names lead to one file, through links or another spelling."""
    if path.exists() and other.exists():
        return path.samefile(other)
    return path.resolve() == other.resolve()
