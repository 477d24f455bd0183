# SPDX-License-Identifier: Apache-2.0
"""A PKCS#10 request as the authority reads it: key, names, what it says of a template."""
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from . import codes, der

TEMPLATE_NAME, TEMPLATE_OID = "1.3.6.1.4.1.311.20.2", "1.3.6.1.4.1.311.21.7"
NAME_VALUE_PAIR = "1.3.6.1.4.1.311.13.2.1"
EXTENSION_REQUESTS = ("1.2.840.113549.1.9.14", "1.3.6.1.4.1.311.2.1.14")
SAN, SID = "2.5.29.17", "1.3.6.1.4.1.311.25.2"


class Refused(Exception):
    """The request ends as failed with this HRESULT."""

    def __init__(self, code, text=None):
        super().__init__(text or codes.words(code))
        self.code = code


class Csr:
    def __init__(self, data):
        self.der = bytes(data)
        try:
            self.request = x509.load_der_x509_csr(self.der)
            self.key = self.request.public_key()
            self.extensions, self.attributes = self._read()
        except (ValueError, UnsupportedAlgorithm, IndexError) as error:
            raise Refused(codes.CRYPT_E_ASN1_BADTAG, str(error)) from error
        if not self.request.is_signature_valid:
            raise Refused(codes.NTE_BAD_SIGNATURE, "the signature of the request is wrong")

    def _read(self):
        """({oid: (critical, value)}, {name: value} of name-value pairs)."""
        info = der.children(der.children(der.read(self.der)[1])[0][1])
        extensions, pairs = {}, {}
        for tag, body in info:
            if tag != 0xA0:
                continue
            for _, attribute in der.children(body):
                (_, name), (_, values) = der.children(attribute)[:2]
                for _, value in der.children(values):
                    self._add(der.oid_text(name), value, extensions, pairs)
        return extensions, pairs

    @staticmethod
    def _add(name, value, extensions, pairs):
        if name in EXTENSION_REQUESTS:
            for _, extension in der.children(value):
                parts = der.children(extension)
                is_critical = parts[1] == (1, b"\xff")
                extensions[der.oid_text(parts[0][1])] = (is_critical, parts[-1][1])
        elif name == NAME_VALUE_PAIR:
            (tag, left), (other, right) = der.children(value)
            pairs[der.text_of(tag, left)] = der.text_of(other, right)

    @property
    def key_bits(self):
        return self.key.key_size

    @property
    def is_ec(self):
        return isinstance(self.key, ec.EllipticCurvePublicKey)

    @property
    def is_rsa(self):
        return isinstance(self.key, rsa.RSAPublicKey)

    def has_name(self):
        return len(self.request.subject.rdns) > 0 or SAN in self.extensions

    def template_words(self):
        """What names a template: [("name", cn) or ("oid", oid, major, minor)]."""
        found = []
        if TEMPLATE_NAME in self.extensions:
            tag, body, _ = der.read(self.extensions[TEMPLATE_NAME][1])
            found.append(("name", der.text_of(tag, body)))
        if TEMPLATE_OID in self.extensions:
            parts = der.children(der.read(self.extensions[TEMPLATE_OID][1])[1])
            versions = [der.integer(body) for _, body in parts[1:3]] + [0, 0]
            found.append(("oid", der.oid_text(parts[0][1]), *versions[:2]))
        for name, value in self.attributes.items():
            if name.lower() == "certificatetemplate":
                found.append(("name", value))
        return found
