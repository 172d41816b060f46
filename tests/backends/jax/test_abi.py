"""The foreign-function interface declared in our header against the one jaxlib ships."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

jax = pytest.importorskip("jax")

COMPILER: Any = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
KERNELS = Path(__file__).parents[3] / "kernels"

STRUCTS: dict[str, tuple[str, list[Any]]] = {
    "Extension": ("Extension_Base", ["struct_size", "type", "next"]),
    "ApiVersion": ("Api_Version", ["struct_size", "major_version", "minor_version"]),
    "Metadata": ("Metadata", ["struct_size", "api_version", "traits"]),
    "MetadataExtension": ("Metadata_Extension", ["metadata"]),
    "Buffer": ("Buffer", ["struct_size", "dtype", "data", "rank", "dims"]),
    "ByteSpan": ("ByteSpan", ["ptr", "len"]),
    "Scalar": ("Scalar", ["dtype", "value"]),
    "Attributes": ("Attrs", ["struct_size", "size", "types", "names", ("values", "attrs")]),
    "ErrorCreateArgs": ("Error_Create_Args", ["struct_size", "message", ("code", "errc")]),
    "Api": ("Api", ["api_version", "internal_api", ("create_error", "XLA_FFI_Error_Create")]),
    "CallFrame": (
        "CallFrame",
        [
            *("struct_size", ("extensions", "extension_start"), "api", ("context", "ctx"), "stage"),
            *("args", ("results", "rets"), ("attributes", "attrs")),
        ],
    ),
}
CONSTANTS = {
    "DataType::predicate": "DataType_PRED",
    "DataType::s32": "DataType_S32",
    "DataType::s64": "DataType_S64",
    "DataType::f32": "DataType_F32",
    "DataType::f64": "DataType_F64",
    "ErrorCode::invalid_argument": "Error_Code_INVALID_ARGUMENT",
    "ErrorCode::resource_exhausted": "Error_Code_RESOURCE_EXHAUSTED",
    "ErrorCode::internal": "Error_Code_INTERNAL",
    "AttributeType::scalar": "AttrType_SCALAR",
    "AttributeType::string": "AttrType_STRING",
    "Stage::execute": "ExecutionStage_EXECUTE",
    "ExtensionType::metadata": "Extension_Metadata",
}


@pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler")
def test_every_offset_and_constant_is_that_of_the_installed_jaxlib(tmp_path: Path) -> None:
    checks = [
        f"static_assert(offsetof(ours::{mine}, {m}) == offsetof(XLA_FFI_{theirs}, {t}));"
        for mine, (theirs, members) in STRUCTS.items()
        for m, t in ((x, x) if isinstance(x, str) else x for x in members)
    ]
    for whole, members in (("Args", "args"), ("Rets", "rets")):
        checks += [
            f"static_assert(offsetof(ours::Buffers, {m}) == offsetof(XLA_FFI_{whole}, {t}));"
            for m, t in (("size", "size"), ("types", "types"), ("values", members))
        ]
    checks += [
        f"static_assert(static_cast<int>(ours::{mine}) == XLA_FFI_{theirs});"
        for mine, theirs in CONSTANTS.items()
    ]
    checks.append("static_assert(ours::api_major == XLA_FFI_API_MAJOR);")
    checks.append("static_assert(ours::api_minor <= XLA_FFI_API_MINOR);")
    text = "\n".join(checks)
    header = Path(jax.ffi.include_dir()) / "xla" / "ffi" / "api" / "c_api.h"
    if "XLA_FFI_InternalExtension" in header.read_text(encoding="utf-8"):  # its name from 0.5 on
        text = text.replace("XLA_FFI_Extension_Base", "XLA_FFI_InternalExtension")
    source = tmp_path / "abi.cpp"
    source.write_text(
        '#include "abi.hpp"\n#include "xla/ffi/api/c_api.h"\n'
        "namespace ours = sparse_ot::xla;\n" + text
    )
    subprocess.run(
        [
            *(COMPILER, "-std=c++20", "-Wno-invalid-offsetof", "-fsyntax-only"),
            *("-I", str(KERNELS / "bindings" / "xla"), "-I", jax.ffi.include_dir(), str(source)),
        ],
        check=True,
    )
