# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random points with AD CS as the CA. Exactly once, by the CA's own database: a request
whose reply died with the daemon is the one exception, and then the CSR is the same."""
import collections
import random
import shutil

import pytest

import adcs_kit
from certs import issued_per_context
from killing import run_killed

CALLS = {
    "fdatasync": [1, 2, 3, 4] * 3,
    "pwrite64": list(range(1, 48, 8)),
    "sendto,write": [1, 2, 3, 4, 6, 8, 12, 16],
    "recvfrom,read": list(range(1, 64, 12)),
}
REQUESTS = 60


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("transport", ["rpc-negotiate", "ces-kerberos"])
def test_every_request_ends_once_whenever_the_daemon_is_killed(tenant, host, lab, transport):
    adcs_kit.use_transport(host, lab, transport)
    host.config["cloud"]["poll_wait"] = "2s"
    source, contexts, died = random.Random(22), [], collections.Counter()
    devices = tenant.add_devices(5, platforms=["agent"], key_size=256, with_user=False)
    plan = [(call, number) for call, numbers in CALLS.items() for number in numbers]
    source.shuffle(plan)
    for index, (call, number) in enumerate(plan):
        if len(contexts) < REQUESTS:
            contexts += tenant.add_requests([devices[index % 5]], per_device=2, kinds=["device"])
        died[call] += run_killed(host, call, number, 2.0)
    assert sum(died.values()) >= len(plan) // 3, died

    host.start()
    assert tenant.wait_finished(120), host.log_tail()
    certificates = adcs_kit.issued(tenant, host, contexts)
    assert issued_per_context(host) == dict.fromkeys(contexts, 1)
    per_csr = lab.ca1.issued_per_csr()
    # One CSR for each request, however often it was sent.
    assert len(per_csr) == len(contexts)
    repeated = sum(len(ids) - 1 for ids in per_csr.values())
    assert repeated <= sum(died.values())
    assert host.log().count("SUBMIT_REPEATED") >= repeated
    known = {certificate.serial_number for certificate in lab.ca1.certificates()}
    assert {certificate.serial_number for certificate in certificates} <= known
    assert tenant.violations == []
