# SPDX-License-Identifier: Apache-2.0
"""A CA that lies, is silent, is down; a domain without Kerberos; two CAs side by side."""
import os
import subprocess

import pytest

import adcs_kit
from certs import issued_per_context

BOTH = pytest.mark.parametrize("transport", ["rpc-negotiate", "ces-kerberos"])


def issue(tenant, host, count=1, timeout=60, **options):
    contexts = adcs_kit.order(tenant, count, **options)
    adcs_kit.finish(tenant, host, timeout)
    return adcs_kit.issued(tenant, host, contexts)


# -- a CA that issues something else ------------------------------------------------------------------
@BOTH
@pytest.mark.parametrize("fault", ["wrong_key", "wrong_subject", "wrong_san", "wrong_eku", "other_ca"])
def test_a_certificate_that_is_not_what_was_asked_for(tenant, host, lab, transport, fault):
    adcs_kit.use_transport(host, lab, transport)
    if fault == "other_ca":
        host.config["ca corp"]["chain_file"] = host.ca_path
    lab.ca1.faults.add(fault, times=50)
    [context] = adcs_kit.order(tenant)
    adcs_kit.finish(tenant, host)
    assert fault in lab.ca1.faults.struck
    assert tenant.work(context).result["status"] == "failed", tenant.work(context).result
    assert "CF_E_MISMATCH" in host.log(), host.log_tail()


@BOTH
def test_a_certificate_of_a_ca_that_the_directory_does_not_know_waits(tenant, host, lab, transport):
    """It may know it later, as after a renewal; meanwhile nothing is delivered or asked for again."""
    adcs_kit.use_transport(host, lab, transport)
    lab.ca1.faults.add("other_ca", times=50)
    struck = lab.ca1.faults.struck.count("other_ca")
    [context] = adcs_kit.order(tenant)
    host.start()
    adcs_kit.wait_log(tenant, host, "REQUEST_PENDING")
    assert tenant.work(context).result is None
    assert lab.ca1.faults.struck.count("other_ca") == struck + 1


@BOTH
@pytest.mark.parametrize("fault,args", [("garbage", {}), ("big", {"size": 10_000_000})])
def test_an_answer_that_cannot_be_read(tenant, host, lab, transport, fault, args):
    """It ends the request, or the next answer is better; nothing hangs, nothing of it is delivered."""
    adcs_kit.use_transport(host, lab, transport)
    lab.ca1.faults.add(fault, **args)
    [context] = adcs_kit.order(tenant)
    adcs_kit.finish(tenant, host)
    assert fault in lab.ca1.faults.struck
    if tenant.work(context).result["status"] == "issued":
        adcs_kit.issued(tenant, host, [context])
    else:
        sentence = adcs_kit.refused(tenant, host, context)
        assert "cannot be read" in sentence or "more than" in sentence, sentence
    # ... and the next one is as it should be.
    issue(tenant, host)


@BOTH
def test_a_certificate_without_its_chain(tenant, host, lab, transport):
    """The directory knows the rest."""
    adcs_kit.use_transport(host, lab, transport)
    lab.ca1.faults.add("no_chain")
    issue(tenant, host)
    if transport.startswith("rpc"):
        lab.ca1.faults.add("no_response")
        issue(tenant, host)


@pytest.mark.parametrize("fault,args", [
    ("endless", {}), ("dtd", {}), ("short_xml", {"size": 700}), ("wrong_relates_to", {}),
    ("body", {"text": "<html>Service Unavailable</html>"}), ("body", {"text": ""}),
    ("http", {"status": 503}), ("http", {"status": 502})], ids=lambda value: str(value)[:20])
def test_answers_of_web_services_that_make_no_sense(tenant, host, lab, fault, args):
    adcs_kit.use_ces(host, lab, "password")
    lab.ca1.faults.add(fault, **args)
    issue(tenant, host)
    assert fault in lab.ca1.faults.struck


# -- a CA that is silent or gone ----------------------------------------------------------------------
@BOTH
@pytest.mark.parametrize("fault", ["lose", "silent"])
def test_a_lost_reply_brings_the_same_request_again(tenant, host, lab, transport, fault):
    """The one case in which the CA issues twice; it is logged, and the ledger has one."""
    adcs_kit.use_transport(host, lab, transport)
    host.config["ca corp"]["timeout"] = "2s"
    lab.ca1.faults.add(fault)
    [certificate] = issue(tenant, host)
    [ids] = lab.ca1.issued_per_csr().values()
    assert len(ids) == 2, (lab.ca1.faults.struck, lab.ca1.calls)
    assert set(issued_per_context(host).values()) == {1}
    assert lab.ca1.certificates()[1] == certificate
    assert "SUBMIT_REPEATED" in host.log()


@BOTH
def test_a_ca_that_hangs_holds_nobody_up_for_long(tenant, host, lab, transport):
    adcs_kit.use_transport(host, lab, transport)
    host.config["ca corp"]["timeout"] = "1s"
    lab.ca1.faults.add("hang", times=2, seconds=15)
    issue(tenant, host)


def test_a_ca_that_is_down_and_comes_back(tenant, host, lab):
    lab.hosts[lab.ca1.host].stop()
    try:
        contexts = adcs_kit.order(tenant, 3)
        host.start()
        adcs_kit.wait_log(tenant, host, "CA_UNAVAILABLE")
    finally:
        lab.hosts[lab.ca1.host].start()
    adcs_kit.finish(tenant, host)
    adcs_kit.issued(tenant, host, contexts)
    assert "CA_RECOVERED" in host.log()
    assert len(lab.ca1.issued()) == 3


