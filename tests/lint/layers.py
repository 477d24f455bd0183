#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who may include whom: docs/architecture.md, checked include by include.

base <- sys, pki <- core <- cloud, ca, store, config, scep, directory <- daemon, scepd, ctl
"""
import re

import tree

# The layer that implements each public header. A header that is missing here is a problem, so
# that a new one is placed on purpose.
HEADERS = {
    "base": "err own buf secret text json verdict log metrics clock finding",
    "sys": "loop pool http http_pool proc file stop harden tcp breaker kerberos",
    "pki": "dn subject san key keypool csr cert cms pfx digest identity import_key sid scep_message",
    "core": "request facts expiry profile_lint machine policy revoke platform settings site scheduler operator "
    "scep ca ca_program ca_sweep store cloud directory enrollment",
    "config": "config",
    "scep": "scep_server",
    "ctl": "ctl",
}
LAYER_OF_HEADER = {name: layer for layer, names in HEADERS.items() for name in names.split()}

ADAPTERS = ["cloud", "ca", "ca/local", "ca/exec", "ca/adcs", "ca/cmp", "store", "config",
            "scep", "directory"]
CORE_SEES = {"base", "sys", "pki", "core"}
MAY_SEE = {
    "base": {"base"},
    "sys": {"base", "sys"},
    "pki": {"base", "pki"},
    "core": CORE_SEES,
    **{adapter: CORE_SEES | {adapter} for adapter in ADAPTERS},
    "daemon": CORE_SEES | {"config", "ctl", "daemon"},
    "scepd": CORE_SEES | {"config", "scep", "scepd"},
    "ctl": CORE_SEES | {"config", "ctl"},
}
# The array of backends is the one place that names them all.
REGISTRY = "ca"

# Private headers that other folders may include, too, and which.
SHARED = {"src/pki/ossl.h": {"ca/local", "ca/cmp"}}

# Third-party headers, and the only places that may include them.
THIRD_PARTY = {
    r"openssl/": ("src/pki/", "src/ca/local/", "src/ca/cmp/"),
    r"curl/": ("src/sys/http",),
    r"systemd/": ("src/sys/loop", "src/base/log", "src/daemon/", "src/scepd/"),
    r"(gssapi/.*|krb5\.h)": ("src/sys/kerberos",),
    r"json-c/": ("src/base/json",),
    r"(ldap|openldap|lber|sasl/sasl)\.h": ("src/directory/",),
    r"idn2\.h": ("src/pki/idn.c",),
    r"p11-kit/": ("src/pki/token_generate.c",),
    r"(sqlite3|libpq-fe)\.h": ("src/store/",),
    r"microhttpd\.h": ("src/scep/",),
    r"libxml/": ("src/ca/adcs/",),
    r"ini\.h": ("src/config/",),
}
LIBC = re.compile(
    r"(sys|linux|net|netinet|arpa|asm)/[a-z0-9_]+\.h|"
    r"(assert|ctype|dirent|dlfcn|endian|errno|error|fcntl|fnmatch|getopt|glob|grp|ifaddrs|"
    r"inttypes|langinfo|libgen|limits|locale|malloc|math|netdb|poll|pthread|pwd|regex|sched|"
    r"semaphore|setjmp|signal|spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|"
    r"stdlib|stdnoreturn|string|strings|sysexits|syslog|termios|threads|time|uchar|unistd|"
    r"wchar)\.h"
)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)


def layer_of_source(path):
    """The folder below src that a source file belongs to; backends are adapters of their own."""
    parts = path.parts[1:-1]
    if parts[:1] == ("ca",) and len(parts) > 1:
        return "/".join(parts[:2])
    return parts[0] if parts else ""


def check_angle(place, name):
    for pattern, allowed in THIRD_PARTY.items():
        if re.match(pattern, name):
            if not str(place).startswith(allowed):
                return f"<{name}> belongs only in {', '.join(allowed)}"
            return None
    if not LIBC.fullmatch(name):
        return f"<{name}> is no header of libc, the kernel or a known library"
    return None


def check_public(layer, name):
    header = name.removeprefix("certferry/").removesuffix(".h")
    target = LAYER_OF_HEADER.get(header)
    if target is None:
        return f'"{name}" has no layer in tests/lint/layers.py'
    if layer not in MAY_SEE:
        return f"folder {layer!r} has no layer in tests/lint/layers.py"
    if target not in MAY_SEE[layer]:
        return f'{layer} must not include "{name}" of {target}'
    return None


def check_private(root, path, layer, name):
    """A quoted header of the folder itself; only the registry looks into the backends."""
    target = (path.parent / name).resolve()
    if not target.is_file():
        return f'"{name}" is not beside the file'
    try:
        place = target.relative_to(root.resolve())
    except ValueError:
        return f'"{name}" is outside the tree'
    if layer in SHARED.get(str(place), ()):
        return None
    other = layer_of_source(place)
    if place.parts[0] != "src":
        return f'"{name}" is not in src'
    if other != layer and not (layer == REGISTRY and other.startswith("ca/")):
        return f'{layer} must not include "{name}" of {other}'
    return None


def check(root):
    for path in tree.sources(root, "c"):
        place = path.relative_to(root)
        if place.parts[0] not in ("src", "include"):
            continue
        is_public = place.parts[0] == "include"
        if is_public and place.stem not in LAYER_OF_HEADER:
            yield f"{place}: has no layer in tests/lint/layers.py"
            continue
        layer = LAYER_OF_HEADER[place.stem] if is_public else layer_of_source(place)
        text = tree.text_of(path)
        for match in INCLUDE.finditer(text):
            quote, name = match.groups()
            if quote == "<":
                problem = check_angle(place, name)
            elif name.startswith("certferry/"):
                problem = check_public(layer, name)
            elif is_public:
                problem = f'"{name}": public headers include only "certferry/..." and libc'
            else:
                problem = check_private(root, path, layer, name)
            if problem:
                line = text.count("\n", 0, match.start()) + 1
                yield f"{place}:{line}: {problem}"


if __name__ == "__main__":
    tree.run(check)
