// SPDX-License-Identifier: Apache-2.0
#include "broker/yaml_proto.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/emitterstyle.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "broker/proto_time.h"
#include "broker/status_macros.h"

namespace tokenbroker {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr size_t kLargest = size_t{1} << 20;
constexpr int kDeepest = 16;
constexpr size_t kLongestKey = 40;  // shorter than 32 bytes in Base64

// The prefix buf wants before every value: ROTATION_ for Rotation.
std::string PrefixOf(const EnumDescriptor& type) {
  std::string prefix;
  for (const char letter : type.name()) {
    if (absl::ascii_isupper(letter) && !prefix.empty()) prefix += '_';
    prefix += absl::ascii_toupper(letter);
  }
  return prefix + "_";
}

std::string ChoicesOf(const EnumDescriptor& type) {
  std::vector<std::string> choices;
  const size_t prefix = PrefixOf(type).size();
  for (int i = 0; i < type.value_count(); ++i) {
    // Zero is what is not said.
    if (type.value(i)->number() == 0) continue;
    choices.push_back(type.value(i)->name().substr(prefix));
  }
  return absl::StrJoin(choices, ", ");
}

std::string KeysOf(const Descriptor& type) {
  std::vector<std::string> keys;
  keys.reserve(type.field_count());
  for (int i = 0; i < type.field_count(); ++i) {
    keys.push_back(type.field(i)->name());
  }
  return absl::StrJoin(keys, ", ");
}

// Walks the document along the descriptors. One instance reads one document.
class Reader {
 public:
  Reader(absl::string_view file_name, YamlLines* lines)
      : file_name_(file_name), lines_(lines) {}

  // `path` is empty for the document.
  absl::Status ReadMessage(const YAML::Node& node, absl::string_view name,
                           const std::string& path, int depth,
                           Message* message) {
    if (depth > kDeepest) return Refuse(node, "is nested too deeply", name);
    ABSL_RETURN_IF_ERROR(CheckTag(node, name));
    if (!node.IsMap()) {
      return Refuse(node, "must be a map of keys and values", name);
    }
    const Descriptor& type = *message->GetDescriptor();
    std::set<std::string> seen;
    for (const auto& entry : node) {
      ABSL_RETURN_IF_ERROR(CheckScalar(entry.first, name));
      const std::string& key = entry.first.Scalar();
      const FieldDescriptor* field = type.FindFieldByName(key);
      if (field == nullptr) {
        return Refuse(
            entry.first,
            absl::StrCat(LooksLikeAKey(key)
                             ? absl::StrCat("has no key \"", key, "\"")
                             : "has an unknown key",
                         "; known keys: ", KeysOf(type)),
            name);
      }
      if (!seen.insert(key).second) {
        return Refuse(entry.first, "is given twice; keep one", key);
      }
      ABSL_RETURN_IF_ERROR(CheckPresent(entry.second, entry.first, key));
      ABSL_RETURN_IF_ERROR(CheckTag(entry.second, key));
      const std::string field_path =
          path.empty() ? key : absl::StrCat(path, ".", key);
      Note(field_path, entry.first);
      ABSL_RETURN_IF_ERROR(
          ReadField(entry.second, *field, field_path, depth, message));
    }
    return absl::OkStatus();
  }

  absl::Status Refuse(const YAML::Node& node, absl::string_view what,
                      absl::string_view name) const {
    return absl::InvalidArgumentError(
        absl::StrCat(file_name_, ":", node.Mark().line + 1, ": ",
                     name.empty() ? "the document" : name, " ", what));
  }

 private:
  void Note(const std::string& path, const YAML::Node& node) {
    if (lines_ != nullptr) (*lines_)[path] = node.Mark().line + 1;
  }

  // Only such a key is repeated: where the space after a colon is forgotten, a
  // value is part of the key, and a secret may stand where a key should.
  static bool LooksLikeAKey(absl::string_view text) {
    return text.size() <= kLongestKey &&
           std::all_of(text.begin(), text.end(), [](char c) {
             return absl::ascii_isalnum(c) || c == '_' || c == '-';
           });
  }

  absl::Status CheckTag(const YAML::Node& node, absl::string_view name) const {
    const std::string& tag = node.Tag();
    if (tag.empty() || tag == "?" || tag == "!") return absl::OkStatus();
    return Refuse(node, "has a tag; write the plain value", name);
  }

  // `place` is the key: a value that is not there has no line of its own.
  absl::Status CheckPresent(const YAML::Node& node, const YAML::Node& place,
                            absl::string_view name) const {
    if (!node.IsNull()) return absl::OkStatus();
    return Refuse(place, "has no value; give one or remove the key", name);
  }

