// SPDX-License-Identifier: Apache-2.0
#include "storage/keyring_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "absl/strings/match.h"
#include "broker/random.h"
#include "gtest/gtest.h"
#include "storage/file_keyring.h"
#include "tests/storage/keyrings.h"
#include "tests/storage/temp_dir.h"

namespace tokenbroker {
namespace {

using absl::StatusCode;

const absl::Time kNow = absl::FromUnixSeconds(1795430000);  // 2026-11-23

TEST(KeyringFileTest, ReadsAFileOfItsOwnersAlone) {
  const TempDir dir;
  WriteBytes(dir / "keyring", "contents");
  const struct {
    mode_t mode;
    bool read;
  } cases[] = {{0400, true},  {0600, true},  {0404, false}, {0402, false},
               {0401, false}, {0460, false}, {0420, false}, {0410, false},
               {0450, false}, {0444, false}, {0644, false}};
  for (const auto& test : cases) {
    ASSERT_EQ(chmod((dir / "keyring").c_str(), test.mode), 0);
    const auto contents = ReadKeyringFile(dir / "keyring");
    if (test.read) {
      ASSERT_TRUE(contents.ok()) << contents.status();
      EXPECT_EQ(contents->Reveal(), "contents");
    } else {
      EXPECT_EQ(contents.status().code(), StatusCode::kPermissionDenied)
          << std::oct << test.mode;
      EXPECT_TRUE(absl::StrContains(contents.status().message(),
                                    "chmod 0400 " + (dir / "keyring")));
    }
  }
}

TEST(KeyringFileTest, LetsTheGroupReadWhatBelongsToRootOnly) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const TempDir dir;
  WriteBytes(dir / "keyring", "contents");
  ASSERT_EQ(chmod((dir / "keyring").c_str(), 0440), 0);
  EXPECT_TRUE(ReadKeyringFile(dir / "keyring").ok());
  ASSERT_EQ(chown((dir / "keyring").c_str(), 1000, 1000), 0);
  EXPECT_EQ(ReadKeyringFile(dir / "keyring").status().code(),
            StatusCode::kPermissionDenied);
}

TEST(KeyringFileTest, FollowsALinkAsKubernetesMountsOne) {
  const TempDir dir;
  WriteBytes(dir / "data", "contents");
  ASSERT_EQ(chmod((dir / "data").c_str(), 0400), 0);
  std::filesystem::create_symlink("data", dir / "keyring");
  EXPECT_TRUE(ReadKeyringFile(dir / "keyring").ok());
}

TEST(KeyringFileTest, RefusesWhatIsNoFile) {
  const TempDir dir;
  EXPECT_EQ(ReadKeyringFile(dir / "none").status().code(),
            StatusCode::kNotFound);
  EXPECT_EQ(ReadKeyringFile(dir.path()).status().code(),
            StatusCode::kInvalidArgument);
  // Nobody writes into the pipe: it must not wait for that.
  ASSERT_EQ(mkfifo((dir / "pipe").c_str(), 0400), 0);
  EXPECT_EQ(ReadKeyringFile(dir / "pipe").status().code(),
            StatusCode::kInvalidArgument);
  WriteBytes(dir / "large", std::string((64 << 10) + 1, 'x'));
  EXPECT_EQ(ReadKeyringFile(dir / "large").status().code(),
            StatusCode::kInvalidArgument);
}

TEST(KeyringFileTest, WritesAKeyringThatLoadsAndIsForItsOwnerOnly) {
  const TempDir dir;
  SystemRandom random;
  ASSERT_EQ(WriteNewKeyring(dir / "keyring", random, kNow), absl::OkStatus());
  struct stat status;
  ASSERT_EQ(stat((dir / "keyring").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0400u);
  const auto keyring = FileKeyring::Load(dir / "keyring", random);
  ASSERT_TRUE(keyring.ok()) << keyring.status();
  const std::string id = (*keyring)->Seal("", Secret("x")).key_id();
  EXPECT_EQ(id.size(), 16u);
  EXPECT_EQ(id.substr(0, 10), "k20261123-");
}

TEST(KeyringFileTest, WritesOtherKeysEachTime) {
  const TempDir dir;
  SystemRandom random;
  ASSERT_TRUE(WriteNewKeyring(dir / "a", random, kNow).ok());
  ASSERT_TRUE(WriteNewKeyring(dir / "b", random, kNow).ok());
  const auto a = FileKeyring::Load(dir / "a", random);
  const auto b = FileKeyring::Load(dir / "b", random);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_NE((*a)->KeyedHash("", "x"), (*b)->KeyedHash("", "x"));
  EXPECT_FALSE((*a)->Open("", (*b)->Seal("", Secret("x"))).ok());
}

TEST(KeyringFileTest, NeverWritesOverAnything) {
  const TempDir dir;
  SystemRandom random;
  WriteBytes(dir / "keyring", "mine");
  std::filesystem::create_symlink("nowhere", dir / "link");
  for (const char* name : {"keyring", "link"}) {
    EXPECT_EQ(WriteNewKeyring(dir / name, random, kNow).code(),
              StatusCode::kAlreadyExists);
  }
  EXPECT_EQ(ReadBytes(dir / "keyring"), "mine");
  EXPECT_FALSE(std::filesystem::exists(dir / "nowhere"));
}

TEST(KeyringFileTest, SaysWhereItCannotWrite) {
  const TempDir dir;
  SystemRandom random;
  const absl::Status status =
      WriteNewKeyring(dir / "no/such/keyring", random, kNow);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_TRUE(absl::StrContains(status.message(), dir / "no/such/keyring"));
}

}  // namespace
}  // namespace tokenbroker
