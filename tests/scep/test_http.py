# SPDX-License-Identifier: Apache-2.0
"""HTTP as devices, proxies and scanners speak it: the right answer or a 4xx, and never a 500."""

import os
import time

import pytest
from front import CHALLENGE
from wire import asn1, cms, http, message

NDES_PATHS = ["/certsrv/mscep/mscep.dll", "/certsrv/mscep/mscep.dll/pkiclient.exe",
              "/certsrv/mscep", "/scep", "/cgi-bin/pkiclient.exe", "/CertSrv/MSCEP/mscep.DLL",
              "/CERTSRV/mscep/mscep.dll/PKIClient.exe", "/scep/wifi", "/scep/wifi/pkiclient.exe",
              "/SCEP/wifi"]
CAPS = {"POSTPKIOperation", "Renewal", "SHA-256", "SHA-512", "AES", "DES3", "SCEPStandard"}
PATH = "/scep/wifi"


@pytest.fixture(scope="module")
def device(front):
    return front.device("wifi")


@pytest.fixture
def octets(device):
    """A request that is certified: (request, octets)."""
    request = device.pkcs_req("http", challenge=CHALLENGE)
    return request, request.build()


# -- L1, L2: what is asked for first ----------------------------------------------------------------
@pytest.mark.parametrize("path", NDES_PATHS)
def test_every_path_is_answered(front, path):
    caps = front.server.get(path, "GetCACaps")
    assert (caps.status, caps.content_type) == (200, "text/plain")
    assert caps.header("Content-Length") == str(len(caps.body))
    assert CAPS <= set(caps.body.decode("ascii").split("\n"))
    bundle = front.server.get(path, "GetCACert")
    assert (bundle.status, bundle.content_type) == (200, "application/x-x509-ca-ra-cert")
    assert bundle.body == front.server.get(PATH, "GetCACert").body


@pytest.mark.parametrize("word", [None, "", "default", "ca", "SCEP%20Authority", "0", "x" * 300,
                                  "%ff%00", "a=b"])
def test_any_message_is_taken_for_the_certificates(front, word):
    for operation in ("GetCACaps", "GetCACert"):
        assert front.server.get(PATH, operation, word).status == 200


@pytest.mark.parametrize("query", [
    "operation=getcacert", "OPERATION=GetCACert", "message=ca&operation=GETCACERT",
    "operation=GetCACert&message", "operation=GetCACert&&", "x=y&operation=GetCACert",
    "operation=Get%43ACert"])
def test_queries_are_read_leniently(front, query):
    assert front.server.request("GET", f"{PATH}?{query}").status == 200


def test_the_bundle_has_the_authorities_first(front):
    answer = front.server.get(PATH, "GetCACert")
    bundle = message.read_bundle(answer)
    sign, encrypt, issuer = bundle
    assert [one.is_ca for one in bundle] == [False, False, True]
    assert sign.usage("digital_signature") and not sign.usage("key_encipherment")
    assert encrypt.usage("key_encipherment") and not encrypt.usage("digital_signature")
    assert issuer.pem.decode() == front.ca_path.read_text()
    for one in (sign, encrypt):
        assert one.issuer == issuer.subject
        assert one.public_key.key_size >= 2048
        assert "OK" in front.verify(one)
    assert answer.header("Cache-Control") in ("no-store", "no-cache", "no-cache, no-store")


def test_the_bundle_is_always_the_same_bytes(front):
    assert len({front.server.get(PATH, "GetCACert").body for _ in range(5)}) == 1


def test_the_coming_certificate_is_cleanly_absent(front, device):
    assert "GetNextCACert" not in device.caps
    assert 400 <= front.server.get(PATH, "GetNextCACert").status < 500


# -- G1-G5: PKIOperation by GET -----------------------------------------------------------------------
@pytest.mark.parametrize("how", ["percent", "raw", "plus", "equals", "urlsafe", "unpadded", "lines",
                                 "crlf"])
def test_a_message_in_the_query(front, device, how):
    made = front.device_like(device, method="GET", how=how)
    for _ in range(3):  # more chances for + and /
        made.enrol(f"g-{how}", CHALLENGE).success()


