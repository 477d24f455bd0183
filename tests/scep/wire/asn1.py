# SPDX-License-Identifier: Apache-2.0
"""Values of ASN.1 as bytes: a writer of DER, a writer of BER as Apple and Java send it, a reader of both."""

import datetime
import functools

BOOLEAN, INTEGER, BITS, OCTETS, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTF8, PRINTABLE, TELETEX, IA5, UTC, GENERALIZED, BMP = 0x0C, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1E
SEQUENCE, SET = 0x30, 0x31


class Malformed(Exception):
    """Bytes that are not the ASN.1 they have to be."""


# -- writing ----------------------------------------------------------------------------------
def _length(count):
    if count < 128:
        return bytes([count])
    body = count.to_bytes((count.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(body)]) + body


def tlv(tag, *parts):
    body = b"".join(parts)
    return bytes([tag]) + _length(len(body)) + body


def sequence(*parts):
    return tlv(SEQUENCE, *parts)


def set_of(*parts):
    """DER sorts the members of a SET OF."""
    return tlv(SET, *sorted(parts))


def context(number, *parts, constructed=True):
    return tlv(0x80 | number | (0x20 if constructed else 0), *parts)


def integer(number):
    if isinstance(number, bytes):
        return tlv(INTEGER, number)
    size = max(1, ((number if number >= 0 else ~number).bit_length() + 8) // 8)
    return tlv(INTEGER, number.to_bytes(size, "big", signed=True))


@functools.lru_cache(None)
def oid(text):
    arcs = [int(part) for part in text.split(".")]
    body = b""
    for arc in [arcs[0] * 40 + arcs[1], *arcs[2:]]:
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(arc & 0x7F | 0x80)
        body += bytes(reversed(digits))
    return tlv(OID, body)


def octets(data):
    return tlv(OCTETS, data)


def bits(data, unused=0):
    return tlv(BITS, bytes([unused]), data)


def boolean(value):
    return tlv(BOOLEAN, b"\xff" if value else b"\0")


def null():
    return b"\x05\x00"


def string(text, tag=PRINTABLE):
    codec = {UTF8: "utf-8", BMP: "utf-16-be", TELETEX: "latin-1"}.get(tag, "ascii")
    return tlv(tag, text if isinstance(text, bytes) else text.encode(codec))


def time(moment, generalized=None):
    """UTCTime before 2050, unless told otherwise."""
    if generalized is None:
        generalized = moment.year >= 2050
    if generalized:
        return tlv(GENERALIZED, moment.strftime("%Y%m%d%H%M%SZ").encode())
    return tlv(UTC, moment.strftime("%y%m%d%H%M%SZ").encode())


clock_offset = datetime.timedelta()  # of the servers that are spoken to; tests that move clocks set it


def now():
    return datetime.datetime.utcnow().replace(microsecond=0) + clock_offset


class Der:
    """How the outer layers of a message are written: definite lengths, one piece."""

    def constructed(self, tag, *parts):
        return tlv(tag, *parts)

    def octets(self, data, tag=OCTETS):
        return tlv(tag, data)


class Ber(Der):
    """Indefinite lengths. `chunk`: octet strings are constructed, of pieces of that size."""

    def __init__(self, chunk=None, indefinite=True):
        self.chunk, self.indefinite = chunk, indefinite

    def constructed(self, tag, *parts):
        if not self.indefinite:
            return tlv(tag, *parts)
        return bytes([tag, 0x80]) + b"".join(parts) + b"\0\0"

    def octets(self, data, tag=OCTETS):
        if not self.chunk:
            return tlv(tag, data)
        pieces = [octets(data[at:at + self.chunk]) for at in range(0, len(data), self.chunk)]
        return self.constructed(tag | 0x20, *pieces)


# -- reading ----------------------------------------------------------------------------------
class Node:
    """One value: tag, raw (all of it), value (content octets), and its members when it has some."""

    def __init__(self, tag, raw, value, children):
        self.tag, self.raw, self.value, self.children = tag, raw, value, children

    def __getitem__(self, index):
        try:
            return self.children[index]
        except (IndexError, TypeError):
            raise Malformed(f"value with tag {self.tag:#x} has no member {index}") from None

    def __len__(self):
        return len(self.children or ())

    def __iter__(self):
        return iter(self.children or ())

    def want(self, tag, what):
        if self.tag != tag:
            raise Malformed(f"{what}: tag {self.tag:#04x}, not {tag:#04x}")
        return self

    @property
    def oid(self):
        self.want(OID, "object identifier")
        arcs, value = [], 0
        for octet in self.value:
            value = value << 7 | octet & 0x7F
            if not octet & 0x80:
                arcs.append(value)
                value = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, [first, arcs[0] - 40 * first, *arcs[1:]]))

    @property
    def number(self):
        return int.from_bytes(self.want(INTEGER, "integer").value, "big", signed=True)

    @property
    def text(self):
        codec = {UTF8: "utf-8", BMP: "utf-16-be", TELETEX: "latin-1"}.get(self.tag, "ascii")
        return self.value.decode(codec)

    @property
    def octet_string(self):
        """Content of an octet string, in one piece or several."""
        if self.tag & 0x20:
            return b"".join(child.octet_string for child in self)
        return self.value

    @property
    def moment(self):
        form = "%y%m%d%H%M%SZ" if self.tag == UTC else "%Y%m%d%H%M%SZ"
        return datetime.datetime.strptime(self.value.decode(), form)


def _read(data, at, end, der):
    if end - at < 2:
        raise Malformed("truncated header")
    begin, tag, first = at, data[at], data[at + 1]
    at += 2
    if tag & 0x1F == 0x1F:
        raise Malformed("tag number above 30")
    if first == 0x80:
        if der or not tag & 0x20:
            raise Malformed("indefinite length")
        children, stop = [], at
        while data[stop:stop + 2] != b"\0\0":
            child, stop = _read(data, stop, end, der)
            children.append(child)
        return Node(tag, data[begin:stop + 2], data[at:stop], children), stop + 2
    length = first
    if first & 0x80:
        count = first & 0x7F
        if end - at < count:
            raise Malformed("truncated length")
        length = int.from_bytes(data[at:at + count], "big")
        at += count
        if der and (length < 128 or length < 1 << 8 * (count - 1)):
            raise Malformed("length is not the shortest")
    stop = at + length
    if stop > end:
        raise Malformed("value is longer than its container")
    children, value = None, data[at:stop]
    if tag & 0x20:
        children, inner = [], at
        while inner < stop:
            child, inner = _read(data, inner, stop, der)
            children.append(child)
    return Node(tag, data[begin:stop], value, children), stop


def read(data, der=True):
    """The one value in data. der: nothing but DER passes."""
    node, stop = _read(bytes(data), 0, len(data), der)
    if stop != len(data):
        raise Malformed(f"{len(data) - stop} octets after the value")
    return node
