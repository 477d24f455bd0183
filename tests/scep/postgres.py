# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL of one's own, on a Unix socket in a folder, with one database for each test.

    with Postgres(folder) as server:
        node.config["store"].update(server.settings("first"))
"""

import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

USER = "certferry"


def programs():
    """The folder of the newest version's programs, or None."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def is_there():
    return programs() is not None


class Postgres:
    """PostgreSQL refuses to run as root: root runs it as Debian's user postgres. The folder has a
    short name, because the path of a socket may have 107 bytes only."""

    def __init__(self, keep_logs_in):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cf-pg-"))
        self.log_path = pathlib.Path(keep_logs_in) / "postgres.log"
        self.data, self._names = self.folder / "data", {}

    def _run(self, *words):
        user = None
        if os.geteuid() == 0:
            user = "postgres"
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True,
                              user=user, group=user, extra_groups=[] if user else None,
                              cwd=self.folder, env={**os.environ, "LC_ALL": "C.UTF-8"})
        if done.returncode != 0:
            raise RuntimeError(f"{words[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    def __enter__(self):
        if os.geteuid() == 0:
            found = pwd.getpwnam("postgres")
            os.chown(self.folder, found.pw_uid, found.pw_gid)
            self.folder.chmod(0o755)
        self._run(programs() / "initdb", "-D", self.data, "-A", "trust", "-U", USER, "-E", "UTF8",
                  "--no-sync")
        self.start()
        return self

    def start(self):
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=off"
        self._run(programs() / "pg_ctl", "-D", self.data, "-l", self.folder / "log", "-w", "-o",
                  options, "start")

    def stop(self, mode="fast"):
        self._run(programs() / "pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    def __exit__(self, *_):
        try:
            self.stop("immediate")
        finally:
            shutil.copy(self.folder / "log", self.log_path)
            shutil.rmtree(self.folder, ignore_errors=True)

    def query(self, text, name):
        """Rows of a database, as lists of texts."""
        output = self._run(programs() / "psql", "-h", self.folder, "-U", USER, "-d",
                           self._names[name], "-A", "-t", "-c", text)
        return [line.split("|") for line in output.splitlines()]

    def settings(self, name):
        """[store] of a database of this name; the same for all nodes that are to share it."""
        if name not in self._names:
            self._names[name] = f"cf{len(self._names)}"
            self._run(programs() / "createdb", "-h", self.folder, "-U", USER, self._names[name])
        return {"backend": "postgres",
                "connection": f"host={self.folder} user={USER} dbname={self._names[name]}"}
