// SPDX-License-Identifier: Apache-2.0
#include "providers/ca_file.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "broker/files.h"
#include "broker/status_macros.h"

namespace tokenbroker {

absl::Status CheckCaFile(const std::string& path) {
  ABSL_ASSIGN_OR_RETURN(const std::string pem, ReadFile(path));
  const std::unique_ptr<BIO, decltype(&BIO_free)> bytes(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  ERR_clear_error();
  int count = 0;
  while (X509* certificate =
             PEM_read_bio_X509(bytes.get(), nullptr, nullptr, nullptr)) {
    X509_free(certificate);
    ++count;
  }
  // How the reader says that there are no more.
  const bool at_end =
      ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (count == 0 && at_end) {
    return absl::InvalidArgumentError(
        absl::StrCat(path,
                     " holds no certificate; write PEM blocks that begin "
                     "with -----BEGIN CERTIFICATE-----"));
  }
  if (!at_end) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": certificate ", count + 1, " is damaged, or is none"));
  }
  return absl::OkStatus();
}

}  // namespace tokenbroker
