#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that each lint can fail: it passes a small good tree and finds what is wrong in bad ones.

selftest.py LINT runs the cases of one lint, such as `selftest.py layers.py`.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
C_TAG = "/* SPDX-License-Identifier: Apache-2.0 */\n"
TAG = "# SPDX-License-Identifier: Apache-2.0\n"

GOOD = {
    "LICENSE": "Apache License\n",
    ".clang-format": (HERE.parents[1] / ".clang-format").read_text(encoding="utf-8"),
    "include/certferry/err.h": C_TAG + "/* err - what went wrong. */\n#include <stddef.h>\n\n"
    "/* Tells it. */\nvoid cf_fail(void);\n",
    "include/certferry/key.h": C_TAG + '/* key - a key pair. */\n#include "certferry/err.h"\n',
    "include/certferry/ca.h": C_TAG + "/* ca - the port. */\n",
    "src/base/err.c": C_TAG + '#include "certferry/err.h"\n',
    "src/pki/key.c": C_TAG + "#include <openssl/evp.h>\n\n"
    '#include "certferry/key.h"\n#include "parts.h"\n',
    "src/pki/parts.h": C_TAG,
    "src/ca/registry.c": C_TAG + '#include "local/local.h"\n',
    "src/ca/local/local.h": C_TAG,
    "src/ca/exec/exec.h": C_TAG,
    "src/CMakeLists.txt": TAG,
    "tests/run": "#!/bin/sh\n" + TAG + 'echo "$1"\n',
    "tests/tool.py": "#!/usr/bin/python3\n" + TAG,
    # Nobody's source: what a build leaves in the tree.
    "build/gcc/CMakeFiles/compiler.c": "#include <glib.h>\nint  x ;\n" * 300,
    "build/gcc/CMakeFiles/made.py": "# TO" + "DO\n",
    "elsewhere/CMakeCache.txt": "",
    "elsewhere/made.sh": "echo $1\n",
}


def include(path, header):
    """A bad tree of one file with one include."""
    return {path: C_TAG + f"#include {header}\n"}


# Lint -> bad trees (files laid over the good one), each with what the lint must say.
CASES = {
    "layers.py": [
        (include("src/base/err.c", '"certferry/key.h"'), "base must not include"),
        (include("src/sys/loop.c", '"certferry/key.h"'), "sys must not include"),
        (include("src/pki/key.c", '"certferry/ca.h"'), "pki must not include"),
        (include("src/core/a.c", '"../store/sql.h"') | {"src/store/sql.h": C_TAG},
         "core must not include"),
        (include("src/cloud/a.c", '"../store/sql.h"') | {"src/store/sql.h": C_TAG},
         "cloud must not include"),
        (include("src/ca/local/a.c", '"../exec/exec.h"'), "ca/local must not include"),
        (include("src/ca/exec/a.c", '"../local/local.h"'), "ca/exec must not include"),
        (include("src/ca/exec/a.c", '"../../pki/ossl.h"') | {"src/pki/ossl.h": C_TAG},
         "ca/exec must not include"),
        (include("src/ca/local/a.c", '"../../pki/internal.h"') | {"src/pki/internal.h": C_TAG},
         "ca/local must not include"),
        (include("src/base/secret.c", "<openssl/crypto.h>"), "<openssl/crypto.h> belongs only"),
        (include("src/cloud/a.c", "<openssl/evp.h>"), "<openssl/evp.h> belongs only"),
        (include("src/cloud/a.c", "<curl/curl.h>"), "<curl/curl.h> belongs only"),
        (include("src/core/a.c", "<systemd/sd-event.h>"), "belongs only"),
        (include("src/cloud/a.c", "<json-c/json.h>"), "belongs only in src/base/json"),
        (include("src/core/a.c", "<sqlite3.h>"), "<sqlite3.h> belongs only"),
        (include("src/core/a.c", "<glib.h>"), "<glib.h> is no header of libc"),
        (include("include/certferry/key.h", "<openssl/evp.h>"), "belongs only"),
        (include("include/certferry/err.h", '"certferry/key.h"'), "base must not include"),
        (include("include/certferry/err.h", '"other.h"'), "public headers include only"),
        ({"include/certferry/novel.h": C_TAG}, "has no layer"),
        (include("src/novel/a.c", '"certferry/err.h"'), "has no layer"),
        (include("src/base/err.c", '"absent.h"'), "is not beside the file"),
        (include("src/base/err.c", '"../../tests/unit.h"') | {"tests/unit.h": C_TAG},
         "is not in src"),
    ],
    "file_size.py": [
        ({"src/base/err.c": "\n" * 501}, "src/base/err.c: 501 lines"),
        ({"tests/tool.py": "\n" * 501}, "tests/tool.py"),
        ({"tests/run": "#!/bin/sh\n" + "\n" * 500}, "tests/run"),
        ({"src/CMakeLists.txt": "\n" * 501}, "CMakeLists.txt"),
    ],
    "spdx.py": [
        ({"src/base/err.c": "int x;\n"}, "src/base/err.c"),
        ({"src/base/err.c": "\n" + C_TAG}, "src/base/err.c"),
        ({"src/base/err.c": C_TAG.replace("Apache-2.0", "MIT")}, "src/base/err.c"),
        ({"tests/run": "#!/bin/sh\necho\n"}, "tests/run"),
        ({"tests/tool.py": ""}, "tests/tool.py"),
        ({"src/CMakeLists.txt": "project(x)\n"}, "src/CMakeLists.txt"),
        ({"LICENSE": None}, "LICENSE"),
    ],
    "marks.py": [
        ({"src/base/err.c": C_TAG + "/* TO" "DO: write */\n"}, "src/base/err.c:2"),
        ({"docs/page.md": "text\nFIX" "ME\n"}, "docs/page.md:2"),
    ],
    "header_comments.py": [
        ({"include/certferry/err.h": C_TAG + "/* err - x. */\n\nvoid cf_err_x(void);\n"},
         "cf_err_x has no comment"),
        ({"include/certferry/err.h": C_TAG + "/* err - x. */\n\n/* A. */\nvoid cf_err_a(void);\n"
          "\nvoid cf_err_b(void);\n"}, "cf_err_b has no comment"),
        ({"include/certferry/err.h": C_TAG + "void cf_err_x(void);\n"}, "top comment"),
    ],
    "format.sh": [
        ({"src/base/err.c": C_TAG + "int  x;\n"}, "code should be clang-formatted"),
        ({".clang-format": None}, ".clang-format is missing"),
    ],
    "shell.sh": [
        ({"tests/run": "#!/bin/sh\n" + TAG + "echo $1\n"}, "SC2086"),
        ({"tests/more.sh": "#!/bin/sh\n" + TAG + "cd x\n"}, "SC2164"),
    ],
}


def run(lint, files):
    with tempfile.TemporaryDirectory(prefix="certferry-lint-") as name:
        root = Path(name)
        for path, text in files.items():
            if text is None:
                continue
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        return subprocess.run([HERE / lint, root], capture_output=True, text=True, check=False)


def main():
    lint = sys.argv[1]
    failures = 0
    result = run(lint, GOOD)
    if result.returncode != 0:
        failures += 1
        print(f"{lint} refuses the good tree:\n{result.stdout}{result.stderr}")
    for files, expected in CASES[lint]:
        result = run(lint, GOOD | files)
        said = result.stdout + result.stderr
        if result.returncode == 0 or expected not in said:
            failures += 1
            print(f"{lint} did not say {expected!r} about {sorted(files)}:\n{said}")
    print(f"{lint}: {len(CASES[lint]) + 1} trees, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
