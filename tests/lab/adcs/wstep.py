# SPDX-License-Identifier: Apache-2.0
"""MS-WSTEP over an Authority: RequestSecurityToken in, status and SOAP text out."""
import base64
import binascii

from . import codes, soap
from .soap import AUTHORIZATION, ENROLLMENT, SECURITY, TRUST

ACTION = f"{ENROLLMENT}/RST/wstep"
DISPOSITIONS = {codes.ISSUED: "Issued", codes.PENDING: "Taken Under Submission"}
VALUE_TYPES = (f"{SECURITY}#PKCS7", f"{ENROLLMENT}#PKCS10")


def _response(relates_to, row, uri, faults):
    is_issued = row["disposition"] == codes.ISSUED
    response, cert = row["response"] or b"\x30\x00", row["cert"]
    if faults.take("no_response"):
        response = b""
    if faults.take("garbage"):
        cert = response = b"\x30\x82\xff\xffcertificates look otherwise"
    if big := faults.take("big"):
        response = bytes(big["size"])
    if is_issued and not faults.take("no_certificate"):
        token = (f'<BinarySecurityToken ValueType="{soap.X509_TOKEN}" '
                 f'EncodingType="{SECURITY}#base64binary" xmlns="{SECURITY}">'
                 f"{soap.base64_lines(cert)}</BinarySecurityToken>")
    else:
        token = (f'<SecurityTokenReference xmlns="{SECURITY}"><Reference URI="{uri}"/>'
                 "</SecurityTokenReference>")
    return 200, soap.envelope(f"{ENROLLMENT}/RSTRC/wstep", relates_to, (
        f'<RequestSecurityTokenResponseCollection xmlns="{TRUST}"><RequestSecurityTokenResponse>'
        f"<TokenType>{soap.X509_TOKEN}</TokenType>"
        f'<DispositionMessage xml:lang="en-US" xmlns="{ENROLLMENT}">'
        f"{DISPOSITIONS[row['disposition']]}</DispositionMessage>"
        f'<BinarySecurityToken ValueType="{SECURITY}#PKCS7" '
        f'EncodingType="{SECURITY}#base64binary" xmlns="{SECURITY}">'
        f"{soap.base64_lines(response)}</BinarySecurityToken>"
        f"<RequestedSecurityToken>{token}</RequestedSecurityToken>"
        f'<RequestID xmlns="{ENROLLMENT}">{row["id"]}</RequestID>'
        "</RequestSecurityTokenResponse></RequestSecurityTokenResponseCollection>"))


def _answer(relates_to, row, uri, faults):
    code = row["disposition"]
    if code in DISPOSITIONS:
        return _response(relates_to, row, uri, faults)
    if code == codes.DENIED:
        code = codes.CERTSRV_E_ADMIN_DENIED_REQUEST
    if faults.take("no_detail"):
        return 500, soap.fault(relates_to, row["message"])
    return 500, soap.enrollment_fault(relates_to, code, row["message"], row["id"],
                                      nil_code=bool(faults.take("nil_code")))


def _issue(authority, token, caller, relates_to, uri):
    item = token.find(f"{{{SECURITY}}}BinarySecurityToken")
    if item is None or item.get("ValueType") not in VALUE_TYPES:
        return 500, soap.fault(relates_to, "no token of a kind that is known", who="Sender")
    try:
        csr = base64.b64decode("".join((item.text or "").split()), validate=True)
    except binascii.Error:
        return 500, soap.fault(relates_to, "not base64", who="Sender")
    context = {entry.get("Name"): entry.findtext(f"{{{AUTHORIZATION}}}Value")
               for entry in token.iterfind(f".//{{{AUTHORIZATION}}}ContextItem")}
    if result := authority.faults.take("result"):
        return 500, soap.enrollment_fault(relates_to, result["code"], codes.words(result["code"]))
    return _answer(relates_to, authority.submit(csr, context, caller), uri, authority.faults)


def answer(authority, token, caller, relates_to, uri):
    """token: the element RequestSecurityToken."""
    kind = (token.findtext(f"{{{TRUST}}}RequestType") or "").strip()
    if kind == f"{TRUST}/Issue":
        authority.before("request")
        result = _issue(authority, token, caller, relates_to, uri)
    elif kind == f"{ENROLLMENT}/QueryTokenStatus":
        authority.before("poll")
        text = token.findtext(f"{{{ENROLLMENT}}}RequestID") or ""
        row = authority.row(int(text)) if text.strip().isdigit() else None
        if row is None:
            code = codes.CERTSRV_E_PROPERTY_EMPTY
            result = 500, soap.enrollment_fault(relates_to, code, codes.words(code))
        else:
            result = _answer(relates_to, row, uri, authority.faults)
    else:
        return 500, soap.fault(relates_to, "a RequestType that is not known", who="Sender")
    authority.after(kind == f"{TRUST}/Issue")
    return result
