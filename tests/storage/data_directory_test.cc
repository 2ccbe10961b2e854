// SPDX-License-Identifier: Apache-2.0
#include "storage/data_directory.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "tests/storage/temp_dir.h"

namespace tokenbroker {
namespace {

using absl::StatusCode;
using Names = std::vector<std::string>;

TEST(DataDirectoryTest, IsMadeForItsOwnerOnly) {
  const TempDir dir;
  EXPECT_EQ(*PrepareDataDirectory(dir / "data"), DirectoryState::kToBeMade);
  struct stat status;
  ASSERT_EQ(stat((dir / "data").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700u);
}

TEST(DataDirectoryTest, IsNotMadeWhereItsParentIsMissing) {
  const TempDir dir;
  EXPECT_EQ(PrepareDataDirectory(dir / "not/mounted").status().code(),
            StatusCode::kUnavailable);
  EXPECT_FALSE(std::filesystem::exists(dir / "not"));
}

TEST(DataDirectoryTest, IsToBeMadeUntilItIsFinished) {
  const TempDir dir;
  EXPECT_EQ(*PrepareDataDirectory(dir.path()), DirectoryState::kToBeMade);
  EXPECT_EQ(*PrepareDataDirectory(dir.path()), DirectoryState::kToBeMade);
  WriteBytes(dir / "CURRENT", "");
  WriteBytes(dir / "000004.log", "");
  EXPECT_EQ(*PrepareDataDirectory(dir.path()), DirectoryState::kToBeMade);
  ASSERT_EQ(FinishDataDirectory(dir.path()), absl::OkStatus());
  EXPECT_EQ(*PrepareDataDirectory(dir.path()), DirectoryState::kStore);
}

TEST(DataDirectoryTest, IsWhatItsFilesSay) {
  const struct {
    Names names;
    StatusCode code;
    std::string says;
  } cases[] = {
      {{"lost+found"}, StatusCode::kOk, ""},
      {{"CURRENT", "000007.log", "MANIFEST-000005"}, StatusCode::kOk, ""},
      // A store with somebody's note beside it is still a store.
      {{"CURRENT", "000007.log", "note.txt"}, StatusCode::kOk, ""},
      {{"note.txt"}, StatusCode::kFailedPrecondition, "`note.txt`"},
      {{".hidden"}, StatusCode::kFailedPrecondition, "`.hidden`"},
      {{"000007.log", "note.txt"},
       StatusCode::kFailedPrecondition,
       "`note.txt`"},
      {{"000007.log"}, StatusCode::kDataLoss, "CURRENT"},
      {{"000009.sst"}, StatusCode::kDataLoss, "CURRENT"},
      {{"MANIFEST-000005", "IDENTITY", "LOCK", "LOG", "OPTIONS-000006"},
       StatusCode::kDataLoss,
       "CURRENT"},
      {{"CURRENT", "MANIFEST-000005", "000009.sst"},
       StatusCode::kDataLoss,
       "*.log"},
  };
  for (const auto& test : cases) {
    const TempDir dir;
    for (const std::string& name : test.names) WriteBytes(dir / name, "");
    const auto state = PrepareDataDirectory(dir.path());
    SCOPED_TRACE(testing::PrintToString(test.names));
    EXPECT_EQ(state.status().code(), test.code) << state.status();
    if (test.code == StatusCode::kOk) continue;
    EXPECT_TRUE(absl::StrContains(state.status().message(), dir.path()));
    EXPECT_TRUE(absl::StrContains(state.status().message(), test.says));
    // What is refused is left alone.
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
      EXPECT_NE(entry.path().filename(), "CREATING");
      ++count;
    }
    EXPECT_EQ(count, test.names.size());
  }
}

TEST(DataDirectoryTest, IsADirectory) {
  const TempDir dir;
  WriteBytes(dir / "file", "");
  EXPECT_EQ(PrepareDataDirectory(dir / "file").status().code(),
            StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace tokenbroker
