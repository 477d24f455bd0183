# SPDX-License-Identifier: Apache-2.0
"""An authority as AD CS behaves: its database of requests, its policy, its roles. No protocol here.

    ca = Authority("Corp Issuing CA", "ca1.corp.example", signer, folder)
    row = ca.submit(csr, attributes, caller)     # caller: Caller("CORP\\CONN1$", sids)
    ca.approve(row["id"]); ca.revoke(serial, 1)
"""
import contextlib
import dataclasses
import hashlib
import sqlite3
import threading
import time

from cryptography import x509

from . import codes, issue, templates
from .csr import Csr, Refused
from .faults import Drop, Faults, RpcFault, Silence

ROLE_ADMIN, ROLE_OFFICER, ROLE_READ, ROLE_ENROLL = 1, 2, 0x100, 0x200
SCHEMA = """CREATE TABLE IF NOT EXISTS request (id INTEGER PRIMARY KEY, csr BLOB, csr_hash TEXT,
    attributes TEXT, caller TEXT, template TEXT, disposition INTEGER, message TEXT, serial TEXT,
    cert BLOB, response BLOB, reason INTEGER, revoked_filetime INTEGER, at REAL, way TEXT)"""


@dataclasses.dataclass
class Caller:
    account: str
    sids: tuple = ()
    way: str = "rpc"

    @property
    def name(self):
        return self.account.rpartition("\\")[2].partition("@")[0]


