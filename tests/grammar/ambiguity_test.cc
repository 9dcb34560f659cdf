// The grammar reads no text in two ways: ANTLR's exact ambiguity detection finds nothing in what is
// shipped, in what the documentation and the golden files show, mistakes included, and in random
// policies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/limits.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/driver/files.h"
#include "engine/scenario/golden_file.h"
#include "engine/syntax/parse_guard.h"
#include "tests/differential/policy_gen.h"

namespace ztp {
namespace {

using ::testing::IsEmpty;

std::string Read(const std::string& path) {
  auto text = driver::ReadFile(path, kMaxSourceFileBytes);
  EXPECT_TRUE(text.ok()) << Message(text.status());
  return text.ok() ? *std::move(text) : std::string();
}

std::vector<std::string> Find(const std::vector<std::string>& paths, const std::string& suffix) {
  auto found = driver::FindFiles(paths, {suffix});
  EXPECT_TRUE(found.ok()) << Message(found.status());
  return found.ok() ? *std::move(found) : std::vector<std::string>();
}

void ExpectOneReading(std::string_view text, const std::string& name) {
  std::vector<std::string> errors;
  EXPECT_THAT(syntax::FindAmbiguities(text, &errors), IsEmpty()) << name;
  EXPECT_THAT(errors, IsEmpty()) << name;
}

TEST(GrammarAmbiguity, NoneInShippedFiles) {
  const std::vector<std::string> files = Find({"policies", "engine/syntax/testdata"}, ".ztp");
  EXPECT_GT(files.size(), 10u);
  for (const std::string& file : files) ExpectOneReading(Read(file), file);
}

// A golden file that shows a mistake is read up to it, and then as the parser recovers.
TEST(GrammarAmbiguity, NoneInGoldenFiles) {
  const std::vector<std::string> files = Find({"tests/golden"}, ".golden");
  EXPECT_GT(files.size(), 100u);
  for (const std::string& file : files) {
    const auto golden = scenario::ParseGolden(Read(file));
    ASSERT_TRUE(golden.ok()) << file << ": " << Message(golden.status());
    const auto* diagnostics = golden->Find("diagnostics");
    const bool parses =
        diagnostics == nullptr || (diagnostics->content.find("[ZTP10") == std::string::npos &&
                                   diagnostics->content.find("[ZTP11") == std::string::npos);
    for (const scenario::GoldenSection& section : golden->sections) {
      if (section.kind != "policy") continue;
      if (parses) {
        ExpectOneReading(section.content, file);
      } else {
        EXPECT_THAT(syntax::FindAmbiguities(section.content, nullptr), IsEmpty()) << file;
      }
    }
  }
}

// The blocks fenced ```ztp and ```ztp-error: whole files, several one behind the other, or
// fragments, which are declarations too.
TEST(GrammarAmbiguity, NoneInTheDocumentation) {
  std::vector<std::string> pages = Find({"policies"}, "README.md");
  pages.insert(pages.end(), {"README.md", "grammar/README.md"});
  size_t blocks = 0;
  for (const std::string& page : pages) {
    const std::string text = Read(page);
    std::string part;
    bool inside = false;
    size_t line_number = 0;
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      const std::string_view line = std::string_view(text).substr(at, end - at);
      at = end + 1;
      ++line_number;
      if (!inside) {
        inside = line.starts_with("```ztp");
        continue;
      }
      const bool over = line.starts_with("```");
      if (over || line == "ztp 1") {
        ExpectOneReading(part, Cat(page, ", before line ", line_number));
        part.clear();
      }
      if (over) {
        inside = false;
        ++blocks;
      } else {
        Append(part, line, "\n");
      }
    }
  }
  EXPECT_GT(blocks, 30u);
}

TEST(GrammarAmbiguity, NoneInRandomPolicies) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    differential::Random random(seed);
    ExpectOneReading(differential::GeneratePolicy(random), Cat("seed ", seed));
  }
}

}  // namespace
}  // namespace ztp
