# SPDX-License-Identifier: Apache-2.0
"""Numbers of certificate services (MS-WCCE, MS-ERREF) and of RPC that the doubles answer with."""

ISSUED, PENDING, DENIED, REVOKED = 3, 5, 2, 6

E_NOINTERFACE = 0x80004002
E_ACCESSDENIED = 0x80070005
ERROR_INVALID_DATA = 0x8007000D
E_INVALIDARG = 0x80070057
RPC_S_SERVER_UNAVAILABLE = 0x800706BA
CLASS_NOT_REGISTERED = 0x80040154
NTE_BAD_SIGNATURE = 0x80090006
CRYPT_E_ASN1_BADTAG = 0x8009310B
CERTSRV_E_BAD_REQUESTSUBJECT = 0x80094001
CERTSRV_E_BAD_REQUESTSTATUS = 0x80094003
CERTSRV_E_PROPERTY_EMPTY = 0x80094004
CERTSRV_E_ENROLL_DENIED = 0x80094011
CERTSRV_E_TEMPLATE_DENIED = 0x80094012
CERTSRV_E_ADMIN_DENIED_REQUEST = 0x80094014
CERTSRV_E_UNSUPPORTED_CERT_TYPE = 0x80094800
CERTSRV_E_NO_CERT_TYPE = 0x80094801
CERTSRV_E_TEMPLATE_CONFLICT = 0x80094802
CERTSRV_E_TEMPLATE_VERSION = 0x80094807
CERTSRV_E_KEY_LENGTH = 0x80094811

FAULT_ACCESS_DENIED = 0x00000005
FAULT_UNKNOWN_OPNUM = 0x1C010002
FAULT_NDR = 0x000006F7

WORDS = {
    CERTSRV_E_ADMIN_DENIED_REQUEST: "Denied by the certificate manager",
    CERTSRV_E_TEMPLATE_DENIED: "The permissions on the certificate template do not allow the "
                               "current user to enroll for this type of certificate.",
    CERTSRV_E_UNSUPPORTED_CERT_TYPE: "The requested certificate template is not supported by this "
                                     "CA.",
    CERTSRV_E_NO_CERT_TYPE: "The request contains no certificate template information.",
    CERTSRV_E_TEMPLATE_CONFLICT: "The request contains conflicting template information.",
    CERTSRV_E_KEY_LENGTH: "The public key does not meet the minimum size required by the specified "
                          "certificate template.",
    CERTSRV_E_PROPERTY_EMPTY: "The requested property value is empty.",
}


def words(code):
    return WORDS.get(code, f"Error 0x{code:08x}")
