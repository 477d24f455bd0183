# SPDX-License-Identifier: Apache-2.0
"""The tenant: one object that owns everything the simulated service knows.

    with Tenant(directory) as tenant:
        tenant.add_devices(5)
        tenant.add_requests()
        ...
        assert tenant.violations == []
"""

import base64
import json
import pathlib
import random
import secrets
import threading
import time
import uuid

from cryptography import x509

from . import discovery, envelope, expected, malformed, orders, pki
from .application import Application
from .connector import Connector, Work
from .devices import Fleet
from .events import Events
from .faults import Faults
from .journal import Journal
from .management import Management
from .oauth import Identity, resource_of
from .revocation import Revocations
from .scep_service import ScepService
from .schema import Schema
from .server import Server

APP_ID = "0000000a-0000-0000-c000-000000000000"
RESOURCE = "https://api.manage.lab.example"


class Tenant:
    """Files are made in `directory` on first use and kept, so a restart is the same tenant.

    port 0 takes the port of the last start when it is free; mtls lets a certificate of the
    client CA stand in for the bearer token; echo is called with each journal entry.
    """

    def __init__(self, directory, *, port=0, seed=1, mtls=False, token_lifetime=3600,
                 lease_seconds=300, retry_seconds=2.0, offer_seconds=30.0, app_id=APP_ID,
                 resource=RESOURCE, echo=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.mtls, self.app_id, self.resource = mtls, app_id, resource_of(resource)
        self.publish_service, self.discovery_pages = True, False
        self.publish_scep, self.scep_base, self.scep_before = True, discovery.SCEP_BASE, set()
        self.lab_errors = []  # answers of the lab itself that break the document
        self.stopping = threading.Event()
        self.schema, self.faults = Schema(), Faults()
        self.journal = Journal(self.directory / "journal.jsonl", echo)
        self.seen_ids, self.seen_lock = {}, threading.Lock()  # id: journal entry

        self.tls_ca = pki.Authority(self.directory, "tls-ca", "certferry lab TLS CA")
        self.device_ca = pki.Authority(self.directory, "device-ca", "certferry lab device CA")
        self.client_ca = pki.Authority(self.directory, "client-ca", "certferry lab client CA")
        self.rogue_ca = pki.Authority(self.directory, "rogue-ca", "certferry lab device CA")
        self._facts = self._load_facts(seed)
        self.identity = Identity(
            self._facts["tenantId"], self._facts["clientId"],
            (self.directory / "client-secret").read_text().strip(), token_lifetime,
        )
        for certificate in self._facts["assertionCertificates"]:
            self.identity.register(certificate)
        self.admin_token = secrets.token_urlsafe(32)
        pki.write_private(self.directory / "admin-token", self.admin_token + "\n")
        self.application, self.allow_add_key = Application(self), True
        self.fleet = Fleet(self.directory, self.device_ca, self._facts["seed"])
        self.connector = Connector(lease_seconds, retry_seconds)
        self.revocations = Revocations(offer_seconds)
        self._restore_state()
        self.events = Events(self.management)
        self.server = Server(self, port or self._facts.get("port", 0), strict=bool(port))
        self._facts["port"] = self.server.port
        self._save_facts()
        self.identity.resources = {self.graph_url, self.resource}

    # -- addresses ------------------------------------------------------------------------------
    @property
    def port(self):
        return self.server.port

    @property
    def base_url(self):
        return f"https://127.0.0.1:{self.port}"

    authority = base_url

    @property
    def graph_url(self):
        return self.base_url + "/graph"

    @property
    def service_url(self):
        return self.base_url + discovery.SERVICE_BASE

    @property
    def scep_url(self):
        return self.base_url + self.scep_base

    @property
    def discovery_path(self):
        return f"/graph/v1.0/servicePrincipals/appId={self.app_id}/endpoints"

    @property
    def token_url(self):
        return f"{self.base_url}/{self.tenant_id}/oauth2/v2.0/token"

    @property
    def tenant_id(self):
        return self.identity.tenant_id

    @property
    def client_id(self):
        return self.identity.client_id

    @property
    def violations(self):
        """What the connector did against the protocol; tests assert that it is empty."""
        return self.journal.violations

    # -- life -----------------------------------------------------------------------------------
    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.stopping.is_set():
            return
        self.stopping.set()
        self.server.stop()
        self._save_state()
        self.journal.close()

    def _load_facts(self, seed):
        path = self.directory / "tenant.json"
        if path.exists():
            return json.loads(path.read_text())
        source = random.Random(f"tenant {seed}")
        facts = {
            "tenantId": str(uuid.UUID(int=source.getrandbits(128), version=4)),
            "clientId": str(uuid.UUID(int=source.getrandbits(128), version=4)),
            "seed": seed,
            "assertionCertificates": [],
        }
        pki.write_private(self.directory / "client-secret", secrets.token_urlsafe(30) + "\n")
        return facts

    def _save_facts(self):
        path = self.directory / "tenant.json"
        path.write_text(json.dumps(self._facts, indent=1))

    def _save_state(self):
        with self.connector.changed, self.revocations.changed:
            saved = {
                "work": [work.describe() for work in self.connector.work],
                "revocations": self.revocations.items, "management": self.management.save(),
                "scep": self.scep.save(),
            }
            text = json.dumps(saved, ensure_ascii=False)
        (self.directory / "state.json").write_text(text, encoding="utf-8")

    def _restore_state(self):
        path, saved = self.directory / "state.json", {}
        if path.exists():
            saved = json.loads(path.read_text(encoding="utf-8"))
            for work in saved["work"]:
                self.connector.add(Work.restore(work))
            self.revocations.restore(saved["revocations"])
        self.management = Management(self, saved.get("management"))
        self.scep = ScepService(self.directory, self.tenant_id, saved.get("scep"))

    def move_scep(self, base):
        """The SCEP service lives elsewhere from now on; nobody answers at its old place."""
        self.scep_before.add(self.scep_base)
        self.scep_base = base

    # -- what an administrator of the tenant does -----------------------------------------------
    def register_certificate(self, certificate_pem):
        mark = self.identity.register(certificate_pem)
        text = certificate_pem if isinstance(certificate_pem, str) else certificate_pem.decode()
        if text not in self._facts["assertionCertificates"]:
            self._facts["assertionCertificates"].append(text)
            self._save_facts()
        return mark

    def unregister_certificate(self, mark):
        return self.identity.unregister(mark)

    def issue_client_certificate(self, name="connector"):
        """Writes NAME-client.key and NAME-client.pem for mutual TLS and returns both paths."""
        key = pki.new_key(256)
        certificate = pki.client_certificate(self.client_ca, name, key.public_key())
        key_path = self.directory / f"{name}-client.key"
        cert_path = self.directory / f"{name}-client.pem"
        pki.write_private(key_path, pki.key_pem(key))
        cert_path.write_bytes(pki.pem(certificate))
        return key_path, cert_path

    def add_users(self, count):
        users = self.fleet.add_users(count)
        self.fleet.save()
        return users

    def add_devices(self, count, **options):
        return self.fleet.add_devices(count, **options)

    def add_request(self, request, thumbprint=None):
        """Queues a request as it is, after checking it against the document.

        thumbprint: of the only certificate that may come back, where only the lab knows it.
        """
        leased = dict(request, leaseExpiresUtc="2000-01-01T00:00:00Z")
        problems = self.schema.named("PkcsRequest", leased)
        if problems:
            raise ValueError(f"not a PkcsRequest: {problems}")
        self.connector.add(Work(request, thumbprint=thumbprint))
        return request["requestContext"]

    def add_requests(self, devices=None, per_device=1, key_sizes=(None,), kinds=None, **options):
        """One request (or per_device) for each device, in turn over key sizes and user/device."""
        devices = list(self.fleet.devices.values()) if devices is None else devices
        contexts, count = [], 0
        for device in devices:
            device = self.fleet.devices[device] if isinstance(device, str) else device
            usable = [k for k in kinds or ("user", "device") if k == "device" or device.user]
            for _ in range(per_device):
                request = orders.make_request(
                    device, usable[count % len(usable)] if usable else "device",
                    key_sizes[count % len(key_sizes)], **options,
                )
                contexts.append(self.add_request(request))
                count += 1
        return contexts

    def add_malformed(self, kinds=None, device=None):
        """Queues one request of each kind of malformed.KINDS; returns {kind: Work}."""
        device = device or next(iter(self.fleet.devices.values()), None) or self.add_devices(1)[0]
        made = {}
        for kind in kinds or malformed.KINDS:
            request, codes = malformed.make(kind, self, device)
            made[kind] = Work(request, well_formed=False, expected=codes, kind=kind)
            self.connector.add(made[kind])
        return made

    def malformed_problems(self):
        """How the answers to malformed requests differ from what they should be; [] is right."""
        found = []
        for work in self.connector.work:
            if work.well_formed or not work.context:
                continue
            result = work.result or {}
            if work.state != "finished" or result.get("status") != "failed":
                found.append(f"{work.kind}: {work.state}, {result.get('status')}")
            elif result["errorCode"] not in work.expected:
                found.append(f"{work.kind}: {result['errorCode']} {result['errorMessage']}")
        return found

    def retire(self, device_ids, thumbprints=None):
        """Asks for the revocation of every certificate the devices got, or of some of them; the
        contexts. Imported ones are of other CAs and not meant. events.py knows who asks when."""
        contexts, seen = [], set()
        for work in list(self.connector.work):
            result = work.result or {}
            if result.get("status") != "issued" or work.request["device"]["id"] not in device_ids:
                continue
            mark = result["certificateThumbprint"]
            if work.request["requestType"] == "importPfx" or mark in seen:
                continue
            if thumbprints is not None and mark not in thumbprints:
                continue
            seen.add(mark)
            contexts.append(self.revocations.add(
                result["certificateSerialNumber"], result["issuingCertificateAuthority"],
                result.get("caConfiguration"), device=work.request["device"]["id"],
            ))
        return contexts

    # -- what tests look at -----------------------------------------------------------------------
    def work(self, context):
        return self.connector.by_context[context]

    def results(self):
        return {
            context: work.result for context, work in self.connector.by_context.items()
            if work.state == "finished"
        }

    def unfinished(self):
        return [w for w in self.connector.work if w.state in ("waiting", "leased")]

    def unrevoked(self):
        return [i for i in self.revocations.items if i["state"] != "finished"]

    def wait(self, condition, timeout=30.0):
        """Polls until condition(tenant) is true; False when time is up."""
        deadline = time.time() + timeout
        while not condition(self):
            if time.time() > deadline:
                return False
            time.sleep(0.02)
        return True

    def wait_finished(self, timeout=60.0):
        return self.wait(lambda tenant: not tenant.unfinished(), timeout)

    def wait_revoked(self, timeout=60.0):
        return self.wait(lambda tenant: not tenant.unrevoked(), timeout)

    def open(self, context, signers, issuers, names=True, **options):
        """Lets the device open its result; signers and issuers are PEM texts or bytes.

        names: the certificate also has to say what the profile asked for.
        """
        work = self.work(context)
        device = self.fleet.devices[work.request["device"]["id"]]
        found = envelope.open_result(
            device, work.request, work.result, signers, issuers, **options
        )
        if names and work.request["requestType"] in ("issue", "renew"):
            certificate = x509.load_der_x509_certificate(self.certificate_der(context))
            wrong = expected.differences(work.request, certificate)
            if wrong:
                raise envelope.Refused("; ".join(wrong))
        return found

    def certificate_der(self, context):
        return base64.b64decode(self.work(context).result["certificate"])
