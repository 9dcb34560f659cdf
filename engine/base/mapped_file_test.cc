#include "engine/base/mapped_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gtest/gtest.h"

namespace ztp {
namespace {

class FilesTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/ztp_files_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string File(std::string_view content) {
    const std::string path = folder_ + "/file";
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  std::string folder_;
};

TEST_F(FilesTest, BothWaysHaveTheSameBytes) {
  for (const std::string& content : {std::string(), std::string("x"), std::string(100'000, 'y')}) {
    const std::string path = File(content);
    const auto mapped = MapFile(path, 1 << 20, "a file", MapFor::kEverything);
    const auto copied = CopyFile(path, 1 << 20, "a file");
    ASSERT_TRUE(mapped.ok() && copied.ok());
    EXPECT_EQ(mapped->bytes, content);
    EXPECT_EQ(copied->bytes, content);
  }
}

// What was verified must stay what it was, whoever can write to the file.
TEST_F(FilesTest, ACopyStaysWhateverHappensToTheFile) {
  const std::string path = File(std::string(10'000, 'a'));
  const auto copied = CopyFile(path, 1 << 20, "a file");
  ASSERT_TRUE(copied.ok());
  std::ofstream(path, std::ios::binary | std::ios::in) << "changed in place";
  EXPECT_EQ(copied->bytes, std::string(10'000, 'a'));
  ASSERT_EQ(truncate(path.c_str(), 0), 0);
  EXPECT_EQ(copied->bytes, std::string(10'000, 'a'));
}

TEST_F(FilesTest, WhatIsRefused) {
  const std::string path = File("12345");
  EXPECT_TRUE(absl::IsResourceExhausted(CopyFile(path, 4, "a file").status()));
  EXPECT_TRUE(absl::IsNotFound(CopyFile(folder_ + "/none", 4, "a file").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(CopyFile(folder_, 4, "a file").status()));
  const std::string pipe = folder_ + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsInvalidArgument(CopyFile(pipe, 4, "a file").status())) << "and does not wait";
}

}  // namespace
}  // namespace ztp
