// SPDX-License-Identifier: Apache-2.0
#include "broker/yaml_proto.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tokenbroker/config/v1/config.pb.h"
#include "tokenbroker/config/v1/keyring.pb.h"
#include "tokenbroker/config/v1/provider.pb.h"
#include "tokenbroker/v1/token_broker.pb.h"

namespace tokenbroker {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using config::v1::Config;
using config::v1::Keyring;
using config::v1::Provider;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::StartsWith;
using testing::UnorderedElementsAre;

constexpr absl::string_view kFile = "some/file.yaml";

// Reads `yaml`, which must be accepted.
template <typename Message>
Message Read(absl::string_view yaml) {
  Message message;
  EXPECT_THAT(YamlToProto(yaml, kFile, &message), IsOk()) << yaml;
  return message;
}

// Reads `yaml`, which must be refused as the header says, and returns what is
// behind the file's name: `LINE: WHAT`.
template <typename Message>
std::string Refusal(absl::string_view yaml) {
  Message message;
  const absl::Status status = YamlToProto(yaml, kFile, &message);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               StartsWith(absl::StrCat(kFile, ":"))))
      << yaml;
  return std::string(status.message().substr(
      std::min(status.message().size(), kFile.size() + 1)));
}

TEST(YamlProtoTest, ReadsEveryKindOfFieldOfTheConfiguration) {
  const auto config = Read<Config>(R"(
grpc: {address: "127.0.0.1:7443", reflection: true}
providers:
- name: corp
  redirect_uris: [https://a.example/one, "https://a.example/two"]
  allow_loopback: false
  rotation: strict
  rotation_grace: 90s
  extra_authorization_params: {prompt: consent, "access type": '1'}
  error_rules:
  - {error: slow, class: TRANSIENT}
  - error_code: "KOE101"
    class: client_rejected
access:
- permissions: [GET_TOKEN, read]
drain: {delay: 250ms, grace: 1m30s}
)");
  EXPECT_EQ(config.grpc().address(), "127.0.0.1:7443");
  EXPECT_TRUE(config.grpc().reflection());
  ASSERT_EQ(config.providers_size(), 1);
  const Provider& provider = config.providers(0);
  EXPECT_EQ(provider.name(), "corp");
  EXPECT_THAT(provider.redirect_uris(),
              ElementsAre("https://a.example/one", "https://a.example/two"));
  EXPECT_FALSE(provider.allow_loopback());
  EXPECT_EQ(provider.rotation(), config::v1::ROTATION_STRICT);
  EXPECT_EQ(FromProto(provider.rotation_grace()), absl::Seconds(90));
  EXPECT_THAT(provider.extra_authorization_params(),
              UnorderedElementsAre(Pair("prompt", "consent"),
                                   Pair("access type", "1")));
  ASSERT_EQ(provider.error_rules_size(), 2);
  EXPECT_EQ(provider.error_rules(0).error(), "slow");
  EXPECT_EQ(provider.error_rules(0).class_(),
            config::v1::ERROR_CLASS_TRANSIENT);
  EXPECT_EQ(provider.error_rules(1).error_code(), "KOE101");
  EXPECT_EQ(provider.error_rules(1).class_(),
            config::v1::ERROR_CLASS_CLIENT_REJECTED);
  ASSERT_EQ(config.access_size(), 1);
  EXPECT_THAT(config.access(0).permissions(),
              ElementsAre(config::v1::PERMISSION_GET_TOKEN,
                          config::v1::PERMISSION_READ));
  EXPECT_EQ(FromProto(config.drain().delay()), absl::Milliseconds(250));
  EXPECT_EQ(FromProto(config.drain().grace()), absl::Seconds(90));
}

TEST(YamlProtoTest, TakesTextAsItIsWritten) {
  const std::map<std::string, std::string> cases = {
      {"plain words", "plain words"},
      {"'it''s # no comment'", "it's # no comment"},
      {R"("tab\there")", "tab\there"},
      {R"("")", ""},
      {"'~'", "~"},
      {"'null'", "null"},
      {"007", "007"},
      {"true", "true"},
      {"1e3", "1e3"},
      {"2026-11-23", "2026-11-23"},
      {"&anchor named", "named"},
      {"카카오", "카카오"},
      {"\U0001F511", "\U0001F511"},
      {"|\n  two\n  lines\n", "two\nlines\n"},
  };
  for (const auto& [yaml, text] : cases) {
    EXPECT_EQ(Read<Provider>("display_name: " + yaml).display_name(), text)
        << yaml;
  }
}

TEST(YamlProtoTest, ReadsDurationsAsAbseilDoes) {
  const std::map<std::string, absl::Duration> cases = {
      {"10s", absl::Seconds(10)},    {"250ms", absl::Milliseconds(250)},
      {"1.5h", absl::Minutes(90)},   {"1h1m1s", absl::Seconds(3661)},
      {"0", absl::ZeroDuration()},   {"-5s", absl::Seconds(-5)},
      {"7ns", absl::Nanoseconds(7)},
  };
  for (const auto& [yaml, duration] : cases) {
    const auto provider = Read<Provider>("request_timeout: " + yaml);
    EXPECT_EQ(FromProto(provider.request_timeout()), duration) << yaml;
  }
}

TEST(YamlProtoTest, ReadsEnumValuesWithoutPrefixInEitherCase) {
  for (const absl::string_view yaml :
       {"UNTIL_FIRST_USE", "until_first_use", "Until_First_Use"}) {
    EXPECT_EQ(Read<Provider>(absl::StrCat("rotation: ", yaml)).rotation(),
              config::v1::ROTATION_UNTIL_FIRST_USE)
        << yaml;
  }
  for (const absl::string_view yaml :
       {"ROTATION_UNTIL_FIRST_USE", "unspecified", "2", "",
        "until first use"}) {
    EXPECT_THAT(
        Refusal<Provider>(absl::StrCat("rotation: \"", yaml, "\"")),
        "1: rotation must be one of NEVER, UNTIL_FIRST_USE, GRACE, STRICT, "
        "UNKNOWN")
        << yaml;
  }
}

TEST(YamlProtoTest, ReadsWholeNumbersOfThirtyTwoBits) {
  using Request = v1::ListConnectionsRequest;
  EXPECT_EQ(Read<Request>("page_size: 2147483647").page_size(), 2147483647);
  EXPECT_EQ(Read<Request>("page_size: -1").page_size(), -1);
  for (const absl::string_view yaml : {"2147483648", "1.0", "0x10", "many"}) {
    EXPECT_EQ(Refusal<Request>(absl::StrCat("page_size: ", yaml)),
              "1: page_size must be a whole number")
        << yaml;
  }
}

// Every message of the configuration can be read: a field of another type
// would be found out only by whoever writes it.
void ExpectReadable(const google::protobuf::Descriptor& type) {
  using google::protobuf::FieldDescriptor;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
      case FieldDescriptor::CPPTYPE_ENUM:
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
      case FieldDescriptor::CPPTYPE_INT32:
        EXPECT_FALSE(field.is_repeated()) << field.full_name();
        break;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (field.message_type()->full_name() != "google.protobuf.Duration") {
          ExpectReadable(*field.message_type());
        }
        break;
      default:
        ADD_FAILURE() << field.full_name() << " is not read";
    }
  }
}

