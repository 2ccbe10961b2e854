#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants offences in a tree of its own and sees that arrows.py finds each."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

ARROWS = pathlib.Path(__file__).with_name("arrows.py")

# file, header as it is included
ALLOWED = [
    ("broker/settle.h", '"broker/provider.h"'),
    ("broker/settle.h", "<string>"),
    ("broker/settle.h", '"absl/time/time.h"'),
    ("broker/settle.h", '"tokenbroker/storage/v1/records.pb.h"'),
    ("broker/errors.cc", '"google/rpc/error_details.pb.h"'),
    ("broker/main.cc", '"storage/rocks_token_store.h"'),
    ("broker/main.cc", '"providers/curl_http_client.h"'),
    ("broker/main.cc", "<CLI/CLI.hpp>"),
    ("broker/main.cc", "<sys/prctl.h>"),
    ("broker/service.h", '"tokenbroker/v1/token_broker.grpc.pb.h"'),
    ("broker/server.cc", '"grpc/health/v1/health.pb.h"'),
    ("broker/server.cc", "<grpcpp/grpcpp.h>"),
    ("broker/caller.cc", "<grpc/grpc_security_constants.h>"),
    ("broker/grpc_status.h", "<grpcpp/support/status.h>"),
    ("broker/http_endpoints.cc", "<httplib.h>"),
    ("broker/metrics.cc", "<prometheus/counter.h>"),
    ("broker/yaml_proto.cc", "<yaml-cpp/yaml.h>"),
    ("storage/rows.cc", '"storage/rows.h"'),
    ("storage/rows.cc", '"broker/proto_time.h"'),
    ("storage/rocks_database.cc", '"rocksdb/db.h"'),
    ("storage/rocks_database.cc", "<unistd.h>"),
    ("providers/discovery.cc", '"broker/http_client.h"'),
    ("providers/curl_http_client.cc", "<curl/curl.h>"),
    ("tests/world.h", '"storage/memory_token_store.h"'),
    ("tests/storage/rows_test.cc", '"tests/storage/temp_dir.h"'),
    ("tests/storage/rows_test.cc", '"rocksdb/db.h"'),
    ("tests/broker/service_test.cc", "<grpcpp/grpcpp.h>"),
]

# file, header as it is included, a word of the rule that it breaks
REFUSED = [
    ("broker/settle.h", '"storage/rows.h"', "storage/"),
    ("broker/settle.h", '"providers/json.h"', "providers/"),
    ("broker/service.cc", '"storage/rows.h"', "storage/"),
    ("broker/main.h", '"storage/rows.h"', "storage/"),
    ("broker/settle.h", '"tests/world.h"', "tests/"),
    ("broker/main.cc", '"tests/world.h"', "tests/"),
    ("storage/rows.cc", '"providers/json.h"', "providers/"),
    ("storage/rows.cc", '"tests/storage/temp_dir.h"', "tests/"),
    ("providers/json.cc", '"storage/rows.h"', "storage/"),
    ("providers/json.cc", '"tests/world.h"', "tests/"),
    ("tests/world.cc", '"broker/main.cc"', "main"),
    ("broker/sealing.cc", '"rocksdb/db.h"', "rocksdb"),
    ("providers/json.cc", "<rocksdb/db.h>", "rocksdb"),
    ("broker/exchange.cc", "<curl/curl.h>", "curl"),
    ("storage/rows.cc", "<curl/curl.h>", "curl"),
    ("broker/errors.cc", "<grpcpp/grpcpp.h>", "grpcpp"),
    ("broker/errors.cc", "<grpc/status.h>", "grpc"),
    ("broker/errors.cc", '"tokenbroker/v1/token_broker.grpc.pb.h"', "grpc"),
    ("broker/errors.cc", '"grpc/health/v1/health.pb.h"', "grpc"),
    ("storage/rows.cc", "<grpcpp/grpcpp.h>", "grpcpp"),
    ("providers/json.cc", '"tokenbroker/v1/token_broker.grpc.pb.h"', "grpc"),
    ("broker/main.cc", "<httplib.h>", "httplib"),
    ("broker/http_endpoints.h", "<httplib.h>", "httplib"),
    ("broker/metrics.h", "<prometheus/counter.h>", "prometheus"),
    ("broker/config.cc", "<yaml-cpp/yaml.h>", "yaml-cpp"),
    ("storage/keyring_file.cc", "<yaml-cpp/yaml.h>", "yaml-cpp"),
    ("broker/call_command.cc", "<CLI/CLI.hpp>", "CLI"),
    ("broker/settle.cc", "<boost/asio.hpp>", "boost"),
    ("broker/settle.cc", '"settle.h"', "settle.h"),
]


def check(files):
    """What arrows.py says of a tree of these files: its exit code and lines."""
    with tempfile.TemporaryDirectory() as directory:
        for path, text in files.items():
            file = pathlib.Path(directory, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, ARROWS, directory],
            capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines(), done.stderr


class ArrowsTest(unittest.TestCase):
    def test_finds_nothing_in_a_tree_that_keeps_the_rules(self):
        files = {}
        for path, header in ALLOWED:
            files[path] = files.get(path, "") + f"#include {header}\n"
        self.assertEqual(check(files), (0, [], ""))

    def test_finds_each_include_that_breaks_a_rule(self):
        for path, header, word in REFUSED:
            with self.subTest(path=path, header=header):
                code, lines, _ = check(
                    {path: f"// A file.\n#include {header}\n"})
                self.assertEqual(code, 1)
                self.assertEqual(len(lines), 1, lines)
                self.assertTrue(lines[0].startswith(f"{path}:2: "), lines)
                self.assertIn(word, lines[0])

    def test_finds_every_offence_of_a_tree(self):
        code, lines, _ = check({
            "broker/a.cc": "#include <curl/curl.h>\n\n"
                           '  #  include "storage/b.h"\n',
            "storage/deep/b.h": '#include "providers/json.h"\n',
        })
        self.assertEqual(code, 1)
        self.assertEqual(
            [line.split(": ")[0] for line in lines],
            ["broker/a.cc:1", "broker/a.cc:3", "storage/deep/b.h:1"])

    def test_takes_a_word_in_a_comment_for_no_include(self):
        comments = '// #include "storage/rows.h"\n// curl/curl.h\n'
        self.assertEqual(check({"broker/a.h": comments}), (0, [], ""))


if __name__ == "__main__":
    unittest.main()
