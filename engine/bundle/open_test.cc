// Bundles as files and in memory that is not copied.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "engine/bundle/bundle_testing.h"
#include "engine/bundle/read.h"
#include "engine/bundle/write.h"
#include "engine/core/bundle_view.h"

namespace ztp {
namespace {

class OpenBundleTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "ztp_bundle_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    for (const std::string& path : made_) unlink(path.c_str());
    rmdir(folder_.c_str());
  }
  std::string Path(const std::string& name) {
    made_.push_back(folder_ + "/" + name);
    return made_.back();
  }
  std::string File(const std::string& name, const std::string& content) {
    const std::string path = Path(name);
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  std::string folder_;
  std::vector<std::string> made_;
};

TEST_F(OpenBundleTest, IsReadInPlace) {
  const std::string bytes = WriteBundle(IndexedProgram());
  const std::string path = File("p.ztpb", bytes);
  absl::StatusOr<DecisionProgram> opened = OpenBundle(path);
  ASSERT_TRUE(opened.ok()) << opened.status();
  const DecisionProgram* program = &*opened;
  EXPECT_EQ(program->bundle, bytes);
  EXPECT_NE(program->storage, nullptr);
  auto inside = [&](const void* data) {
    const char* at = static_cast<const char*>(data);
    return at >= program->bundle.data() && at < program->bundle.data() + program->bundle.size();
  };
  EXPECT_TRUE(inside(program->nodes.data()));
  EXPECT_TRUE(inside(program->pool.text.data()));
  EXPECT_TRUE(inside(program->index.rows.data()));
  // What is searched begins at a cache line.
  EXPECT_EQ(reinterpret_cast<uintptr_t>(program->index.keys.data()) % 64, 0u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(program->index.rows.data()) % 64, 0u);
  EXPECT_EQ(WriteBundle(*program), bytes);
  // A program that has been moved, or whose file has gone, is as good as before; a copy too.
  unlink(path.c_str());
  const DecisionProgram moved = *std::move(opened);
  EXPECT_EQ(WriteBundle(moved), bytes);
  DecisionProgram copy = moved;
  copy.nodes[0].flags = 0xff;
  EXPECT_EQ(WriteBundle(moved), bytes);
}

TEST_F(OpenBundleTest, WhatIsNoFile) {
  EXPECT_TRUE(absl::IsNotFound(OpenBundle(Path("none.ztpb")).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(OpenBundle(folder_).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(OpenBundle(File("empty.ztpb", "")).status()));
  const std::string pipe = Path("pipe.ztpb");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsInvalidArgument(OpenBundle(pipe).status())) << "and does not wait";
  const std::string huge = File("huge.ztpb", "");
  ASSERT_EQ(truncate(huge.c_str(), static_cast<off_t>(kMaxBundleBytes) + 1), 0);
  EXPECT_TRUE(absl::IsResourceExhausted(OpenBundle(huge).status()));
}

TEST_F(OpenBundleTest, TheMessageNamesTheFile) {
  const std::string bytes = WriteBundle(SmallProgram());
  const std::string path = File("cut.ztpb", bytes.substr(0, bytes.size() - 1));
  const absl::Status status = OpenBundle(path).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_NE(status.message().find("cut.ztpb: "), absl::string_view::npos) << status;
  std::string later = bytes;
  const DecisionProgram read = *ReadBundle(bytes);
  // The format's number is the one that a reader of this format does not find elsewhere: look for
  // it.
  int found = 0;
  for (size_t i = 0; i < later.size(); ++i) {
    if (later[i] != kBundleFormat) continue;
    later[i] = kBundleFormat + 1;
    found += absl::IsUnimplemented(OpenBundle(File("later.ztpb", later)).status());
    later[i] = kBundleFormat;
  }
  EXPECT_EQ(found, 1);
}

TEST(ViewBundle, WantsAlignedBytes) {
  const std::string bytes = WriteBundle(SmallProgram());
  std::vector<uint64_t> memory(bytes.size() / 8 + 2);
  char* begin = reinterpret_cast<char*>(memory.data());
  std::memcpy(begin, bytes.data(), bytes.size());
  absl::StatusOr<DecisionProgram> program = ViewBundle({begin, bytes.size()}, nullptr);
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(program->bundle.data(), begin);
  EXPECT_EQ(program->storage, nullptr);
  EXPECT_EQ(WriteBundle(*program), bytes);
  for (size_t shift = 1; shift < 8; ++shift) {
    std::memmove(begin + shift, bytes.data(), bytes.size());
    EXPECT_TRUE(
        absl::IsFailedPrecondition(ViewBundle({begin + shift, bytes.size()}, nullptr).status()))
        << shift;
  }
}

TEST(ViewBundle, HoldsItsStorage) {
  const std::string bytes = WriteBundle(SmallProgram());
  auto memory = std::make_shared<std::vector<uint64_t>>(bytes.size() / 8 + 1);
  std::memcpy(memory->data(), bytes.data(), bytes.size());
  const char* begin = reinterpret_cast<const char*>(memory->data());
  const std::weak_ptr<std::vector<uint64_t>> alive = memory;
  {
    absl::StatusOr<DecisionProgram> program = ViewBundle({begin, bytes.size()}, std::move(memory));
    ASSERT_TRUE(program.ok());
    EXPECT_FALSE(alive.expired());
  }
  EXPECT_TRUE(alive.expired());
}

}  // namespace
}  // namespace ztp
