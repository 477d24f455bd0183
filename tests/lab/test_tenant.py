# SPDX-License-Identifier: Apache-2.0
"""The program a person starts, and requests of the rarer types."""

import base64
import os
import pathlib
import signal
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from certlab import imports, orders, pki
from certlab.remote import Remote
from labclient import Client

PROGRAM = pathlib.Path(__file__).with_name("tenant.py")


def start(folder, *options):
    process = subprocess.Popen(
        [sys.executable, PROGRAM, "--dir", folder, *options], stdout=subprocess.PIPE, text=True
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "waiting" in line:
            break
    return process, "".join(lines)


def end(process):
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    return rest


def test_a_person_starts_it_asks_it_and_starts_it_again(tmp_path):
    process, text = start(tmp_path, "--devices", "2", "--mtls")
    assert "2 new requests, 2 waiting" in text and str(tmp_path / "tls-ca.pem") in text
    assert (tmp_path / "connector-client.pem").exists()
    assert Remote(tmp_path).call("state")["requests"] == {"waiting": 2}
    call = [sys.executable, PROGRAM, "--dir", tmp_path, "--call", "requests", '{"per_device": 2}']
    assert subprocess.run(call, capture_output=True, check=True, text=True).stdout.count("-") >= 16
    assert "0 results, 0 violations" in end(process)
    process, again = start(tmp_path)
    assert "0 new requests, 6 waiting" in again
    assert again.splitlines()[:9] == text.splitlines()[:9]
    end(process)


def test_keys_are_readable_by_their_owner_only(tmp_path):
    process, _ = start(tmp_path, "--devices", "1")
    end(process)
    private = [p for p in tmp_path.rglob("*") if p.suffix == ".key" or p.name in (
        "client-secret", "admin-token", "scep-challenge.secret")]
    assert len(private) == 10
    assert {p.stat().st_mode & 0o077 for p in private} == {0}
    assert os.stat(tmp_path / "devices").st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["renew", "reencrypt"])
def test_other_types_are_handed_out_as_well(tenant, client, kind):
    tenant.add_devices(1)
    tenant.add_requests(request_type=kind)
    assert [r["requestType"] for r in client.download()] == [kind]


def test_an_import_carries_a_password_for_the_connector_alone(tenant, client):
    [device] = tenant.add_devices(1)
    key = pki.new_key(2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    pfx, _, _ = imports.make_pfx("Sam Smith", "pw", size=256)
    item = imports.describe(device.user["userPrincipalName"], pfx, "pw", public)
    tenant.add_request(orders.make_import(device, item))
    [request] = client.download()
    scheme = padding.OAEP(padding.MGF1(hashes.SHA512()), hashes.SHA512(), None)
    sealed = base64.b64decode(request["encryptedPfxPassword"])
    assert key.decrypt(sealed, scheme) == b"pw"


def test_a_request_that_breaks_the_document_is_not_queued(tenant):
    [device] = tenant.add_devices(1)
    request = orders.make_request(device)
    for change in ({"requestType": "x"}, {"certificationAuthority": None}, {"device": {}}):
        with pytest.raises(ValueError):
            tenant.add_request(dict(request, **change))
    tenant.add_request(request)
    with pytest.raises(ValueError, match="exists"):
        tenant.add_request(request)


def test_two_clients_never_share_a_lease(tenant):
    tenant.add_devices(4)
    tenant.add_requests(per_device=5)
    one, other = Client(tenant).login(), Client(tenant).login()
    seen = []
    for client in (one, other) * 5:
        seen += [r["requestContext"] for r in client.download(most=3)]
    assert len(seen) == len(set(seen)) == 20
