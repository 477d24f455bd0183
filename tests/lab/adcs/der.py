# SPDX-License-Identifier: Apache-2.0
"""A few values of DER, read: what CSRs carry that libraries do not open."""


class BadDer(ValueError):
    pass


def read(data, at=0):
    """(tag, body, offset behind it) of the value at an offset."""
    if at + 2 > len(data):
        raise BadDer("cut off")
    tag, length, start = data[at], data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(data[start:start + count], "big")
        start += count
    if start + length > len(data):
        raise BadDer("cut off")
    return tag, data[start:start + length], start + length


def children(body):
    found, at = [], 0
    while at < len(body):
        tag, value, at = read(body, at)
        found.append((tag, value))
    return found


def oid_text(body):
    arcs, value = [], 0
    for octet in body:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, [first, arcs[0] - 40 * first, *arcs[1:]]))


def integer(body):
    return int.from_bytes(body, "big", signed=True)


def text_of(tag, body):
    """BMPString, UTF8String and the strings of ASCII."""
    return body.decode({0x1E: "utf-16-be"}.get(tag, "utf-8"))
