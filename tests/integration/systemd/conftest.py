# SPDX-License-Identifier: Apache-2.0
"""The host as an administrator sets it up, once for all tests, which build upon each other."""

import os
import pathlib
import secrets
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import kit  # noqa: E402

sys.path.insert(0, str(kit.SOURCE / "tests/lab"))

from certlab.state import Tenant  # noqa: E402

FILES = pathlib.Path("/etc/certferry")
CREDENTIALS = pathlib.Path("/etc/credstore.encrypted")
CONFIG = """\
[connector]
id = host-1
[cloud]
service = custom
authority = {tenant.authority}/
graph = {tenant.graph_url}/
resource = {tenant.resource}
tenant = {tenant.tenant_id}
client_id = {tenant.client_id}
auth = secret
client_secret_file = credential:client-secret
ca_file = /etc/certferry/cloud-ca.pem
poll_wait = 2s
poll_interval = 100ms
upload_delay = 50ms
revocation_interval = 1s
retry_min = 100ms
retry_max = 1s
[store]
key_file = credential:store-key
[keys]
pool_rsa2048 = 2
pool_p256 = 2
[pfx]
allow_legacy = yes
[recipient]
ca_file = /etc/certferry/device-ca.pem
[ca corp]
backend = local
host = ca1.corp.example
name = Corp Issuing CA
templates = CertferryWiFi CertferryDevice
cert_file = /etc/certferry/corp.pem
key_file = credential:ca-corp-key
crl_url = http://crl.corp.example/corp.crl
[policy users]
ca = corp
templates = CertferryWiFi
certificate_type = user
[policy devices]
ca = corp
templates = CertferryDevice
certificate_type = device
[template CertferryWiFi]
eku = clientAuth
validity = 365d
[template CertferryDevice]
eku = clientAuth
validity = 365d
"""


class Site:
    """The lab's tenant beside the service, and the secrets that must not show anywhere."""

    def __init__(self, tenant, folder):
        self.tenant, self.folder = tenant, folder
        self.config = CONFIG.format(tenant=tenant)
        self.store_key = secrets.token_bytes(32)
        self.client_secret = (tenant.directory / "client-secret").read_text().strip()
        self.ca_key = folder / "ca-corp-key"
        self.ca_pem = FILES / "corp.pem"

    def write_config(self, text=None):
        kit.CONFIG.write_text(text or self.config)

    def make_ca(self):
        kit.run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", self.ca_key, "-out", self.ca_pem, "-days", "3650",
            "-subj", "/C=DE/O=Corp/CN=Corp Issuing CA",
            "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def encrypt(self, name, data):
        """As the unit's comment says."""
        kit.run("systemd-creds", "encrypt", "--with-key=host", f"--name={name}", "-",
                CREDENTIALS / f"certferry.{name}", input=None, stdin=self._file(data))

    def _file(self, data):
        path = self.folder / "plain"
        path.write_bytes(data)
        return path.open("rb")

    def issue(self, count=1):
        """Asks for certificates and waits until the devices have them; the contexts."""
        contexts = self.tenant.add_requests(per_device=count)
        self.wait_finished()
        return contexts

    def wait_finished(self):
        """Until every request is answered; tells both sides' view when that does not happen."""
        if not self.tenant.wait_finished(20):
            waiting = [(w.context, w.state, w.offers, w.history) for w in self.tenant.unfinished()]
            listed = kit.tool("requests", check=False)
            raise AssertionError(f"waiting: {waiting}\n{listed.stdout}{listed.stderr}{kit.tail()}")


@pytest.fixture(scope="session")
def site():
    folder = pathlib.Path("/run/certferry-test")
    folder.mkdir(mode=0o700)
    # What a killed service was given and had not stored yet is offered again after the lease.
    with Tenant(folder / "tenant", lease_seconds=4) as tenant:
        tenant.add_devices(1, platforms=["agent"], key_size=256, with_user=True)
        yield Site(tenant, folder)
        if os.environ.get("CERTFERRY_TEST_JOURNAL"):
            kit.run("journalctl", "--sync")
            pathlib.Path("/out/journal").write_text(
                kit.run("journalctl", "--no-pager").stdout)
