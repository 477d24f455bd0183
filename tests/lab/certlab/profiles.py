# SPDX-License-Identifier: Apache-2.0
"""What administrators make: profiles, groups and roles, all of it plain data that JSON can hold."""

import base64
import hashlib
import json
import uuid

from cryptography import x509

from . import pki, platforms, settings
from .imports import PURPOSES
from .settings import BadProfile

KINDS = ("trustedCertificate", "pkcs", "wifi", "vpn", "importedPfx")
RULES = ("assignIf", "doNotAssignIf")


class OutOfScope(ValueError):
    """An administrator may not see or touch this."""


def _read_root(text):
    """The DER of a certificate as an administrator uploads it: PEM, or base64 of a .cer file."""
    data = text.encode()
    if b"-----BEGIN" in data:
        certificate = x509.load_pem_x509_certificate(data)
    else:
        certificate = x509.load_der_x509_certificate(base64.b64decode(data, validate=True))
    try:
        is_ca = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_ca = False
    if not is_ca:
        raise BadProfile("certificate: not of a CA")
    return certificate


def _check_rule(rule, platform):
    if platform != "windows":
        raise BadProfile("applicabilityRule: only for Windows")
    if rule.get("rule") not in RULES:
        raise BadProfile(f"applicabilityRule: rule is one of {list(RULES)}")
    if not rule.get("editions") and not (rule.get("minVersion") or rule.get("maxVersion")):
        raise BadProfile("applicabilityRule: editions, or minVersion and maxVersion")
    for name in ("minVersion", "maxVersion"):
        if rule.get(name):
            version(rule[name])


def version(text):
    """"10.0.22631.3296 (x)" as a tuple of four numbers."""
    parts = [int(part) for part in text.split(" ")[0].split(".")]
    return tuple((parts + [0, 0, 0, 0])[:4])


def is_applicable(rule, device):
    """Whether a Windows device with this record is meant; no rule means all are."""
    if not rule:
        return True
    is_hit = True
    if rule.get("editions"):
        is_hit = device.get("osEdition") in rule["editions"]
    found = version(device["osVersion"])
    if rule.get("minVersion"):
        is_hit &= found >= version(rule["minVersion"])
    if rule.get("maxVersion"):
        is_hit &= found <= version(rule["maxVersion"])
    return is_hit == (rule["rule"] == "assignIf")


