# SPDX-License-Identifier: Apache-2.0
"""One call from its bytes to its answer: checks first, faults next, then the work."""

import json
import re
import urllib.parse

from . import admin, application, discovery, scep_wire
from .faults import AFTER
from .oauth import Refusal

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
AGENT = re.compile(r"certferry/[0-9A-Za-z.+~_-]+")
JSON_TYPE = "application/json; charset=utf-8"
FORM_TYPE = "application/x-www-form-urlencoded"


class BadBody(ValueError):
    pass


def strict_json(body):
    """UTF-8 JSON without duplicate members, NaN or a byte order mark."""
    def pairs(items):
        names = [name for name, _ in items]
        if len(set(names)) != len(names):
            raise BadBody("a member is present twice")
        return dict(items)

    def constant(text):
        raise BadBody(f"{text} is not JSON")

    try:
        return json.loads(
            body.decode("utf-8"), object_pairs_hook=pairs, parse_constant=constant
        )
    except (ValueError, RecursionError) as error:
        raise BadBody(f"body: {error}") from error


class Calls:
    def __init__(self, tenant, handler, entry, delivery):
        self.tenant, self.handler, self.entry, self.delivery = tenant, handler, entry, delivery
        self.headers = handler.headers

    def violation(self, text):
        self.tenant.journal.violation(self.entry, text)

    def admin(self, body):
        return admin.answer(self.tenant, self.handler, self.delivery, body)

    def answer(self, body):
        path, _, query = self.handler.path.partition("?")
        rule = self.tenant.faults.pick(path)
        if rule:
            self.entry["fault"] = rule.fault
        route, problems, value = self._inspect(path, body)
        for problem in problems:
            self.violation(problem)
        if rule and rule.fault not in AFTER:
            status = self.delivery.before(rule)
            if status is not None:
                return status
        if problems:
            return self.delivery.error(400, "BadRequest", "; ".join(problems)[:2000])
        return route(value, query, rule)

    def _inspect(self, path, body):
        """The function for a path, what is wrong with the request, and its decoded body."""
        tenant, method = self.tenant, self.handler.command
        problems, value = self._common_headers(), body
        if path.endswith("/oauth2/v2.0/token") and path.count("/") == 4:
            self._expect_method(method, "POST", problems)
            kind = self.headers.get("Content-Type", "").split(";")[0].strip().lower()
            if kind != FORM_TYPE:
                problems.append(f"Content-Type {kind!r} at the token endpoint")
            return self._token, problems, body
        if path == tenant.discovery_path:
            self._expect_method(method, "GET", problems)
            self._fresh_request_id(problems)
            return self._discovery, problems, body
        if tenant.application.route(path):
            is_read = tenant.application.route(path) == "read"
            self._expect_method(method, "GET" if is_read else "POST", problems)
            self._fresh_request_id(problems)
            return (self._read_application if is_read else self._add_key), problems, body
        action = path.removeprefix(tenant.scep_base + "/ScepActions/")
        if action in scep_wire.ROOTS:
            return self._inspect_scep(action, method, problems, body)
        if path.startswith(tuple(tenant.scep_before)):
            return self._nothing, [], body
        call = path.removeprefix(discovery.SERVICE_BASE)
        operation = tenant.schema.operation(call) if call != path else None
        if operation is None:
            self.violation(f"no such path: {method} {path}")
            return self._nothing, [], body
        self._expect_method(method, "POST", problems)
        self._fresh_request_id(problems)
        if self.headers.get("Content-Type") != JSON_TYPE:
            problems.append(f"Content-Type {self.headers.get('Content-Type')!r}")
        wanted = "5019-05-05" if "Revocation" in call else "1.0"
        if self.headers.get("api-version") != wanted:
            problems.append(f"api-version {self.headers.get('api-version')!r}, not {wanted}")
        try:
            value = strict_json(body)
            problems += tenant.schema.problems(tenant.schema.request_schema(call), value)
        except BadBody as error:
            problems.append(str(error))
        if not problems:
            problems += self._duplicates(value)
        return self._service(call), problems, value

    def _inspect_scep(self, action, method, problems, body):
        """A call of the published SCEP service."""
        self._expect_method(method, "POST", problems)
        self._fresh_request_id(problems)
        problems += scep_wire.header_problems(self.headers)
        value = None
        try:
            found, value = scep_wire.body_problems(action, strict_json(body))
            problems += found
        except BadBody as error:
            problems.append(str(error))
        return self._scep(action), problems, value

    def _common_headers(self):
        problems = []
        if not AGENT.fullmatch(self.headers.get("User-Agent", "")):
            problems.append(f"User-Agent {self.headers.get('User-Agent')!r}")
        if self.headers.get("Host") not in (
            f"127.0.0.1:{self.tenant.port}", f"localhost:{self.tenant.port}"
        ):
            problems.append(f"Host {self.headers.get('Host')!r}")
        return problems

    @staticmethod
    def _expect_method(method, wanted, problems):
        if method != wanted:
            problems.append(f"method {method}, not {wanted}")

    def _fresh_request_id(self, problems):
        found = self.headers.get("client-request-id", "")
        if not UUID.fullmatch(found):
            problems.append(f"client-request-id {found!r} is no UUID")
            return
        with self.tenant.seen_lock:
            before = self.tenant.seen_ids.get(found.lower())
            self.tenant.seen_ids[found.lower()] = self.entry
        # HTTP libraries repeat a request by themselves when a kept connection dies under it.
        is_repeat = before and not before["status"] and all(
            before[name] == self.entry[name] for name in ("method", "path", "body")
        )
        if before and not is_repeat:
            problems.append(f"client-request-id {found} was used before")

    @staticmethod
    def _duplicates(value):
        contexts = [r["requestContext"] for r in value.get("results", [])]
        if len(set(contexts)) != len(contexts):
            return ["results: a requestContext is present twice"]
        return []

    def _is_authorized(self, resource):
        if self.tenant.mtls and self.handler.client_certificate():
            return True
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        return kind == "Bearer" and self.tenant.identity.token_is_good(token, resource)

    def _unauthorized(self):
        return self.delivery.error(
            401, "InvalidAuthenticationToken", "Access token is missing, expired or not for here.",
            {"WWW-Authenticate": "Bearer"},
        )

    def _nothing(self, value, query, rule):
        return self.delivery.error(404, "NotFound", "No such resource.")

    def _finish(self, rule, status, value):
        if rule and rule.fault in AFTER:
            return self.delivery.after(rule, status, value)
        return self.delivery.json(status, value)

    def _token(self, body, query, rule):
        tenant = urllib.parse.unquote(self.handler.path.split("/")[1])
        try:
            value = self.tenant.identity.answer(
                tenant, body.decode("utf-8", "replace"), self.tenant.token_url
            )
        except Refusal as refusal:
            return self.delivery.json(refusal.status, refusal.body)
        except ValueError:
            return self.delivery.error(400, "invalid_request", "The form cannot be decoded.")
        return self._finish(rule, 200, value)

    def _discovery(self, body, query, rule):
        if not self._is_authorized(self.tenant.graph_url):
            return self._unauthorized()
        page = 1 if "skiptoken=1" in urllib.parse.unquote(query) else 0
        return self._finish(rule, 200, discovery.endpoints(self.tenant, page))

    def _read_application(self, body, query, rule):
        if not self._is_authorized(self.tenant.graph_url):
            return self._unauthorized()
        return self._finish(rule, 200, self.tenant.application.read())

    def _add_key(self, body, query, rule):
        if not self._is_authorized(self.tenant.graph_url):
            return self._unauthorized()
        if not self.tenant.allow_add_key:
            return self.delivery.error(
                403, "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            )
        try:
            value = self.tenant.application.add_key(body)
        except application.Refusal as refusal:
            return self.delivery.json(refusal.status, refusal.body)
        return self._finish(rule, 200, value)

    def _service(self, call):
        def serve(value, query, rule):
            if not self._is_authorized(self.tenant.resource):
                return self._unauthorized()
            answer = self._work(call.rsplit("/", 1)[1], value, rule)
            self._check_answer(call, answer)
            return self._finish(rule, 200, answer)
        return serve

    def _scep(self, action):
        def serve(value, query, rule):
            if not self._is_authorized(self.tenant.resource):
                return self._unauthorized()
            forced = rule.args["code"] if rule and rule.fault == "scepCode" else None
            code, words = self.tenant.scep.call(action, value, self.violation, forced)
            return self._finish(rule, 200, {
                "@odata.context": f"{self.tenant.scep_url}/$metadata#Microsoft.Management",
                "code": code, "errorDescription": words})
        return serve

    def _work(self, name, value, rule):
        tenant = self.tenant
        if name == "downloadPkcsRequests":
            return tenant.connector.download(
                value["downloadParameters"], rule,
                lambda: tenant.stopping.is_set() or self.handler.is_abandoned())
        if name == "uploadPkcsResults":
            answer = tenant.connector.upload(value["results"], self.violation, rule)
            tenant.management.sync()
            return answer
        if name == "downloadRevocationRequests":
            return tenant.revocations.download(value["downloadParameters"])
        if name == "uploadRevocationResults":
            return tenant.revocations.upload(value["results"], self.violation)
        return tenant.connector.heartbeat(value)

    def _check_answer(self, call, answer):
        """The lab keeps to the document as well, except where it is told not to."""
        checked = answer
        if call.endswith("downloadPkcsRequests"):
            good = [r for r in answer["value"] if self.tenant.connector.is_well_formed(r)]
            checked = {"value": good}
        schema = self.tenant.schema
        self.tenant.lab_errors += schema.problems(schema.response_schema(call, 200), checked)
