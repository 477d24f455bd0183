# SPDX-License-Identifier: Apache-2.0
"""Many requests through one daemon: a test module queues all of its cases, then looks at each.

A case is {"platform", "settings", ...}; the profile is made, assigned and asked for as an
administrator does it, by certlab's management.
"""

from cryptography import x509

from certlab import expected, platforms


class Cases:
    def __init__(self, tenant, host):
        self.tenant, self.host = tenant, host
        self.issuers = host.ca_pem()
        self.devices, self.contexts = {}, {}
        self.signer = None

    def device(self, platform, **options):
        """One device for each platform and choice of options; EC keys where they are allowed."""
        key = (platform, tuple(sorted(options.items())))
        if key not in self.devices:
            size = 256 if platforms.envelope_of(platform) == "agent" else 2048
            [self.devices[key]] = self.tenant.add_devices(
                1, platforms=[platform], key_size=size,
                **{"with_user": True, **options})
        return self.devices[key]

    def add(self, name, platform, settings=None, device=None, members=None):
        """Queues one profile for one device. members replace those of the request itself, or of
        its objects; then it is not one that the service planned."""
        device = device or self.device(platform)
        management, group = self.tenant.management, f"group of {name}"
        with management.lock:
            profile = management.profiles.add(
                name, "pkcs", platforms.family(platform), settings or {})
            if members is not None:
                request = management.request(profile, device)
                for member, value in members.items():
                    request[member] = {**request[member], **value} if isinstance(
                        value, dict) and isinstance(request[member], dict) else value
                self.contexts[name] = self.tenant.add_request(request)
                return device
            management.profiles.add_group(group, devices=[device.id])
            management.profiles.assign(name, [group])
            [self.contexts[name]] = management.sync()
        return device

    def run(self, timeout=120):
        if self.host.process is None:
            self.host.start()
        assert self.tenant.wait_finished(timeout), self.host.log_tail()
        self.signer = self.host.signer()
        return self

    def result(self, name):
        return self.tenant.work(self.contexts[name]).result

    def request(self, name):
        return self.tenant.work(self.contexts[name]).request

    def issued(self, name, opened=True, **options):
        """The certificate of a case; opened: by its device first. options are those of
        expected.differences."""
        result = self.result(name)
        assert result["status"] == "issued", result
        context = self.contexts[name]
        if opened:
            self.tenant.open(context, self.signer, self.issuers, names=False, handshake=False)
        certificate = x509.load_der_x509_certificate(self.tenant.certificate_der(context))
        assert expected.differences(self.request(name), certificate, **options) == []
        return certificate

    def refused(self, name, code="ParameterDataInvalidError"):
        """The sentence of a case that had to fail."""
        result = self.result(name)
        assert (result["status"], result["errorCode"]) == ("failed", code), result
        return result["errorMessage"]
