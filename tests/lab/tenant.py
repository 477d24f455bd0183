#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A tenant to try certferry against by hand. Ctrl-C ends it; the same --dir continues it.

    tenant.py --dir /tmp/lab                          serve; makes the tenant on first start
    tenant.py --dir /tmp/lab --call requests '{"per_device": 2}'
                                                      ask a running one (see certlab/admin.py)
"""

import argparse
import json
import pathlib
import signal
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from certlab.remote import Remote  # noqa: E402
from certlab.state import Tenant  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", required=True, help="where keys, certificates and journal go")
    parser.add_argument("--port", type=int, default=0, help="default: the last one, or any")
    parser.add_argument("--devices", type=int, default=10, help="devices of a new tenant")
    parser.add_argument("--requests", type=int, default=1, help="requests per device at start")
    parser.add_argument("--seed", type=int, default=1, help="names and ids of a new tenant")
    parser.add_argument("--mtls", action="store_true", help="accept client certificates")
    parser.add_argument("--lease", type=float, default=300, help="seconds (default 300)")
    parser.add_argument("--token-lifetime", type=int, default=3600, help="seconds")
    parser.add_argument("--faults", help="JSON file with a fault script (certlab/faults.py)")
    parser.add_argument("--call", nargs="+", metavar=("VERB", "JSON"), help="use the admin API")
    return parser.parse_args()


def show(entry):
    notes = [f"fault {entry['fault']}"] if entry["fault"] else []
    notes += [f"VIOLATION {text}" for text in entry["violations"]]
    line = f"{entry['utc']} {entry['status'] or '---'} {entry['method']} {entry['path']}"
    print(line, f"{entry['seconds']:.3f}s", *notes, flush=True)


def describe(tenant, made):
    folder = tenant.directory
    print(f"tenant     {tenant.tenant_id}")
    print(f"client id  {tenant.client_id}")
    print(f"secret     in {folder / 'client-secret'}")
    print(f"authority  {tenant.authority}")
    print(f"graph      {tenant.graph_url}")
    print(f"resource   {tenant.resource}")
    print(f"service    {tenant.service_url}")
    print(f"app id     {tenant.app_id}")
    print(f"TLS CA     {tenant.tls_ca.path}")
    print(f"device CA  {tenant.device_ca.path}")
    print(f"journal    {folder / 'journal.jsonl'}")
    if tenant.mtls:
        key, certificate = tenant.issue_client_certificate()
        print(f"mutual TLS {certificate} with {key}")
    for device in tenant.fleet.devices.values():
        owner = device.user["userName"] if device.user else "-"
        print(f"  {device.platform:27} {device.record['osVersion']:16}"
              f" {device.record['deviceName']:16} {owner}")
    print(f"{made} new requests, {len(tenant.unfinished())} waiting", flush=True)


def main():
    options = arguments()
    if options.call:
        verb, values = options.call[0], json.loads((options.call[1:] or ["{}"])[0])
        print(json.dumps(Remote(options.dir).call(verb, **values), ensure_ascii=False, indent=1))
        return 0
    is_new = not (pathlib.Path(options.dir) / "tenant.json").exists()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Tenant(
        options.dir, port=options.port, seed=options.seed, mtls=options.mtls,
        lease_seconds=options.lease, token_lifetime=options.token_lifetime, echo=show,
    ) as tenant:
        if options.faults:
            tenant.faults.set(json.loads(pathlib.Path(options.faults).read_text()))
        made = 0
        if is_new:
            tenant.add_devices(options.devices)
            made = len(tenant.add_requests(per_device=options.requests))
        describe(tenant, made)
        stop.wait()
    print(f"{len(tenant.results())} results, {len(tenant.violations)} violations")
    return 0


if __name__ == "__main__":
    sys.exit(main())
