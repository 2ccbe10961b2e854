#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sees that configuration.py finds a stale reference and a proto that it cannot
read, and that the reference's example is a configuration.

    TOKEN_BROKER=build/release/token-broker tests/docs/configuration_test.py
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).with_name("configuration.py")
REFERENCE = SCRIPT.parents[2] / "docs/configuration.md"

sys.path.insert(0, str(SCRIPT.parent))
sys.dont_write_bytecode = True
import configuration  # noqa: E402, found beside this file


class ConfigurationTest(unittest.TestCase):

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def run_script(self, *arguments):
        return subprocess.run([sys.executable, SCRIPT, *arguments],
                              capture_output=True, text=True, check=False)

    def test_what_it_writes_it_finds_unchanged(self):
        file = self.directory / "configuration.md"
        self.assertEqual(self.run_script("--write", file).returncode, 0)
        self.assertEqual(self.run_script("--check", file).returncode, 0)

    def test_a_stale_reference_is_shown(self):
        file = self.directory / "configuration.md"
        self.run_script("--write", file)
        text = file.read_text(encoding="utf-8")
        for stale in (text.replace("`keyring_file`", "`key_file`"), ""):
            self.assertNotEqual(stale, text)
            file.write_text(stale, encoding="utf-8")
            result = self.run_script("--check", file)
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stdout, r"(?m)^\+.*`keyring_file`")

    def test_every_key_has_its_row(self):
        text = configuration.document()
        for path in configuration.PROTOS:
            proto = path.read_text(encoding="utf-8")
            keys = re.findall(r"^  .* ([a-z_]+) = \d+;$", proto, re.MULTILINE)
            self.assertGreater(len(keys), 20)
            for key in keys:
                self.assertIn(f"\n| `{key}` | ", text)

    def test_a_proto_that_it_cannot_read_is_refused_with_its_line(self):
        for body, complaint in (
            ("  string name = 1;", "a.proto:3: lacks a comment"),
            ("  // Text.\n  oneof choice {", "a.proto:4: cannot read"),
            ("  // Text.\n  extensions 2;", "a.proto:4: cannot read"),
        ):
            proto = f"// A message.\nmessage A {{\n{body}\n}}\n"
            with self.assertRaises(SystemExit) as refusal:
                configuration.parse("a.proto", proto)
            self.assertIn(complaint, str(refusal.exception))

    def test_what_is_reserved_is_no_key(self):
        proto = ("// A message.\nmessage A {\n  reserved 2;\n"
                 "  reserved \"old\";\n\n  // Text.\n  string name = 1;\n}\n")
        declarations = configuration.parse("a.proto", proto)
        self.assertEqual(declarations["A"].members,
                         [("string", "name", "Text.")])

    def test_a_message_of_several_keys_has_one_section(self):
        text = configuration.document()
        for section in re.findall(r"(?m)^## .*$", text):
            self.assertEqual(text.count(f"\n{section}\n"), 1, section)
        self.assertIn("\n| `refresh_request` | "
                      "[`providers[].code_request`](#providerscode_request) | ",
                      text)

    def test_what_a_path_and_a_template_are_is_said(self):
        text = configuration.document()
        self.assertRegex(text, r"\nA \*path\* names .*")
        self.assertRegex(text, r"A \*template\* is text ")

    def test_its_example_is_accepted(self):
        binary = os.environ["TOKEN_BROKER"]
        text = REFERENCE.read_text(encoding="utf-8")
        example = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1]
        (self.directory / "secrets").mkdir()
        for path in re.findall(r"client_secret_file: (\S+)", example):
            name = pathlib.Path(path).name
            (self.directory / "secrets" / name).write_text("secret\n")
        keyring = self.directory / "keyring"
        subprocess.run([binary, "keygen", "--out", keyring], check=True,
                       capture_output=True)
        file = self.directory / "config.yaml"
        file.write_text(
            example.replace("/etc/token-broker", str(self.directory)))
        result = subprocess.run([binary, "check-config", "--config", file],
                                capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
