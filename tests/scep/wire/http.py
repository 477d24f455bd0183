# SPDX-License-Identifier: Apache-2.0
"""HTTP as octets on a socket, so that requests may be as strange as those of devices."""

import base64
import dataclasses
import socket
import ssl
import time
import urllib.parse

KEEP_ALL = "/+="


@dataclasses.dataclass
class Answer:
    """A whole response; `closed`: the server ended the connection behind it."""

    status: int
    reason: str
    headers: list
    body: bytes
    closed: bool

    def header(self, name):
        """The only value, or None."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(found) <= 1, f"{name} is there {len(found)} times"
        return found[0] if found else None

    @property
    def content_type(self):
        value = self.header("Content-Type")
        return value.split(";")[0].strip().lower() if value else None


class NoAnswer(Exception):
    """The connection ended, or time was up, before a whole response was there."""


def encode_query(message, how="percent"):
    """The text of message= in a GET, as the kinds of devices write it."""
    plain = base64.b64encode(message).decode()
    if how == "raw":        # jscep, Apple: + and / as they are
        return plain
    if how == "percent":    # everything escaped
        return urllib.parse.quote(plain, safe="")
    if how == "plus":       # only + escaped
        return plain.replace("+", "%2B")
    if how == "equals":     # old macOS: + and / raw, = escaped
        return plain.replace("=", "%3D")
    if how == "urlsafe":    # micromdm's alphabet
        return plain.replace("+", "-").replace("/", "_")
    if how == "unpadded":
        return plain.rstrip("=").replace("+", "%2B")
    if how == "lines":      # base64 as PEM has it
        lines = [plain[at:at + 64] for at in range(0, len(plain), 64)]
        return urllib.parse.quote("\n".join(lines) + "\n", safe="")
    if how == "crlf":
        lines = [plain[at:at + 76] for at in range(0, len(plain), 76)]
        return urllib.parse.quote("\r\n".join(lines), safe="/")
    raise ValueError(how)


def free_port():
    """A port that nobody listens on now."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return made.getsockname()[1]


class Server:
    """Where to send to. Each call is one connection unless one is given."""

    def __init__(self, port, host="127.0.0.1", context=None, timeout=20.0, source=None):
        self.host, self.port, self.context, self.timeout = host, port, context, timeout
        self.source = source  # the address to come from, such as 127.0.0.2

    def connect(self):
        made = socket.create_connection(
            (self.host, self.port), self.timeout, (self.source, 0) if self.source else None)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.context:
            return self.context.wrap_socket(made, server_hostname=self.host)
        return made

    def is_up(self):
        with socket.socket() as probe:
            probe.settimeout(self.timeout)
            return probe.connect_ex((self.host, self.port)) == 0

    def raw(self, data, pieces=None, pause=0.0):
        """Sends octets, in pieces of a size with a pause between, and reads one response."""
        with self.connect() as connection:
            try:
                if pieces is None:
                    connection.sendall(data)
                else:
                    for at in range(0, len(data), pieces):
                        connection.sendall(data[at:at + pieces])
                        time.sleep(pause)
            except (BrokenPipeError, ConnectionResetError):
                pass  # the server may have answered before it had everything
            return read_answer(connection)

    def request(self, method, target, body=None, headers=(), version="1.1", connection=None):
        data = build(method, target, body, headers, version, self.host)
        if connection is None:
            return self.raw(data)
        connection.sendall(data)
        return read_answer(connection, method)

    def get(self, path, operation=None, message=None, **options):
        query = []
        if operation is not None:
            query.append(f"operation={operation}")
        if message is not None:
            query.append(f"message={message}")
        return self.request("GET", path + ("?" + "&".join(query) if query else ""), **options)

    def post(self, path, message, *, operation="PKIOperation",
             content_type="application/x-pki-message", headers=(), **options):
        extra = [("Content-Type", content_type)] if content_type else []
        return self.request("POST", f"{path}?operation={operation}", message,
                            [*extra, *headers], **options)


def build(method, target, body=None, headers=(), version="1.1", host="127.0.0.1"):
    """A request; no Content-Type comes by itself."""
    lines = [f"{method} {target} HTTP/{version}"]
    names = {name.lower() for name, _ in headers}
    if version == "1.1" and "host" not in names:
        lines.append(f"Host: {host}")
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def chunked(body, size=500):
    parts = [body[at:at + size] for at in range(0, len(body), size)] + [b""]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


def _receive(connection, data):
    try:
        more = connection.recv(65536)
    except (ConnectionResetError, ssl.SSLError, TimeoutError) as error:
        raise NoAnswer(f"{error} after {len(data)} octets") from error
    return more


def _read_chunks(connection, data):
    body = b""
    while True:
        while b"\r\n" not in data:
            data += _receive_more(connection, data)
        size, data = data.split(b"\r\n", 1)
        wanted = int(size.split(b";")[0], 16) + 2
        while len(data) < wanted:
            data += _receive_more(connection, data)
        if wanted == 2:
            return body
        body, data = body + data[:wanted - 2], data[wanted:]


def _receive_more(connection, data):
    more = _receive(connection, data)
    if not more:
        raise NoAnswer("closed within a chunk")
    return more


def read_answer(connection, method="GET"):
    """One response; a 100 Continue before it is passed over."""
    data = b""
    while True:
        while b"\r\n\r\n" not in data:
            more = _receive(connection, data)
            if not more:
                raise NoAnswer(f"closed after {len(data)} octets of the head")
            data += more
        head, data = data.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        _, status, *reason = lines[0].split(" ", 2)
        if status != "100":
            break
    headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
    found = Answer(int(status), " ".join(reason), headers, b"", False)
    if (found.header("Transfer-Encoding") or "").lower() == "chunked":
        found.body = _read_chunks(connection, data)
        return found
    length = found.header("Content-Length")
    wanted = int(length) if length is not None else None
    if method == "HEAD" or found.status in (204, 304):
        wanted = 0
    while wanted is None or len(data) < wanted:
        more = _receive(connection, data)
        if not more:
            found.closed = True
            break
        data += more
    if wanted is not None and len(data) != wanted:
        raise NoAnswer(f"{len(data)} octets where Content-Length is {wanted}")
    found.body = data
    return found
