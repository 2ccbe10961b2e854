#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the arrows between the rooms, include by include.

Every arrow points at broker/, which includes nothing but itself; storage/ and
providers/ never see each other; nobody sees tests/; and each third-party
library has one home. Prints `FILE:LINE: RULE` for each include that breaks a
rule and exits 1 if there is one.

    tests/arrows.py [ROOT]
"""

import fnmatch
import pathlib
import re
import sys

# Whose headers a file may include, by the first pattern that matches its path.
# Tests may include all.
ROOMS = [
    ("broker/main.cc", {"broker", "storage", "providers"}),
    ("broker/*", {"broker"}),
    ("storage/*", {"broker", "storage"}),
    ("providers/*", {"broker", "providers"}),
    ("tests/*", {"broker", "storage", "providers", "tests"}),
]

SPEAKS_GRPC = [
    f"broker/{name}.*"
    for name in ("call_command", "caller", "grpc_status", "main", "server",
                 "service")
]
BROKER, STORAGE, PROVIDERS = "broker/*", "storage/*", "providers/*"

# Where the headers of a library may be included. The first pattern that
# matches a header decides; a header that none matches is refused. Tests may
# include all.
HOMES = [
    ("absl/*", [BROKER, STORAGE, PROVIDERS]),
    ("tokenbroker/*.grpc.pb.h", SPEAKS_GRPC),
    ("grpc/health/*.pb.h", SPEAKS_GRPC),
    ("tokenbroker/*.pb.h", [BROKER, STORAGE, PROVIDERS]),
    ("google/protobuf/*", [BROKER, STORAGE, PROVIDERS]),
    ("google/rpc/*.pb.h", [BROKER]),
    ("grpc/*", SPEAKS_GRPC),
    ("grpcpp/*", SPEAKS_GRPC),
    ("CLI/*", ["broker/main.cc"]),
    ("httplib.h", ["broker/http_endpoints.cc"]),
    ("prometheus/*", ["broker/metrics.cc"]),
    ("yaml-cpp/*", ["broker/yaml_proto.cc"]),
    ("nlohmann/*", ["broker/event_log.cc", "providers/json.*"]),
    ("curl/*", [PROVIDERS]),
    ("openssl/*", ["providers/ca_file.cc", "providers/client_assertion.cc",
                   "providers/curl_http_client.cc"]),
    ("re2/*", ["providers/pattern.cc"]),
    ("rocksdb/*", [STORAGE]),
    ("sodium.h", [BROKER, STORAGE, PROVIDERS]),
]

# The standard library's headers and the system's.
SYSTEM = re.compile(
    r"[a-z_]+"
    r"|(arpa|linux|net|netinet|sys)/\w+\.h"
    r"|(dirent|fcntl|netdb|poll|pthread|sched|signal|time|unistd)\.h")

INCLUDE = re.compile(r'\s*#\s*include\s*[<"]([^>"]+)[>"]')


def first_match(path, table):
    """The value beside the first pattern of the table that matches the path."""
    for pattern, value in table:
        if fnmatch.fnmatchcase(path, pattern):
            return value
    return None


def broken_rule(path, header):
    """The rule that an include of the header in the file breaks, or None."""
    room = path.split("/")[0]
    target = header.split("/")[0]
    if "/" in header and target in {"broker", "storage", "providers", "tests"}:
        if header.startswith("broker/main."):
            return "nobody includes broker/main.cc"
        if target in first_match(path, ROOMS):
            return None
        return f"{room}/ may not include {target}/"
    if room == "tests" or SYSTEM.fullmatch(header):
        return None
    homes = first_match(header, HOMES)
    if homes is None:
        return f"<{header}> has no home; give it one in tests/arrows.py"
    if any(fnmatch.fnmatchcase(path, home) for home in homes):
        return None
    return f"<{header}> belongs in {', '.join(homes)} only"


def offences(root):
    """Every include that breaks a rule, as (path, line, rule)."""
    for room in ("broker", "storage", "providers", "tests"):
        for file in sorted((root / room).rglob("*")):
            if file.suffix not in (".h", ".cc") or "node_modules" in file.parts:
                continue
            path = file.relative_to(root).as_posix()
            lines = file.read_text(encoding="utf-8").splitlines()
            for number, line in enumerate(lines, start=1):
                include = INCLUDE.match(line)
                rule = include and broken_rule(path, include[1])
                if rule:
                    yield path, number, rule


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here
    found = list(offences(root))
    for path, number, rule in found:
        print(f"{path}:{number}: {rule}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