class Profiles:
    """Everything by its name. An administrator is the name of a role; None is one who may all."""

    def __init__(self, saved=None):
        saved = saved or {}
        self.items = saved.get("profiles", {})
        self.groups = saved.get("groups", {})
        self.roles = saved.get("roles", {})

    def describe(self):
        return {"profiles": self.items, "groups": self.groups, "roles": self.roles}

    # -- roles ------------------------------------------------------------------------------------
    def add_role(self, name, scopeTags, scopeGroups=None):
        """scopeTags: what its holders see. scopeGroups: whom they may assign to; None is all."""
        self.roles[name] = {"scopeTags": list(scopeTags), "scopeGroups": scopeGroups}
        return self.roles[name]

    def _sees(self, profile, admin):
        return admin is None or set(self.roles[admin]["scopeTags"]) & set(profile["scopeTags"])

    def get(self, name, admin=None):
        profile = self.items[name]
        if not self._sees(profile, admin):
            raise OutOfScope(f"profile {name} has none of the scope tags of {admin}")
        return profile

    def visible(self, admin=None):
        return [p for p in self.items.values() if self._sees(p, admin)]

    # -- profiles ---------------------------------------------------------------------------------
    def add(self, name, kind, platform, settings_given=None, scopeTags=(), applicabilityRule=None,
            certificate=None, certificateProfile=None, intendedPurpose=None, admin=None):
        """certificate: of a trusted certificate profile. certificateProfile: the PKCS profile that
        a Wi-Fi or VPN profile authenticates with. intendedPurpose: which of a user's imported PFX
        files an imported PFX profile delivers."""
        if name in self.items or not name:
            raise BadProfile(f"a profile named {name!r} exists, or the name is empty")
        if kind not in KINDS:
            raise BadProfile(f"kind: one of {list(KINDS)}")
        profile = {
            "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.profile.corp.example")),
            "name": name, "kind": kind, "platform": platform,
            "scopeTags": list(scopeTags) or (self.roles[admin]["scopeTags"] if admin else []),
            "applicabilityRule": applicabilityRule, "include": [], "exclude": [],
        }
        if applicabilityRule:
            _check_rule(applicabilityRule, platform)
        if kind == "pkcs":
            profile["settings"] = settings.complete(platform, settings_given or {})
            self._check_root(profile)
        elif settings_given:
            raise BadProfile(f"settings: not for {kind}")
        if kind == "trustedCertificate":
            root = _read_root(certificate or "")
            profile["certificate"] = base64.b64encode(pki.der(root)).decode()
            profile["thumbprint"] = pki.thumbprint(root)
        if kind in ("wifi", "vpn"):
            linked = self.items.get(certificateProfile or "")
            if not linked or linked["kind"] != "pkcs" or linked["platform"] != platform:
                raise BadProfile("certificateProfile: name a PKCS profile of the same platform")
            profile["certificateProfile"] = certificateProfile
        if kind == "importedPfx":
            if intendedPurpose not in PURPOSES:
                raise BadProfile(f"intendedPurpose: one of {list(PURPOSES)}")
            profile["intendedPurpose"] = intendedPurpose
        self.items[name] = profile
        return profile

    def _check_root(self, profile):
        root = profile["settings"].get("rootCertificate")
        if root and self.items.get(root, {}).get("kind") != "trustedCertificate":
            raise BadProfile(f"rootCertificate: {root} is no trusted certificate profile")

    def edit(self, name, settings_given, admin=None):
        """Changes settings of a PKCS profile; the profile and whether certificates are affected."""
        profile = self.get(name, admin)
        if profile["kind"] != "pkcs":
            raise BadProfile(f"{name} has no settings")
        before = generation(profile)
        given = {k: v for k, v in {**profile["settings"], **settings_given}.items()
                 if v is not None}
        changed = dict(profile, settings=settings.complete(profile["platform"], given))
        self._check_root(changed)
        profile["settings"] = changed["settings"]
        return profile, generation(profile) != before

    # -- groups and assignments -------------------------------------------------------------------
    def add_group(self, name, users=(), devices=()):
        self.groups[name] = {"users": list(users), "devices": list(devices)}
        return self.groups[name]

    def assign(self, name, include=(), exclude=(), admin=None):
        """Replaces the assignment of a profile."""
        profile = self.get(name, admin)
        for group in (*include, *exclude):
            if group not in self.groups:
                raise BadProfile(f"no group {group}")
            scope = self.roles[admin]["scopeGroups"] if admin else None
            if scope is not None and group not in scope:
                raise OutOfScope(f"group {group} is not in the scope of {admin}")
        profile["include"], profile["exclude"] = list(include), list(exclude)
        return profile

    def _is_member(self, group, device, user):
        found = self.groups.get(group, {"users": [], "devices": []})
        return device["id"] in found["devices"] or (
            user is not None and user["userPrincipalName"] in found["users"]
        )

    def is_assigned(self, profile, device, user):
        return any(self._is_member(g, device, user) for g in profile["include"]) and not any(
            self._is_member(g, device, user) for g in profile["exclude"]
        )

    def is_meant(self, profile, device, user):
        """Platform, ownership and applicability rule fit and the profile is assigned."""
        if profile["platform"] != platforms.family(device["platform"]):
            return False
        owned = profile.get("settings", {}).get("ownerships")
        if owned and platforms.OWNERSHIPS.get(device["platform"], "workProfile") not in owned:
            return False
        return self.is_assigned(profile, device, user) and is_applicable(
            profile["applicabilityRule"], device
        )


def generation(profile):
    """A mark that changes when an edit changes what is certified."""
    kept = {name: profile["settings"].get(name) for name in settings.CERTIFIED}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def wire_profile(profile, roots):
    """The `profile` member of a request without its platform; roots: {name: trusted one}."""
    values = profile["settings"]
    root = values.get("rootCertificate")
    wire = {
        "id": profile["id"], "name": profile["name"],
        "keyStorageProvider": None, "allowAllAppsAccess": None, "extendedKeyUsages": [],
    }
    for name, value in values.items():
        if name not in ("certificationAuthority", "certificationAuthorityName", "rootCertificate",
                        "certificateTemplateName", "ownerships", "certificateAccess"):
            wire[name] = value
    if root:
        wire["rootCertificateThumbprint"] = roots[root]["thumbprint"]
    # Members a profile does not use are left out, as services of the first version of the API do.
    return {n: v for n, v in wire.items() if v is not None or n not in ("containerName",
                                                                       "certificateStore")}
