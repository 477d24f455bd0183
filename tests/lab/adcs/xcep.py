# SPDX-License-Identifier: Apache-2.0
"""MS-XCEP over an Authority: the policies that its templates are."""
import base64

from . import soap, templates

ACTION = f"{soap.POLICY}/IPolicy/GetPolicies"
AUTH_CODES = {"Kerberos": 2, "UsernamePassword": 4, "Certificate": 8}
TEMPLATE_GROUP, EKU_GROUP, ALGORITHM_GROUP = 9, 7, 3
NIL = "keyUsageProperty permissions"


def _nil(names):
    return "".join(f'<{name} xsi:nil="true"/>' for name in names.split())


def _extensions(template, oids):
    usage = base64.b64encode(b"\x03\x02\x05" + template.key_usage[:1]).decode()
    eku = b"".join(soap_oid(oid) for oid in template.eku)
    encoded = base64.b64encode(b"\x30" + bytes([len(eku)]) + eku).decode()
    return (f"<extensions><extension><oIDReference>{oids('2.5.29.37', 6)}</oIDReference>"
            f"<critical>false</critical><value>{encoded}</value></extension>"
            f"<extension><oIDReference>{oids('2.5.29.15', 6)}</oIDReference>"
            f"<critical>true</critical><value>{usage}</value></extension></extensions>")


def soap_oid(text):
    from certlab import asn1  # only here: the rest of this file is text

    return asn1.oid(text)


def _policy(template, may_enroll, oids):
    algorithm = '<algorithmOIDReference xsi:nil="true"/>'
    if template.is_ec:
        number = oids("1.2.840.10045.3.1.7", ALGORITHM_GROUP)
        algorithm = f"<algorithmOIDReference>{number}</algorithmOIDReference>"
    return (
        f"<policy><policyOIDReference>{oids(template.oid, TEMPLATE_GROUP, template.name)}"
        "</policyOIDReference><cAs><cAReference>0</cAReference></cAs><attributes>"
        f"<commonName>{template.name}</commonName><policySchema>2</policySchema>"
        f"<certificateValidity><validityPeriodSeconds>{template.days * 86400}"
        "</validityPeriodSeconds><renewalPeriodSeconds>3628800</renewalPeriodSeconds>"
        f"</certificateValidity><permission><enroll>{str(may_enroll).lower()}</enroll>"
        "<autoEnroll>false</autoEnroll></permission><privateKeyAttributes>"
        f"<minimalKeyLength>{template.min_key}</minimalKeyLength><keySpec>1</keySpec>"
        f'{_nil("keyUsageProperty permissions")}{algorithm}<cryptoProviders xsi:nil="true"/>'
        "</privateKeyAttributes><revision>"
        f"<majorRevision>{templates.MAJOR}</majorRevision>"
        f"<minorRevision>{templates.MINOR}</minorRevision></revision>"
        '<supersededPolicies xsi:nil="true"/><privateKeyFlags>16</privateKeyFlags>'
        f"<subjectNameFlags>{template.name_flag}</subjectNameFlags>"
        f"<enrollmentFlags>{template.enrollment_flag}</enrollmentFlags>"
        "<generalFlags>131642</generalFlags>"
        f'{_nil("hashAlgorithmOIDReference rARequirements keyArchivalAttributes")}'
        f"{_extensions(template, oids)}</attributes></policy>")


class _Oids:
    """The table of object identifiers at the end, filled as it is referred to."""

    def __init__(self):
        self._known = {}

    def __call__(self, oid, group, name=""):
        return self._known.setdefault(oid, (len(self._known) + 1, group, name))[0]

    def text(self):
        return "".join(
            f"<oID><value>{oid}</value><group>{group}</group><oIDReferenceID>{number}"
            f"</oIDReferenceID><defaultName>{name or oid}</defaultName></oID>"
            for oid, (number, group, name) in self._known.items())


def answer(authority, caller, relates_to, base_url):
    authority.before("policies")
    oids = _Oids()
    policies = "".join(
        _policy(template, template.everyone or caller.name in template.accounts, oids)
        for template in authority.templates.values() if template.name in authority.offered)
    uris = "".join(
        f"<cAURI><clientAuthentication>{code}</clientAuthentication>"
        f"<uri>{base_url}_CES_{name}/service.svc/CES</uri><priority>1</priority>"
        "<renewalOnly>false</renewalOnly></cAURI>" for name, code in AUTH_CODES.items())
    certificate = base64.b64encode(authority.signer.der).decode()
    return 200, soap.envelope(f"{ACTION}Response", relates_to, (
        f'<GetPoliciesResponse xmlns="{soap.POLICY}"><response>'
        "<policyID>{9d3ba1c2-6b2d-4b5c-8d3e-1f2a3b4c5d6e}</policyID>"
        "<policyFriendlyName>Corp</policyFriendlyName><nextUpdateHours>8</nextUpdateHours>"
        f'<policiesNotChanged xsi:nil="true"/><policies>{policies}</policies></response>'
        f"<cAs><cA><uris>{uris}</uris><certificate>{certificate}</certificate>"
        "<enrollPermission>true</enrollPermission><cAReferenceID>0</cAReferenceID></cA></cAs>"
        f"<oIDs>{oids.text()}</oIDs></GetPoliciesResponse>"))