def test_a_web_service_that_is_down_and_comes_back(tenant, host, lab):
    adcs_kit.use_ces(host, lab, "kerberos")
    lab.ces.stop()
    contexts = adcs_kit.order(tenant, 3)
    host.start()
    adcs_kit.wait_log(tenant, host, "CA_UNAVAILABLE")
    lab.ces.start()
    adcs_kit.finish(tenant, host)
    adcs_kit.issued(tenant, host, contexts)


@pytest.mark.parametrize("mode", ["refuse", "blackhole"])
def test_a_dead_ca_does_not_hold_up_the_other(tenant, host, lab, mode):
    host.config["ca second"] = adcs_kit.ca_section(lab.ca2, "CertferryDevice")
    host.config["policy wide"]["ca"] = "corp second"
    host.config["connector"]["io_workers"] = "8"
    lab.hosts[lab.ca1.host].wire.mode = mode
    waiting = adcs_kit.order(tenant, 6)
    living = adcs_kit.order(tenant, 6, certificationAuthority=lab.ca2.host,
                            certificationAuthorityName=lab.ca2.name)
    host.start()
    assert tenant.wait(lambda t: all(t.work(c).result for c in living), 30), host.log_tail()
    assert all(tenant.work(context).result is None for context in waiting)
    assert len(lab.ca2.issued()) == 6 and lab.ca1.issued() == []
    lab.hosts[lab.ca1.host].wire.mode = "pass"
    adcs_kit.finish(tenant, host)
    adcs_kit.issued(tenant, host, waiting)


# -- Kerberos -----------------------------------------------------------------------------------------
def test_no_kerberos_server_is_for_a_while(tenant, host, lab):
    conf = host.directory / "krb5.conf"
    text = lab.dc.krb5_conf.read_text()
    conf.write_text(text.replace("kdc = 10.53.0.1\n", "kdc = 10.53.0.99\n"))
    host.environment["KRB5_CONFIG"] = str(conf)
    subprocess.run("ip route replace unreachable 10.53.0.99/32".split(), check=True)
    adcs_kit.without_directory(host)
    contexts = adcs_kit.order(tenant)
    host.start()
    adcs_kit.wait_log(tenant, host, "CA_UNAVAILABLE")
    assert lab.ca1.rows() == []
    conf.write_text(text)
    adcs_kit.finish(tenant, host, 90)
    adcs_kit.issued(tenant, host, contexts)


def test_a_name_without_a_service_principal_is_named(tenant, host, lab):
    host.config["ca corp"]["rpc_host"] = "10.53.0.11"
    adcs_kit.order(tenant)
    host.start()
    adcs_kit.wait_log(tenant, host, "host/10.53.0.11: no account has this service name")
    assert lab.ca1.rows() == []


def spoil_keys(keytab):
    """A keytab with the same entries and other keys."""
    data = bytearray(keytab)
    for key in adcs_kit.keys_in(keytab):
        data[key] = os.urandom(key.stop - key.start)
    return bytes(data)


def test_a_changed_key_in_the_domain_is_named(tenant, host, lab):
    """The keytab is older than the account's password."""
    adcs_kit.without_directory(host)
    keytab = host.credentials / "keytab"
    data = spoil_keys(keytab.read_bytes())
    keytab.chmod(0o600)
    keytab.write_bytes(data)
    keytab.chmod(0o400)
    adcs_kit.order(tenant)
    host.start()
    adcs_kit.wait_log(tenant, host, "keytab")
    assert lab.ca1.rows() == []


needs_clock = pytest.mark.skipif("CERTFERRY_SHIFT_CLOCK" not in os.environ,
                                 reason="a sanitizer build cannot preload a library")


@needs_clock
def test_a_clock_that_is_off_is_named(tenant, host, lab):
    conf, shift = host.directory / "krb5.conf", host.directory / "shift"
    conf.write_text(lab.dc.krb5_conf.read_text().replace(
        "[libdefaults]", "[libdefaults]\n kdc_timesync = 0"))
    shift.write_text("1200\n")
    host.environment.update(KRB5_CONFIG=str(conf), SHIFT_CLOCK_FILE=str(shift),
                            LD_PRELOAD=os.environ["CERTFERRY_SHIFT_CLOCK"])
    adcs_kit.without_directory(host)
    contexts = adcs_kit.order(tenant)
    host.start()
    adcs_kit.wait_log(tenant, host, "clock")
    shift.write_text("0\n")
    adcs_kit.finish(tenant, host, 90)
    assert tenant.work(contexts[0]).result["status"] == "issued"


@needs_clock
def test_a_ticket_that_expired_is_renewed(tenant, host, lab):
    """Ten hours are a ticket's life here; the daemon lives longer."""
    shift = lab.folder / "shift"
    host.environment.update(SHIFT_CLOCK_FILE=str(shift),
                            LD_PRELOAD=os.environ["CERTFERRY_SHIFT_CLOCK"])
    adcs_kit.without_directory(host)
    issue(tenant, host)
    shift.write_text("40000\n")  # for the domain controller, too
    try:
        [context] = adcs_kit.order(tenant)
        adcs_kit.finish(tenant, host)
        assert tenant.work(context).result["status"] == "issued", host.log_tail()
        assert "CA_UNAVAILABLE" not in host.log()
        assert host.stop() == 0
    finally:
        shift.write_text("0\n")
