# SPDX-License-Identifier: Apache-2.0
"""The store's disk is full, its file locked or damaged; the clock jumps."""

import os
import sqlite3
import subprocess
import time

import pytest

from certs import issued_per_context
from conftest import assert_all_issued


@pytest.fixture
def small_disk(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("a small tmpfs needs root")
    folder = tmp_path / "host" / "state"
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_only_delays(tenant, small_disk, host):
    host.start()
    filler = small_disk / "filler"
    with open(filler, "wb") as file:
        while True:
            try:
                file.write(b"\0" * 4096)
                file.flush()
            except OSError:
                break
    tenant.add_devices(3)
    contexts = tenant.add_requests(per_device=10)
    assert tenant.wait(lambda _: "STORE_FAILED" in host.log(), 20), host.log_tail()
    assert "no space" in host.log().lower() or "full" in host.log().lower()
    filler.unlink()
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, contexts)
    assert "STORE_RECOVERED" in host.log()
    assert set(issued_per_context(host).values()) == {1}


def test_a_locked_store_only_delays(tenant, host):
    host.start()
    locker = sqlite3.connect(host.state / "certferry.db", isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    tenant.add_devices(2)
    contexts = tenant.add_requests()
    assert tenant.wait(lambda _: "STORE_FAILED" in host.log(), 30), host.log_tail()
    assert "locked" in host.log()
    locker.execute("ROLLBACK")
    locker.close()
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, contexts)


def test_a_damaged_store_is_named_and_not_replaced(tenant, host):
    host.start()
    host.stop()
    path = host.state / "certferry.db"
    path.write_bytes(b"this is not a database" * 400)
    for name in ("certferry.db-wal", "certferry.db-shm"):
        (host.state / name).unlink(missing_ok=True)
    done = host.program()
    assert done.returncode == 78
    assert "certferry.db" in done.stderr
    assert path.read_bytes().startswith(b"this is not a database")


@pytest.mark.parametrize("jump", [-7200, 7200], ids=["backwards", "forwards"])
def test_a_jump_of_the_clock_loses_nothing(tmp_path, tenant, jump):
    from host import Host

    library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
    if not os.path.exists(library) or "asan" in os.environ.get("CERTFERRY_BUILD_DIR", ""):
        pytest.skip("libfaketime is missing or cannot be used with AddressSanitizer")
    control = tmp_path / "faketime"
    control.write_text("+0")
    environment = {
        "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(control), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with Host(tmp_path / "host", tenant, key="p256", environment=environment) as host:
        host.config["cloud"]["client_secret_file"] = "credential:client-secret"
        tenant.add_devices(2)
        first = tenant.add_requests()
        host.start()
        assert tenant.wait_finished(30), host.log_tail()
        tenant.faults.add(match="uploadPkcsResults", fault="503", times=3)
        second = tenant.add_requests()
        time.sleep(0.3)
        control.write_text(f"{jump:+d}")
        assert tenant.wait_finished(60), host.log_tail()
        assert_all_issued(tenant, first + second)
        assert tenant.wait(lambda _: "CLOCK_JUMPED" in host.log(), 40), host.log_tail()
        assert host.stop() == 0
