// SPDX-License-Identifier: Apache-2.0
#include "providers/parameters.h"

#include "providers/form.h"
#include "providers/json.h"

namespace tokenbroker {

Parameters& Parameters::Set(absl::string_view name, absl::string_view value) {
  for (auto& [present, old] : parameters_) {
    if (present != name) continue;
    old = Secret(value);
    return *this;
  }
  parameters_.emplace_back(name, Secret(value));
  return *this;
}

void Parameters::Rename(
    const google::protobuf::Map<std::string, std::string>& names) {
  std::vector<std::pair<std::string, Secret>> renamed;
  for (auto& [name, value] : parameters_) {
    const auto other = names.find(name);
    if (other == names.end()) {
      renamed.emplace_back(name, std::move(value));
    } else if (!other->second.empty()) {
      renamed.emplace_back(other->second, std::move(value));
    }
  }
  parameters_ = std::move(renamed);
}

Secret Parameters::ToForm() const {
  Form form;
  for (const auto& [name, value] : parameters_) form.Add(name, value.Reveal());
  return form.TakeText();
}

Secret Parameters::ToQuery() const {
  const Secret form = ToForm();
  std::string query;
  query.reserve(form.Reveal().size() * 3);
  for (const char c : form.Reveal()) {
    if (c == '+') {
      query += "%20";
    } else {
      query += c;
    }
  }
  return Secret::Take(&query);
}

Secret Parameters::ToJson() const {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const auto& [name, value] : parameters_) {
    object[name] = std::string(value.Reveal());
  }
  // A code that is no UTF-8 must not end the process.
  std::string text =
      object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  for (auto& [name, value] : object.items()) {
    WipeString(&value.get_ref<std::string&>());
  }
  return Secret::Take(&text);
}

}  // namespace tokenbroker
