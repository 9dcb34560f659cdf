// PEM and base64 have one form, and everything else is refused.
#include "engine/evidence/pem.h"

#include <gtest/gtest.h>

#include "engine/evidence/base64.h"

namespace ztp::evidence {
namespace {

TEST(Base64, DecodesTheVectorsOfRfc4648) {
  EXPECT_EQ(DecodeBase64(""), "");
  EXPECT_EQ(DecodeBase64("Zg=="), "f");
  EXPECT_EQ(DecodeBase64("Zm8="), "fo");
  EXPECT_EQ(DecodeBase64("Zm9v"), "foo");
  EXPECT_EQ(DecodeBase64("Zm9vYmFy"), "foobar");
  EXPECT_EQ(DecodeBase64("+/8="), std::string("\xfb\xff"));
}

TEST(Base64, TakesOneFormOnly) {
  for (const char* text : {"Zg", "Zg=", "Zh==", "Zm9=", "Zm9v=", "====", "=", "Z===", "Zg==Zg==",
                           " Zg==", "Zg==\n", "Zm\n9v", "Zm9-", "Zm9_", "Z\xc3\xa4=="}) {
    EXPECT_EQ(DecodeBase64(text), std::nullopt) << text;
  }
}

Verified<std::vector<std::string>> Read(std::string_view text) {
  return ReadPem(text, "X", {.max_blocks = 2, .max_block_bytes = 60});
}

TEST(Pem, ReadsBlocks) {
  const std::string block = "-----BEGIN X-----\nZm9v\n-----END X-----\n";
  EXPECT_EQ(*Read(block), std::vector<std::string>{"foo"});
  EXPECT_EQ(*Read("-----BEGIN X-----\r\nZm9v\r\nYmFy\r\n-----END X-----"),
            std::vector<std::string>{"foobar"});
  EXPECT_EQ(*Read("\n" + block + "\n\n" + block), (std::vector<std::string>{"foo", "foo"}));
  EXPECT_EQ(Read(block + block + block).refusal().check, Check::kTooLarge);
  // 60 bytes are 80 digits; a line has at most 64.
  const std::string digits(64, 'A');
  EXPECT_EQ(*Read(Cat("-----BEGIN X-----\n", digits, "\nAAAAAAAAAAAAAAAA\n-----END X-----\n")),
            std::vector<std::string>{std::string(60, '\0')});
  EXPECT_EQ(
      Read(Cat("-----BEGIN X-----\n", digits, "\n", digits, "\n-----END X-----\n")).refusal().check,
      Check::kTooLarge);
  EXPECT_EQ(Read(Cat("-----BEGIN X-----\n", digits, "AAAA\n-----END X-----\n")).refusal().check,
            Check::kMalformed);
}

TEST(Pem, RefusesEverythingElse) {
  for (const char* text :
       {"", " \n", "words", "-----BEGIN X-----", "-----BEGIN X-----\n-----END X-----\n",
        "-----BEGIN Y-----\nZm9v\n-----END Y-----\n", "-----BEGIN X-----\nZm9v\n-----END Y-----\n",
        "-----BEGIN X-----\nA: b\n\nZm9v\n-----END X-----\n",
        "-----BEGIN X-----\nZm9\n-----END X-----\n", "-----BEGIN X-----\nZm9v\n\n-----END X-----\n",
        "-----BEGIN X----- \nZm9v-----END X-----\n",
        "-----BEGIN X-----\nZm9v\n-----END X-----\nwords",
        "words\n-----BEGIN X-----\nZm9v\n-----END X-----\n"}) {
    const auto blocks = Read(text);
    ASSERT_FALSE(blocks.ok()) << text;
    EXPECT_EQ(blocks.refusal().check, Check::kMalformed) << text;
  }
}

TEST(Pem, RefusesEveryTruncation) {
  const std::string block = "-----BEGIN X-----\nZm9vYmFy\n-----END X-----";
  ASSERT_TRUE(Read(block).ok());
  for (size_t size = 0; size < block.size(); ++size) {
    EXPECT_FALSE(Read(block.substr(0, size)).ok()) << size;
  }
}

}  // namespace
}  // namespace ztp::evidence
