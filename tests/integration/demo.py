#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The main job, shown: requests in, certificates sealed to devices, devices open them, revocation.

Every line is what really happened: the tenant is the lab's, the connector is certferryd, each
device opens its result with the openssl command and uses the key. Exit status 0 only if all of it
worked.
"""

import argparse
import pathlib
import sys
import tempfile
import time
import unicodedata

from host import Host
from certlab.state import Tenant

COLUMNS = ("DEVICE", "PLATFORM", "OS", "SUBJECT", "SERIAL", "THE DEVICE FOUND")
WIDTHS = (16, 27, 10, 38, 32, 0)


def columns_of(text):
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def fit(text, width):
    if width == 0:
        return text
    if columns_of(text) > width:
        while columns_of(text) > width - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (width - columns_of(text))


def row(*values):
    print("  ".join(map(fit, values, WIDTHS)).rstrip(), flush=True)


def heading(text):
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def show_devices(tenant, host, contexts):
    signer, failed = host.signer(), 0
    row(*COLUMNS)
    for context in contexts:
        work = tenant.work(context)
        device = work.request["device"]
        name, version = device["deviceName"], device["osVersion"]
        if not work.result or work.result["status"] != "issued":
            row(name, device["platform"], version, "-", "-", f"NOTHING: {work.result}")
            failed += 1
            continue
        try:
            found = tenant.open(context, signer, host.ca_pem())
        except Exception as error:
            row(name, device["platform"], version, "-", "-", f"REFUSED: {error}")
            failed += 1
            continue
        what = f"{found.envelope}, {found.preset} PFX, {found.key}, {found.handshake.split()[0]} done"
        subject = found.subject.replace("1.2.840.113549.1.9.1=", "E=")
        row(name, device["platform"], version, subject, found.serial.upper(), what)
    return failed


def show_revocations(tenant, host, devices):
    contexts = tenant.retire(devices)
    if not tenant.wait_revoked(30):
        print("revocations were not acknowledged in time")
        return 1
    revoked, failed = host.revoked(), 0
    for item in (i for i in tenant.revocations.items if i["request"]["requestContext"] in contexts):
        serial = item["request"]["serialNumber"].upper()
        entry = revoked.get(serial)
        answer = "acknowledged" if item["result"]["succeeded"] else str(item["result"])
        print(f"  {serial:32}  {answer:14}  CRL: {entry or 'NOT THERE'}")
        failed += entry is None or not item["result"]["succeeded"]
    return failed


def demo(directory, n_devices, n_revoked):
    with Tenant(directory / "lab") as tenant, Host(directory / "host", tenant) as host:
        heading(f"A tenant at {tenant.base_url} has {n_devices} devices without certificates")
        tenant.add_devices(n_devices)
        contexts = tenant.add_requests()
        heading("certferryd starts and serves them")
        begin = time.monotonic()
        host.start()
        if not tenant.wait_finished(60):
            print(host.log_tail())
            return 1
        took = time.monotonic() - begin
        failed = show_devices(tenant, host, contexts)
        print(f"\n{len(contexts)} requests in {took:.1f} s")

        heading(f"{n_revoked} devices are retired")
        failed += show_revocations(tenant, host, list(tenant.fleet.devices)[:n_revoked])

        heading("certferry status")
        print(host.tool("status").stdout, end="")
        code = host.stop()
        for problem in tenant.violations + tenant.lab_errors:
            print(f"protocol violation: {problem}")
            failed += 1
        if code != 0:
            print(f"certferryd ended with {code}\n{host.log_tail()}")
            failed += 1
    heading("All of it happened." if failed == 0 else f"{failed} things went wrong.")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--devices", type=int, default=10)
    parser.add_argument("--revoke", type=int, default=3)
    parser.add_argument("--keep", help="leave everything in this folder")
    options = parser.parse_args()
    if options.keep:
        return demo(pathlib.Path(options.keep), options.devices, options.revoke)
    with tempfile.TemporaryDirectory(prefix="certferry-demo-") as folder:
        return demo(pathlib.Path(folder), options.devices, options.revoke)


if __name__ == "__main__":
    sys.exit(main())
