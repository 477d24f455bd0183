# SPDX-License-Identifier: Apache-2.0
"""An OpenLDAP server on 127.0.0.1 that looks like Active Directory as far as the connector asks.

    with Slapd(folder) as slapd:
        slapd.add(user, groups=[...]); slapd.start()
"""

import base64
import pathlib
import shutil
import socket
import subprocess
import sys
import time

from host import run

DATA = pathlib.Path(__file__).resolve().parent.parent / "contract/directory"
DOMAIN_USERS = "S-1-5-21-1004336348-1177238915-682003330-513"
PROGRAM = shutil.which("slapd", path="/usr/sbin:/usr/local/sbin:/usr/bin")


def sid_octets(text):
    """The octets of objectSid for "S-1-5-21-..."."""
    parts = [int(part) for part in text.split("-")[2:]]
    head = bytes([1, len(parts) - 1]) + parts[0].to_bytes(6, "big")
    return head + b"".join(part.to_bytes(4, "little") for part in parts[1:])


def _line(name, value):
    data = value if isinstance(value, bytes) else value.encode()
    return f"{name}:: {base64.b64encode(data).decode()}\n"


class Slapd:
    base, bind_dn, password = "dc=corp,dc=example", "cn=reader,dc=corp,dc=example", "horse staple"
    protection = "ldaps"

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        (self.folder / "db").mkdir(mode=0o700, parents=True)
        run(sys.executable, DATA / "certs.py", self.folder)
        self.ca_file = self.folder / "ca.pem"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.uri = f"ldaps://127.0.0.1:{self.port}"
        self._write_config()
        self._entries = ["dn: dc=corp,dc=example\nobjectClass: domain\ndc: corp\n"]
        self._process = None

    def _write_config(self):
        root = self.folder / "root.ldif"
        root.write_text(f"dn:\nobjectClass: top\ndefaultNamingContext: {self.base}\n")
        self.config = self.folder / "slapd.conf"
        self.config.write_text("\n".join([
            "include /etc/ldap/schema/core.schema", "include /etc/ldap/schema/cosine.schema",
            f"include {DATA / 'ad.schema'}", "modulepath /usr/lib/ldap", "moduleload back_mdb",
            f"TLSCertificateFile {self.folder}/good.pem",
            f"TLSCertificateKeyFile {self.folder}/good.pem", f"pidfile {self.folder}/pid",
            f"rootDSE {root}", "database mdb", f"directory {self.folder}/db", "dbnosync",
            "maxsize 16777216", f"suffix {self.base}", f"rootdn {self.bind_dn}",
            f'rootpw "{self.password}"', "",
        ]))
        self.config.chmod(0o600)

    def add(self, user, **changes):
        """An account for a user of the lab; groups: SIDs of all of them, nested ones included."""
        account = {
            "cn": user["userName"], "upn": user["userPrincipalName"],
            "sam": user["userPrincipalName"].split("@")[0][:20], "sid": None, "mail": None,
            "groups": [DOMAIN_USERS], **changes,
        }
        escaped = "".join("\\" + c if c in ',+"\\<>;=' else c for c in account["cn"])
        text = _line("dn", f"cn={escaped},{self.base}") + "objectClass: user\n"
        text += _line("cn", account["cn"]) + _line("userPrincipalName", account["upn"])
        text += _line("sAMAccountName", account["sam"]) + "userAccountControl: 512\n"
        if account["mail"]:
            text += _line("mail", account["mail"])
        if account["sid"]:
            text += _line("objectSid", sid_octets(account["sid"]))
        for group in account["groups"]:
            text += _line("tokenGroups", sid_octets(group))
        self._entries.append(text)

    def add_group(self, name, sid):
        self._entries.append(
            f"dn: cn={name},{self.base}\nobjectClass: group\ncn: {name}\nsAMAccountName: {name}\n"
            + _line("objectSid", sid_octets(sid)))

    def start(self):
        if self._entries:
            entries = self.folder / "entries.ldif"
            entries.write_text("\n".join(self._entries))
            run(PROGRAM.replace("slapd", "slapadd"), "-q", "-f", self.config, "-l", entries)
            self._entries = []
        self._process = subprocess.Popen(
            [PROGRAM, "-d", "0", "-f", str(self.config), "-h", self.uri],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        raise RuntimeError("slapd does not listen")

    def stop(self):
        if self._process:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
