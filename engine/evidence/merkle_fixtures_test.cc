// The inclusion proofs that transparency-dev/merkle (Apache-2.0) tests itself with: each holds or
// does not, as it says. Where they are: spiffe_fixtures_test.cc.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "engine/base/merkle.h"
#include "engine/base/scalar_text.h"
#include "engine/base/str.h"
#include "engine/evidence/base64.h"
#include "engine/facts/json_tree.h"

namespace ztp::evidence {
namespace {

namespace fs = std::filesystem;

TEST(MerkleFixtures, InclusionProofsHoldOrDoNot) {
  const char* configured = std::getenv("ZTP_FIXTURES");
  const fs::path archive = fs::path(configured != nullptr ? configured : "../shared/fixtures") /
                           "merkle-testdata.tar.gz";
  if (!fs::is_regular_file(archive)) {
    const char* required = std::getenv("ZTP_REQUIRE_FIXTURES");
    if (required != nullptr && std::string_view(required) == "1") FAIL() << "no " << archive;
    GTEST_SKIP() << "no " << archive << ": set ZTP_FIXTURES";
  }
  std::string folder = (fs::temp_directory_path() / "ztp_merkle_XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  ASSERT_EQ(std::system(Cat("tar xzf '", archive.string(), "' -C '", folder, "'").c_str()), 0);
  size_t right = 0;
  size_t wrong = 0;
  for (const auto& entry :
       fs::recursive_directory_iterator(fs::path(folder) / "testdata/inclusion")) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    JsonTree tree;
    JsonError error;
    ASSERT_TRUE(tree.Parse(text, JsonPath(), &error)) << entry.path();
    const auto at = [&](std::string_view name) { return tree.Find(tree.root(), name); };
    const auto number = [&](std::string_view name) -> uint64_t {
      const JsonNode* node = at(name);
      if (node == nullptr) return 0;
      uint64_t value = 0;  // some have all 64 bits
      for (const char c : node->text) value = value * 10 + static_cast<uint64_t>(c - '0');
      return value;
    };
    const auto hash = [&](std::string_view name) {
      const JsonNode* node = at(name);
      return node == nullptr ? std::string() : DecodeBase64(node->text).value_or(std::string());
    };
    std::vector<std::string> path;
    if (const JsonNode* proof = at("proof"); proof != nullptr && proof->kind == JsonKind::kArray) {
      for (const JsonNode& node : tree.Children(*proof)) {
        path.push_back(DecodeBase64(node.text).value_or(std::string()));
      }
    }
    const bool expected = at("wantErr") == nullptr || !at("wantErr")->boolean;
    EXPECT_EQ(
        IsIncluded(hash("leafHash"), number("leafIdx"), number("treeSize"), path, hash("root")),
        expected)
        << entry.path();
    ++(expected ? right : wrong);
  }
  fs::remove_all(folder);
  EXPECT_GT(right, 0u);
  EXPECT_GT(wrong, 0u);
}

}  // namespace
}  // namespace ztp::evidence