  absl::Status CheckScalar(const YAML::Node& node,
                           absl::string_view name) const {
    ABSL_RETURN_IF_ERROR(CheckTag(node, name));
    ABSL_RETURN_IF_ERROR(CheckPresent(node, node, name));
    if (!node.IsScalar()) return Refuse(node, "must be a single value", name);
    return absl::OkStatus();
  }

  absl::Status ReadField(const YAML::Node& node, const FieldDescriptor& field,
                         const std::string& path, int depth, Message* message) {
    const Reflection& reflection = *message->GetReflection();
    const std::string& name = field.name();
    if (field.is_map()) return ReadMap(node, field, message);
    if (!field.is_repeated()) {
      if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
        return ReadScalar(node, field, message);
      }
      return ReadMessageValue(node, field, path, depth,
                              reflection.MutableMessage(message, &field));
    }
    if (!node.IsSequence()) {
      return Refuse(node, "must be a list: [a, b] or lines that begin with -",
                    name);
    }
    int index = 0;
    for (const YAML::Node& item : node) {
      const std::string item_path = absl::StrCat(path, "[", index++, "]");
      Note(item_path, item);
      if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        ABSL_RETURN_IF_ERROR(
            ReadMessageValue(item, field, item_path, depth,
                             reflection.AddMessage(message, &field)));
      } else {
        ABSL_RETURN_IF_ERROR(ReadScalar(item, field, message));
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadMessageValue(const YAML::Node& node,
                                const FieldDescriptor& field,
                                const std::string& path, int depth,
                                Message* value) {
    if (field.message_type() != google::protobuf::Duration::descriptor()) {
      return ReadMessage(node, field.name(), path, depth + 1, value);
    }
    ABSL_RETURN_IF_ERROR(CheckScalar(node, field.name()));
    absl::Duration duration;
    if (!absl::ParseDuration(node.Scalar(), &duration) ||
        duration == absl::InfiniteDuration() ||
        duration == -absl::InfiniteDuration()) {
      return Refuse(node,
                    "must be a duration with its unit, such as 10s or 250ms",
                    field.name());
    }
    value->CopyFrom(ToProto(duration));
    return absl::OkStatus();
  }

  // map<string, string>.
  absl::Status ReadMap(const YAML::Node& node, const FieldDescriptor& field,
                       Message* message) {
    if (!node.IsMap()) {
      return Refuse(node, "must be a map of names and values", field.name());
    }
    const FieldDescriptor& key_field = *field.message_type()->map_key();
    const FieldDescriptor& value_field = *field.message_type()->map_value();
    std::set<std::string> seen;
    for (const auto& entry : node) {
      ABSL_RETURN_IF_ERROR(CheckScalar(entry.first, field.name()));
      ABSL_RETURN_IF_ERROR(
          CheckPresent(entry.second, entry.first, field.name()));
      ABSL_RETURN_IF_ERROR(CheckScalar(entry.second, field.name()));
      if (!seen.insert(entry.first.Scalar()).second) {
        return Refuse(entry.first, "has a name twice; keep one", field.name());
      }
      Message* added = message->GetReflection()->AddMessage(message, &field);
      ABSL_RETURN_IF_ERROR(ReadScalar(entry.first, key_field, added));
      ABSL_RETURN_IF_ERROR(ReadScalar(entry.second, value_field, added));
    }
    return absl::OkStatus();
  }

  // Sets a singular field, adds to a repeated one.
  absl::Status ReadScalar(const YAML::Node& node, const FieldDescriptor& field,
                          Message* message) {
    ABSL_RETURN_IF_ERROR(CheckScalar(node, field.name()));
    const std::string& text = node.Scalar();
    const Reflection& reflection = *message->GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        if (field.is_repeated()) {
          reflection.AddString(message, &field, text);
        } else {
          reflection.SetString(message, &field, text);
        }
        return absl::OkStatus();
      case FieldDescriptor::CPPTYPE_BOOL: {
        if (text != "true" && text != "false") {
          return Refuse(node, "must be true or false", field.name());
        }
        reflection.SetBool(message, &field, text == "true");
        return absl::OkStatus();
      }
      case FieldDescriptor::CPPTYPE_INT32: {
        int32_t number = 0;
        if (!absl::SimpleAtoi(text, &number)) {
          return Refuse(node, "must be a whole number", field.name());
        }
        reflection.SetInt32(message, &field, number);
        return absl::OkStatus();
      }
      case FieldDescriptor::CPPTYPE_ENUM: {
        const EnumDescriptor& type = *field.enum_type();
        const EnumValueDescriptor* value = type.FindValueByName(
            absl::StrCat(PrefixOf(type), absl::AsciiStrToUpper(text)));
        if (value == nullptr || value->number() == 0) {
          return Refuse(node, absl::StrCat("must be one of ", ChoicesOf(type)),
                        field.name());
        }
        if (field.is_repeated()) {
          reflection.AddEnum(message, &field, value);
        } else {
          reflection.SetEnum(message, &field, value);
        }
        return absl::OkStatus();
      }
      default:
        return absl::InternalError(
            absl::StrCat(field.full_name(), " has a type that is not read"));
    }
  }

