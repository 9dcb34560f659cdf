// Documents taken apart and parsed: what is JSON and what is not, and where the mistake is.
#include "engine/facts/json_items.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/base/str.h"
#include "engine/facts/json_tree.h"

namespace ztp {
namespace {

// `[{"a":1},2]` as its items, an error as its code and message.
std::vector<std::string> Items(std::string_view text, const JsonLimits& limits = {}) {
  std::vector<std::string> out;
  JsonItems items(text, limits);
  JsonItems::Item item;
  while (items.Next(&item)) {
    out.push_back(item.error ? Cat(JsonErrorCodeName(item.error->code), "@", item.error->line, ":",
                                   item.error->column)
                             : std::string(item.text));
  }
  return out;
}

using Strings = std::vector<std::string>;

TEST(JsonItems, AnArrayALineOrAnObject) {
  EXPECT_EQ(Items(""), Strings());
  EXPECT_EQ(Items("  \n "), Strings());
  EXPECT_EQ(Items("[]"), Strings());
  EXPECT_EQ(Items(" [ {\"a\":[1,{}]} , {} ] \n"), (Strings{"{\"a\":[1,{}]}", "{}"}));
  EXPECT_EQ(Items("{\"a\":1}\n\n{\"b\":\"}\"}\n"), (Strings{"{\"a\":1}", "{\"b\":\"}\"}"}));
  EXPECT_EQ(Items("{\n \"a\": 1\n}\n{\n \"b\": 2\n}"),
            (Strings{"{\n \"a\": 1\n}", "{\n \"b\": 2\n}"}));
  EXPECT_EQ(Items("\xEF\xBB\xBF{}"), Strings{"{}"});
  // A broken line does not swallow the next.
  EXPECT_EQ(Items("{\"a\": [\n{\"b\":2}\n"), (Strings{"{\"a\": [", "{\"b\":2}"}));
}

TEST(JsonItems, WhatIsCutOffOrTooMuch) {
  EXPECT_EQ(Items("["), Strings{"ZTP3005@1:2"});
  EXPECT_EQ(Items("[{\"a\":1}"), (Strings{"{\"a\":1}", "ZTP3005@1:9"}));
  EXPECT_EQ(Items("[{\"a\":1},\n]"), (Strings{"{\"a\":1}", "ZTP3005@2:1"}));
  EXPECT_EQ(Items("[,{}]"), Strings{"ZTP3005@1:2"});
  EXPECT_EQ(Items("[{} {}]"), (Strings{"{}", "ZTP3005@1:5"}));
  EXPECT_EQ(Items("[{}] x"), (Strings{"{}", "ZTP3005@1:6"}));
  EXPECT_EQ(Items("[{\"a\":[1}]"), Strings{"ZTP3005@1:9"});
  EXPECT_EQ(Items("[\"abc"), Strings{"ZTP3005@1:2"});
  EXPECT_EQ(Items("[{}, {\"a\":\"bc"), (Strings{"{}", "ZTP3005@1:11"}));
}

TEST(JsonItems, Limits) {
  JsonLimits limits;
  limits.max_file_bytes = 8;
  EXPECT_EQ(Items("[1,2,3,4]", limits), Strings{"ZTP3001@1:1"});
  limits = {};
  limits.max_document_bytes = 3;
  EXPECT_EQ(Items("[123,\n1234,1]", limits), (Strings{"123", "ZTP3001@2:1", "1"}));
  EXPECT_EQ(Items(std::string("[{\"a\":\"b\0c\"}]", 13)), Strings{"ZTP3003@1:9"});
  EXPECT_EQ(Items("[\n{\"a\":\"\xff\"}]"), Strings{"ZTP3002@2:7"});
}

TEST(JsonItems, ABombOfDepthIsRefused) {
  const std::string bomb(100'000, '[');
  EXPECT_EQ(Items(bomb), Strings{"ZTP3004@1:66"});
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  JsonTree tree;
  JsonError error;
  EXPECT_FALSE(tree.Parse(objects, JsonPath(), &error));
  EXPECT_EQ(error.code, JsonErrorCode::kTooDeep);
  EXPECT_EQ(error.column, 321u) << "the 65th brace";
  EXPECT_FALSE(tree.Parse(bomb, JsonPath(), &error));
  EXPECT_EQ(error.code, JsonErrorCode::kTooDeep);
  const std::string deep = std::string(64, '[') + std::string(64, ']');
  EXPECT_TRUE(tree.Parse(deep, JsonPath(), &error));
}

struct BadJson {
  const char* text;
  const char* code;
  const char* path;
};

TEST(JsonTree, RefusesWhatIsNotJson) {
  const BadJson kBad[] = {
      {"", "ZTP3005", "$"},
      {"{", "ZTP3005", "$"},
      {"}", "ZTP3005", "$"},
      {"{\"a\"}", "ZTP3005", "$"},
      {"{\"a\" 1}", "ZTP3005", "$"},
      {"{\"a\":}", "ZTP3005", "$.a"},
      {"{\"a\":1,}", "ZTP3005", "$"},
      {"{a:1}", "ZTP3005", "$"},
      {"{'a':1}", "ZTP3005", "$"},
      {"{\"a\":1 \"b\":2}", "ZTP3005", "$"},
      {"[1,]", "ZTP3005", "$[1]"},
      {"[1 2]", "ZTP3005", "$"},
      {"{\"a\":[01]}", "ZTP3005", "$.a[0]"},
      {"[1.]", "ZTP3005", "$[0]"},
      {"[.5]", "ZTP3005", "$[0]"},
      {"[+1]", "ZTP3005", "$[0]"},
      {"[1e]", "ZTP3005", "$[0]"},
      {"[-]", "ZTP3005", "$[0]"},
      {"[NaN]", "ZTP3005", "$[0]"},
      {"[tru]", "ZTP3005", "$[0]"},
      {"[truex]", "ZTP3005", "$[0]"},
      {"[True]", "ZTP3005", "$[0]"},
      {"[nul]", "ZTP3005", "$[0]"},
      {"[\"\\x\"]", "ZTP3005", "$[0]"},
      {"[\"\\u12\"]", "ZTP3005", "$[0]"},
      {"[\"\\ud800\"]", "ZTP3005", "$[0]"},
      {"[\"\\udc00\"]", "ZTP3005", "$[0]"},
      {"[\"a\nb\"]", "ZTP3005", "$"},
      {"{} {}", "ZTP3005", "$"},
      {"{\"a\":{\"b\":1,\"c\":2,\"b\":3}}", "ZTP3006", "$.a.b"},
      {"{\"a b\":1,\"a\\u0020b\":3}", "ZTP3006", "$[\"a b\"]"},
  };
  JsonTree tree;
  for (const BadJson& bad : kBad) {
    JsonError error;
    EXPECT_FALSE(tree.Parse(bad.text, JsonPath(), &error)) << bad.text;
    EXPECT_EQ(JsonErrorCodeName(error.code), bad.code) << bad.text;
    EXPECT_EQ(error.path, bad.path) << bad.text << "\n" << error.message;
    EXPECT_FALSE(error.message.empty()) << bad.text;
  }
}

TEST(JsonTree, KeepsDigitsPlacesAndOrder) {
  JsonTree tree;
  JsonError error;
  const std::string text =
      "{ \"n\": 123456789012345678901.50e-3 ,\n \"s\": \"\\u00e9\\ud83d\\ude00\\n\", "
      "\"l\": [true, false, null, {}, []] }";
  ASSERT_TRUE(tree.Parse(text, JsonPath(), &error)) << error.message;
  const JsonNode* n = tree.Find(tree.root(), "n");
  ASSERT_NE(n, nullptr);
  EXPECT_EQ(n->text, "123456789012345678901.50e-3");
  EXPECT_EQ(n->offset, 7u);
  const JsonNode* s = tree.Find(tree.root(), "s");
  ASSERT_NE(s, nullptr);
  EXPECT_EQ(s->text, "\xC3\xA9\xF0\x9F\x98\x80\n");
  EXPECT_EQ(PlaceOf(text, s->offset).line, 2u);
  EXPECT_EQ(PlaceOf(text, s->offset).column, 7u);
  std::vector<JsonKind> kinds;
  const JsonNode* l = tree.Find(tree.root(), "l");
  ASSERT_NE(l, nullptr);
  for (const JsonNode& child : tree.Children(*l)) kinds.push_back(child.kind);
  EXPECT_EQ(kinds, (std::vector<JsonKind>{JsonKind::kBool, JsonKind::kBool, JsonKind::kNull,
                                          JsonKind::kObject, JsonKind::kArray}));
  EXPECT_EQ(l->child_count, 5u);
  EXPECT_EQ(tree.Find(tree.root(), "x"), nullptr);
}

TEST(JsonTree, ManyKeysAreStillDistinct) {
  std::string text = "{";
  for (int i = 0; i < 2000; ++i)
    text += "\"k" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  JsonTree tree;
  JsonError error;
  EXPECT_TRUE(tree.Parse(text + "\"z\":0}", JsonPath(), &error));
  EXPECT_FALSE(tree.Parse(text + "\"k7\":0}", JsonPath(), &error));
  EXPECT_EQ(error.code, JsonErrorCode::kDuplicateKey);
  EXPECT_EQ(error.path, "$.k7");
}

// Every beginning of a document is refused, and nothing is read past its end.
TEST(JsonTree, EveryTruncationIsRefused) {
  const std::string text =
      "{\"uid\":{\"type\":\"A\",\"id\":\"x\\u0041\\n\"},\"n\":[1,-2.5e3,true,null]}";
  JsonTree tree;
  for (size_t size = 0; size < text.size(); ++size) {
    JsonError error;
    const std::string part = text.substr(0, size);
    EXPECT_FALSE(tree.Parse(part, JsonPath(), &error)) << part;
  }
}

TEST(JsonTree, FlippedBytesAreReadOrRefused) {
  const std::string text =
      "{\"uid\":{\"type\":\"A\",\"id\":\"x\\u0041\\n\"},\"n\":[1,-2.5e3,true,null]}";
  JsonTree tree;
  int read = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    for (int bit = 0; bit < 7; ++bit) {
      std::string flipped = text;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      JsonError error;
      read += tree.Parse(flipped, JsonPath(), &error) ? 1 : 0;
    }
  }
  EXPECT_GT(read, 0);
}

TEST(JsonError, AsText) {
  JsonError error{.code = JsonErrorCode::kUnknownMember,
                  .file = "facts.json",
                  .path = "$[3].attrs.ownrs",
                  .line = 12,
                  .column = 7,
                  .message = "Dataset has no attribute `ownrs`",
                  .help = DidYouMean("ownrs", {"label", "owners"})};
  EXPECT_EQ(FormatJsonError(error),
            "facts.json:12:7: error[ZTP3012]: Dataset has no attribute `ownrs`\n"
            "  at $[3].attrs.ownrs\n"
            "  help: did you mean `owners`?");
  EXPECT_EQ(DidYouMean("zzz", {"label", "owners"}), "");
  EXPECT_EQ(FormatJsonError(JsonError{.message = "m"}), "error[ZTP3005]: m");
}

}  // namespace
}  // namespace ztp
