#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The other side of test_http: servers that behave, and many that do not.

http_peer.py DIRECTORY writes certificates into DIRECTORY, opens its ports, prints one line
"NAME=PORT ..." and serves until its standard input ends.
"""
import base64
import datetime
import email.utils
import ipaddress
import os
import socket
import ssl
import struct
import sys
import threading
import time
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.utcnow()
SWALLOWED = []


def write(path, data, mode=0o600):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)


class Authority:
    def __init__(self, directory, name):
        self.directory = directory
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        cert = self.build(self.name, self.key, ca=True)
        self.path = self.save(name, cert)

    def build(self, subject, key, ca=False, host=None, days=(-2, 2)):
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(NOW + datetime.timedelta(days=days[0]))
                   .not_valid_after(NOW + datetime.timedelta(days=days[1]))
                   .add_extension(x509.BasicConstraints(ca=ca, path_length=None), True))
        if host:
            names = [x509.DNSName(host)]
            if host == "localhost":
                names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
            builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        return builder.sign(self.key, hashes.SHA256())

    def save(self, name, cert, key=None):
        path = os.path.join(self.directory, name)
        write(path + ".pem", cert.public_bytes(serialization.Encoding.PEM), 0o644)
        if key:
            write(path + ".key", key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()))
        return path + ".pem"

    def issue(self, name, host=None, days=(-2, 2)):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return self.save(name, self.build(subject, key, host=host, days=days), key)


def read_head(conn):
    data = b""
    while b"\r\n\r\n" not in data:
        more = conn.recv(4096)
        if not more:
            return None, None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += conn.recv(4096)
    return head, body


def answer(conn, status, body=b"", headers=(), length=None):
    lines = ["HTTP/1.1 " + status, "Content-Length: %d" % (len(body) if length is None else length)]
    conn.sendall("\r\n".join(lines + list(headers) + ["", ""]).encode() + body)


def abort(conn):
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # Not by ssl's own close, which would say goodbye first.
    os.close(conn.detach())


def cut(conn):
    """Ends the connection without TLS's goodbye."""
    os.close(conn.detach())


def http_date(offset):
    return email.utils.formatdate(time.time() + offset, usegmt=True)


