# SPDX-License-Identifier: Apache-2.0
"""oidc-provider beside a lab tenant: it gives the tokens, the lab's service takes them."""

import functools
import json
import pathlib
import ssl
import time
import urllib.request

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from certlab import pki
from certlab.oauth import base64url, unbase64url
from children import NODE_DIR, Node, free_port
from front import server_files

LIBRARY = NODE_DIR / "node_modules/oidc-provider/lib/index.js"


def jwk_of(certificate):
    """A certificate as the client metadata registers it."""
    numbers = certificate.public_key().public_numbers()
    e, n = (base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))
            for value in (numbers.e, numbers.n))
    return {"kty": "RSA", "use": "sig", "alg": "PS256", "n": n, "e": e,
            "x5t#S256": base64url(certificate.fingerprint(hashes.SHA256()))}


@functools.cache
def strange():
    """A client with assertions needs some key from the start; nobody has this one."""
    name, key = pki.common_name("strange"), pki.new_key(2048)
    return pki.build(name, name, key.public_key(), key)


class Provider:
    """One tenant's token endpoint. `ttl`, `secret` and `certificates` may change while it runs;
    publish() makes the change known."""

    def __init__(self, directory, tenant, ttl=3600):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        self.tenant, self.ttl, self.secret, self.certificates = tenant, ttl, None, []
        self.port = free_port()
        self.authority = f"https://127.0.0.1:{self.port}"
        self.issuer = f"{self.authority}/{tenant.tenant_id}/v2.0"
        self.token_url = f"{self.authority}/{tenant.tenant_id}/oauth2/v2.0/token"
        self._files = server_files(self.directory, tenant)
        self.trust = ssl.create_default_context(cafile=tenant.tls_ca.path)
        self.publish()
        self._node = Node(
            self.directory / "provider.log", pathlib.Path(__file__).with_name("provider.mjs"),
            self.directory / "settings.json", port=self.port,
            environment={"OIDC_PROVIDER": str(LIBRARY.resolve())},
        )
        self._keys = {key["kid"]: self._public_key(key) for key in self._fetch("/jwks")["keys"]}
        tenant.identity.accept_token = self.accepts

    @staticmethod
    def _public_key(jwk):
        e, n = (int.from_bytes(unbase64url(jwk[name]), "big") for name in ("e", "n"))
        return rsa.RSAPublicNumbers(e, n).public_key()

    def _fetch(self, path):
        with urllib.request.urlopen(self.authority + path, context=self.trust) as answer:
            return json.load(answer)

    def publish(self):
        client = {"client_id": self.tenant.client_id, "grant_types": ["client_credentials"],
                  "redirect_uris": [], "response_types": []}
        if self.secret:
            client.update(client_secret=self.secret, token_endpoint_auth_method="client_secret_post")
        else:
            keys = [jwk_of(certificate) for certificate in (strange(), *self.certificates)]
            client.update(jwks={"keys": keys}, token_endpoint_auth_method="private_key_jwt",
                          token_endpoint_auth_signing_alg="PS256")
        path = self.directory / "settings.json"
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps({
            "tenant": self.tenant.tenant_id, "port": self.port, "ttl": self.ttl,
            "cert": str(self._files[0]), "key": str(self._files[1]), "clients": [client],
            "resources": [self.tenant.resource, self.tenant.graph_url],
        }))
        temporary.replace(path)

    def register(self, pem):
        """Adds the certificate in a PEM text, as the tenant's administrator would."""
        self.certificates.append(x509.load_pem_x509_certificate(pem.encode()))
        self.publish()

    def accepts(self, token, resource):
        """Whether a token is one of ours for this resource and good now."""
        try:
            head64, claims64, signature64 = token.split(".")
            head, claims = (json.loads(unbase64url(part)) for part in (head64, claims64))
            if head["alg"] != "RS256" or head["typ"] != "at+jwt":
                return False
            self._keys[head["kid"]].verify(
                unbase64url(signature64), f"{head64}.{claims64}".encode(), padding.PKCS1v15(),
                hashes.SHA256(),
            )
        except (ValueError, KeyError, InvalidSignature):
            return False
        return (
            claims["iss"] == self.issuer and claims["aud"] == resource
            and claims["client_id"] == self.tenant.client_id
            and claims["scope"] == resource + "/.default"
            and claims["iat"] <= time.time() < claims["exp"]
        )

    def grants(self):
        """Every token call so far: scope, by, head and claims of the assertion, granted, error."""
        return [json.loads(line) for line in self._node.log().splitlines() if line[:1] == "{"]

    def log(self):
        return self._node.log()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._node.close()
