# SPDX-License-Identifier: Apache-2.0
"""The connector's whole job on a PostgreSQL store: alone, and several daemons on one queue."""

import pathlib
import signal
import sys

import pytest

from conftest import assert_all_issued
from host import Host

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "scep"))

from postgres import Postgres, is_there  # noqa: E402

pytestmark = pytest.mark.skipif(not is_there(), reason="PostgreSQL is not installed")


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    with Postgres(tmp_path_factory.mktemp("postgres")) as made:
        yield made


@pytest.fixture
def pg_host(host, tmp_path, database):
    host.config["store"].update(database.settings(tmp_path.name))
    return host


@pytest.fixture
def sibling(pg_host, tmp_path, tenant):
    """Another node: the same CA and store, a name of its own."""
    with Host(tmp_path / "sibling", tenant, key="p256") as made:
        made.credentials, made.ca_path = pg_host.credentials, pg_host.ca_path
        made.config = {name: dict(options) for name, options in pg_host.config.items()}
        made.config["connector"].update({"id": "lab-sibling", "state_dir": made.state})
        made.config["control"]["socket"] = made.socket_path
        made.config["ca corp"]["crl_file"] = made.crl_path
        yield made


def issued(database, name):
    rows = database.query("SELECT context, count(*) FROM ledger GROUP BY context", name)
    return {context: int(n) for context, n in rows}


def test_requests_and_revocations_go_their_way(tenant, pg_host, tmp_path, database):
    pg_host.start()
    devices = tenant.add_devices(3)
    contexts = tenant.add_requests(per_device=2)
    assert tenant.wait_finished(60), pg_host.log_tail()
    assert_all_issued(tenant, contexts)
    assert issued(database, tmp_path.name) == {context: 1 for context in contexts}
    tenant.retire([devices[0].id])
    assert tenant.wait_revoked(30), pg_host.log_tail()
    assert len(pg_host.revoked()) == 2
    revoked = "SELECT count(*) FROM ledger WHERE revoked_ms > 0"
    assert database.query(revoked, tmp_path.name) == [["2"]]
    check = pg_host.tool("check", check=False).stdout
    assert "PostgreSQL" in check and "schema version" in check
    sealed = "SELECT count(*) FROM item WHERE sealed_key IS NOT NULL"
    assert database.query(sealed, tmp_path.name) == [["0"]]


def test_a_database_that_fails_only_delays(tenant, pg_host, tmp_path, database):
    pg_host.start()
    tenant.add_devices(4)
    contexts = tenant.add_requests(per_device=10)
    assert tenant.wait(lambda t: any(t.work(c).result for c in contexts), 60), pg_host.log_tail()
    database.stop("immediate")
    contexts += tenant.add_requests(per_device=2)
    assert tenant.wait(lambda _: "STORE_FAILED" in pg_host.log(), 30), pg_host.log_tail()
    database.start()
    assert tenant.wait_finished(90), pg_host.log_tail()
    assert_all_issued(tenant, contexts)
    assert "STORE_RECOVERED" in pg_host.log()
    assert issued(database, tmp_path.name) == {context: 1 for context in contexts}


def test_a_node_takes_over_from_one_that_was_killed(tenant, pg_host, sibling, tmp_path, database):
    pg_host.start()
    sibling.start()
    tenant.add_devices(4)
    contexts = tenant.add_requests(per_device=20)
    assert tenant.wait(lambda t: any(t.work(c).result for c in contexts), 60), pg_host.log_tail()
    pg_host.kill()
    pg_host.start()
    assert tenant.wait_finished(120), pg_host.log_tail() + sibling.log_tail()
    assert_all_issued(tenant, contexts)
    assert issued(database, tmp_path.name) == {context: 1 for context in contexts}
    assert sibling.stop() == 0


def test_a_second_daemon_of_one_name_waits_and_says_so(pg_host, sibling):
    pg_host.start()
    sibling.config["connector"]["id"] = pg_host.config["connector"]["id"]
    with pytest.raises(RuntimeError):
        sibling.start(timeout=4)
    assert sibling.process.poll() is None
    sibling.process.send_signal(signal.SIGTERM)
    assert sibling.process.wait(20) != 0
    assert "another service named 'lab-connector'" in sibling.log()


def test_the_password_is_nowhere_but_in_its_file(pg_host, database, tmp_path):
    password = "x" + tmp_path.name + "-hunter2"
    (pg_host.credentials / "store-password").write_text(password + "\n")
    (pg_host.credentials / "store-password").chmod(0o400)
    pg_host.config["store"]["password_file"] = "credential:store-password"
    pg_host.start()
    words = pathlib.Path(f"/proc/{pg_host.process.pid}/cmdline").read_bytes()
    assert password.encode() not in words
    database.stop("immediate")
    pg_host.tool("check", check=False)
    database.start()
    assert password not in pg_host.log()
    assert password not in pg_host.tool("check", check=False).stdout
