# SPDX-License-Identifier: Apache-2.0
"""A connector host: the embedded CA's key and certificate, the configuration, the running daemon.

    with Tenant(lab) as tenant, Host(directory, tenant) as host:
        host.start()
        tenant.add_requests()
        assert tenant.wait_finished()
"""

import contextlib
import grp
import json
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))

class NotifySocket:
    """The service manager's end of sd_notify: read at once, or the daemon would have to wait."""

    def __init__(self, path):
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._messages, self._changed = [], threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        while True:
            message = self._socket.recv(65536).decode()
            with self._changed:
                self._messages.append(message)
                self._changed.notify_all()
            if not message:
                return

    def take(self, text, timeout):
        """The next message that holds the text, or None; what came before it is dropped."""
        with self._changed:
            if self._changed.wait_for(lambda: any(text in m for m in self._messages), timeout):
                index = next(i for i, m in enumerate(self._messages) if text in m)
                message = self._messages[index]
                del self._messages[: index + 1]
                return message
        return None

    def close(self):
        ender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ender.sendto(b"", self._socket.getsockname())
        ender.close()
        self._thread.join(5)
        self._socket.close()


CA_SUBJECT = "/C=DE/O=Corp/CN=Corp Issuing CA"
BUILD = pathlib.Path(os.environ.get("CERTFERRY_BUILD_DIR", "build"))


