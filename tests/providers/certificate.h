// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_TESTS_PROVIDERS_CERTIFICATE_H_
#define TOKENBROKER_TESTS_PROVIDERS_CERTIFICATE_H_

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"

namespace tokenbroker {

// Has openssl write a certificate for 127.0.0.1 that its own key signed.
inline bool WriteCertificate(const std::string& key_file,
                             const std::string& certificate_file) {
  return std::system(absl::StrCat("openssl req -x509 -nodes -days 2"
                                  " -newkey ec -pkeyopt"
                                  " ec_paramgen_curve:P-256"
                                  " -subj /CN=localhost -addext"
                                  " subjectAltName=IP:127.0.0.1 -keyout ",
                                  key_file, " -out ", certificate_file,
                                  " 2> /dev/null")
                         .c_str()) == 0;
}

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_PROVIDERS_CERTIFICATE_H_
