# SPDX-License-Identifier: Apache-2.0
"""What an authority knows of its templates: the facts that the domain's directory has, too."""
import dataclasses
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "dc"))
import pki  # noqa: E402

SUPPLIES_SUBJECT, PENDS, NO_SID = pki.SUPPLIES_SUBJECT, pki.PENDS, pki.NO_SID
MAJOR, MINOR = 100, 3


@dataclasses.dataclass
class Template:
    name: str
    oid: str
    eku: tuple = (pki.CLIENT_AUTH,)
    key_usage: bytes = b"\xa0\x00"
    days: int = 365
    min_key: int = 2048
    is_ec: bool = False
    name_flag: int = SUPPLIES_SUBJECT
    enrollment_flag: int = 0
    accounts: tuple = pki.ACCOUNTS
    everyone: bool = False

    @property
    def supplies_subject(self):
        return bool(self.name_flag & SUPPLIES_SUBJECT)

    @property
    def pends(self):
        return bool(self.enrollment_flag & PENDS)

    @property
    def keeps_sid(self):
        return self.supplies_subject and not self.enrollment_flag & NO_SID

    def usage_bits(self):
        """The nine named bits of KeyUsage, digitalSignature first."""
        [value] = struct.unpack(">H", self.key_usage[:2])
        return [bool(value & 0x8000 >> bit) for bit in range(9)]


def of_directory():
    """{name: Template} as tests/lab/dc/pki.py puts them into the directory."""
    found = {}
    for number, (name, differs) in enumerate(pki.TEMPLATES.items(), start=1):
        algorithm = differs.get("msPKI-RA-Application-Policies", "")
        found[name] = Template(
            name, f"{pki.OID_ARC}.{number}",
            eku=tuple(differs.get("eku", (pki.CLIENT_AUTH,))),
            key_usage=differs.get("pKIKeyUsage", b"\xa0\x00"),
            min_key=differs.get("msPKI-Minimal-Key-Size", 2048),
            is_ec="ECDH" in algorithm or "ECDSA" in algorithm,
            name_flag=differs.get("msPKI-Certificate-Name-Flag", SUPPLIES_SUBJECT) & 0xFFFFFFFF,
            enrollment_flag=differs.get("msPKI-Enrollment-Flag", 0),
            accounts=tuple(differs.get("accounts", pki.ACCOUNTS)),
            everyone=bool(differs.get("enrollers")))
    return found
