#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Requests through certferryd beside the same cryptography by the openssl command, in one run.

Times on shared machines mean little; the ratios are the result. The daemon's pool of ready keys is
switched off for the throughput figures, so that every key is made inside the measured time.
"""

import argparse
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

from host import BUILD, Host  # noqa: E402
from certlab.state import Tenant  # noqa: E402

KEY_SIZES = {"rsa2048": 2048, "p256": 256}


def process_cpu(pid):
    """User and system seconds of a process, all threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_memory(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def latencies(tenant, contexts):
    """Seconds from the moment the service handed a request out to the arrival of its result."""
    found = []
    for context in contexts:
        history = tenant.work(context).history
        found.append(history[-1][0] - history[0][0])
    return found


def measure_daemon(folder, kind, count):
    with Tenant(folder / f"lab-{kind}") as tenant, \
            Host(folder / f"host-{kind}", tenant, key=kind) as host:
        host.config["keys"] = {f"pool_{name}": "0" for name in KEY_SIZES}
        host.config["connector"]["log_level"] = "warning"
        tenant.add_devices(10)
        host.start()
        time.sleep(1)
        cpu = process_cpu(host.process.pid)
        begin = time.monotonic()
        contexts = tenant.add_requests(per_device=count // 10, key_sizes=(KEY_SIZES[kind],))
        if not tenant.wait_finished(1200):
            raise RuntimeError(host.log_tail())
        wall = time.monotonic() - begin
        found = {
            "wall": wall, "rate": len(contexts) / wall,
            "cpu": (process_cpu(host.process.pid) - cpu) / len(contexts),
            "memory": peak_memory(host.process.pid), "latency": latencies(tenant, contexts),
        }
        failed = [c for c in contexts if tenant.work(c).result["status"] != "issued"]
        if failed:
            raise RuntimeError(f"{len(failed)} requests failed: {tenant.work(failed[0]).result}")
        host.stop()
        return found


def measure_shell(folder, kind, count):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    subprocess.run([HERE / "openssl_loop.sh", kind, str(count), folder / f"shell-{kind}"],
                   check=True)
    wall = time.monotonic() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"rate": count / wall, "cpu": cpu / count}


def measure_keys(kind, count):
    done = subprocess.run([BUILD / "tests/bench/bench_evp_keygen", kind, str(count)],
                          check=True, capture_output=True, text=True)
    return float(done.stdout) / count


def report(kind, count, daemon, shell, key_cpu):
    waits = daemon["latency"]
    print(f"\n{kind}, {count} requests, no ready keys")
    print(f"  {'':30}{'certferryd':>14}{'openssl loop':>14}{'ratio':>9}")
    print(f"  {'requests/s':30}{daemon['rate']:14.1f}{shell['rate']:14.1f}"
          f"{daemon['rate'] / shell['rate']:9.2f}")
    print(f"  {'CPU ms/request':30}{daemon['cpu'] * 1e3:14.2f}{shell['cpu'] * 1e3:14.2f}"
          f"{daemon['cpu'] / shell['cpu']:9.2f}")
    print(f"  {'CPU ms/key by EVP alone':30}{'':14}{key_cpu * 1e3:14.2f}"
          f"{daemon['cpu'] / key_cpu:9.2f}  (request / key)")
    print(f"  {'CPU ms/request beside the key':30}{(daemon['cpu'] - key_cpu) * 1e3:14.2f}")
    if waits:
        print(f"  {'latency p50 / p99, s':30}{statistics.median(waits):8.2f} /"
              f"{percentile(waits, 0.99):6.2f}")
    print(f"  {'peak memory, MiB':30}{daemon['memory']:14.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=500, help="requests of each kind")
    parser.add_argument("--kinds", nargs="+", default=list(KEY_SIZES), choices=list(KEY_SIZES))
    options = parser.parse_args()
    count = max(10, options.count // 10 * 10)
    with tempfile.TemporaryDirectory(prefix="certferry-bench-") as folder:
        for kind in options.kinds:
            shell_count = max(10, count // 10)
            key_count = count // 5 if kind == "rsa2048" else count * 20
            report(kind, count, measure_daemon(pathlib.Path(folder), kind, count),
                   measure_shell(pathlib.Path(folder), kind, shell_count),
                   measure_keys(kind, key_count))
    return 0


if __name__ == "__main__":
    sys.exit(main())
