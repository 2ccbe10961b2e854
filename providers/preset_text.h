// SPDX-License-Identifier: Apache-2.0
//
// What `token-broker providers` prints.
#ifndef TOKENBROKER_PROVIDERS_PRESET_TEXT_H_
#define TOKENBROKER_PROVIDERS_PRESET_TEXT_H_

#include <string>

#include "providers/catalogue.h"
#include "tokenbroker/config/v1/provider.pb.h"

namespace tokenbroker {

// A line for each preset: its name, its name for people.
std::string ListText(const Catalogue& catalogue);

// One preset: a block for the configuration to begin with, and its notes.
std::string PresetText(const config::v1::Provider& preset);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_PRESET_TEXT_H_
