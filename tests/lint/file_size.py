#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A file of more than 500 lines holds more than one idea."""
import tree

LINES_MAX = 500


def check(root):
    for path in tree.sources(root):
        lines = tree.text_of(path).count("\n")
        if lines > LINES_MAX:
            yield f"{path.relative_to(root)}: {lines} lines, at most {LINES_MAX} are allowed"


if __name__ == "__main__":
    tree.run(check)
