# SPDX-License-Identifier: Apache-2.0
"""A device: finds out what a server can do, chooses its certificates, enrols, polls and renews.

    device = Device(Server(8080), "/scep/wifi").discover()
    reply = device.enrol("phone-1", challenge="secret").success()
"""

import time

from . import http, pki
from .message import (
    GET_CERT, GET_CRL, PKCS, POLL, RENEWAL, Request, demand, issuer_and_serial,
    issuer_and_subject, read_bundle, read_reply)


def choose_recipient(bundle):
    """jscep's rule: the first end entity with keyEncipherment, else dataEncipherment, else the CA."""
    leaves = [one for one in bundle if not one.is_ca]
    for bit in ("key_encipherment", "data_encipherment"):
        for one in leaves:
            if one.usage(bit):
                return one
    return next(one for one in bundle if one.is_ca)


class Device:
    """`options` are those of message.Request (digest, cipher, transport, form, ...) and hold for
    every request; `how` is the encoding of the query when method is GET."""

    def __init__(self, server, path, *, key=None, message=None, method="POST", how="percent",
                 strict=True, agent=None, **options):
        self.server, self.path, self.message = server, path, message
        self.key = key or pki.rsa_key()
        self.method, self.how, self.strict, self.options = method, how, strict, options
        self.headers = [("User-Agent", agent)] if agent else []
        self.caps, self.bundle, self.recipient = set(), [], None
        self.certificate = None  # the newest one that was issued to it

    # -- discovery --------------------------------------------------------------------------------
    def ask(self, operation):
        return self.server.get(self.path, operation, self.message, headers=self.headers)

    def discover(self):
        answer = self.ask("GetCACaps")
        demand(answer.status == 200, f"GetCACaps: {answer.status} {answer.body[:200]!r}")
        demand(answer.content_type == "text/plain", f"GetCACaps: type {answer.content_type}")
        self.caps = set(answer.body.decode("ascii").split())
        answer = self.ask("GetCACert")
        demand(answer.status == 200, f"GetCACert: {answer.status} {answer.body[:200]!r}")
        self.bundle = read_bundle(answer)
        self.recipient = choose_recipient(self.bundle)
        return self

    def trust(self, other):
        """The same as another device found out."""
        self.caps, self.bundle, self.recipient = other.caps, other.bundle, other.recipient
        return self

    @property
    def issuer(self):
        return next(one for one in self.bundle if one.is_ca)

    # -- messages -----------------------------------------------------------------------------------
    def request(self, content, type=PKCS, *, key=None, signer=None, subject=None, **members):
        """A message by the device's own key under a certificate of its own making."""
        key = key or self.key
        if signer is None:
            signer = pki.certificate(key, subject or pki.common_name("SCEP device"))
        return Request(content, key, signer, self.recipient, type, **{**self.options, **members})

    def pkcs_req(self, cn, *, challenge=None, subject=None, extensions=(), key=None, csr=None,
                 csr_options=None, **members):
        key = key or self.key
        subject = subject or pki.common_name(cn)
        if csr is None:
            csr = pki.csr(key, subject, challenge=challenge, extensions=extensions,
                          **csr_options or {})
        return self.request(csr, key=key, subject=subject, **members)

    def renewal(self, cn, *, challenge=None, subject=None, extensions=(), new_key=None, type=RENEWAL,
                csr_options=None, **members):
        """Signed by the certificate it has; for another key, or for the same one."""
        subject = subject or pki.common_name(cn)
        csr = pki.csr(new_key or self.key, subject, challenge=challenge, extensions=extensions,
                      **csr_options or {})
        return self.request(csr, type, signer=self.certificate.der, **members)

    def poll_of(self, request, **members):
        """CertPoll for an earlier request: same transaction, same signer."""
        subject = pki.Certificate.read(request.signer).subject
        content = issuer_and_subject(self.issuer.subject, subject)
        return request.change(type=POLL, content=content, **members)

    def get_cert(self, issuer, serial, **members):
        return self.request(issuer_and_serial(issuer, serial), GET_CERT, **members)

    def get_crl(self, issuer, serial, **members):
        return self.request(issuer_and_serial(issuer, serial), GET_CRL, **members)

    # -- sending --------------------------------------------------------------------------------------
    def exchange(self, message, **options):
        """The HTTP answer to octets."""
        options.setdefault("headers", self.headers)
        if self.method == "POST":
            return self.server.post(self.path, message, **options)
        return self.server.get(
            self.path, "PKIOperation", http.encode_query(message, self.how), **options)

    def send(self, request, message=None, **judge):
        """The judged CertRep to a request; anything but a signed answer with 200 is an error."""
        answer = self.exchange(request.build() if message is None else message)
        demand(answer.status == 200, f"HTTP {answer.status} {answer.body[:200]!r}")
        return self.judge(request, answer, **judge)

    def judge(self, request, answer, **judge):
        demand(answer.content_type == "application/x-pki-message",
               f"PKIOperation: type {answer.content_type}")
        if self.strict:
            demand(answer.header("Content-Length") == str(len(answer.body)),
                   "no Content-Length, or a wrong one")
            demand(answer.header("Transfer-Encoding") is None, "chunked: old clients cannot")
        return read_reply(answer.body, request, self.bundle,
                          **{"strict": self.strict, **judge})

    def enrol(self, cn, challenge=None, **options):
        """PKCSReq; keeps the certificate if there is one. Ends with the judged reply."""
        return self.keep(self.send(self.pkcs_req(cn, challenge=challenge, **options)))

    def keep(self, reply, key=None):
        if reply.status == "SUCCESS":
            self.key = key or self.key
            demand(reply.certificate.spki == pki.spki(self.key),
                   "the first certificate is not for the key of the request")
            self.certificate = reply.certificate
        return reply

    def wait(self, request, timeout=30.0, pause=0.2, **judge):
        """Sends a request and polls until it is decided."""
        deadline = time.monotonic() + timeout
        reply = self.send(request, **judge)
        while reply.status == "PENDING":
            demand(time.monotonic() < deadline, "still PENDING")
            time.sleep(pause)
            reply = self.send(self.poll_of(request), **judge)
        return reply