def serve_one(conn, head, body):
    """Answers one request; False ends the connection."""
    path = head.split(b" ")[1].decode()
    if path == "/hello":
        answer(conn, "200 OK", b"hello", ["Content-Type: Text/Plain; charset=utf-8"])
    elif path == "/echo":
        answer(conn, "200 OK", head + b"\r\n\r\n" + body)
    elif path == "/chunked":
        conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
    elif path == "/interim":
        conn.sendall(b"HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\nContent-Type: a/b\r\n\r\n")
        answer(conn, "200 OK", b"final")
    elif path == "/nothing":
        conn.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
    elif path.startswith("/status/"):
        answer(conn, path[8:] + " Whatever", b"because\x1b[31m of \xff reasons")
    elif path == "/retry-seconds":
        answer(conn, "503 Busy", b"", ["Retry-After: 120"])
    elif path == "/retry-date":
        answer(conn, "429 Busy", b"", ["Retry-After: " + http_date(300)])
    elif path == "/retry-past":
        answer(conn, "503 Busy", b"", ["Retry-After: " + http_date(-300)])
    elif path == "/retry-nonsense":
        answer(conn, "503 Busy", b"", ["Retry-After: -5 minutes"])
    elif path == "/peer":
        answer(conn, "200 OK", b"%d" % conn.getpeername()[1])
    elif path == "/challenge":
        answer(conn, "401 No", b"", ['WWW-Authenticate: Basic realm="x"',
                                     "WWW-Authenticate: Negotiate", "WWW-Authenticate: NTLM"])
    elif path == "/challenge-token":
        answer(conn, "200 OK", b"", ["WWW-Authenticate: negotiate oYG2MIGzoAMKAQA="])
    elif path == "/challenge-twice":
        answer(conn, "200 OK", b"", ["WWW-Authenticate: Negotiate oYG2MIGzoAMKAQA="] * 2)
    elif path == "/redirect":
        answer(conn, "302 Found", b"", ["Location: /hello"])
    elif path == "/reset":
        abort(conn)
        return False
    elif path == "/reset-in-body":
        answer(conn, "200 OK", b"x" * 100, length=1000)
        time.sleep(0.1)
        abort(conn)
        return False
    elif path == "/swallow":
        SWALLOWED.append(body)
        return False
    elif path == "/swallowed":
        answer(conn, "200 OK", b"%d" % len(SWALLOWED))
    elif path == "/empty":
        return False
    elif path == "/short":
        answer(conn, "200 OK", b"only this", length=1000)
        return False
    elif path == "/short-chunk":
        conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhello")
        return False
    elif path == "/until-close":
        conn.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it")
        return False
    elif path == "/until-cut":
        conn.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nnot all of")
        cut(conn)
        return False
    elif path == "/slow":
        answer(conn, "200 OK", b"", length=100)
        for _ in range(100):
            conn.sendall(b".")
            time.sleep(0.1)
    elif path == "/long-poll":
        time.sleep(20)
    elif path == "/large":
        answer(conn, "200 OK", b"x" * 5000)
    elif path == "/large-chunked":
        conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(5):
            conn.sendall(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
        conn.sendall(b"0\r\n\r\n")
    elif path == "/many-headers":
        answer(conn, "200 OK", b"", ["X-%d: y" % i for i in range(300)])
    elif path == "/long-headers":
        answer(conn, "200 OK", b"", ["X-%d: %s" % (i, "y" * 9000) for i in range(10)])
    elif path == "/garbage":
        conn.sendall(b"SSH-2.0-what\r\n\r\n" * 20)
        return False
    elif path == "/bad-length":
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhello")
        return False
    elif path == "/close-next":
        # Says nothing about it, so the client will try this connection again.
        answer(conn, "200 OK", b"closing")
        return False
    else:
        answer(conn, "404 Not Found", b"no such page")
    return True


def handshake(conn):
    try:
        conn.do_handshake()
    except ssl.SSLError:
        # Closing with bytes unread would reset the connection and take the alert along.
        socket.socket.shutdown(conn, socket.SHUT_WR)
        while os.read(conn.fileno(), 4096):
            pass
        raise


def serve(conn, context):
    try:
        if context:
            conn = context.wrap_socket(conn, server_side=True, do_handshake_on_connect=False)
            handshake(conn)
        while True:
            head, body = read_head(conn)
            if head is None or not serve_one(conn, head, body):
                break
    except (OSError, ValueError):
        pass
    try:
        if context:
            conn.settimeout(1)
            conn = conn.unwrap()
    except (OSError, ValueError):
        pass
    conn.close()


def relay(source, sink):
    try:
        while True:
            data = source.recv(4096)
            if not data:
                break
            sink.sendall(data)
    except OSError:
        pass
    try:
        sink.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def serve_proxy(conn, mode):
    """mode "open" lets everybody through, "auth" wants user:pa ss, "deny" lets nobody."""
    try:
        head, _ = read_head(conn)
        wanted = b"Proxy-Authorization: Basic " + base64.b64encode(b"user:pa ss")
        if mode == "deny":
            answer(conn, "403 Forbidden")
        elif mode == "auth" and wanted not in head:
            answer(conn, "407 Proxy Authentication Required", b"",
                   ['Proxy-Authenticate: Basic realm="x"'])
        else:
            host, port = head.split(b" ")[1].rsplit(b":", 1)
            with socket.create_connection((host.decode(), int(port))) as onward:
                conn.sendall(b"HTTP/1.1 200 Established\r\nX-From: proxy\r\n\r\n")
                threading.Thread(target=relay, args=(onward, conn), daemon=True).start()
                relay(conn, onward)
    except (OSError, AttributeError):
        pass
    conn.close()


def listen(handler, *args):
    server = socket.create_server(("127.0.0.1", 0), backlog=50)

    def accept():
        while True:
            conn, _ = server.accept()
            threading.Thread(target=handler, args=(conn, *args), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return server.getsockname()[1]


def tls(cert, client_ca=None, version=None):
    warnings.simplefilter("ignore")  # that TLS 1.1 is old is the point of it
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, cert[:-4] + ".key")
    if client_ca:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    if version:
        context.minimum_version = context.maximum_version = version
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def main():
    directory = sys.argv[1]
    root = Authority(directory, "root")
    other = Authority(directory, "other")
    good = root.issue("server", "localhost")
    root.issue("client")
    other.issue("stranger")
    ports = {
        "https": listen(serve, tls(good)),
        "second": listen(serve, tls(root.issue("second", "localhost"))),
        "plain": listen(serve, None),
        "untrusted": listen(serve, tls(other.issue("untrusted", "localhost"))),
        "wronghost": listen(serve, tls(root.issue("wronghost", "elsewhere.example"))),
        "expired": listen(serve, tls(root.issue("expired", "localhost", (-2, -1)))),
        "future": listen(serve, tls(root.issue("future", "localhost", (1, 2)))),
        "mutual": listen(serve, tls(good, root.path)),
        "mutual12": listen(serve, tls(good, root.path, ssl.TLSVersion.TLSv1_2)),
        "oldtls": listen(serve, tls(good, None, ssl.TLSVersion.TLSv1_1)),
        "resetter": listen(abort),
        "mute": listen(lambda conn: time.sleep(30)),
        "proxy": listen(serve_proxy, "open"),
        "authproxy": listen(serve_proxy, "auth"),
        "denyproxy": listen(serve_proxy, "deny"),
    }
    print(" ".join("%s=%d" % item for item in ports.items()), flush=True)
    sys.stdin.read()


main()