def test_a_query_of_60_kilobytes(device):
    padding = (cms.attribute("1.2.3.4", asn1.octets(os.urandom(42500))),)
    request = device.pkcs_req("g5", challenge=CHALLENGE, extra=padding)
    query = http.encode_query(request.build(), "urlsafe")
    assert 58000 < len(query) < 64000
    answer = device.server.get(PATH, "PKIOperation", query)
    device.judge(request, answer).success()


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("order", ["operation=PKIOperation&message={}",
                                   "message={}&operation=PKIOperation"])
def test_either_order_and_version(device, octets, version, order):
    request, data = octets
    answer = device.server.request(
        "GET", f"{PATH}?" + order.format(http.encode_query(data)), version=version)
    device.judge(request, answer).success()


@pytest.mark.parametrize("text", ["", "%", "%zz", "!!!", "AAAA", "=" * 10, "%00" * 10, "-_" * 50])
def test_a_query_that_is_no_message(front, text):
    assert front.server.get(PATH, "PKIOperation", text).status == 400


def test_a_query_without_a_message(front):
    assert front.server.get(PATH, "PKIOperation").status == 400


# -- P2: POST -------------------------------------------------------------------------------------
@pytest.mark.parametrize("content_type", [None, "application/x-pki-message", "text/plain",
                                          "application/octet-stream", "x", "multipart/form-data",
                                          "application/x-www-form-urlencoded"])
def test_a_post_of_any_content_type(device, octets, content_type):
    request, data = octets
    device.judge(request, device.server.post(PATH, data, content_type=content_type)).success()


def test_a_chunked_post(device, octets):
    request, data = octets
    answer = device.server.request(
        "POST", f"{PATH}?operation=PKIOperation", http.chunked(data),
        [("Transfer-Encoding", "chunked")])
    device.judge(request, answer).success()


def test_a_post_by_http_1_0(device, octets):
    request, data = octets
    device.judge(request, device.server.post(PATH, data, version="1.0")).success()


def test_a_post_that_waits_for_the_server_to_go_on(device, octets):
    request, data = octets
    head = http.build("POST", f"{PATH}?operation=PKIOperation", None,
                      [("Content-Length", str(len(data))), ("Expect", "100-continue")])
    with device.server.connect() as connection:
        connection.sendall(head)
        assert connection.recv(12) == b"HTTP/1.1 100"
        connection.sendall(data)
        # What is left of the interim answer, then the answer.
        rest = http.read_answer(_Prefixed(connection, b"HTTP/1.1 100"))
    device.judge(request, rest).success()


class _Prefixed:
    """A connection of which some octets were read already."""

    def __init__(self, connection, prefix):
        self._connection, self._prefix = connection, prefix

    def recv(self, size):
        given, self._prefix = self._prefix, b""
        return given or self._connection.recv(size)


def test_several_requests_on_one_connection(device):
    with device.server.connect() as connection:
        for number in range(4):
            caps = device.server.get(PATH, "GetCACaps", connection=connection)
            assert caps.status == 200 and not caps.closed
            request = device.pkcs_req(f"keep-{number}", challenge=CHALLENGE)
            answer = device.server.post(PATH, request.build(), connection=connection)
            device.judge(request, answer).success()


def test_a_message_in_small_pieces(device, octets):
    request, data = octets
    whole = http.build("POST", f"{PATH}?operation=PKIOperation", data)
    device.judge(request, device.server.raw(whole, pieces=400, pause=0.01)).success()


# -- H1-H6: what is no request ----------------------------------------------------------------------
@pytest.mark.parametrize("body", [
    b"", b"\0", b"garbage", b"\x30\x80", b"\x30\x82\xff\xff", b"\x30\x84\xff\xff\xff\xff\0",
    b"A" * 5000, b"\x30\x80" * 3000, b"\x24\x80" * 20000, b"\0" * 200000],
    ids=["empty", "zero", "text", "open", "length", "4GB", "letters", "nested", "pieces", "zeros"])
def test_a_body_that_is_no_message(front, body):
    assert front.server.post(PATH, body).status == 400


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_message(front, octets, share):
    data = octets[1]
    assert front.server.post(PATH, data[:int(len(data) * share)]).status == 400


def test_octets_behind_a_message_do_not_matter_or_are_refused(device, octets):
    request, data = octets
    answer = device.server.post(PATH, data + b"\0" * 16)
    assert answer.status in (200, 400)


