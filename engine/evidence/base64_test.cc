// One text a byte string, and no other.
#include "engine/evidence/base64.h"

#include <gtest/gtest.h>

namespace ztp::evidence {
namespace {

// RFC 4648 section 10, without padding.
TEST(Base64url, WritesAndReadsTheVectorsOfTheSpecification) {
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbe", "-_--"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(EncodeBase64url(bytes), text);
    EXPECT_EQ(DecodeBase64url(text), bytes);
  }
}

TEST(Base64url, EveryByteAtEveryPlaceComesBack) {
  for (int byte = 0; byte < 256; ++byte) {
    for (size_t place = 0; place < 4; ++place) {
      std::string bytes(4, 'x');
      bytes[place] = static_cast<char>(byte);
      for (size_t size = 0; size <= 4; ++size) {
        EXPECT_EQ(DecodeBase64url(EncodeBase64url(bytes.substr(0, size))), bytes.substr(0, size));
      }
    }
  }
}

TEST(Base64url, RefusesWhateverIsNotItsOwnText) {
  for (const std::string_view text :
       {"A", "AAAAA", "Zg==", "Zm8=", "Zm9v\n", " Zm9v", "Zm 9v", "+_--", "-/--", "Zm9v?",
        "Zm9\xc3", "Zh", "Zm9", "AB", "AAB"}) {
    EXPECT_EQ(DecodeBase64url(text), std::nullopt) << text;
  }
  EXPECT_EQ(DecodeBase64url(std::string_view("Zm\0v", 4)), std::nullopt);
}

// Of all texts of two characters exactly the 256 are read that stand for a byte.
TEST(Base64url, AByteHasOneText) {
  int read = 0;
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const char text[] = {static_cast<char>(a), static_cast<char>(b)};
      const auto bytes = DecodeBase64url({text, 2});
      if (!bytes) continue;
      ++read;
      EXPECT_EQ(EncodeBase64url(*bytes), std::string_view(text, 2));
    }
  }
  EXPECT_EQ(read, 256);
}

}  // namespace
}  // namespace ztp::evidence
