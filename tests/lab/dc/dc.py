#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A Samba Active Directory domain controller, dc1.corp.example, in a network of its own.

    tests/lab/dc/run COMMAND...      a private network with a domain controller, and COMMAND in it

As a module: everything here has to run inside the namespaces that `run` makes. Nothing is written
outside `folder`; name resolution is bound over /etc/hosts and /etc/resolv.conf of the mount
namespace.
"""
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REALM = "CORP.EXAMPLE"
DOMAIN = "corp.example"
HOST = f"dc1.{DOMAIN}"
ADDRESS = "10.53.0.1"
ADMIN_PASSWORD = "Adm1n!of-the-lab"
START_SECONDS = 60

KRB5_CONF = f"""[libdefaults]
 default_realm = {REALM}
 dns_lookup_realm = false
 dns_lookup_kdc = false
 dns_canonicalize_hostname = false
 rdns = false
 udp_preference_limit = 1
[realms]
 {REALM} = {{
  kdc = {ADDRESS}
 }}
[domain_realm]
 .{DOMAIN} = {REALM}
"""


class DomainController:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.conf = self.folder / "etc/smb.conf"
        self.sam = self.folder / "private/sam.ldb"
        self.ca_file = self.folder / "private/tls/ca.pem"
        self.krb5_conf = self.folder / "krb5.conf"
        self.process = None
        self.environment = {}  # of Samba, beside ours

    def run(self, *command):
        result = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                                check=False)
        if result.returncode != 0:
            raise RuntimeError(f"{command[0]}: {result.stdout}{result.stderr}")
        return result.stdout

    def make_network(self, hosts=None):
        """hosts: {name: address} of others that are here, too."""
        hosts = hosts or {}
        for command in (
            "ip link set lo up",
            "ip link add dc0 type veth peer name dc1",
            f"ip addr add {ADDRESS}/24 dev dc0",
            "ip link set dc0 up",
            "ip link set dc1 up",
            # Not on dc0, whose addresses Samba takes for its own.
            *(f"ip addr add {address}/32 dev dc1" for address in hosts.values()),
        ):
            self.run(*command.split())
        # libsasl looks up the host's own name at each bind.
        self._bind("/etc/hosts",
                   f"127.0.0.1 localhost {socket.gethostname()}\n{ADDRESS} {HOST} dc1\n" +
                   "".join(f"{address} {name}\n" for name, address in hosts.items()))
        self._bind("/etc/resolv.conf", f"search {DOMAIN}\nnameserver {ADDRESS}\n")

    def _bind(self, target, text):
        source = self.folder / Path(target).name
        source.write_text(text)
        self.run("mount", "--bind", source, target)

    def provision(self, ca_certs=(), more_options=None):
        """ca_certs: files with certificates in DER, of the issuing CA, the second CA and the root."""
        for name in ("etc", "log", "run"):
            (self.folder / name).mkdir(parents=True)
        self.conf.touch()
        self.krb5_conf.write_text(KRB5_CONF)
        options = {
            "interfaces": "lo dc0",
            "bind interfaces only": "yes",
            "pid directory": self.folder / "run",
            "log file": self.folder / "log/log.%m",
            "ncalrpc dir": self.folder / "run/ncalrpc",
            "ntp signd socket directory": self.folder / "run/ntp_signd",
            "winbindd socket directory": self.folder / "run/winbindd",
            "dns forwarder": "127.0.0.1",
            "nbt port": "0",
            "server services": "-nbt,-wrepl,-dnsupdate,-winbindd,-s3fs",
            **(more_options or {}),
        }
        self.run(
            "samba-tool", "domain", "provision", f"--configfile={self.conf}", f"--realm={REALM}",
            "--domain=CORP", "--server-role=dc", "--dns-backend=SAMBA_INTERNAL",
            f"--adminpass={ADMIN_PASSWORD}", "--host-name=dc1", f"--host-ip={ADDRESS}",
            f"--targetdir={self.folder}", "--function-level=2008_R2",
            *(f"--option={name}={value}" for name, value in options.items()))
        self.run(sys.executable, HERE / "populate.py", self.conf, self.sam, *ca_certs)

    def export_keytab(self, principal, path):
        Path(path).unlink(missing_ok=True)
        self.run("samba-tool", "domain", "exportkeytab", path, f"--principal={principal}",
                 f"--configfile={self.conf}")
        os.chmod(path, 0o600)

    def tool(self, *command):
        """samba-tool on the database itself."""
        return self.run("samba-tool", *command, f"--configfile={self.conf}", "-H", self.sam)

    def start(self):
        log = (self.folder / "log/samba.out").open("ab")
        self.process = subprocess.Popen(
            ["samba", "-i", "-s", str(self.conf), "--no-process-group", "-M", "single"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env={**os.environ, "KRB5_CONFIG": str(self.krb5_conf), **self.environment})
        log.close()
        deadline = time.monotonic() + START_SECONDS
        # The ports of LDAP, LDAPS and Kerberos.
        for port in (389, 636, 88):
            while not self._answers(port):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the domain controller does not start; see {self.folder}/log")
                time.sleep(0.05)

    def _answers(self, port):
        try:
            socket.create_connection((ADDRESS, port), timeout=1).close()
        except OSError:
            return False
        return True

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


def main():
    folder = Path("/run/certferry-dc")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    dc = DomainController(folder)
    dc.make_network()
    dc.provision()
    dc.export_keytab("CONN1$", folder / "conn1.keytab")
    dc.start()
    print(f"KRB5_CONFIG={dc.krb5_conf} ldap://{HOST} ca_file={dc.ca_file} "
          f"keytab_file={folder}/conn1.keytab", flush=True)
    env = {**os.environ, "KRB5_CONFIG": str(dc.krb5_conf)}
    code = subprocess.run(sys.argv[1:] or ["bash"], env=env, check=False).returncode
    dc.stop()
    sys.exit(code)


if __name__ == "__main__":
    main()
