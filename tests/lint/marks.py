#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Nothing unfinished is left behind in the sources or the documentation."""
import re

import tree

# Written so that this file does not find itself.
MARK = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
TEXT_SUFFIXES = {".md", ".scd", ".conf", ".service", ".socket", ".yaml", ".sql"}


def check(root):
    for path in tree.all_files(root):
        if not tree.language(path) and path.suffix not in TEXT_SUFFIXES:
            continue
        for number, line in enumerate(tree.text_of(path).splitlines(), start=1):
            match = MARK.search(line)
            if match:
                yield f"{path.relative_to(root)}:{number}: {match.group()} mark"


if __name__ == "__main__":
    tree.run(check)
