#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Public headers say what they promise: a comment at the top, and one for each group of functions.

A group is a run of declarations without a blank line. It is described by a comment above it, by
one within it, or by one that ends a line of it. The life-cycle verbs free and done need no words
of their own, nor do inline functions, whose body is there to be read.
"""
import re

import tree

PROTOTYPE = re.compile(r"\b(cf_[a-z0-9_]+)\s*\(")
SELF_EVIDENT = re.compile(r"cf_\w+_(free|done)$")
NOT_A_FUNCTION = re.compile(r"^\s*(#|typedef\b|static inline\b|return\b)")


def paragraphs(lines):
    """Runs of (number, line) without a blank line between them; blank lines inside comments and
    braces do not count."""
    run, depth, in_comment = [], 0, False
    for number, line in enumerate(lines, start=1):
        if not line.strip() and depth == 0 and not in_comment:
            if run:
                yield run
            run = []
            continue
        run.append((number, line))
        if "/*" in line and "*/" not in line:
            in_comment = True
        elif "*/" in line:
            in_comment = False
        if not in_comment:
            depth += line.count("{") - line.count("}")
    if run:
        yield run


def functions(run):
    """(number, name) of each function declared outside comments, macros and bodies."""
    depth, in_comment, in_macro, last = 0, False, False, ""
    for number, line in run:
        in_comment = in_comment or line.lstrip().startswith("/*")
        in_macro = in_macro or line.lstrip().startswith("#")
        match = PROTOTYPE.search(line.split("/*")[0])
        is_inline = last.startswith("static inline")
        if in_comment:
            in_comment = "*/" not in line
        elif in_macro:
            in_macro = line.endswith("\\")
        else:
            if match and depth == 0 and not is_inline and not NOT_A_FUNCTION.match(line):
                yield number, match.group(1)
            depth += line.count("{") - line.count("}")
        last = line


def check(root):
    for path in sorted((root / "include").rglob("*.h")):
        place = path.relative_to(root)
        lines = tree.text_of(path).splitlines()
        if not re.search(rf"\* {re.escape(path.stem)} - ", "\n".join(lines[1:3])):
            yield f"{place}: the top comment must begin with '{path.stem} - '"
        is_described = False  # by a comment that stands alone before the group
        for run in paragraphs(lines):
            has_comment = any("/*" in line for _, line in run)
            names = [found for found in functions(run) if not SELF_EVIDENT.match(found[1])]
            if not has_comment and not is_described:
                for number, name in names:
                    yield f"{place}:{number}: {name} has no comment"
            is_top = run[0][0] == 1
            is_described = run[-1][1].rstrip().endswith("*/") and not names and not is_top


if __name__ == "__main__":
    tree.run(check)
