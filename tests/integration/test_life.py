# SPDX-License-Identifier: Apache-2.0
"""Start, reload, stop."""

import fcntl
import os
import signal
import sqlite3
import time

from certs import issued_per_context
from conftest import assert_all_issued


def test_a_clean_stop_takes_less_than_ten_seconds_with_work_in_flight(tenant, host):
    tenant.add_devices(5)
    tenant.add_requests(per_device=6, key_sizes=(3072,))
    tenant.faults.add(match="uploadPkcsResults", fault="timeout", times=0, args={"seconds": 60})
    host.config["cloud"].update(poll_wait="60s", timeout="60s")
    host.start()
    time.sleep(2)
    begin = time.monotonic()
    assert host.stop() == 0
    assert time.monotonic() - begin < 10
    # What was in flight is not lost.
    tenant.faults.clear()
    host.start()
    assert tenant.wait_finished(120), host.log_tail()
    assert tenant.violations == []


def test_a_clean_stop_does_not_wait_for_whoever_holds_the_store(tenant, host):
    tenant.add_devices(5)
    host.start()
    time.sleep(1)
    locker = sqlite3.connect(host.state / "certferry.db", isolation_level=None)
    contexts = tenant.add_requests(per_device=20)
    time.sleep(0.3)
    locker.execute("BEGIN IMMEDIATE")
    time.sleep(1)
    begin = time.monotonic()
    assert host.stop() == 0
    assert time.monotonic() - begin < 10
    locker.close()
    host.start()
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, contexts)
    assert set(issued_per_context(host).values()) == {1}


def test_sighup_takes_a_new_configuration(tenant, host):
    tenant.add_devices(2)
    tenant.add_requests()
    host.start()
    assert tenant.wait_finished(30), host.log_tail()
    host.config["ca corp"]["templates"] = "CertferryDevice"
    del host.config["policy users"]
    host.reload()
    assert host.wait_notify("RELOADING=1")
    assert host.wait_notify("READY=1")
    device = next(iter(tenant.fleet.devices.values()))
    context = tenant.add_requests([device], kinds=["user"])[0]
    assert tenant.wait_finished(30), host.log_tail()
    result = tenant.work(context).result
    assert result["status"] == "failed"
    assert "CertferryWiFi" in result["errorMessage"]


def test_a_faulty_configuration_is_refused_and_the_old_one_kept(tenant, host):
    host.start()
    host.config["cloud"]["pol_wait"] = "5s"
    host.reload()
    assert host.wait_notify("READY=1")
    log = host.log()
    assert "certferry.conf:" in log and "poll_wait" in log and "old one" in log
    del host.config["cloud"]["pol_wait"]
    tenant.add_devices(1)
    contexts = tenant.add_requests()
    assert tenant.wait_finished(30), host.log_tail()
    assert_all_issued(tenant, contexts)


def test_reloads_in_the_middle_of_work_lose_nothing(tenant, host):
    tenant.add_devices(5)
    contexts = tenant.add_requests(per_device=20)
    host.start()
    for _ in range(10):
        os.kill(host.process.pid, signal.SIGHUP)
        time.sleep(0.1)
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, contexts)
    assert tenant.violations == []


def test_check_and_exit_status_of_a_faulty_configuration(tenant, host):
    assert host.program("--check").returncode == 0
    host.config["cloud"]["tenent"] = "x"
    done = host.program("--check")
    assert done.returncode == 78
    assert "certferry.conf:" in done.stderr and "tenant" in done.stderr
    assert host.program().returncode == 78
    del host.config["cloud"]["tenent"]
    host.config["recipient"]["ca_file"] = "/nonexistent/ca.pem"
    done = host.program("--check")
    assert done.returncode == 78 and "/nonexistent/ca.pem" in done.stderr


def test_print_config_shows_defaults_and_no_secret(tenant, host):
    done = host.program("--print-config")
    assert done.returncode == 0, done.stderr
    assert "[cloud]" in done.stdout and "max_requests" in done.stdout
    secret = (tenant.directory / "client-secret").read_text().strip()
    assert secret not in done.stdout + done.stderr


def test_a_second_daemon_on_the_same_socket_does_not_start(tenant, host):
    host.start()
    done = host.program()
    assert done.returncode == 78 and "another certferryd" in done.stderr


def test_a_second_daemon_on_the_same_store_does_not_start(tenant, host):
    host.start()
    host.config["control"]["socket"] = host.directory / "second.sock"
    done = host.program()
    assert done.returncode == 78
    assert "certferry.db" in done.stderr and "another certferryd" in done.stderr


def test_a_daemon_without_the_lock_does_not_touch_the_store(tenant, host):
    with open(host.state / "certferry.db.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = host.program()
    assert done.returncode == 78 and "another certferryd" in done.stderr
    assert not (host.state / "certferry.db").exists()


def test_the_client_secret_reaches_no_file_and_no_log(tenant, host):
    tenant.add_devices(2)
    tenant.add_requests()
    host.start()
    assert tenant.wait_finished(30), host.log_tail()
    host.stop()
    secret = (tenant.directory / "client-secret").read_text().strip().encode()
    holders = [
        path for path in host.directory.rglob("*")
        if path.is_file() and path.parent != host.credentials and secret in path.read_bytes()
    ]
    assert holders == []
