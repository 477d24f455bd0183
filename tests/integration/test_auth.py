# SPDX-License-Identifier: Apache-2.0
"""The ways to prove to the cloud who we are, and to find it."""

import subprocess

from conftest import assert_all_issued


def enroll(tenant, host):
    host.config["cloud"].update(auth="certificate", client_secret_file=None)
    host.write_config()
    public = host.directory / "connector.pem"
    told = host.tool("enroll", "-o", public).stdout
    tenant.register_certificate(public.read_text())
    return told


def serve(tenant, host, count=2):
    tenant.add_devices(count)
    contexts = tenant.add_requests()
    if host.process is None:
        host.start()
    assert tenant.wait_finished(40), host.log_tail()
    assert_all_issued(tenant, contexts)
    assert tenant.violations == []


def test_a_signed_assertion(tenant, host):
    told = enroll(tenant, host)
    assert tenant.client_id in told
    serve(tenant, host)
    assert (host.state / "assertion.pem").stat().st_mode & 0o777 == 0o600


def test_an_unregistered_certificate_is_named_with_its_remedy(tenant, host):
    host.config["cloud"].update(auth="certificate", client_secret_file=None)
    host.write_config()
    host.tool("enroll", "-o", host.directory / "connector.pem")
    host.start()
    assert tenant.wait(lambda _: "CLOUD_AUTH_REFUSED" in host.log(), 20), host.log_tail()


def test_the_certificate_is_renewed_in_time_and_both_are_valid(tenant, host):
    enroll(tenant, host)
    # The certificate was made to last a year; one that has to last longer is due for renewal.
    host.config["cloud"].update(assertion_lifetime="800d", assertion_renew_before="400d")
    before = (host.state / "assertion.pem").read_bytes()
    serve(tenant, host)
    assert tenant.wait(lambda _: "CREDENTIAL_RENEWED" in host.log(), 20), host.log_tail()
    assert len(tenant.identity.certificates) == 2
    # The next token is asked for with the new key, which then takes the old one's place.
    host.stop()
    serve(tenant, host)
    assert tenant.wait(lambda _: (host.state / "assertion.pem").read_bytes() != before, 20)
    assert (host.state / "assertion.pem.old").read_bytes() == before


def test_mutual_tls(tmp_path):
    from host import Host
    from certlab.state import Tenant

    with Tenant(tmp_path / "lab", mtls=True, retry_seconds=0.1) as tenant, \
            Host(tmp_path / "host", tenant, key="p256") as host:
        key, certificate = tenant.issue_client_certificate()
        host.config["cloud"].update(
            auth="tls", client_secret_file=None, tls_cert_file=certificate, tls_key_file=key,
            endpoint=tenant.service_url)
        serve(tenant, host)
        assert not tenant.journal.select("oauth2")


def test_an_endpoint_given_needs_no_discovery(tenant, host):
    host.config["cloud"]["endpoint"] = tenant.service_url
    serve(tenant, host)
    assert not tenant.journal.select("servicePrincipals")


def test_a_wrong_name_in_the_servers_certificate_is_refused(tenant, host):
    other = host.directory / "other-ca.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", "/dev/null", "-out", other, "-days", "2", "-subj", "/CN=other"],
        check=True, capture_output=True)
    host.config["cloud"]["ca_file"] = other
    host.start()
    assert tenant.wait(lambda _: "CLOUD_UNREACHABLE" in host.log(), 20), host.log_tail()
    assert tenant.journal.entries == []
