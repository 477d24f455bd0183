# SPDX-License-Identifier: Apache-2.0
"""A tree of DER values from `openssl asn1parse`, and the few encodings compared with it."""

import re

from .command import Refused, openssl

LINE = re.compile(
    r"\s*(\d+):d=(\d+)\s+hl=(\d+)\s+l=\s*(\d+|inf)\s+(cons|prim):\s*(.*?)\s*(?::(.*))?$"
)


class Node:
    """One value: its tag in openssl's words, its text for object identifiers, its bytes."""

    def __init__(self, der, offset, header, length, tag, text):
        self.tag, self.text = tag, text
        self.raw = der[offset:offset + header + length]
        self.value = der[offset + header:offset + header + length]
        self.children = []

    def __getitem__(self, index):
        try:
            return self.children[index]
        except IndexError:
            raise Refused(f"{self.tag} has no member {index}") from None

    def __len__(self):
        return len(self.children)

    def texts(self):
        """All object identifiers below, depth first, under the names openssl gives them."""
        own = [self.text] if self.tag == "OBJECT" else []
        return own + [text for child in self.children for text in child.texts()]


def parse(der, what):
    """The root node; Refused unless it is one definite-length value that fills `der`."""
    output, _ = openssl("asn1parse", "-inform", "DER", data=der, what=what)
    root, stack = None, []
    for line in output.decode("utf-8", "replace").splitlines():
        match = LINE.match(line)
        if not match:
            continue  # a continuation of a printed text
        offset, depth, header, length, _, tag, text = match.groups()
        if length == "inf":
            raise Refused(f"{what}: indefinite length is not DER")
        node = Node(der, int(offset), int(header), int(length), tag, text)
        depth = int(depth)
        if depth == 0:
            if root is not None:
                raise Refused(f"{what}: more than one value")
            root, stack = node, [node]
            continue
        stack[depth - 1].children.append(node)
        stack[depth:] = [node]
    if root is None or len(root.raw) != len(der):
        raise Refused(f"{what}: not one DER value")
    return root


def _length(count):
    if count < 128:
        return bytes([count])
    body = count.to_bytes((count.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(body)]) + body


def tlv(tag, body):
    return bytes([tag]) + _length(len(body)) + body


def oid(text):
    """DER of an object identifier; arcs may be of any size."""
    arcs = [int(part) for part in text.split(".")]
    body = b""
    for arc in [arcs[0] * 40 + arcs[1], *arcs[2:]]:
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(arc & 0x7F | 0x80)
        body += bytes(reversed(digits))
    return tlv(6, body)
