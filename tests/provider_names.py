#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that no C++ outside providers/ knows a provider by its name.

What is peculiar to a provider is a row of data, or a mechanism in providers/
that any row may name. Prints `FILE:LINE: NAME` for each and exits 1 if there is
one.

    tests/provider_names.py [ROOT]
"""

import pathlib
import re
import sys


# Presets whose names are words or letters of other use; of these the display
# name counts, as it is written.
WORDS = {"box", "discord", "figma", "line", "linear", "notion", "oauth2",
         "oidc", "slack", "stripe", "threads", "x", "zoom"}
# Not a provider, but protobuf's.
PROTOBUF = re.compile(r"google(::|/protobuf|/rpc|\.rpc|\.protobuf)")


def names(root):
    """How the presets call their providers, as patterns."""
    for file in sorted((root / "providers/catalogue").glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        name = re.search(r"^name: (\S+)$", text, re.M)[1]
        display_name = re.search(r"^display_name: (.+)$", text, re.M)[1]
        if name not in WORDS:
            yield name, re.compile(rf"\b{re.escape(name)}\b", re.I)
        elif name not in ("line", "oidc", "oauth2", "threads", "x"):
            yield name, re.compile(rf"\b{re.escape(display_name)}\b")


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                        pathlib.Path(__file__).resolve().parents[1])
    patterns = list(names(root))
    found = 0
    for room in ("broker", "storage"):
        for file in sorted((root / room).rglob("*")):
            if file.suffix not in (".h", ".cc"):
                continue
            lines = file.read_text(encoding="utf-8").splitlines()
            for number, line in enumerate(lines, start=1):
                line = PROTOBUF.sub("", line)
                for name, pattern in patterns:
                    if pattern.search(line):
                        print(f"{file.relative_to(root)}:{number}: {name}")
                        found += 1
    if not patterns:
        print("no presets in providers/catalogue")
    sys.exit(1 if found or not patterns else 0)


if __name__ == "__main__":
    main()