class Authority:
    def __init__(self, name, host, signer, folder, *, offered=None, other=None):
        self.name, self.host, self.signer, self.other = name, host, signer, other
        self.faults, self.templates = Faults(), templates.of_directory()
        self._first_offered = templates.pki.PUBLISHED[name] if offered is None else offered
        self.offered = set(self._first_offered)
        # {account: roles}; enrolling is everybody's by default, as "Authenticated Users" have it.
        self.roles = dict.fromkeys(templates.pki.ACCOUNTS, ROLE_OFFICER | ROLE_READ | ROLE_ENROLL)
        self.role_of_others = ROLE_READ | ROLE_ENROLL
        self.has_attribute_end_date = False  # EDITF_ATTRIBUTEENDDATE
        self.stopped, self.calls, self._epoch = threading.Event(), [], 0
        self._lock = threading.RLock()
        self._base = sqlite3.connect(folder / f"{host}.db", check_same_thread=False)
        self._base.row_factory = sqlite3.Row
        self._base.execute(SCHEMA)

    # -- the database -----------------------------------------------------------------------------
    def _write(self, text, *values):
        with self._lock, self._base:
            return self._base.execute(text, values).lastrowid

    def rows(self, where="1", *values):
        with self._lock:
            return list(map(dict, self._base.execute(
                f"SELECT * FROM request WHERE {where} ORDER BY id", values)))

    def row(self, number):
        found = self.rows("id = ?", number)
        return found[0] if found else None

    def issued(self):
        """Rows with a certificate, in the order in which they came."""
        return self.rows("cert IS NOT NULL")

    def issued_per_csr(self):
        found = {}
        for row in self.issued():
            found.setdefault(row["csr_hash"], []).append(row["id"])
        return found

    def _set(self, number, **values):
        names = ", ".join(f"{name} = ?" for name in values)
        self._write(f"UPDATE request SET {names} WHERE id = ?", *values.values(), number)

    def forget(self):
        """An empty database and the rights of the start, as for a CA that was just set up."""
        self._epoch += 1
        self._write("DELETE FROM request")
        self.calls.clear()
        self.roles = dict.fromkeys(templates.pki.ACCOUNTS, ROLE_OFFICER | ROLE_READ | ROLE_ENROLL)
        self.offered = set(self._first_offered)
        self.has_attribute_end_date = False

    # -- enrolment --------------------------------------------------------------------------------
    def role(self, caller):
        return self.roles.get(caller.name, self.role_of_others)

    def before(self, call):
        """Faults that strike before a call does anything; every front end asks."""
        self.calls.append((call, time.time()))
        if wait := self.faults.take("hang"):
            epoch = self._epoch
            self.stopped.wait(wait["seconds"])
            if epoch != self._epoch:
                raise Drop
        if self.faults.take("drop"):
            raise Drop
        if fault := self.faults.take("fault"):
            raise RpcFault(fault["status"])

    def after(self, is_request):
        """Faults that strike a new request when everything is done but the answer."""
        if not is_request:
            return
        if self.faults.take("lose"):
            raise Drop
        if self.faults.take("silent"):
            raise Silence

    def submit(self, data, attributes, caller):
        """The new row. attributes: {name: value} that came beside the CSR."""
        number = self._write(
            "INSERT INTO request (csr, csr_hash, attributes, caller, disposition, at, way) "
            "VALUES (?, ?, ?, ?, 0, ?, ?)", data, hashlib.sha256(data).hexdigest(),
            "\n".join(f"{k}:{v}" for k, v in attributes.items()), caller.account, time.time(),
            caller.way)
        try:
            if refusal := self.faults.take("refuse"):
                raise Refused(refusal["code"], refusal.get("message"))
            csr = Csr(data)
            template = self._template(csr, attributes)
            self._set(number, template=template.name)
            self._judge(csr, template, caller)
            if template.pends:
                self._set(number, disposition=codes.PENDING, message="Taken Under Submission")
            else:
                self._issue(number, csr, template, caller.account, attributes)
        except Refused as refused:
            self._set(number, disposition=refused.code, message=str(refused))
        return self.row(number)

    def _template(self, csr, attributes):
        words = csr.template_words()
        words += [("name", value) for name, value in attributes.items()
                  if name.lower() == "certificatetemplate"]
        if not words:
            raise Refused(codes.CERTSRV_E_NO_CERT_TYPE)
        meant = [self._find(word) for word in words]
        if len({template.name for template in meant}) != 1:
            raise Refused(codes.CERTSRV_E_TEMPLATE_CONFLICT)
        return meant[0]

    def _find(self, word):
        kind, value, *version = word
        for template in self.templates.values():
            if template.name not in self.offered:
                continue
            if value.lower() == template.name.lower() if kind == "name" else value == template.oid:
                if version and tuple(version) > (templates.MAJOR, templates.MINOR):
                    raise Refused(codes.CERTSRV_E_TEMPLATE_VERSION)
                return template
        raise Refused(codes.CERTSRV_E_UNSUPPORTED_CERT_TYPE)

    def _judge(self, csr, template, caller):
        if not self.role(caller) & ROLE_ENROLL:
            raise Refused(codes.CERTSRV_E_ENROLL_DENIED)
        if not template.everyone and caller.name not in template.accounts:
            raise Refused(codes.CERTSRV_E_TEMPLATE_DENIED)
        if template.is_ec != csr.is_ec or csr.key_bits < template.min_key:
            raise Refused(codes.CERTSRV_E_KEY_LENGTH)
        if template.supplies_subject and not csr.has_name():
            raise Refused(codes.CERTSRV_E_BAD_REQUESTSUBJECT)

    def _issue(self, number, csr, template, account, attributes):
        signer = self.other if self.other and self.faults.take("other_ca") else self.signer
        asked = issue.validity_of(attributes) if self.has_attribute_end_date else None
        certificate = issue.certificate_for(signer, csr, template, account, number,
                                            self.faults.take, asked)
        chain = [] if self.faults.take("no_chain") else signer.chain
        self._set(number, disposition=codes.ISSUED, message="Issued",
                  serial=issue.serial_text(certificate), cert=issue.pki.der(certificate),
                  response=issue.response_of([certificate, *chain]))

    def inspect(self, number):
        """What a poll hears: (disposition, row or None, message)."""
        row = self.row(number)
        if row is None:
            return codes.CERTSRV_E_PROPERTY_EMPTY, None, codes.words(codes.CERTSRV_E_PROPERTY_EMPTY)
        return row["disposition"], row, row["message"]

    # -- what certificate managers do ---------------------------------------------------------------
    def approve(self, number):
        row = self.row(number)
        if row is None or row["disposition"] != codes.PENDING:
            raise Refused(codes.CERTSRV_E_BAD_REQUESTSTATUS)
        attributes = dict(line.split(":", 1) for line in row["attributes"].splitlines())
        self._issue(number, Csr(row["csr"]), self.templates[row["template"]], row["caller"],
                    attributes)

    def deny(self, number):
        row = self.row(number)
        if row is None or row["disposition"] != codes.PENDING:
            raise Refused(codes.CERTSRV_E_BAD_REQUESTSTATUS)
        self._set(number, disposition=codes.DENIED,
                  message=codes.words(codes.CERTSRV_E_ADMIN_DENIED_REQUEST))

    def revoke(self, serial, reason, filetime=0):
        """HRESULT. The comparison is of characters, as the database makes it."""
        if reason not in (0, 1, 2, 3, 4, 5, 6, 8, 0xFFFFFFFF) or len(serial) % 2:
            return codes.E_INVALIDARG
        found = self.rows("serial = ?", serial)
        if not found:
            return codes.E_INVALIDARG
        [row] = found
        held = row["reason"] == 6
        if row["reason"] is not None and reason == 6 and not held:
            return codes.ERROR_INVALID_DATA
        if reason == 0xFFFFFFFF:
            if not held:
                return codes.ERROR_INVALID_DATA
            self._set(row["id"], disposition=codes.ISSUED, reason=None, revoked_filetime=None)
            return 0
        self._set(row["id"], disposition=codes.REVOKED, reason=reason, revoked_filetime=filetime)
        return 0

    def validity(self, serial):
        """(reason, disposition of IsValidCertificate)."""
        found = self.rows("serial = ?", serial)
        if not found:
            return 0, 4
        return found[0]["reason"] or 0, 3 if found[0]["reason"] is None else 2

    def revoked(self):
        """{serial: reason}."""
        return {row["serial"]: row["reason"] for row in self.rows("reason IS NOT NULL")}

    def certificates(self):
        return [x509.load_der_x509_certificate(row["cert"]) for row in self.issued()]

    def stop(self):
        self.stopped.set()
        with contextlib.suppress(sqlite3.Error):
            self._base.close()
