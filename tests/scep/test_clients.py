# SPDX-License-Identifier: Apache-2.0
"""Clients that others wrote: strongSwan, certmonger and micromdm's scepclient."""

import threading

import pytest
from cryptography import x509
from front import CHALLENGE, PROFILES, Node

import clients


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    old = {**PROFILES["old"], "default": "no"}
    profiles = {"old": old, "slow": {**old, "template": "ScepSlow"}, "renew": PROFILES["renew"]}
    with Node(tmp_path_factory.mktemp("clients") / "node", profiles=profiles) as made:
        made.start()
        yield made
        assert made.stop() == 0
        made.check_logs()


@pytest.fixture
def client(node, tmp_path):
    def make(kind, profile="old", challenge=CHALLENGE):
        device = node.device(profile)
        return kind(tmp_path / kind.__name__, f"http://127.0.0.1:{node.port}/scep/{profile}",
                    challenge, device.bundle)
    return make


def common_name(certificate):
    [name] = certificate.subject.get_attributes_for_oid(x509.oid.NameOID.COMMON_NAME)
    return name.value


def dns_names(certificate):
    value = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return value.get_values_for_type(x509.DNSName)


def approve_soon(node):
    """A person who approves what comes in within the next half minute."""
    def work():
        clients.wait_for(lambda: node.ask("requests", "--state", "submitted")["requests"], 30)
        for one in node.ask("requests", "--state", "submitted")["requests"]:
            node.tool("approve", one["requestContext"])
    thread = threading.Thread(target=work)
    thread.start()
    return thread


# -- strongSwan -------------------------------------------------------------------------------------
def test_strongswan_fetches_the_certificates(client):
    assert len(client(clients.StrongSwan).certificates()) >= 3


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512", "sha1"])
def test_strongswan_enrols(client, digest):
    certificate = client(clients.StrongSwan).enrol("swan", digest=digest)
    assert common_name(certificate) == "swan"
    assert dns_names(certificate) == ["swan.corp.example"]


def test_strongswan_renews(client):
    first_and_second = client(clients.StrongSwan)
    certificate = first_and_second.renew("swan-renewed")
    assert common_name(certificate) == "swan-renewed"


def test_strongswan_polls(node, client):
    approver = approve_soon(node)
    certificate = client(clients.StrongSwan, "slow").enrol("swan-slow", poll=30)
    approver.join()
    assert common_name(certificate) == "swan-slow"


def test_strongswan_understands_a_refusal(client):
    with pytest.raises(clients.ClientFailed):
        client(clients.StrongSwan, challenge="wrong").enrol("swan-wrong")


# -- scepclient -------------------------------------------------------------------------------------
def test_scepclient_enrols_and_renews(client):
    made = client(clients.ScepClient)
    first = made.enrol("micro")
    assert common_name(first) == "micro"
    second = made.renew("micro")
    assert common_name(second) == "micro"
    assert second.serial_number != first.serial_number


# -- certmonger -------------------------------------------------------------------------------------
def test_certmonger_asks_what_there_is(client):
    made = client(clients.Certmonger)
    assert "SCEPStandard" in made.ask("-c")
    assert made.ask("-C").count("BEGIN CERTIFICATE") >= 3


def test_certmonger_enrols_and_changes_its_key(client):
    made = client(clients.Certmonger)
    output = made.request("monger", """
        cp cm-cert first-cert
        getcert rekey -s -i r1 -w
        getcert list -s -i r1
    """)
    assert "MONITORING" in output
    first, second = made.certificate("first-cert"), made.certificate()
    assert common_name(first) == common_name(second) == "monger"
    assert dns_names(first) == ["monger.corp.example"]
    assert first.serial_number != second.serial_number
    assert first.public_key().public_numbers() != second.public_key().public_numbers()


def test_certmonger_takes_a_request_that_waits(node, client):
    made = client(clients.Certmonger, "slow")
    output = made.session(f"""
        getcert request -s -c lab -I r1 -k "$PWD/cm-key" -f "$PWD/cm-cert" -N CN=monger-slow \\
            -L '{CHALLENGE}'
        for _ in $(seq 100); do
            getcert list -s -i r1 | grep -q 'status: CA_WORKING' && break
            sleep 0.1
        done
        getcert list -s -i r1
    """)
    assert "CA_WORKING" in output
    for one in node.ask("requests", "--state", "submitted")["requests"]:
        node.tool("deny", one["requestContext"])
