# SPDX-License-Identifier: Apache-2.0
"""Writes answers to the connection, in good order or in the way a fault asks for."""

import json
import os
import socket
import struct


class Delivery:
    """Each method returns the status for the journal; 0 when no whole answer was sent."""

    def __init__(self, handler, stopping):
        self.handler, self.stopping = handler, stopping

    def send(self, status, body, content_type="application/json; charset=utf-8", headers=None,
             length=None):
        handler = self.handler
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        if handler.close_connection:
            handler.send_header("Connection", "close")
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)
        return status

    def json(self, status, value, headers=None):
        body = json.dumps(value, ensure_ascii=False).encode()
        return self.send(status, body, headers=headers)

    def error(self, status, code, message, headers=None):
        return self.json(status, {"error": {"code": code, "message": message}}, headers)

    def reset(self):
        """Closes at once with RST: no close_notify, nothing flushed."""
        handler = self.handler
        handler.close_connection = True
        connection = handler.connection
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(connection.detach())
        return 0

    def before(self, rule):
        """Faults that keep the call from being carried out; None when it is another fault."""
        args = rule.args
        if rule.fault == "reset":
            return self.reset()
        if rule.fault == "timeout":
            self.stopping.wait(float(args.get("seconds", 300)))
            self.handler.close_connection = True
            return 0
        if rule.fault == "status":
            after = rule.retry_after()
            headers = {"Retry-After": after} if after is not None else None
            if "body" in args:
                return self.json(int(args["status"]), args["body"], headers)
            text = args.get("message", "The lab was told to answer this.")
            return self.error(int(args["status"]), args.get("code", "LabFault"), text, headers)
        if rule.fault == "garbage":
            body = args.get("text", "<html><body>It works!</body></html>").encode()
            return self.send(200, body, args.get("type", "text/html"))
        if rule.fault == "wrongShape":
            return self.json(200, args.get("body", {"value": 42}))
        if rule.fault == "oversize":
            filler = b'{"value":[],"padding":"' + b"x" * int(args.get("bytes", 9 << 20)) + b'"}'
            return self.send(200, filler)
        if rule.fault == "redirect":
            location = args.get("location", "https://127.0.0.1:1/elsewhere")
            return self.send(302, b"", headers={"Location": location})
        return None

    def after(self, rule, status, value):
        """Faults that spoil the answer of a call that was carried out."""
        if rule.fault == "lostReply":
            return self.reset()
        body = json.dumps(value, ensure_ascii=False).encode()
        if rule.fault == "truncated":
            self.handler.close_connection = True
            self.send(status, body[: len(body) // 2], length=len(body))
            return 0
        self.send(status, b"", length=len(body))
        chunk = int(rule.args.get("chunk", 1))
        for start in range(0, len(body), chunk):
            if self.stopping.wait(float(rule.args.get("delay", 1.0))):
                self.handler.close_connection = True
                return 0
            self.handler.wfile.write(body[start:start + chunk])
        return status