  const absl::string_view file_name_;
  YamlLines* const lines_;
};

// What the node tree no longer shows: several documents, and aliases, which
// would let a small file unfold into a large one.
class SyntaxCheck final : public YAML::EventHandler {
 public:
  int documents = 0;
  int last_document_line = 1;
  int alias_line = 0;

  void OnDocumentStart(const YAML::Mark& mark) override {
    ++documents;
    last_document_line = mark.line + 1;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    if (alias_line == 0) alias_line = mark.line + 1;
  }
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark& mark, const std::string&,
                       YAML::anchor_t, YAML::EmitterStyle::value) override {
    Enter(mark);
  }
  void OnSequenceEnd() override { --depth_; }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    Enter(mark);
  }
  void OnMapEnd() override { --depth_; }

 private:
  void Enter(const YAML::Mark& mark) {
    if (++depth_ > 2 * kDeepest) {
      throw YAML::ParserException(mark, "nested too deeply");
    }
  }

  int depth_ = 0;
};

// Whether `text` is UTF-8 (RFC 3629 4) that YAML may hold (YAML 1.2.2, 5.1: no
// control characters). The parser would take a NUL for UTF-16, and an EOT for
// the end of the file.
bool IsText(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i]);
    if (absl::ascii_iscntrl(lead) && lead != '\t' && lead != '\n' &&
        lead != '\r') {
      return false;
    }
    const int length = lead < 0x80             ? 1
                       : (lead & 0xe0) == 0xc0 ? 2
                       : (lead & 0xf0) == 0xe0 ? 3
                       : (lead & 0xf8) == 0xf0 ? 4
                                               : 0;
    if (length == 0 || i + length > text.size()) return false;
    uint32_t point = length == 1 ? lead : lead & (0x7f >> length);
    for (int k = 1; k < length; ++k) {
      const auto next = static_cast<uint8_t>(text[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      point = point << 6 | (next & 0x3f);
    }
    constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool is_surrogate = point >= 0xd800 && point <= 0xdfff;
    if (point < kLeast[length] || point > 0x10ffff || is_surrogate) {
      return false;
    }
    i += length;
  }
  return true;
}

absl::StatusOr<YAML::Node> Parse(absl::string_view yaml,
                                 absl::string_view file_name) {
  const std::string text(yaml);
  try {
    // The parser takes the last line's end for a missing quote; a comment
    // behind it is no such end.
    const bool has_end = !text.empty() && text.back() == '\n';
    std::istringstream stream(has_end ? text + "#" : text);
    YAML::Parser parser(stream);
    SyntaxCheck check;
    while (parser.HandleNextDocument(check)) {
    }
    if (check.documents != 1) {
      return absl::InvalidArgumentError(absl::StrCat(
          file_name, ":", check.last_document_line,
          ": must hold one YAML document, and holds ", check.documents));
    }
    if (check.alias_line != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(file_name, ":", check.alias_line,
                       ": aliases are not read; write the value out"));
    }
    return YAML::Load(text);
  } catch (const YAML::Exception& error) {
    // What stands behind a colon in these messages is out of the document.
    const absl::string_view what =
        absl::string_view(error.msg).substr(0, error.msg.find(':'));
    return absl::InvalidArgumentError(absl::StrCat(
        file_name, ":", error.mark.line + 1, ": not YAML: ", what));
  }
}

}  // namespace

absl::Status YamlToProto(absl::string_view yaml, absl::string_view file_name,
                         Message* message, YamlLines* lines) {
  if (yaml.size() > kLargest) {
    return absl::InvalidArgumentError(
        absl::StrCat(file_name, ":1: must be at most 1 MiB"));
  }
  if (!IsText(yaml)) {
    return absl::InvalidArgumentError(absl::StrCat(
        file_name, ":1: must be UTF-8 text without control characters"));
  }
  ABSL_ASSIGN_OR_RETURN(const YAML::Node document, Parse(yaml, file_name));
  try {
    return Reader(file_name, lines).ReadMessage(document, "", "", 0, message);
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(
        file_name, ":", error.mark.line + 1, ": cannot be read as written"));
  }
}

int LineOf(const YamlLines& lines, absl::string_view path) {
  while (true) {
    const auto found = lines.find(path);
    if (found != lines.end()) return found->second;
    const size_t end = path.find_last_of(".[");
    if (end == absl::string_view::npos) return 1;
    path = path.substr(0, end);
  }
}

}  // namespace tokenbroker