TEST(YamlProtoTest, SupportsWhatTheConfigurationUses) {
  ExpectReadable(*Config::descriptor());
  ExpectReadable(*Keyring::descriptor());
}

TEST(YamlProtoTest, SaysWhereWhatAndWhatToWriteInstead) {
  struct Case {
    std::string yaml;
    std::string refusal;
  };
  const Case cases[] = {
      // Keys.
      {"name: a\ncolour: red\n",
       "2: the document has no key \"colour\"; known"},
      {"name: a\n\"odd key\": 1\n",
       "2: the document has an unknown key; known"},
      {"name: a\n\nname: b\n", "3: name is given twice; keep one"},
      {"name: a\n? [b]\n: c\n", "2: the document must be a single value"},
      {"name: a\n~: c\n", "2: the document has no value"},
      {"<<: {name: a}\n", "1: the document has an unknown key; known"},
      {"error_rules:\n- error: x\n  colour: y\n",
       "3: error_rules has no key \"colour\"; known keys: error, error_code, "
       "status, description, class"},
      // Types.
      {"name: [a]\n", "1: name must be a single value"},
      {"name: {a: b}\n", "1: name must be a single value"},
      {"redirect_uris: a\n", "1: redirect_uris must be a list: [a, b] or"},
      {"redirect_uris: {a: b}\n", "1: redirect_uris must be a list"},
      {"redirect_uris:\n- a\n- [b]\n",
       "3: redirect_uris must be a single value"},
      {"error_rules: {error: x}\n", "1: error_rules must be a list"},
      {"error_rules:\n- x\n", "2: error_rules must be a map of keys and"},
      {"extra_authorization_params: [a]\n",
       "1: extra_authorization_params must be a map of names and values"},
      {"extra_authorization_params:\n  a: b\n  c: [d]\n",
       "3: extra_authorization_params must be a single value"},
      {"extra_authorization_params:\n  ? [a]\n  : b\n",
       "2: extra_authorization_params must be a single value"},
      {"request_timeout: [10s]\n", "1: request_timeout must be a single value"},
      {"- name: a\n", "1: the document must be a map of keys and values"},
      {"name\n", "1: the document must be a map of keys and values"},
      {"~\n", "1: the document must be a map of keys and values"},
      // Values.
      {"allow_loopback: yes\n", "1: allow_loopback must be true or false"},
      {"allow_loopback: True\n", "1: allow_loopback must be true or false"},
      {"allow_loopback: 1\n", "1: allow_loopback must be true or false"},
      {"request_timeout: 10\n",
       "1: request_timeout must be a duration with its unit, such as 10s or "
       "250ms"},
      {"request_timeout: 10 s\n", "1: request_timeout must be a duration"},
      {"request_timeout: soon\n", "1: request_timeout must be a duration"},
      {"request_timeout: inf\n", "1: request_timeout must be a duration"},
      {"request_timeout: -inf\n", "1: request_timeout must be a duration"},
      {"request_timeout: ''\n", "1: request_timeout must be a duration"},
      {"name: a\npkce: MAYBE\n",
       "2: pkce must be one of REQUIRED, SUPPORTED, UNSUPPORTED"},
      {"error_rules:\n- error: x\n  class: WARM\n",
       "3: class must be one of TRANSIENT, GRANT_DEAD, CLIENT_REJECTED"},
      {"extra_authorization_params:\n  a: b\n  a: c\n",
       "3: extra_authorization_params has a name twice; keep one"},
      // Missing values.
      {"name:\n", "1: name has no value; give one or remove the key"},
      {"name: ~\n", "1: name has no value"},
      {"name: null\n", "1: name has no value"},
      {"redirect_uris:\n", "1: redirect_uris has no value"},
      {"redirect_uris: [a, ~]\n", "1: redirect_uris has no value"},
      {"rotation:\n", "1: rotation has no value"},
      {"request_timeout:\n", "1: request_timeout has no value"},
      {"extra_authorization_params:\n",
       "1: extra_authorization_params has no value"},
      {"extra_authorization_params:\n  a:\n",
       "2: extra_authorization_params has no value"},
      // Tags.
      {"!!map {name: a}\n", "1: the document has a tag; write the plain value"},
      {"!x\nname: a\n", "1: the document has a tag"},
      {"!!str name: a\n", "1: the document has a tag"},
      {"name: !!str a\n", "1: name has a tag; write the plain value"},
      {"redirect_uris: !x [a]\n", "1: redirect_uris has a tag"},
      {"redirect_uris: [!x a]\n", "1: redirect_uris has a tag"},
      {"error_rules:\n- !x {error: a}\n", "2: error_rules has a tag"},
      {"extra_authorization_params: {a: !x b}\n",
       "1: extra_authorization_params has a tag"},
      {"extra_authorization_params: {!x a: b}\n",
       "1: extra_authorization_params has a tag"},
      {"request_timeout: !x 10s\n", "1: request_timeout has a tag"},
      // Aliases.
      {"name: &a b\nclient_id: *a\n",
       "2: aliases are not read; write the value out"},
      {"error_rules:\n- &a {error: x}\n- <<: *a\n", "3: aliases are not read"},
      // Documents.
      {"", "1: must hold one YAML document, and holds 0"},
      {"# a comment\n\n", "1: must hold one YAML document, and holds 0"},
      {"name: a\n---\nname: b\n",
       "2: must hold one YAML document, and holds 2"},
      {"name: a\n...\n---\n...\n---\nname: b\n",
       "5: must hold one YAML document, and holds 3"},
      // What is not YAML.
      {"name: a\nredirect_uris: [\n", "3: not YAML: "},
      {"name: a\n  client_id: b\n", "2: not YAML: "},
      {"name: 'a\n", "2: not YAML: "},
      {"name: a\n\tclient_id: b\n", "2: "},
      {"name: \"a\nclient_id: b\n", "3: not YAML: "},
      {"name: a\n@b: c\n", "2: not YAML: "},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(Refusal<Provider>(c.yaml), StartsWith(c.refusal)) << c.yaml;
  }
}

