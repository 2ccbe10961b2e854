#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes docs/configuration.md out of the comments in the protos.

    tests/docs/configuration.py --check [FILE]   exits 1 with a diff if any
    tests/docs/configuration.py --write [FILE]   writes the file

FILE is docs/configuration.md unless said otherwise. Reads our own protos, which
buf keeps in form: one declaration a line, a comment before each.
"""

import difflib
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROTOS = [
    ROOT / "proto/tokenbroker/config/v1" / name
    for name in ("config.proto", "provider.proto", "wire.proto")
]

HEAD = """\
<!-- Made by tests/docs/configuration.py out of the comments in
     proto/tokenbroker/config/v1. Change those, then: tests/docs/configuration.py --write -->
# Configuration

`token-broker serve --config FILE` reads one YAML file. `token-broker check-config --config FILE` says what is wrong with it,
without touching data or network: the line where there is one, what, and what to write instead. Secrets are never in it; they are
files that it points to.

```yaml
grpc: {address: "127.0.0.1:7443"}        # beyond this machine: add tls
http: {address: "127.0.0.1:7480"}
storage: {rocksdb: {path: /var/lib/token-broker}}
encryption: {keyring_file: /etc/token-broker/keyring}   # token-broker keygen --out FILE
providers:
- name: google
  preset: google
  client_id: 1234.apps.googleusercontent.com
  client_secret_file: /etc/token-broker/secrets/google
  redirect_uris: ["https://app.example.com/oauth/callback"]
  scopes: [openid, email, "https://www.googleapis.com/auth/calendar.events"]
- name: corp                             # no preset: discovered from its issuer, or the endpoints written out
  issuer: https://id.example.com
  client_id: broker
  client_secret_file: /etc/token-broker/secrets/corp
  redirect_uris: ["https://app.example.com/oauth/callback"]
  scopes: [openid, offline_access]
access:                                  # nothing is allowed that no rule allows
- callers: ["spiffe://example.com/ns/shop/sa/calendar"]
  providers: [google]
  permissions: [AUTHORIZE, GET_TOKEN, READ, DELETE]
```

How values are written: a duration with its unit (`250ms`, `10s`, `1h30m`); one of several values in either case (`GET_TOKEN`,
`get_token`); a switch as `true` or `false`. Refused: a key that is unknown, given twice or without a value, tags, aliases, more
than one document, and files over 1 MiB.
"""


WIRE_HEAD = "## Presets, paths and templates\n"


class Declaration:
    """A message or an enum: its members are (type, name, comment)."""

    def __init__(self, kind, comment):
        self.kind = kind
        self.comment = comment
        self.members = []


def parse(path, text):
    """The declarations of a proto by name."""
    declarations = {}
    current = None
    comment = []
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{path}:{number}"
        line = line.strip()
        if line.startswith("//"):
            comment.append(line[2:].strip())
            continue
        words, comment = " ".join(comment), []
        opening = re.fullmatch(r"(message|enum) (\w+) \{", line)
        member = re.fullmatch(r"(?:(.+) )?(\w+) = \d+;", line)
        if opening and current is None:
            current = Declaration(opening[1], words)
            declarations[opening[2]] = current
        elif member and current is not None:
            current.members.append((member[1], member[2], words))
        elif line == "}" and current is not None:
            current = None
            continue
        elif current is None and re.match(r"$|syntax |package |import ", line):
            continue
        elif line.startswith("reserved "):
            continue
        elif line == "":
            continue
        else:
            sys.exit(f"{where}: cannot read `{line}`")
        if not words:
            sys.exit(f"{where}: lacks a comment")
    return declarations


def values_of(name, enum):
    """(value, meaning) as the file takes them. Zero is what is not said."""
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper() + "_"
    return [
        (member.removeprefix(prefix), comment)
        for _, member, comment in enum.members[1:]
    ]


def link(path):
    """To the section of `path`, as GitHub makes its anchor."""
    return f"[`{path}`](#{re.sub(r'[^a-z0-9_]', '', path)})"


def table(head, rows):
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for row in rows:
        cells = (cell.replace("|", r"\|") for cell in row)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def file_comment(text):
    """The paragraphs in front of a proto's package."""
    lines = re.findall(r"^//(.*)$", text[:text.index("\npackage ")], re.MULTILINE)
    return "\n".join(line.strip() for line in lines)


def sections(declarations, name, path, seen):
    """The section of message `name` at `path`, and those of what is in it. A
    message that stands in several places has the section of the first, whose
    path is in `seen` by its name."""
    message = declarations[name]
    keys, inner, enums = [], [], {}
    for kind, key, comment in message.members:
        many = kind.startswith("repeated ")
        kind = kind.removeprefix("repeated ").removeprefix("optional ")
        below = (f"{path}." if path else "") + key + ("[]" if many else "")
        if kind == "string":
            words = "list of texts" if many else "text"
        elif kind == "int32":
            words = "number"
        elif kind == "bool":
            words = "switch"
        elif kind == "google.protobuf.Duration":
            words = "duration"
        elif kind == "map<string, string>":
            words = "map of texts"
        elif declarations[kind].kind == "enum":
            enums.setdefault(kind, []).append(key)
            values = ", ".join(
                f"`{value}`" for value, _ in values_of(kind, declarations[kind]))
            words = ("list of " if many else "one of ") + values
        else:
            if kind not in seen:
                seen[kind] = below
                inner.append((kind, below))
            words = ("list of " if many else "") + link(seen[kind])
        keys.append((f"`{key}`", words, comment))

    text = f"\n## `{path}`\n\n{message.comment}\n\n" if path else "\n## Keys\n\n"
    text += table(("key", "value", "meaning"), keys)
    for kind, users in enums.items():
        enum = declarations[kind]
        of = " and ".join(f"`{user}`" for user in users)
        rows = [(f"`{value}`", comment)
                for value, comment in values_of(kind, enum)]
        text += f"\nValues of {of}:\n\n" + table(("value", "meaning"), rows)
    return text + "".join(
        sections(declarations, kind, below, seen) for kind, below in inner)


def document():
    declarations = {}
    for path in PROTOS:
        declarations.update(
            parse(path.relative_to(ROOT), path.read_text(encoding="utf-8")))
    wire = file_comment(PROTOS[-1].read_text(encoding="utf-8"))
    return (HEAD + f"\n{WIRE_HEAD}\n{wire}\n"
            + sections(declarations, "Config", "", {}))


def main(arguments):
    if not arguments or arguments[0] not in ("--check", "--write"):
        sys.exit(__doc__)
    path = pathlib.Path(
        arguments[1] if len(arguments) > 1 else ROOT / "docs/configuration.md")
    wanted = document()
    if arguments[0] == "--write":
        path.write_text(wanted, encoding="utf-8")
        return 0
    found = path.read_text(encoding="utf-8") if path.exists() else ""
    if found == wanted:
        return 0
    sys.stdout.writelines(
        difflib.unified_diff(
            found.splitlines(keepends=True), wanted.splitlines(keepends=True),
            str(path), "what the protos say"))
    print("mend it with: tests/docs/configuration.py --write")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
