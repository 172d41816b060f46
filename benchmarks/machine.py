"""What a result must carry to mean anything later: machine, versions, command, commit, load."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.peers import Peer


def describe(peers: Iterable[Peer], command: str) -> dict[str, Any]:
    """Everything about this run that is not a measurement."""
    versions = {peer.library: peer.version() for peer in peers}
    return {
        "command": command,
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "commit": _commit(),
        "machine": {
            "processor": _processor(),
            "architecture": platform.machine(),
            "cores": _usable_cores(),
            "memory_bytes": _memory_bytes(),
            "system": f"{platform.system()} {platform.release()}",
            "load_before": _load(),
        },
        "versions": {
            "python": platform.python_version(),
            "numpy": metadata.version("numpy"),
            "scipy": metadata.version("scipy"),
            **versions,
        },
    }


def summary(description: dict[str, Any]) -> str:
    """Three lines of Markdown."""
    machine, versions = description["machine"], description["versions"]
    memory = machine["memory_bytes"]
    parts = [
        machine["processor"],
        f"{machine['cores']} cores",
        f"{memory / 2**30:.0f} GiB" if memory else "memory unknown",
        machine["system"],
        f"load before the run {machine['load_before']}",
    ]
    named = ", ".join(f"{name} {version or 'not installed'}" for name, version in versions.items())
    return (
        f"- Machine: {', '.join(parts)}\n"
        f"- Versions: {named}; commit {description['commit'] or 'unknown'}\n"
        f"- Command: `{description['command']}` on {description['date']}\n"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"


def _usable_cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _load() -> float | None:
    """Mean number of busy processes over the last minute."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def _commit() -> str | None:
    """The commit of the clone, marked if files differ from it."""
    command = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    try:
        answer = subprocess.run(
            command,
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()