TEST(YamlProtoTest, NamesTheKnownKeys) {
  EXPECT_EQ(Refusal<Keyring>("keyz: []"),
            "1: the document has no key \"keyz\"; known keys: primary_key_id, "
            "keys, index_key");
}

// A key of 32 bytes is longer than any name of ours: 43 letters in Base64.
TEST(YamlProtoTest, RepeatsNoUnknownKeyThatMayBeASecret) {
  EXPECT_THAT(Refusal<Keyring>(std::string(40, 'k') + ": a"),
              HasSubstr(std::string(40, 'k')));
  EXPECT_THAT(Refusal<Keyring>(std::string(41, 'k') + ": a"),
              StartsWith("1: the document has an unknown key; known keys: "));
}

TEST(YamlProtoTest, TakesAMebibyteAndNotAByteMore) {
  const std::string key = "name: ";
  const std::string largest = key + std::string((1 << 20) - key.size(), 'x');
  EXPECT_EQ(Read<Provider>(largest).name().size(), (1 << 20) - key.size());
  EXPECT_EQ(Refusal<Provider>(largest + "x"), "1: must be at most 1 MiB");
}

TEST(YamlProtoTest, RefusesDeepNestingWithoutFollowingIt) {
  const std::string opening = "{a: ";
  std::string maps = "name: a\ndisplay_name: ";
  for (int i = 0; i < 100'000; ++i) maps += opening;
  for (const std::string& yaml :
       {maps, "name: a\nscopes: " + std::string(100'000, '['),
        "name: a\nscopes: " + std::string(33, '[') + std::string(33, ']')}) {
    EXPECT_EQ(Refusal<Provider>(yaml), "2: not YAML: nested too deeply");
  }
}

// RFC 3629 and the characters that YAML 1.2 excludes.
TEST(YamlProtoTest, RefusesWhatIsNotText) {
  using namespace std::string_literals;  // NOLINT: for strings with NUL
  const std::string cases[] = {
      "\x80",              // continues nothing
      "\xc3",              // is not continued
      "\xc3(",             // the same, inside
      "\xe2\x82",          // ends early
      "\xc0\xaf",          // overlong, two bytes
      "\xe0\x80\xaf",      // overlong, three
      "\xf0\x80\x80\xaf",  // overlong, four
      "\xed\xa0\x80",      // a surrogate
      "\xed\xbf\xbf",      // the last of them
      "\xf4\x90\x80\x80",  // above U+10FFFF
      "\xf8\x88\x80\x80\x80",
      "\xfe",
      "\xff",
      "\0"s,
      "\x04",  // would end the file for the parser
      "\x1b",
      "\x7f",
  };
  for (const std::string& bytes : cases) {
    EXPECT_EQ(Refusal<Provider>("name: a" + bytes + "\nclient_id: b\n"),
              "1: must be UTF-8 text without control characters")
        << testing::PrintToString(bytes);
  }
  // The encodings that a parser of YAML may take as well.
  EXPECT_THAT(Refusal<Provider>("n\0a\0m\0e\0:\0 \0a\0"s),
              HasSubstr("must be UTF-8"));
  EXPECT_THAT(Refusal<Provider>("\xff\xfen\0a\0m\0e\0:\0 \0a\0"s),
              HasSubstr("must be UTF-8"));
}

TEST(YamlProtoTest, TakesTheEdgesOfUtf8) {
  for (const absl::string_view text : {"\u0080", "\u07ff", "\u0800", "\ud7ff",
                                       "\ue000", "\U00010000", "\U0010fffd"}) {
    EXPECT_EQ(Read<Provider>(absl::StrCat("name: 'a", text, "'")).name(),
              absl::StrCat("a", text));
  }
}

TEST(YamlProtoTest, TakesWindowsLineEndsAndAByteOrderMark) {
  const auto provider =
      Read<Provider>("\xef\xbb\xbfname: a\r\nclient_id: b\r\n");
  EXPECT_EQ(provider.name(), "a");
  EXPECT_EQ(provider.client_id(), "b");
}

// A keyring that its owner broke while editing must not end up in a log.
TEST(YamlProtoTest, NeverRepeatsAValue) {
  // 32 bytes in Base64, and the beginning of it.
  const std::string secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ=";
  const std::string trace = secret.substr(0, 8);
  const std::string cases[] = {
      // Broken lines.
      "index_key:SECRET\n",
      "primary_key_id: a\nindex_key:SECRET\n",
      "index_key:SECRET: \n",
      "SECRET: index_key\n",
      "{index_key:SECRET}\n",
      "{index_key: SECRET\n",
      "index_key: 'SECRET\n",
      "index_key: \"SECRET\n",
      "index_key: \"\\SECRET\"\n",
      "index_key: \"\\xzSECRET\"\n",
      "index_key: \"\\uD800SECRET\"\n",
      "index_key: SECRET: b\n",
      "index_key: SECRET\n bad: b\n",
      "index_key = SECRET\n",
      "index_key\tSECRET\n",
      "SECRET\n",
      "- SECRET\n",
      "? SECRET\n",
      "? [SECRET]\n",
      "%SECRET\n",
      "%YAML SECRET\n---\nindex_key: a\n",
      "%TAG SECRET\n---\nindex_key: a\n",
      "--- SECRET\n--- SECRET\n",
      "index_key: @SECRET\n",
      "index_key: `SECRET\n",
      "index_key: |SECRET\n",
      "index_key: >9SECRET\n",
      // Anchors, aliases, tags.
      "index_key: *SECRET\n",
      "index_key: &SECRET SECRET\nprimary_key_id: *SECRET\n",
      "index_key: &SECRET\n",
      "index_key: !SECRET a\n",
      "index_key: !<SECRET> a\n",
      "index_key: !<SECRET a\n",
      "index_key: !a!SECRET b\n",
      // Wrong places and types.
      "index_key: [SECRET]\n",
      "index_key: {SECRET: SECRET}\n",
      "index_key: {SECRET}\n",
      "keys: SECRET\n",
      "keys: [SECRET]\n",
      "keys: {SECRET: a}\n",
      "keys:\n- SECRET: a\n",
      "keys:\n- id: a\n  secret:SECRET\n",
      "keys:\n- id: a\n secret: SECRET\n",
      "keys:\n- {id: a, secret:SECRET}\n",
      "keys:\n- secret: SECRET\n  secret: SECRET\n",
      "index_key: SECRET\nindex_key: SECRET\n",
      "index_key: SECRET\xff\n",
  };
  for (const std::string& pattern : cases) {
    const std::string yaml = absl::StrReplaceAll(pattern, {{"SECRET", secret}});
    const std::string refusal = Refusal<Keyring>(yaml);
    EXPECT_THAT(refusal, Not(HasSubstr(trace))) << pattern;
    // The first letter stands in a message of the parser.
    EXPECT_THAT(refusal, Not(HasSubstr(": c"))) << pattern;
  }
  const std::string of_other_types[] = {
      "allow_loopback: SECRET\n",
      "rotation: SECRET\n",
      "request_timeout: SECRET\n",
      "extra_authorization_params: {SECRET: a, SECRET: b}\n",
      "extra_authorization_params: {SECRET: [SECRET]}\n",
      "extra_authorization_params: {SECRET: ~}\n",
      "extra_authorization_params: SECRET\n",
      "error_rules: [{class: SECRET}]\n",
  };
  for (const std::string& pattern : of_other_types) {
    const std::string yaml = absl::StrReplaceAll(pattern, {{"SECRET", secret}});
    EXPECT_THAT(Refusal<Provider>(yaml), Not(HasSubstr(trace))) << pattern;
  }
}

TEST(YamlProtoTest, TellsTheLineOfEveryKeyAndListItem) {
  Config config;
  YamlLines lines;
  ASSERT_THAT(YamlToProto(R"(# comment
grpc:
  address: "127.0.0.1:7443"
providers:
- name: a
  redirect_uris:
  - one

  - two
  extra_authorization_params:
    prompt: consent
- {name: b, error_rules: [
    {error: x}]}
drain:
  delay:
    5s
)",
                          kFile, &config, &lines),
              IsOk());
  EXPECT_THAT(
      lines, UnorderedElementsAre(
                 Pair("grpc", 2), Pair("grpc.address", 3), Pair("providers", 4),
                 Pair("providers[0]", 5), Pair("providers[0].name", 5),
                 Pair("providers[0].redirect_uris", 6),
                 Pair("providers[0].redirect_uris[0]", 7),
                 Pair("providers[0].redirect_uris[1]", 9),
                 Pair("providers[0].extra_authorization_params", 10),
                 Pair("providers[1]", 12), Pair("providers[1].name", 12),
                 Pair("providers[1].error_rules", 12),
                 Pair("providers[1].error_rules[0]", 13),
                 Pair("providers[1].error_rules[0].error", 13),
                 Pair("drain", 14), Pair("drain.delay", 15)));
}

TEST(YamlProtoTest, FindsTheLineOfTheNearestValueAround) {
  const YamlLines lines = {{"grpc", 2},
                           {"providers", 4},
                           {"providers[0]", 5},
                           {"providers[0].redirect_uris", 7},
                           {"providers[0].redirect_uris[1]", 9}};
  const std::map<std::string, int> cases = {
      {"grpc", 2},
      {"grpc.address", 2},
      {"grpc.tls.client_ca_file", 2},
      {"grpcs", 1},
      {"providers[0]", 5},
      {"providers[0].name", 5},
      {"providers[0].redirect_uris", 7},
      {"providers[0].redirect_uris[0]", 7},
      {"providers[0].redirect_uris[1]", 9},
      {"providers[1]", 4},
      {"providers[1].name", 4},
      {"http", 1},
      {"http.address", 1},
      {"", 1},
  };
  for (const auto& [path, line] : cases) {
    EXPECT_EQ(LineOf(lines, path), line) << path;
  }
  EXPECT_EQ(LineOf({}, "providers[0].name"), 1);
}

}  // namespace
}  // namespace tokenbroker
