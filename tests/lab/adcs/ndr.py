# SPDX-License-Identifier: Apache-2.0
"""NDR 2.0, little-endian: what the certificate interfaces need of it, to read and to write."""
import struct
import uuid


class BadStub(Exception):
    """The caller's bytes are no such call: the fault nca_s_fault_ndr."""


class Reader:
    def __init__(self, data):
        self.data, self.at = bytes(data), 0

    def take(self, count):
        if count > len(self.data) - self.at:
            raise BadStub(f"{count} bytes wanted, {len(self.data) - self.at} left")
        self.at += count
        return self.data[self.at - count:self.at]

    def align(self, to):
        self.take(-self.at % to)

    def _number(self, code, size):
        self.align(size)
        return struct.unpack("<" + code, self.take(size))[0]

    def u16(self):
        return self._number("H", 2)

    def u32(self):
        return self._number("I", 4)

    def u64(self):
        return self._number("Q", 8)

    def guid(self):
        self.align(4)
        return str(uuid.UUID(bytes_le=self.take(16)))

    def text(self):
        """[unique, string] wchar_t *: None for a NULL pointer."""
        if self.u32() == 0:
            return None
        most, offset, count = self.u32(), self.u32(), self.u32()
        if offset != 0 or count > most or count == 0:
            raise BadStub("counts of a string")
        units = self.take(2 * count)
        if units[-2:] != b"\0\0":
            raise BadStub("a string without its NUL")
        return units[:-2].decode("utf-16-le", "strict")

    def blob(self):
        """CERTTRANSBLOB as the two values (cb, bytes); a NULL pointer is (cb, None)."""
        count, pointer = self.u32(), self.u32()
        if pointer == 0:
            return count, None
        if self.u32() != count:
            raise BadStub("counts of a blob")
        return count, self.take(count)

    def end(self):
        if len(self.data) - self.at > 8:
            raise BadStub(f"{len(self.data) - self.at} bytes too many")


class Writer:
    def __init__(self):
        self.data, self._referent = bytearray(), 0x20000

    def raw(self, data):
        self.data += data

    def align(self, to):
        self.data += bytes(-len(self.data) % to)

    def u16(self, value):
        self.align(2)
        self.data += struct.pack("<H", value)

    def u32(self, value):
        self.align(4)
        self.data += struct.pack("<I", value & 0xFFFFFFFF)

    def u64(self, value):
        self.align(8)
        self.data += struct.pack("<Q", value)

    def guid(self, text):
        self.align(4)
        self.data += uuid.UUID(text).bytes_le

    def pointer(self):
        self.u32(self._referent)
        self._referent += 4

    def blob(self, data):
        self.u32(len(data))
        if not data:
            self.u32(0)
            return
        self.pointer()
        self.u32(len(data))
        self.data += data
        self.align(4)

    def text(self, value):
        if value is None:
            self.u32(0)
            return
        units = value.encode("utf-16-le") + b"\0\0"
        self.pointer()
        for number in (len(units) // 2, 0, len(units) // 2):
            self.u32(number)
        self.data += units
        self.align(4)


def wide(text):
    """UTF-16 with its NUL, as blobs carry text."""
    return text.encode("utf-16-le") + b"\0\0"
