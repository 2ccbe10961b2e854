// SPDX-License-Identifier: Apache-2.0
#include "providers/ca_file.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/providers/certificate.h"
#include "tests/storage/temp_dir.h"

namespace tokenbroker {
namespace {

class CaFileTest : public testing::Test {
 protected:
  CaFileTest() {
    EXPECT_TRUE(WriteCertificate(dir_ / "key", dir_ / "one"));
    EXPECT_TRUE(WriteCertificate(dir_ / "key2", dir_ / "two"));
    one_ = ReadBytes(dir_ / "one");
    two_ = ReadBytes(dir_ / "two");
  }

  absl::Status Check(const std::string& contents) {
    WriteBytes(dir_ / "ca.pem", contents);
    return CheckCaFile(dir_ / "ca.pem");
  }

  const TempDir dir_;
  std::string one_;
  std::string two_;
};

TEST_F(CaFileTest, TakesOneCertificateOrMoreAndWordsBetweenThem) {
  for (const std::string& contents :
       {one_, one_ + two_,
        absl::StrCat("Ours, until 2030:\n", one_, "\nand\n", two_, "end\n")}) {
    EXPECT_TRUE(Check(contents).ok()) << Check(contents);
  }
}

TEST_F(CaFileTest, RefusesAFileWithoutACertificate) {
  for (const std::string& contents :
       {std::string(), std::string("\n"), std::string("no PEM\n"),
        ReadBytes(dir_ / "key")}) {
    const absl::Status status = Check(contents);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << contents;
    EXPECT_TRUE(absl::StrContains(status.message(), dir_ / "ca.pem"));
    EXPECT_TRUE(absl::StrContains(status.message(), "holds no certificate"));
  }
}

TEST_F(CaFileTest, RefusesADamagedCertificateAndSaysWhich) {
  std::string flipped = two_;
  flipped.replace(flipped.find("\nMII") + 1, 4, "AAAA");
  for (const std::string& damaged :
       {two_.substr(0, two_.size() / 2), flipped}) {
    const absl::Status status = Check(one_ + damaged);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(absl::StrContains(status.message(), "certificate 2 is damaged"))
        << status;
  }
}

TEST_F(CaFileTest, RefusesAFileThatCannotBeRead) {
  EXPECT_EQ(CheckCaFile(dir_ / "none").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(CheckCaFile(dir_.path()).code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tokenbroker
