// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_TESTS_STORAGE_TEMP_DIR_H_
#define TOKENBROKER_TESTS_STORAGE_TEMP_DIR_H_

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <ios>
#include <iterator>
#include <string>
#include <system_error>

#include "gtest/gtest.h"

namespace tokenbroker {

// An empty directory that goes with everything in it.
class TempDir {
 public:
  TempDir() : path_(testing::TempDir() + "/storage_test." + Pattern()) {
    EXPECT_NE(mkdtemp(path_.data()), nullptr);
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const {
    return path_ + "/" + name;
  }

 private:
  // What mkdtemp replaces.
  static std::string Pattern() { return std::string(6, 'X'); }

  std::string path_;
};

inline std::string ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file),
          std::istreambuf_iterator<char>()};
}

inline void WriteBytes(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
  ASSERT_TRUE(file.flush().good()) << path;
}

}  // namespace tokenbroker

#endif  // TOKENBROKER_TESTS_STORAGE_TEMP_DIR_H_
