# SPDX-License-Identifier: Apache-2.0
"""What an administrator does on the host: systemctl, journalctl, the operator's tool."""

import json
import pathlib
import re
import subprocess
import time

UNIT = "certferryd.service"
STATE = pathlib.Path("/var/lib/certferry")
CONFIG = pathlib.Path("/etc/certferry/certferry.conf")
DROP_INS = pathlib.Path(f"/etc/systemd/system/{UNIT}.d")
SOURCE = pathlib.Path(__file__).resolve().parents[3]


def run(*words, check=True, **options):
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, timeout=60, check=False,
        **options)
    if check and done.returncode != 0:
        raise AssertionError(
            f"{' '.join(map(str, words))}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def systemctl(*words, check=True):
    return run("systemctl", *words, check=check)


def show(name, unit=UNIT):
    return systemctl("show", "-P", name, unit).stdout.strip()


def main_pid():
    return int(show("MainPID"))


def drop_in(name, text):
    """Writes DROP_INS/NAME.conf, or removes it when text is empty."""
    path = DROP_INS / f"{name}.conf"
    if text:
        DROP_INS.mkdir(exist_ok=True)
        path.write_text(text)
    else:
        path.unlink()
    systemctl("daemon-reload")


def wait(condition, what, timeout=15.0):
    """The first true value of condition()."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {timeout} s for: {what}\n{tail()}"
        time.sleep(0.05)
    return value


def now():
    """A point in the journal's time, for since=."""
    return time.time_ns() // 1000


def journal(*matches, since=0):
    """Entries with these fields, as objects."""
    run("journalctl", "--sync")
    lines = run("journalctl", "--quiet", "--all", "-o", "json", *matches).stdout.splitlines()
    entries = [json.loads(line) for line in lines]
    return [entry for entry in entries if int(entry["__REALTIME_TIMESTAMP"]) >= since]


def tail():
    run("journalctl", "--sync")
    return run("journalctl", "-u", UNIT, "-n", "40", "-o", "short-precise").stdout


def event_id(name):
    """The MESSAGE_ID of an event, from the table it is written in."""
    text = (SOURCE / "src/base/event.c").read_text()
    return re.search(rf'EVENT\({name},\s*"([0-9a-f]{{32}})"', text).group(1)


def tool(*words, check=True, user=None):
    """The operator's tool, as root or as a user of this host."""
    as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
    return run(*as_user, "certferry", *words, check=check)


def ask(*words):
    """The result of a command of the tool as an object."""
    answer = json.loads(tool("--json", *words).stdout)
    return answer.get("result", answer)
