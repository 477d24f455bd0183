# SPDX-License-Identifier: Apache-2.0
"""A node of the SCEP service: certferryd with its embedded CA, and certferry-scepd before it.

    with Node(directory) as node:
        node.start()
        node.device("wifi").enrol("phone-1", "secret").success()

Without a tenant there is no cloud. Nodes that are to answer for each other are made by `sibling`.
"""

import contextlib
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import subprocess
import time
import types

from host import BUILD, Host, NotifySocket, run
from wire import http
from wire.device import Device

CHALLENGE = "tr0ub4dor-and-3-words-more"
# section: options besides ca, template and certificate_type
PROFILES = {
    "wifi": {"default": "yes", "challenge": "static", "challenge_file": "credential:challenge"},
    "once": {"challenge": "one-time"},
    "renew": {"challenge": "static", "challenge_file": "credential:challenge",
              "renewal": "certificate", "renewal_window": "100"},
    "ec": {"challenge": "static", "challenge_file": "credential:challenge", "keys": "p256 p384"},
    "hard": {"challenge": "static", "challenge_file": "credential:challenge",
             "allow_sha1": "no", "allow_3des": "no", "get_cert": "no", "get_crl": "no"},
    "old": {"challenge": "static", "challenge_file": "credential:challenge", "allow_sha1": "yes",
            "allow_3des": "yes", "allow_single_des": "yes", "renewal": "certificate",
            "renewal_window": "100"},
    "lists": {"challenge": "static", "challenge_file": "credential:challenge"},
    "usage": {"challenge": "static", "challenge_file": "credential:challenge",
              "key_usage": "digitalSignature"},
    "clock": {"challenge": "static", "challenge_file": "credential:challenge",
              "clock_tolerance": "0"},
}
TEMPLATES = "Scep ScepSlow ScepSign ScepEncrypt"


class NoTenant:
    """Stands where the lab's tenant is when there is none."""

    authority = graph_url = resource = tenant_id = client_id = "none"

    def __init__(self, directory):
        self.directory = directory
        (directory / "client-secret").write_bytes(b"none")
        self.tls_ca = self.device_ca = types.SimpleNamespace(path=directory / "ca.pem")


class Scepd:
    """The front door of a node, over the node's configuration file."""

    def __init__(self, node):
        self.node, self.process, self._notify = node, None, None
        self.log_path = node.directory / "certferry-scepd.log"

    def start(self, timeout=20.0):
        notify_path = self.node.directory / "notify-scepd.sock"
        self._notify = NotifySocket(notify_path)
        environment = {**self.node._environment, "NOTIFY_SOCKET": str(notify_path)}
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [BUILD / "src/scepd/certferry-scepd", "--config", self.node.config_path],
                env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                start_new_session=True)
        deadline = time.monotonic() + timeout
        while not self._notify.take("READY=1", 0.1):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"certferry-scepd did not become ready:\n{self.log()[-4000:]}")
        return self

    def end(self, signal_number, timeout=20.0):
        """The exit status; None when it was not running."""
        if self.process is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal_number)
        code = self.process.wait(timeout)
        self._notify.close()
        self.process = self._notify = None
        return code

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""