@pytest.mark.parametrize("size", [257 * 1024, 1024 * 1024])
@pytest.mark.parametrize("in_chunks", [False, True])
def test_a_body_that_is_too_long(front, size, in_chunks):
    body = os.urandom(size)
    headers = [("Transfer-Encoding", "chunked")] if in_chunks else []
    answer = front.server.request("POST", f"{PATH}?operation=PKIOperation",
                                  http.chunked(body, 8192) if in_chunks else body, headers)
    assert answer.status == 413


def test_a_query_that_is_too_long(front):
    try:
        answer = front.server.get(PATH, "PKIOperation", "A" * 300000)
    except http.NoAnswer:
        return  # cut off
    assert answer.status in (400, 414, 431)


@pytest.mark.parametrize("query", ["", "?", "?operation=", "?operation=Nothing", "?message=x",
                                   "?operation", "?operation=GetCACert%00", "?" + "&" * 500])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_operation(front, method, query):
    answer = front.server.request(method, PATH + query, b"x" if method == "POST" else None)
    assert 400 <= answer.status < 500


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_a_wrong_method(front, method):
    answer = front.server.request(method, f"{PATH}?operation=GetCACert")
    assert answer.status in (405, 501)
    if answer.status == 405:
        assert "GET" in answer.header("Allow") and "POST" in answer.header("Allow")


def test_a_head_request_has_no_body(front):
    with front.server.connect() as connection:
        answer = front.server.request("HEAD", f"{PATH}?operation=GetCACaps",
                                      connection=connection)
        assert answer.status in (200, 405)


@pytest.mark.parametrize("path", ["/", "/scep/nobody", "/scep/wifi/other", "/scep/../etc/passwd",
                                  "/scep/%77ifi%00", "/certsrv", "/x" * 2000, "/scep/" + "w" * 500])
def test_an_unknown_path(front, path):
    assert front.server.get(path, "GetCACert").status == 404


@pytest.mark.parametrize("data", [
    b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00" * 40,
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n", os.urandom(4000) + b"\r\n\r\n",
    b"POST /scep/wifi?operation=PKIOperation HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /scep/wifi?operation=PKIOperation HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999"
    b"\r\n\r\n",
    b"POST /scep/wifi?operation=PKIOperation HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
    b"\r\nzz\r\n\r\n"],
    ids=["blank", "short", "version", "tls", "headers", "noise", "negative", "huge", "chunk"])
def test_what_is_no_http(front, data):
    server = http.Server(front.port, timeout=20)
    try:
        answer = server.raw(data)
    except (http.NoAnswer, ValueError, IndexError):
        pass  # cut off, or answered in the form of HTTP/0.9
    else:
        assert 400 <= answer.status < 600 and answer.status != 500
    assert front.server.get(PATH, "GetCACaps").status == 200


# -- slow clients -----------------------------------------------------------------------------------
def test_slow_clients_are_cut_off_and_keep_nobody_waiting(nodes):
    node = nodes(request_timeout="2s", max_connections="64", max_per_address="64")
    node.start()
    device = node.device("wifi")
    slow = [node.server.connect() for _ in range(32)]
    try:
        for number, connection in enumerate(slow):
            connection.sendall(b"POST /scep/wifi?operation=PKIOperation HTTP/1.1\r\nHost: x\r\n"
                               b"Content-Length: 5000\r\n\r\n"[:20 + number * 3])
        begin = time.monotonic()
        device.enrol("beside", CHALLENGE).success()
        assert time.monotonic() - begin < 10
        deadline, cut = time.monotonic() + 15, 0
        while cut < len(slow) and time.monotonic() < deadline:
            time.sleep(0.3)
            cut = sum(_is_cut(connection) for connection in slow)
        assert cut == len(slow)
    finally:
        for connection in slow:
            connection.close()


def _is_cut(connection):
    """One more octet every now and then does not help."""
    connection.settimeout(0.01)
    try:
        connection.sendall(b"x")
        while True:
            data = connection.recv(4096)
            if not data:
                return True
            if data.startswith(b"HTTP/1.1 408"):
                return True
    except TimeoutError:
        return False
    except OSError:
        return True


def test_a_profile_name_is_not_guessed_by_its_beginning(front):
    assert front.server.get("/scep/wif", "GetCACert").status == 404
    assert front.server.get("/scep/wifi2", "GetCACert").status == 404


def test_answers_of_4xx_tell_nothing(front):
    """No banner, no reflected input."""
    answer = front.server.get("/<script>alert(1)</script>", "GetCACert")
    assert answer.status == 404
    assert b"script" not in answer.body
    assert answer.header("Server") is None
