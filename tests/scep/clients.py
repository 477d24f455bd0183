# SPDX-License-Identifier: Apache-2.0
"""SCEP clients of Debian 12 behind one face: enrol, renew, poll."""

import os
import subprocess
import textwrap
import time

from cryptography import x509

from wire import pki


class ClientFailed(Exception):
    """What the client had to say."""


def command(*words, timeout=60, **options):
    done = subprocess.run([str(word) for word in words], capture_output=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, **options)
    if done.returncode != 0:
        raise ClientFailed((done.stdout + done.stderr).decode(errors="replace")[-30000:])
    return done.stdout


class Client:
    """One device in a folder of its own. `bundle` are the certificates of GetCACert."""

    def __init__(self, folder, url, challenge, bundle):
        self.folder, self.url, self.challenge = folder, url, challenge
        folder.mkdir(parents=True, exist_ok=True)
        self.sign, self.encrypt, self.issuer = (self._keep(name, one) for name, one in zip(
            ("ra-sign", "ra-encrypt", "issuer"), bundle))
        self.bundle = bundle

    def _keep(self, name, certificate):
        path = self.folder / f"{name}.pem"
        path.write_bytes(certificate.pem)
        return path

    def new_key(self, name="key", size=2048):
        path = self.folder / name
        if not path.exists():
            path.write_bytes(pki.key_pem(pki.rsa_key(size)))
            path.chmod(0o600)
        return path


class StrongSwan(Client):
    """Version 5.9.8 looks at the wrong capability bits, so it has to be told to use 3DES."""

    def certificates(self):
        command("pki", "--scepca", "--url", self.url, "--caout", "found-ca.pem", "--raout",
                "found-ra.pem", "--outform", "pem", "--force", cwd=self.folder)
        return sorted(path.name for path in self.folder.glob("found-*.pem"))

    def enrol(self, name, *, old=None, poll=15, digest="sha256", key=None):
        words = ["pki", "--scep", "--url", self.url, "--in", key or self.new_key(), "--dn",
                 f"C=CH, O=Corp, CN={name}", "--san", f"{name}.corp.example", "--password",
                 self.challenge, "--cacert-enc", self.encrypt, "--cacert-sig", self.sign,
                 "--cacert", self.issuer, "--cipher", "des3", "--digest", digest, "--interval",
                 "1", "--maxpolltime", str(poll), "--outform", "pem"]
        if old:
            words += ["--cert", old[0], "--key", old[1]]
        return x509.load_pem_x509_certificate(command(*words, timeout=poll + 60))

    def renew(self, name):
        """enrol() before: its certificate is signed away for a new key."""
        path = self.folder / "old.pem"
        path.write_bytes(self.enrol(name).public_bytes(pki.serialization.Encoding.PEM))
        return self.enrol(name, old=(path, self.new_key()), key=self.new_key("key2"))


class ScepClient(Client):
    """micromdm's: single DES and SHA-1, and a RenewalReq when it has a certificate."""

    def enrol(self, name):
        # -ca-fingerprint takes one certificate for everything; without it, it encrypts to all of them.
        command("scepclient", f"-server-url={self.url}", f"-challenge={self.challenge}",
                "-private-key", self.folder / "key.pem", "-certificate", self.folder / "cert.pem",
                "-cn", name, "-organization", "Corp", "-ou", "", "-country", "DE",
                cwd=self.folder)
        return x509.load_pem_x509_certificate((self.folder / "cert.pem").read_bytes())

    renew = enrol


class Certmonger(Client):
    """A session of its own: certmonger keeps its state in the home directory."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        self.environment = {
            **os.environ, "HOME": str(home), "TMPDIR": str(home),
            "XDG_CONFIG_HOME": str(home), "CERTMONGER_CONFIG_DIR": str(home)}

    def ask(self, *options):
        """What its helper gets: capabilities (-c) or certificates (-C)."""
        return command("/usr/lib/certmonger/scep-submit", "-u", self.url, "-i", "ca", *options,
                       env=self.environment).decode()

    def session(self, script, timeout=90):
        # The session's bus starts the daemon when it is asked for.
        text = f"set -eu\ngetcert add-scep-ca -s -c lab -u '{self.url}' -N '{self.issuer}'\n" \
            + textwrap.dedent(script)
        return command("dbus-run-session", "--", "sh", "-c", text, timeout=timeout,
                       cwd=self.folder, env=self.environment).decode()

    def request(self, name, then=""):
        """Enrols under the nickname r1; `then`: more of the shell's script, with -w to wait."""
        return self.session(f"""\
            getcert request -s -c lab -I r1 -k "$PWD/cm-key" -f "$PWD/cm-cert" -N 'CN={name}' \\
                -D {name}.corp.example -L '{self.challenge}' -w
            getcert list -s -i r1
            {then}
            """)

    def certificate(self, name="cm-cert"):
        return x509.load_pem_x509_certificate((self.folder / name).read_bytes())


def wait_for(claim, timeout=20):
    deadline = time.monotonic() + timeout
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
