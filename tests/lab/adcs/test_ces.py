# SPDX-License-Identifier: Apache-2.0
"""The enrolment services, asked by curl and read by xmllint."""
import base64
import os
import subprocess
import uuid

import pytest
from cryptography import x509

from . import codes, csrs, soap, wstep, xcep
from .conftest import populate

WAYS = {"Kerberos": ["--negotiate", "-u", ":"], "UsernamePassword": [], "Certificate": []}


class Peer:
    def __init__(self, lab, way, service="CES"):
        self.lab, self.way, self.url = lab, way, lab.ces.url(way, service)

    def post(self, action, body, password=populate.SERVICE_PASSWORD):
        """(HTTP status, XML)."""
        message = f"urn:uuid:{uuid.uuid4()}"
        security = ""
        if self.way == "UsernamePassword":
            security = (f'<o:Security xmlns:o="{soap.SECURITY}"><o:UsernameToken><o:Username>'
                        "svc-certferry@corp.example</o:Username>"
                        f"<o:Password>{password}</o:Password></o:UsernameToken></o:Security>")
        text = (f'<s:Envelope xmlns:s="{soap.SOAP}" xmlns:a="{soap.ADDRESSING}"><s:Header>'
                f"<a:Action>{action}</a:Action><a:MessageID>{message}</a:MessageID>{security}"
                f"</s:Header><s:Body>{body}</s:Body></s:Envelope>")
        words = ["curl", "-sS", "--cacert", str(self.lab.ces.root_file), *WAYS[self.way],
                 "-H", "Content-Type: application/soap+xml; charset=utf-8", "-H", "Expect:",
                 "--data-binary", "@-", "-w", "\n%{http_code}", self.url]
        if self.way == "Certificate":
            words += ["--cert", str(self.lab.folder / "client.pem"),
                      "--key", str(self.lab.folder / "client.key")]
        env = {**os.environ, "KRB5CCNAME": "MEMORY:",
               "KRB5_CLIENT_KTNAME": f"FILE:{self.lab.folder / 'conn1.keytab'}"}
        done = subprocess.run(words, input=text, capture_output=True, text=True, env=env,
                              check=True)
        answer, _, status = done.stdout.rpartition("\n")
        if answer:
            assert soap.escape(message) in answer
            subprocess.run(["xmllint", "--noout", "-"], input=answer, text=True, check=True)
        return int(status), answer

    def enroll(self, template, **options):
        token = base64.b64encode(csrs.make()).decode()
        return self.post(wstep.ACTION, (
            f'<RequestSecurityToken xmlns="{soap.TRUST}"><RequestType>{soap.TRUST}/Issue'
            f'</RequestType><BinarySecurityToken xmlns="{soap.SECURITY}" '
            f'ValueType="{soap.ENROLLMENT}#PKCS10">{token}</BinarySecurityToken>'
            f'<AdditionalContext xmlns="{soap.AUTHORIZATION}">'
            f'<ContextItem Name="CertificateTemplate"><Value>{template}</Value></ContextItem>'
            "</AdditionalContext></RequestSecurityToken>"), **options)

    def query(self, number):
        return self.post(wstep.ACTION, (
            f'<RequestSecurityToken xmlns="{soap.TRUST}"><RequestType>{soap.ENROLLMENT}/'
            f'QueryTokenStatus</RequestType><RequestID xmlns="{soap.ENROLLMENT}">{number}'
            "</RequestID></RequestSecurityToken>"))


def leaf(answer):
    mark = f'ValueType="{soap.X509_TOKEN}"'
    text = answer[answer.index(mark):].partition(">")[2].partition("<")[0]
    return x509.load_der_x509_certificate(base64.b64decode(text.replace("&#xD;", "")))


@pytest.mark.parametrize("way", WAYS)
def test_a_certificate_by_each_way_to_log_on(lab, way):
    status, answer = Peer(lab, way).enroll("CertferryDevice")
    assert status == 200
    assert leaf(answer).public_key().public_numbers() == \
        csrs.key(2048).public_key().public_numbers()
    assert lab.ca1.rows()[-1]["way"] == "ces"


def test_pending_then_issued_and_refusals(lab):
    peer = Peer(lab, "Kerberos")
    status, answer = peer.enroll("CertferryPending")
    assert status == 200 and "SecurityTokenReference" in answer and soap.X509_TOKEN not in \
        answer.partition("RequestedSecurityToken")[2]
    number = lab.ca1.rows()[-1]["id"]
    assert "SecurityTokenReference" in peer.query(number)[1]
    lab.ca1.approve(number)
    assert leaf(peer.query(number)[1])
    status, answer = peer.enroll("CertferryDenied")
    signed = codes.CERTSRV_E_TEMPLATE_DENIED - (1 << 32)
    assert status == 500 and f"<ErrorCode>{signed}</ErrorCode>" in answer
    assert str(codes.CERTSRV_E_PROPERTY_EMPTY - (1 << 32)) in peer.query(99999)[1]


def test_who_may_not_in(lab):
    status, answer = Peer(lab, "UsernamePassword").enroll("CertferryDevice", password="no")
    assert status == 500 and "FailedAuthentication" in answer
    peer = Peer(lab, "Certificate")
    peer.way = "UsernamePassword"  # no certificate is shown
    assert peer.enroll("CertferryDevice")[0] == 403


def test_extended_protection_wants_channel_bindings(lab):
    """Debian's curl has none."""
    lab.ces.requires_binding = True
    assert Peer(lab, "Kerberos").enroll("CertferryDevice")[0] == 401
    assert lab.ces.refusals
    lab.ces.requires_binding = False
    assert Peer(lab, "Kerberos").enroll("CertferryDevice")[0] == 200


def test_policies(lab):
    status, answer = Peer(lab, "Kerberos", "CEP").post(
        xcep.ACTION, f'<GetPolicies xmlns="{soap.POLICY}"><client/></GetPolicies>')
    assert status == 200
    for name in lab.ca1.offered:
        assert f"<commonName>{name}</commonName>" in answer
    assert "CertferryNotPublished" not in answer