def run(*words, **options):
    """Runs a command to its end; its output is shown when it fails."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}: {done.stdout}{done.stderr}")
    return done.stdout


class Host:
    """One certferryd with its files below `directory`. Options of the configuration are kept in
    `config`, {section: {key: value}}, and written by start() and reload()."""

    def __init__(self, directory, tenant, *, key="rsa2048", environment=None, wrapper=()):
        self.directory = pathlib.Path(directory).resolve()
        self.tenant, self.environment, self.wrapper = tenant, environment or {}, list(wrapper)
        self.state = self.directory / "state"
        self.credentials = self.directory / "credentials"
        self.config_path = self.directory / "certferry.conf"
        self.log_path = self.directory / "certferryd.log"
        self.socket_path = self.directory / "control.sock"
        self.ca_path = self.directory / "ca.pem"
        self.crl_path = self.state / "corp.crl"
        self.process, self._notify = None, None
        for folder in (self.directory, self.state, self.credentials):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._make_secrets()
        self._make_ca()
        self.config = self._default_config(key)

    # -- files ----------------------------------------------------------------------------------
    def _secret(self, name, data):
        path = self.credentials / name
        if not path.exists():
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o400), "wb") as file:
                file.write(data)

    def _make_secrets(self):
        self._secret("store-key", secrets.token_bytes(32))
        self._secret("client-secret", (self.tenant.directory / "client-secret").read_bytes())

    def _make_ca(self):
        key_path = self.credentials / "ca-corp-key"
        if self.ca_path.exists():
            return
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key_path,
            "-out", self.ca_path, "-days", "3650", "-subj", CA_SUBJECT,
            "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        key_path.chmod(0o400)

    def _default_config(self, key):
        return {
            "connector": {"id": "lab-connector", "state_dir": self.state, "io_workers": "8"},
            "cloud": {
                "service": "custom", "authority": self.tenant.authority + "/",
                "graph": self.tenant.graph_url + "/", "resource": self.tenant.resource,
                "tenant": self.tenant.tenant_id, "client_id": self.tenant.client_id,
                "auth": "secret", "client_secret_file": "credential:client-secret",
                "ca_file": self.tenant.tls_ca.path, "poll_wait": "5s", "poll_interval": "200ms",
                "upload_delay": "50ms", "revocation_interval": "1s", "heartbeat_interval": "5s",
                "retry_min": "100ms", "retry_max": "1s",
            },
            "store": {"key_file": "credential:store-key"},
            "keys": {"pool_rsa2048": "8", "pool_p256": "8"},
            "pfx": {"allow_legacy": "yes"},
            "recipient": {"ca_file": self.tenant.device_ca.path},
            "retry": {"min": "100ms", "max": "1s"},
            "control": {"socket": self.socket_path, "group": grp.getgrgid(os.getgid()).gr_name},
            "ca corp": {
                "backend": "local", "host": "ca1.corp.example", "name": "Corp Issuing CA",
                "templates": "CertferryWiFi CertferryDevice", "cert_file": self.ca_path,
                "key_file": "credential:ca-corp-key", "crl_file": self.crl_path,
                "crl_url": "http://crl.corp.example/corp.crl",
            },
            "policy users": {
                "ca": "corp", "templates": "CertferryWiFi", "certificate_type": "user",
                "eku": "clientAuth", "max_validity": "365d",
            },
            "policy devices": {
                "ca": "corp", "templates": "CertferryDevice", "certificate_type": "device",
                "eku": "clientAuth", "max_validity": "365d",
            },
            "template CertferryWiFi": {"key": key, "eku": "clientAuth", "validity": "365d"},
            "template CertferryDevice": {"key": key, "eku": "clientAuth", "validity": "365d"},
        }

    def write_config(self):
        lines = []
        for section, options in self.config.items():
            lines += [f"[{section}]"]
            lines += [f"{name} = {value}" for name, value in options.items() if value is not None]
            lines += [""]
        self.config_path.write_text("\n".join(lines), encoding="utf-8")
        self.config_path.chmod(0o640)

    # -- the daemon -----------------------------------------------------------------------------
    @property
    def _environment(self):
        return {
            **os.environ, "CREDENTIALS_DIRECTORY": str(self.credentials),
            "NOTIFY_SOCKET": str(self.directory / "notify.sock"), **self.environment,
        }

    def program(self, *words):
        """Runs certferryd with other options and gives the finished process back."""
        self.write_config()
        return subprocess.run(
            [BUILD / "src/daemon/certferryd", "--config", self.config_path, *words],
            env=self._environment, capture_output=True, text=True, timeout=60,
        )

    def start(self, timeout=20.0):
        """Starts the daemon and waits for READY=1."""
        self.write_config()
        self._notify = NotifySocket(self.directory / "notify.sock")
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.wrapper, BUILD / "src/daemon/certferryd", "--config", self.config_path],
                env=self._environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        if not self.wait_notify("READY=1", timeout):
            raise RuntimeError(f"certferryd did not become ready:\n{self.log_tail()}")
        return self

    def wait_notify(self, text, timeout=20.0):
        """The next notification that holds `text`, or None when time is up or the daemon ended."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and self._notify:
            message = self._notify.take(text, 0.1)
            if message or self.process.poll() is not None:
                return message
        return None

    def stop(self, timeout=20.0):
        """SIGTERM; the exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout)
        self._forget()
        return code

    def kill(self):
        """SIGKILL, as a power cut would."""
        if self.process is not None:
            # The wrapper may be a tracer that would let go of the daemon when it is killed alone.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(20)
            self._wait_silent()
            self._forget()

    def _wait_silent(self):
        """A daemon whose tracer was waited for may need a moment more; nobody else reaps it."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                if probe.connect_ex(str(self.socket_path)) != 0:
                    return
            time.sleep(0.02)
        raise RuntimeError("the killed daemon still listens")

    def _forget(self):
        self.process = None
        self._notify.close()
        self._notify = None

    def reload(self):
        self.write_config()
        self.process.send_signal(signal.SIGHUP)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines=40):
        return "\n".join(self.log().splitlines()[-lines:])

    # -- the operator's tool ----------------------------------------------------------------------
    def tool(self, *words, check=True):
        """What the tool says; as an operator would, again when it asks for a moment's patience."""
        deadline = time.monotonic() + 30
        while True:
            done = subprocess.run(
                [BUILD / "src/ctl/certferry", "--config", self.config_path, *map(str, words)],
                env=self._environment, capture_output=True, text=True, timeout=60,
            )
            if "try again in a moment" not in done.stderr or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        if check and done.returncode != 0:
            raise RuntimeError(f"certferry {' '.join(map(str, words))}: {done.stdout}{done.stderr}")
        return done

    def ask(self, *words):
        """The result of a command as an object."""
        answer = json.loads(self.tool("--json", *words).stdout)
        return answer.get("result", answer)

    def signer(self):
        return self.ask("recipient-info")["pem"]

    # -- what a relying party sees ----------------------------------------------------------------
    def ca_pem(self):
        return self.ca_path.read_text()

    def revoked(self):
        """{serial: reason} of the published CRL, whose signature is checked first."""
        run("openssl", "crl", "-inform", "DER", "-in", self.crl_path, "-CAfile", self.ca_path,
            "-noout", "-verify")
        text = run("openssl", "crl", "-inform", "DER", "-in", self.crl_path, "-noout", "-text")
        found, serial = {}, None
        for line in map(str.strip, text.splitlines()):
            if line.startswith("Serial Number:"):
                serial = line.split(":", 1)[1].strip().upper()
                found[serial] = "unspecified"
            elif serial and not line.endswith(":") and "Reason Code" not in line and found:
                if line in ("Key Compromise", "Affiliation Changed", "Superseded",
                            "Cessation Of Operation", "Privilege Withdrawn"):
                    found[serial] = line
        return found
