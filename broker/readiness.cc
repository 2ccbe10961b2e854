// SPDX-License-Identifier: Apache-2.0
#include "broker/readiness.h"

#include <algorithm>

namespace tokenbroker {

void Readiness::Add(std::string name, Check check) {
  checks_.emplace_back(std::move(name), std::move(check));
}

void Readiness::Drain() { draining_ = true; }

std::vector<std::pair<std::string, absl::Status>> Readiness::Report() const {
  std::vector<std::pair<std::string, absl::Status>> report;
  for (const auto& [name, check] : checks_) report.emplace_back(name, check());
  report.emplace_back("draining",
                      draining_ ? absl::UnavailableError("the broker stops")
                                : absl::OkStatus());
  return report;
}

bool Readiness::IsReady() const {
  const auto report = Report();
  return std::all_of(report.begin(), report.end(),
                     [](const auto& entry) { return entry.second.ok(); });
}

}  // namespace tokenbroker
