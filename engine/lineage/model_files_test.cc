#include "engine/lineage/model_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp::lineage {
namespace {

namespace fs = std::filesystem;
using evidence::ModelFile;
using evidence::ModelManifest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ModelFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "ztp_model_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    model_ = folder_ / "model";
    Write("config.json", "{}");
    Write("weights/1.bin", std::string(300'000, 'w'));
    Write("weights/2.bin", "");
    Write("weights-old", "x");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void Write(const std::string& name, std::string_view bytes) const {
    fs::create_directories((model_ / name).parent_path());
    std::ofstream(model_ / name, std::ios::binary) << bytes;
  }
  ModelManifest Signed(const std::vector<std::string>& ignored = {}) const {
    const auto files = HashModel(model_.string(), ignored, {});
    EXPECT_TRUE(files.ok() && files->ok());
    return {.name = "model", .files = **files, .ignored = ignored};
  }
  // "accepted", "content: …", or the status.
  std::string Verify(const ModelManifest& manifest, const std::vector<std::string>& ignored = {},
                     const HashOptions& options = {}) const {
    const auto result = VerifyModelFiles(model_.string(), manifest, ignored, options);
    if (!result.ok()) return std::string(Message(result.status()));
    if (result->ok()) return "accepted";
    return Cat(NameOf(result->refusal().check), ": ", result->refusal().message);
  }

  fs::path folder_;
  fs::path model_;
};

std::string Hex(std::string_view bytes) { return Sha256Digest(bytes).substr(7); }

TEST_F(ModelFiles, AreHashedInOrderWhateverTheNumberOfThreads) {
  for (const unsigned threads : {1u, 3u, 64u}) {
    const auto files = HashModel(model_.string(), {}, {.threads = threads, .progress = {}});
    ASSERT_TRUE(files.ok() && files->ok());
    std::vector<std::string> names;
    for (const ModelFile& file : **files) names.push_back(file.name);
    EXPECT_THAT(names, ElementsAre("config.json", "weights/1.bin", "weights/2.bin", "weights-old"));
    EXPECT_EQ((**files)[1].sha256, Hex(std::string(300'000, 'w')));
    EXPECT_EQ((**files)[2].sha256, Hex(""));
  }
  const auto one = HashModel((model_ / "config.json").string(), {}, {});
  ASSERT_TRUE(one.ok() && one->ok());
  ASSERT_EQ((**one).size(), 1u);
  EXPECT_EQ((**one)[0].name, ".");
  EXPECT_EQ((**one)[0].sha256, Hex("{}"));
}

TEST_F(ModelFiles, AreWhatWasSignedOrRefused) {
  const ModelManifest manifest = Signed();
  EXPECT_EQ(Verify(manifest), "accepted");
  Write("extra", "x");
  EXPECT_EQ(Verify(manifest), "content: the file 'extra' is not signed");
  EXPECT_EQ(Verify(manifest, {"extra"}), "accepted");
  fs::remove(model_ / "extra");
  Write("weights/1.bin", std::string(299'999, 'w') + "v");
  EXPECT_THAT(Verify(manifest), HasSubstr("'weights/1.bin' is another"));
  fs::remove(model_ / "weights/1.bin");
  EXPECT_EQ(Verify(manifest), "content: the model has no file 'weights/1.bin'");
  fs::remove_all(model_ / "weights");
  Write("weights", "a file now");
  EXPECT_THAT(Verify(manifest), HasSubstr("content: "));
  fs::remove_all(model_);
  EXPECT_THAT(Verify(manifest), HasSubstr("No such file"));
}

TEST_F(ModelFiles, WhatIsIgnoredIsNotLookedAt) {
  fs::create_directories(model_ / ".git");
  fs::create_symlink("/etc", model_ / ".git/link");
  EXPECT_EQ(Verify(Signed({".git", "weights"})), "accepted");
  Write("weights/3.bin", "new");
  EXPECT_EQ(Verify(Signed({".git", "weights"})), "accepted");
  // A name that begins alike is another.
  ModelManifest manifest = Signed({".git", "weights"});
  Write(".gitx", "x");
  EXPECT_EQ(Verify(manifest), "content: the file '.gitx' is not signed");
}

TEST_F(ModelFiles, LinksAndDevicesAreNoFiles) {
  const ModelManifest manifest = Signed();
  fs::create_symlink("config.json", model_ / "link");
  EXPECT_EQ(Verify(manifest), "content: 'link' is a symbolic link");
  fs::remove(model_ / "link");
  fs::create_directory_symlink("weights", model_ / "link");
  EXPECT_EQ(Verify(manifest), "content: 'link' is a symbolic link");
  fs::remove(model_ / "link");
  // A signed file in whose place there is a link to the same bytes.
  fs::rename(model_ / "config.json", folder_ / "elsewhere");
  fs::create_symlink(folder_ / "elsewhere", model_ / "config.json");
  EXPECT_EQ(Verify(manifest), "content: 'config.json' is a symbolic link");
  fs::remove(model_ / "config.json");
  ASSERT_EQ(mkfifo((model_ / "config.json").c_str(), 0600), 0);
  EXPECT_THAT(Verify(manifest), HasSubstr("neither a file nor a folder"));
}

TEST_F(ModelFiles, AFileIsOpenedBelowTheFolderOnly) {
  const auto tree = ModelTree::Open(model_.string());
  ASSERT_TRUE(tree.ok());
  const auto files = tree->List({});
  ASSERT_TRUE(files.ok() && files->ok());
  // A folder that became a link after it was listed.
  fs::rename(model_ / "weights", folder_ / "weights");
  fs::create_directory_symlink(folder_ / "weights", model_ / "weights");
  EXPECT_FALSE(HashFiles(*tree, **files, {}).ok());
  fs::remove(model_ / "weights");
  fs::rename(folder_ / "weights", model_ / "weights");
  EXPECT_TRUE(HashFiles(*tree, **files, {}).ok());
  // And a file of another size than it was listed with.
  Write("config.json", "{ }");
  const auto changed = HashFiles(*tree, **files, {});
  EXPECT_THAT(std::string(Message(changed.status())), HasSubstr("changed while it was read"));
  fs::remove(model_ / "config.json");
  ASSERT_EQ(mkfifo((model_ / "config.json").c_str(), 0600), 0);
  EXPECT_FALSE(HashFiles(*tree, **files, {}).ok());
}

TEST_F(ModelFiles, ProgressReachesTheEndOrStops) {
  uint64_t last = 0;
  uint64_t all = 0;
  const ModelManifest manifest = Signed();
  EXPECT_EQ(Verify(manifest, {},
                   {.threads = 2,
                    .progress =
                        [&](uint64_t done, uint64_t total) {
                          EXPECT_GE(done, last);
                          last = done;
                          all = total;
                          return true;
                        }}),
            "accepted");
  EXPECT_EQ(last, all);
  EXPECT_EQ(all, 300'003u);
  EXPECT_EQ(
      Verify(manifest, {}, {.threads = 2, .progress = [](uint64_t, uint64_t) { return false; }}),
      "stopped");
}

TEST_F(ModelFiles, FoldersMayNotBeEndlesslyDeep) {
  fs::path deep;
  for (int i = 0; i <= kMaxModelDepth; ++i) deep /= "d";
  Write((deep / "f").string(), "x");
  const auto files = HashModel(model_.string(), {}, {});
  ASSERT_TRUE(files.ok());
  ASSERT_FALSE(files->ok());
  EXPECT_EQ(NameOf(files->refusal().check), "size");
}

}  // namespace
}  // namespace ztp::lineage