class Node(Host):
    """profiles: {name: options}, [scep-profile] sections; options are those of [scep]."""

    def __init__(self, directory, tenant=None, *, profiles=None, origin=None, **options):
        directory = pathlib.Path(directory).resolve()
        directory.mkdir(parents=True, exist_ok=True)
        self.profiles = PROFILES if profiles is None else profiles
        if origin:
            self._copy(origin, directory)
        super().__init__(directory, tenant or NoTenant(directory))
        if isinstance(self.tenant, NoTenant):
            self.config["cloud"] = {"service": "none"}
        self.port = http.free_port()
        self.scepd = Scepd(self)
        self._add_scep(options)

    @staticmethod
    def _copy(origin, directory):
        """Secrets and CA certificate of another node: together they are one service."""
        shutil.copytree(origin.credentials, directory / "credentials")
        shutil.copy(origin.ca_path, directory / "ca.pem")

    def sibling(self, directory, **options):
        """Another node with the same secrets and the same configuration; [store] has to be shared."""
        other = Node(directory, None if isinstance(self.tenant, NoTenant) else self.tenant,
                     profiles=self.profiles, origin=self, **options)
        other.config["connector"]["id"] = f"lab-{directory.name}"
        for section in ("store", "cloud"):
            other.config[section] = dict(self.config[section])
        return other

    def _make_secrets(self):
        super()._make_secrets()
        self._secret("ra-key", secrets.token_bytes(32))
        self._secret("challenge", CHALLENGE.encode() + b"\n")

    def _add_scep(self, options):
        config = self.config
        for section in [name for name in config if name.startswith(("policy ", "template "))]:
            del config[section]
        config["ca corp"]["templates"] = TEMPLATES
        config["template Scep"] = {
            "key": "rsa2048", "eku": "clientAuth", "validity": "30d",
            "key_usage": "digitalSignature keyEncipherment"}
        config["template ScepSlow"] = {**config["template Scep"], "approval": "yes"}
        config["template ScepSign"] = {
            "key": "rsa2048", "eku": "1.3.6.1.4.1.311.20.2.1", "validity": "365d", "key_usage": "digitalSignature"}
        config["template ScepEncrypt"] = {
            **config["template ScepSign"], "key_usage": "keyEncipherment"}
        config["policy scep"] = {
            "ca": "corp", "templates": "Scep ScepSlow", "certificate_type": "both",
            "eku": "clientAuth", "refused_groups": "none",
            "subject_allow": "CN=* O=Corp OU=* C=* E=*@corp.example serialNumber=*",
            "subject_refuse": "CN=admin*"}
        config["scep"] = {
            "listen": f"127.0.0.1:{self.port}", "socket": self.directory / "scep.sock",
            "socket_user": pwd.getpwuid(os.geteuid()).pw_name, "ra_key_file": "credential:ra-key",
            "ra_sign_template": "ScepSign", "ra_encryption_template": "ScepEncrypt", **options}
        for name, more in self.profiles.items():
            config[f"scep-profile {name}"] = {
                "ca": "corp", "template": "Scep", "certificate_type": "device", **more}

    # -- running ----------------------------------------------------------------------------------
    @property
    def server(self):
        return http.Server(self.port)

    def start(self, timeout=20.0, serve=True):
        super().start(timeout)
        if serve:
            self.serve()
        return self

    def serve(self, timeout=20.0):
        """Starts the front door and waits until it has its certificates."""
        self.scepd.start(timeout)
        deadline = time.monotonic() + timeout
        path = f"/scep/{next(iter(self.profiles))}"
        while True:
            with contextlib.suppress(OSError, http.NoAnswer):
                if self.server.get(path, "GetCACert").status == 200:
                    return self
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"no RA certificates:\n{self.scepd.log()[-3000:]}\n{self.log_tail()}")
            time.sleep(0.05)

    def stop(self, timeout=20.0):
        code = self.scepd.end(signal.SIGTERM, timeout)
        assert code in (None, 0), f"{code}: {self.scepd.log()[-4000:]}"
        return super().stop(timeout)

    def kill(self):
        self.scepd.end(signal.SIGKILL)
        super().kill()

    def kill_daemon(self):
        """SIGKILL for certferryd alone; start_daemon() brings it back."""
        super().kill()

    def start_daemon(self, timeout=20.0):
        return super().start(timeout)

    def check_logs(self):
        """No sanitizer spoke in either process."""
        for text in (self.log(), self.scepd.log()):
            assert "ERROR: AddressSanitizer" not in text, text[-6000:]
            assert "runtime error:" not in text, text[-6000:]

    # -- what tests ask of it -----------------------------------------------------------------------
    def device(self, profile="wifi", **options):
        return Device(self.server, f"/scep/{profile}", **options).discover()

    @staticmethod
    def device_like(other, **options):
        """Another device with the key and the discoveries of one that there is."""
        made = Device(other.server, other.path, key=options.pop("key", other.key), **options)
        return made.trust(other)

    def new_challenge(self, profile, *words):
        return self.ask("scep", "challenge", profile, *words)["challenge"]

    def issued(self):
        """Certificates of the embedded CA's own table, RA certificates left out."""
        return [one for one in self.certificates() if "RA" not in one.x509.subject.rfc4514_string()]

    def verify(self, certificate, *purposes):
        """openssl verify against the node's CA."""
        path = self.directory / "verify.pem"
        path.write_bytes(certificate.pem)
        return run("openssl", "verify", "-x509_strict", "-CAfile", self.ca_path, *purposes, path)

