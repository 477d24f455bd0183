# SPDX-License-Identifier: Apache-2.0
"""A node whose devices are managed by the lab's tenant: fixtures and helpers of the Intune tests."""

import random

import platforms
import pytest
from certlab.state import Tenant
from front import Node
from wire import pki

PROFILES = {
    "intune": {"default": "yes", "challenge": "intune"},
    "slow": {"challenge": "intune", "template": "ScepSlow"},
    "static": {"challenge": "static", "challenge_file": "credential:challenge"},
}
KEY = pki.rsa_key()
NOTIFIED, REFUSED = "successNotification", "failureNotification"


@pytest.fixture
def tenant(tmp_path):
    with Tenant(tmp_path / "lab", retry_seconds=0.1) as made:
        made.scep.add_profile("wifi", "windows")
        made.add_devices(2, platforms=["agent"], key_size=256, with_user=False)
        yield made
        assert made.lab_errors == []


@pytest.fixture
def node(tmp_path, tenant):
    with Node(tmp_path / "node", tenant, profiles=PROFILES) as made:
        made.config["cloud"].update(pkcs="no", revocation_interval="1s")
        made.config["policy scep"]["san_allow"] = "uri:IntuneDeviceId://*"
        made.start()
        yield made
        if made.process is not None:
            assert made.stop() == 0, made.log_tail()
        made.check_logs()


def order_of(tenant, index=0, profile="wifi", **options):
    device = list(tenant.fleet.devices.values())[index]
    return tenant.scep.order(profile, device, **options)


def windows(node, profile="intune"):
    return platforms.connect(
        "windows", [f"http://127.0.0.1:{node.port}/scep/{profile}"], random.Random(1), key=KEY)


def calls(tenant, name=None, request_id=None):
    return [entry["call"] for entry in tenant.scep.ledger
            if (name is None or entry["call"] == name)
            and (request_id is None or entry["requestId"] == request_id)]


def enrol(tenant, node, device=None, **options):
    device = device or windows(node)
    order = order_of(tenant, **options)
    reply = device.keep(device.send(device.follow(order)).success())
    assert tenant.scep.installed(reply.certificate.pem.decode(), order["requestId"]) == []
    return order, reply.certificate


def tokens(tenant):
    return len(tenant.journal.select("/oauth2/v2.0/token"))
