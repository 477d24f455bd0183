# SPDX-License-Identifier: Apache-2.0
"""The managed devices: who they are, their encryption keys and the certificates over them."""

import json
import os
import pathlib
import random

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from . import people, pki


class Device:
    """One device: the record the service knows and the key only the device has."""

    def __init__(self, record, user, key_path, certificate, facts=None):
        self.record, self.user = record, user
        self.facts = facts or {}  # what the service knows and does not send: osEdition
        self.key_path, self.certificate = pathlib.Path(key_path), certificate

    @property
    def id(self):
        return self.record["id"]

    @property
    def platform(self):
        return self.record["platform"]

    @property
    def certificate_der(self):
        return pki.der(self.certificate)

    @property
    def private_key(self):
        return serialization.load_pem_private_key(self.key_path.read_bytes(), None)


class Fleet:
    """All users and devices of the tenant; keys under DIR/devices, records in DIR/fleet.json."""

    def __init__(self, directory, authority, seed):
        self.directory = pathlib.Path(directory)
        self.authority = authority
        self.users, self.devices = [], {}
        self._random = random.Random(seed)
        self._file = self.directory / "fleet.json"
        self._keys = self.directory / "devices"
        self._keys.mkdir(mode=0o700, exist_ok=True)
        if self._file.exists():
            self._load()
            # Names must differ from those the same seed gave before the restart.
            self._random.seed(f"{seed}/{len(self.devices)}")

    def _load(self):
        saved = json.loads(self._file.read_text(encoding="utf-8"))
        self.users = saved["users"]
        for record in saved["devices"]:
            stem = self._keys / record["device"]["id"]
            certificate = x509.load_pem_x509_certificate(stem.with_suffix(".pem").read_bytes())
            self.devices[record["device"]["id"]] = Device(
                record["device"], record["user"], stem.with_suffix(".key"), certificate,
                record.get("facts"),
            )

    def save(self):
        saved = {
            "users": self.users,
            "devices": [
                {"device": d.record, "user": d.user, "facts": d.facts}
                for d in self.devices.values()
            ],
        }
        temporary = self._file.with_suffix(".new")
        temporary.write_text(json.dumps(saved, ensure_ascii=False, indent=1), encoding="utf-8")
        temporary.replace(self._file)

    def add_users(self, count):
        start = len(self.users)
        self.users += [people.make_user(start + index) for index in range(count)]
        return self.users[start:]

    def add_devices(self, count, platforms=None, key_size=None, with_user=None, os_version=None,
                    user=None, facts=None):
        """Makes devices in turn over the platforms; every third agent device has a P-256 key.

        with_user: True or False for all; None leaves every third agent device without one.
        os_version, user: for all, in place of what comes in turn. facts: Device.facts.
        """
        if not self.users:
            self.add_users(len(people.NAMES))
        platforms = set(platforms or people.PLATFORMS)
        if platforms - set(people.ALL_PLATFORMS):
            raise ValueError(f"platform: one of {people.ALL_PLATFORMS}")
        start, made = len(self.devices), []
        for index in range(start, start + count):
            record = people.make_device(index, platforms, self._random)
            is_agent = record["platform"] in people.AGENT_PLATFORMS
            record["osVersion"] = os_version or record["osVersion"]
            owner = user or self.users[index % len(self.users)]
            if with_user is False or (
                with_user is None and record["platform"] == "agent" and index % 3 == 1
            ):
                owner = None
            wants_curve = is_agent and self._agents() % 3 == 1
            made.append(self.enroll(record, owner, key_size or (256 if wants_curve else 2048)))
            made[-1].facts = dict(facts or {})
        self.save()
        return made

    def _agents(self):
        return sum(d.platform in people.AGENT_PLATFORMS for d in self.devices.values())

    def enroll(self, record, user, key_size):
        """Gives a device its key pair and certificate."""
        stem = self._keys / record["id"]
        key = self._new_key(key_size)
        certificate = pki.device_certificate(self.authority, record["id"], key.public_key())
        pki.write_private(stem.with_suffix(".key"), pki.key_pem(key))
        stem.with_suffix(".pem").write_bytes(pki.pem(certificate))
        device = Device(record, user, stem.with_suffix(".key"), certificate)
        self.devices[record["id"]] = device
        return device

    def _new_key(self, size):
        """CERTFERRY_LAB_KEYS names a folder that keeps RSA keys between runs, to save minutes."""
        cache = os.environ.get("CERTFERRY_LAB_KEYS")
        if not cache or size < 1024:
            return pki.new_key(size)
        path = pathlib.Path(cache) / f"rsa{size}-{len(self.devices)}.key"
        if path.exists():
            return serialization.load_pem_private_key(path.read_bytes(), None)
        key = pki.new_key(size)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        pki.write_private(path, pki.key_pem(key))
        return key
