// SPDX-License-Identifier: Apache-2.0
#include "broker/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/storage/temp_dir.h"

namespace tokenbroker {
namespace {

using absl_testing::IsOkAndHolds;
using absl_testing::StatusIs;
using testing::HasSubstr;

// Gives up root's right to read everything, for a scope.
class AsNobody {
 public:
  AsNobody() {
    if (geteuid() == 0) dropped_ = seteuid(65534) == 0;
  }
  ~AsNobody() {
    if (dropped_ && seteuid(0) != 0) ADD_FAILURE() << "cannot be root again";
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

 private:
  bool dropped_ = false;
};

TEST(FilesTest, ReadsAFileByteForByte) {
  TempDir dir;
  for (const std::string& bytes :
       {std::string(), std::string("text\n"), std::string("\0\xff\r\n\0", 5)}) {
    WriteBytes(dir / "file", bytes);
    EXPECT_THAT(ReadFile(dir / "file"), IsOkAndHolds(bytes));
  }
}

TEST(FilesTest, ReadsAMebibyteAndNotAByteMore) {
  TempDir dir;
  const std::string largest(1 << 20, 'x');
  WriteBytes(dir / "file", largest);
  EXPECT_THAT(ReadFile(dir / "file"), IsOkAndHolds(largest));
  WriteBytes(dir / "file", largest + "x");
  EXPECT_THAT(
      ReadFile(dir / "file"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(dir / "file")));
}

TEST(FilesTest, NamesAFileThatIsMissing) {
  TempDir dir;
  EXPECT_THAT(ReadFile(dir / "none"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(dir / "none")));
}

TEST(FilesTest, NamesADirectoryThatIsNoFile) {
  TempDir dir;
  EXPECT_THAT(ReadFile(dir.path()), StatusIs(absl::StatusCode::kInvalidArgument,
                                             HasSubstr(dir.path())));
}

TEST(FilesTest, NamesAFileThatMayNotBeRead) {
  TempDir dir;
  WriteBytes(dir / "file", "text");
  ASSERT_EQ(chmod((dir / "file").c_str(), 0), 0);
  const AsNobody nobody;
  if (geteuid() == 0) GTEST_SKIP() << "root reads everything";
  EXPECT_THAT(
      ReadFile(dir / "file"),
      StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr(dir / "file")));
}

}  // namespace
}  // namespace tokenbroker
