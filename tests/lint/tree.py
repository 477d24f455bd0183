# SPDX-License-Identifier: Apache-2.0
"""What the lints share: the files of a tree by language, and the way problems are told.

tree.py ROOT LANGUAGE writes the names of the files, each ended by NUL, for xargs -0.
"""
import os
import sys
from pathlib import Path

SKIPPED_DIRS = {".git", "__pycache__", ".pytest_cache", ".ruff_cache", "node_modules"}


def _is_build_dir(root, path):
    """What tests/run makes lies in build/NAME; others may build where they like."""
    is_ignored = path.parent == root and path.name.startswith("build")
    return is_ignored or (path / "CMakeCache.txt").exists()


def all_files(root):
    root = Path(root)
    for folder, dirs, names in os.walk(root):
        dirs[:] = sorted(
            d for d in dirs if d not in SKIPPED_DIRS and not _is_build_dir(root, Path(folder, d))
        )
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield path


def language(path):
    """c, python, shell, cmake, or None for what is not source text."""
    by_suffix = {".c": "c", ".h": "c", ".py": "python", ".sh": "shell", ".cmake": "cmake"}
    if path.name == "CMakeLists.txt":
        return "cmake"
    if path.suffix in by_suffix:
        return by_suffix[path.suffix]
    if path.suffix:
        return None
    with path.open("rb") as file:
        first = file.readline(200)
    if first.startswith(b"#!"):
        if b"python" in first:
            return "python"
        if first.strip().endswith((b"sh", b"bash")) or b"sh " in first:
            return "shell"
    return None


def sources(root, *languages):
    for path in all_files(root):
        found = language(path)
        if found and (not languages or found in languages):
            yield path


def text_of(path):
    return path.read_text(encoding="utf-8", errors="replace")


def run(check):
    """Runs check(root) -> problems for the root named on the command line."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} ROOT")
    root = Path(sys.argv[1])
    problems = list(check(root))
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    for found in sources(Path(sys.argv[1]), sys.argv[2]):
        sys.stdout.write(f"{found}\0")
