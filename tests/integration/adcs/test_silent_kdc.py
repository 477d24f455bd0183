# SPDX-License-Identifier: Apache-2.0
"""A KDC that takes connections and says nothing holds nobody up, a stop of the service least of all."""
import socket
import time

import adcs_kit
import pytest

STOP_SECONDS = 2


@pytest.fixture
def silence(host, lab):
    """The connector's krb5.conf names it; closing it is its end."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as kdc:
        text = lab.dc.krb5_conf.read_text()
        port = kdc.getsockname()[1]
        host.krb5_conf = host.directory / "krb5.conf"
        host.krb5_conf.write_text(
            text.replace("[libdefaults]", "[libdefaults]\n udp_preference_limit = 1")
            .replace("kdc = 10.53.0.1\n", f"kdc = 127.0.0.1:{port}\n"))
        host.environment["KRB5_CONFIG"] = str(host.krb5_conf)
        yield kdc


def stop_at_once(host):
    """A status of 0 is also what a sanitizer's silence looks like."""
    began = time.monotonic()
    assert host.stop(60) == 0, host.log_tail()
    took = time.monotonic() - began
    assert took < STOP_SECONDS, (took, host.log_tail())


@pytest.mark.parametrize("transport", ["rpc-negotiate", "rpc-kerberos", "ces-kerberos"])
def test_a_stop_does_not_wait_for_the_kdc(tenant, host, lab, silence, transport):
    """Somebody waits for it when the stop comes: the limit is far away."""
    adcs_kit.use_transport(host, lab, transport)
    adcs_kit.without_directory(host)
    host.config["ca corp"]["connect_timeout"] = "60s"
    adcs_kit.order(tenant, 4)
    host.start()
    silence.settimeout(20)
    asked, _ = silence.accept()
    with asked:
        stop_at_once(host)
    assert lab.ca1.rows() == []


def test_a_stop_after_many_were_left(tenant, host, lab, silence):
    adcs_kit.without_directory(host)
    host.config["ca corp"]["connect_timeout"] = "200ms"
    adcs_kit.order(tenant, 4)
    host.start()
    adcs_kit.wait_log(tenant, host, "answered within 200 ms")
    stop_at_once(host)


def test_a_stop_while_the_directory_wants_tickets(tenant, host, lab, silence):
    host.config["directory"]["timeout"] = "60s"
    adcs_kit.order(tenant, 2)
    host.start()
    silence.settimeout(20)
    asked, _ = silence.accept()
    with asked:
        stop_at_once(host)


def test_requests_go_on_when_the_kdc_is_back(tenant, host, lab, silence):
    adcs_kit.without_directory(host)
    host.config["ca corp"]["connect_timeout"] = "500ms"
    contexts = adcs_kit.order(tenant, 2)
    host.start()
    adcs_kit.wait_log(tenant, host, "answered within 500 ms")
    host.krb5_conf.write_text(lab.dc.krb5_conf.read_text())
    adcs_kit.finish(tenant, host, 60)
    adcs_kit.issued(tenant, host, contexts)
