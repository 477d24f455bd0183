#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every source file names its licence in its first line (second after a #! line)."""
import tree

TAG = "SPDX-License-Identifier: Apache-2.0"


def check(root):
    if not (root / "LICENSE").is_file():
        yield "LICENSE: the text of the licence is missing"
    for path in tree.sources(root):
        lines = tree.text_of(path).splitlines()
        if lines and lines[0].startswith("#!"):
            lines = lines[1:]
        wanted = f"/* {TAG} */" if tree.language(path) == "c" else f"# {TAG}"
        if not lines or lines[0].strip() != wanted:
            yield f"{path.relative_to(root)}: the first line must be {wanted!r}"


if __name__ == "__main__":
    tree.run(check)
