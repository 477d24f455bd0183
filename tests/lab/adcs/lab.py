# SPDX-License-Identifier: Apache-2.0
"""The domain with its certification authorities: everything up, in the namespaces of tests/lab/dc/run.

    with Lab(folder) as lab:
        lab.ca1.faults.add("refuse", code=0x80094012)
"""
import sys
from pathlib import Path

LAB = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(LAB), str(LAB / "dc")]

import dc as domain  # noqa: E402
import pki as directory  # noqa: E402
import populate  # noqa: E402

from . import csra, dcom, icpr, module  # noqa: E402
from .ca import Authority  # noqa: E402
from .ces import EnrollmentServer  # noqa: E402
from .issue import Signer, pki  # noqa: E402
from .proxy import Host  # noqa: E402
from .relay import Relay  # noqa: E402

ADDRESSES = {"ca1.corp.example": "10.53.0.11", "ca2.corp.example": "10.53.0.12"}
SAMBA_PORT, SERVICE_PORT, HTTPS_PORT = 49300, 49200, 443


class Lab:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.root = Signer(directory.ROOT_CA)
        self.signers = {name: Signer(name, self.root)
                        for name in (directory.ISSUING_CA, directory.SECOND_CA)}
        self.stranger = Signer("Somebody's CA")
        self.dc = domain.DomainController(self.folder / "dc")
        self.authorities, self.hosts = [], {}
        self.relay = self.ces = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # -- up and down --------------------------------------------------------------------------------
    def start(self):
        for name in ("dc", "ca"):
            (self.folder / name).mkdir(parents=True, mode=0o700)
        self._prepare_module()
        self._make_authorities()
        self.dc.make_network(ADDRESSES)
        self.dc.provision(
            [self.folder / f"ca/{name}.der" for name in ("issuing", "second", "root")],
            {"dcerpc endpoint servers": "+certferrylab"})
        self._make_credentials()
        self.relay = Relay(self.folder / "ca/rpc.sock", self._handlers())
        self.dc.environment["CERTFERRY_LAB_CA_SOCKET"] = self.relay.path
        self.dc.start()
        for host, address in ADDRESSES.items():
            self.hosts[host] = Host(address, {
                135: (domain.ADDRESS, 135), SERVICE_PORT: (domain.ADDRESS, SAMBA_PORT)})
        self.ces = EnrollmentServer(self.ca1, ADDRESSES[self.ca1.host], HTTPS_PORT, self.folder / "ca",
                                    self.root, self.folder / "http.keytab",
                                    {"svc-certferry@corp.example": populate.SERVICE_PASSWORD})
        return self

    def _prepare_module(self):
        built = self.folder / "certferrylab.so"
        module.build(built)
        module.install(built, self.folder)

    def _make_authorities(self):
        folder = self.folder / "ca"
        self.root.save(folder, "root")
        for label, (name, signer) in zip(("issuing", "second"), self.signers.items(), strict=True):
            signer.save(folder, label)
            self.authorities.append(Authority(name, directory.HOSTS[name], signer, folder,
                                              other=self.stranger))
        self.ca1, self.ca2 = self.authorities

    def _make_credentials(self):
        for principal, name in (("CONN1$", "conn1"), ("svc-certferry", "svc"),
                                (f"HTTP/{self.ca1.host}", "http")):
            self.dc.export_keytab(principal, self.folder / f"{name}.keytab")
        password = self.folder / "svc-password"
        password.write_text(populate.SERVICE_PASSWORD)
        password.chmod(0o600)
        certificate, key = self.root.client_certificate("CONN1$")
        (self.folder / "client.pem").write_text(certificate)
        pki.write_private(self.folder / "client.key", key)

    def _handlers(self):
        self.activator = dcom.Activator(self.authority_at, SERVICE_PORT)
        admin = csra.CertAdmin(self.activator.objects)
        return {icpr.INTERFACE: icpr.CertPassage(self.authority_at), dcom.ACTIVATOR: self.activator,
                csra.ADMIN: admin, csra.ADMIN2: admin, dcom.UNKNOWN: self.activator.release}

    def authority_at(self, address):
        """The CA behind a proxy's address; Samba's own stands for the first."""
        for authority in self.authorities:
            if ADDRESSES[authority.host] == address:
                return authority
        return self.ca1

    def stop(self):
        for authority in self.authorities:
            authority.stopped.set()
        for part in (*self.hosts.values(), self.ces, self.relay):
            if part:
                part.stop()
        self.dc.stop()
        for authority in self.authorities:
            authority.stop()

    # -- between tests --------------------------------------------------------------------------------
    def calm(self):
        """Nothing misbehaves any more."""
        for authority in self.authorities:
            authority.faults.clear()
        for host in self.hosts.values():
            host.wire.clear()
        self.ces.calm()

    @property
    def errors(self):
        return self.relay.errors + self.ces.errors


def missing():
    """Why the authorities cannot run here, or None."""
    return module.missing()
