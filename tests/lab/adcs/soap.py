# SPDX-License-Identifier: Apache-2.0
"""SOAP 1.2 with WS-Addressing, as the enrolment services of Windows write it."""
import base64
import uuid
from xml.sax.saxutils import escape

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
TRUST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
SECURITY = ("http://docs.oasis-open.org/wss/2004/01/"
            "oasis-200401-wss-wssecurity-secext-1.0.xsd")
X509_TOKEN = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
ENROLLMENT = "http://schemas.microsoft.com/windows/pki/2009/01/enrollment"
POLICY = "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy"
AUTHORIZATION = "http://schemas.xmlsoap.org/ws/2006/12/authorization"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
DIAGNOSTICS = "http://schemas.microsoft.com/2004/09/ServiceModel/Diagnostics"
FAULT_ACTION = "http://www.w3.org/2005/08/addressing/soap/fault"
DETAIL_ACTION = f"{ENROLLMENT}/RequestSecurityTokenCertificateEnrollmentWSDetailFault"


def base64_lines(data):
    """With the line ends that .NET writes into XML."""
    text = base64.b64encode(data).decode()
    return "".join(text[at:at + 76] + "&#xD;\n" for at in range(0, len(text), 76))


def envelope(action, relates_to, body):
    activity = uuid.uuid4()
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}"><s:Header>'
        f'<a:Action s:mustUnderstand="1">{action}</a:Action>'
        f"<a:RelatesTo>{escape(relates_to or '')}</a:RelatesTo>"
        f'<ActivityId CorrelationId="{uuid.uuid4()}" xmlns="{DIAGNOSTICS}">{activity}</ActivityId>'
        f'</s:Header><s:Body xmlns:xsi="{INSTANCE}" '
        f'xmlns:xsd="http://www.w3.org/2001/XMLSchema">{body}</s:Body></s:Envelope>')


def fault(relates_to, reason, subcode=None, detail="", action=FAULT_ACTION, who="Receiver"):
    inner = ""
    if subcode:
        namespace, name = subcode
        inner = f'<s:Subcode><s:Value xmlns:x="{namespace}">x:{name}</s:Value></s:Subcode>'
    return envelope(action, relates_to, (
        f"<s:Fault><s:Code><s:Value>s:{who}</s:Value>{inner}</s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{escape(reason)}</s:Text></s:Reason>{detail}</s:Fault>'))


def enrollment_fault(relates_to, code, reason, request_id=None, nil_code=False):
    """MS-WSTEP 3.1.4.1.2.6: a refusal of the CA; the code is a signed decimal HRESULT."""
    signed = code - (1 << 32) if code & 0x80000000 else code
    error = '<ErrorCode xsi:nil="true"/>' if nil_code else f"<ErrorCode>{signed}</ErrorCode>"
    number = f"<RequestID>{request_id}</RequestID>" if request_id else '<RequestID xsi:nil="true"/>'
    return fault(relates_to, reason, action=DETAIL_ACTION, detail=(
        f'<s:Detail><CertificateEnrollmentWSDetail xmlns="{ENROLLMENT}">'
        f'<BinaryResponse xsi:nil="true"/>{error}<InvalidRequest>true</InvalidRequest>{number}'
        "</CertificateEnrollmentWSDetail></s:Detail>"))
