#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SCEP enrolments per second beside Debian's micromdm scepserver, in one run.

Both sign with an RSA CA key of 2048 bits, answer on one new connection for each request, and share the
processors with the load. Times on shared machines mean little; the ratios are the result.
certferry writes each request and certificate to its store durably before it answers; scepserver keeps
a text file without a sync, and under load it fails now and then and gives a serial number twice.
"""

import argparse
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
for folder in ("scep", "integration", "lab"):
    sys.path.insert(0, str(HERE.parent / folder))

from bench import peak_memory, process_cpu  # noqa: E402
from front import CHALLENGE, Node  # noqa: E402
from scep_load import Messages, Run, ScepServer  # noqa: E402
from wire.device import Device  # noqa: E402

LEVELS = (1, 4, 32)


class Subject:
    """A server under measurement: its device, its processes, and what was found so far."""

    def __init__(self, device, pids, strict):
        self.device, self.pids, self.strict = device, pids, strict
        self.levels, self._serials = {}, []

    def measure(self, level, count):
        messages = Messages(self.device, CHALLENGE, count, f"bench-{level}")
        cpu = sum(map(process_cpu, self.pids))
        run = Run(messages, level)
        cpu = sum(map(process_cpu, self.pids)) - cpu
        serials = run.serials(self.strict)
        self._serials += serials
        self.levels[level] = {
            "rate": run.rate, "p50": run.percentile(0.5), "p99": run.percentile(0.99),
            "cpu": cpu / count, "lost": count - len(serials),
        }

    def finish(self):
        return {"levels": self.levels, "memory": [peak_memory(pid) for pid in self.pids],
                "twice": len(self._serials) - len(set(self._serials))}


def measure(folder, count, levels, options):
    """The two take turns, so that what else the machine does meets both."""
    node = Node(folder / "node", max_waiting="64", max_per_address="0")
    node.config["connector"]["log_level"] = "warning"
    for section, key, value in options:
        node.config[section][key] = value
    with node, ScepServer(folder, CHALLENGE) as other:
        node.start()
        own = Subject(node.device("wifi"), [node.scepd.process.pid, node.process.pid], True)
        theirs = Subject(Device(other.server, "/scep", strict=False).discover(),
                         [other.process.pid], False)
        for level in levels:
            theirs.measure(level, count)
            own.measure(level, count)
        found = own.finish(), theirs.finish()
        node.stop()
        return found


def report(count, own, other):
    print(f"\n{count} enrolments at each concurrency, RSA 2048")
    print(f"  {'':34}{'certferry':>14}{'scepserver':>14}{'ratio':>9}")
    for level, mine in own["levels"].items():
        theirs = other["levels"][level]
        print(f"  {f'enrolments/s at {level}':34}{mine['rate']:14.1f}{theirs['rate']:14.1f}"
              f"{mine['rate'] / theirs['rate']:9.2f}")
        for name, title in (("p50", "latency p50, ms"), ("p99", "latency p99, ms"),
                            ("cpu", "CPU ms/enrolment")):
            print(f"  {f'  {title}':34}{mine[name] * 1e3:14.2f}{theirs[name] * 1e3:14.2f}"
                  f"{mine[name] / theirs[name]:9.2f}")
    memory = " + ".join(f"{one:.1f}" for one in own["memory"])
    print(f"  {'peak memory, MiB (front + daemon)':34}{memory:>14}{other['memory'][0]:14.1f}")
    print(f"  {'serial numbers given twice':34}{own['twice']:14}{other['twice']:14}")
    lost = [sum(level["lost"] for level in one["levels"].values()) for one in (own, other)]
    print(f"  {'requests without a certificate':34}{lost[0]:14}{lost[1]:14}", flush=True)
    return own["twice"] == 0 and lost[0] == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=600, help="enrolments at each concurrency")
    parser.add_argument("--levels", nargs="+", type=int, default=list(LEVELS))
    parser.add_argument("--set", nargs=3, action="append", default=[],
                        metavar=("SECTION", "KEY", "VALUE"), help="an option of certferry.conf")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="certferry-bench-") as name:
        folder = pathlib.Path(name)
        own, other = measure(folder, options.count, options.levels, options.set)
        return 0 if report(options.count, own, other) else 1


if __name__ == "__main__":
    sys.exit(main())
