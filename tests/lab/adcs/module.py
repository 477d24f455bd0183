# SPDX-License-Identifier: Apache-2.0
"""Builds the domain controller's module (tests/lab/dc/module) and puts it where Samba looks.

Samba's module directory is replaced for this mount namespace only, by one of links.
"""
import os
import shlex
import shutil
import subprocess
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent / "dc/module"
PACKAGES = "dcerpc_server dcerpc ndr samba-credentials samba-hostconfig samba-util talloc tevent".split()


def missing():
    """Why it cannot be built here, or None."""
    if not shutil.which("cc") or not shutil.which("pkg-config"):
        return "cc or pkg-config is missing"
    found = subprocess.run(["pkg-config", "--exists", *PACKAGES], check=False).returncode == 0
    return None if found else "Samba's headers are missing (package samba-dev)"


def _pkg_config(*words):
    done = subprocess.run(["pkg-config", *words, *PACKAGES], capture_output=True, text=True,
                          check=True)
    return shlex.split(done.stdout)


def compile_c(target, sources, *libraries):
    # Samba's own headers are not judged by our warnings.
    flags = [flag.replace("-I", "-isystem", 1) for flag in _pkg_config("--cflags")]
    subprocess.run(
        ["cc", "-std=gnu17", "-O1", "-Wall", "-Wextra", "-Werror", *flags, "-o", str(target),
         *map(str, sources), *_pkg_config("--libs"), *libraries], check=True)


def build(target):
    compile_c(target, sorted(SOURCES.glob("*.c")), "-shared", "-fPIC", "-ldcerpc-server-core")


def module_folder():
    [folder] = _pkg_config("--variable=libdir")[:1]
    return Path(folder) / "samba"


def install(module, scratch):
    """Needs a mount namespace of one's own."""
    theirs, links = scratch / "samba-modules", scratch / "samba-links"
    folder = module_folder()
    theirs.mkdir()
    subprocess.run(["mount", "--bind", folder, theirs], check=True)
    links.mkdir()
    for entry in os.scandir(theirs):
        target = links / entry.name
        if entry.is_dir(follow_symlinks=False):
            # Not a link: what is in it may point to its neighbours.
            target.mkdir(exist_ok=True)
            subprocess.run(["mount", "--bind", entry.path, target], check=True)
        else:
            target.symlink_to(entry.path)
    own = links / "dcerpc_server"
    own.mkdir(exist_ok=True)  # Debian has none
    if any(own.iterdir()):
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", own], check=True)
    shutil.copy(module, own / "certferrylab.so")
    subprocess.run(["mount", "--rbind", links, folder], check=True)
