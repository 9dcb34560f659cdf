// The two readers of requests (eval/json_request.h) agree on every request of the golden files and
// of the examples.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "engine/base/status.h"
#include "engine/driver/compiler.h"
#include "engine/driver/files.h"
#include "engine/eval/json_request.h"
#include "engine/facts/json_items.h"
#include "engine/scenario/golden_file.h"

namespace ztp {
namespace {

struct Counts {
  size_t texts = 0;
  size_t good = 0;
  size_t quick = 0;
};

std::string Read(const std::string& path) {
  const auto text = driver::ReadFile(path, kMaxSourceFileBytes);
  EXPECT_TRUE(text.ok()) << Message(text.status());
  return text.ok() ? *text : std::string();
}

// Each document by itself, and the text as a whole.
void Compare(const Schema& schema, std::string_view requests, const std::string& where,
             Counts* counts) {
  std::vector<std::string> texts = {std::string(requests)};
  JsonItems items(requests);
  for (JsonItems::Item item; items.Next(&item);) texts.emplace_back(item.text);
  for (const bool opted_in : {true, false}) {
    RequestOptions options;
    options.accept_now = options.assume_proven = opted_in;
    RequestParser parser(schema, options);
    for (const std::string& text : texts) {
      const ReadRequestResult careful = ReadRequest(text, schema, options);
      const Request* parsed = parser.Read(text);
      ASSERT_EQ(parsed != nullptr, careful.request.has_value()) << where << ": " << text;
      EXPECT_EQ(parser.errors(), careful.errors) << where << ": " << text;
      if (parsed != nullptr) {
        EXPECT_TRUE(*parsed == *careful.request) << where << ": " << text;
      }
      ++counts->texts;
      counts->good += careful.request ? 1 : 0;
      counts->quick += parser.was_quick() ? 1 : 0;
    }
  }
}

TEST(Requests, OfGoldenFiles) {
  const auto paths = driver::FindFiles({"tests/golden"}, {".golden"});
  ASSERT_TRUE(paths.ok()) << Message(paths.status());
  Counts counts;
  for (const std::string& path : *paths) {
    const auto file = scenario::ParseGolden(Read(path));
    ASSERT_TRUE(file.ok()) << path << ": " << Message(file.status());
    const scenario::GoldenSection* requests = file->Find("requests");
    if (requests == nullptr) continue;
    driver::Compiler compiler;
    for (const scenario::GoldenSection& section : file->sections) {
      if (section.kind == "policy") compiler.AddText(section.argument, section.content);
    }
    if (!compiler.Check()) continue;
    Compare(compiler.Lower().schema, requests->content, path, &counts);
  }
  EXPECT_GT(counts.good, 50u);
  EXPECT_LT(counts.good, counts.texts);
  EXPECT_GT(counts.quick, counts.good * 8 / 10);
}

TEST(Requests, OfExamples) {
  const auto paths = driver::FindFiles({"policies/examples"}, {".jsonl"});
  ASSERT_TRUE(paths.ok()) << Message(paths.status());
  Counts counts;
  for (const std::string& path : *paths) {
    if (!path.ends_with("/requests.jsonl")) continue;
    driver::Compiler compiler;
    const absl::Status added = compiler.AddPaths({path.substr(0, path.rfind('/'))});
    ASSERT_TRUE(added.ok()) << Message(added);
    ASSERT_TRUE(compiler.Check()) << path;
    Compare(compiler.Lower().schema, Read(path), path, &counts);
  }
  EXPECT_GT(counts.good, 20u);
  EXPECT_GT(counts.quick, counts.good * 8 / 10);
}

}  // namespace
}  // namespace ztp
