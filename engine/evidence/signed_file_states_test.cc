#include "engine/evidence/signed_file_states.h"

#include "gtest/gtest.h"

namespace ztp::evidence {
namespace {

SignedFileStates TwoStates() {
  SignedFileStates states;
  states["a \"b\".ztpb"] = {.name = "a \"b\".ztpb",
                            .version = 7,
                            .digest = "sha256:ab",
                            .latest = Time{1'800'000'000'000'001}};
  states["f.json"] = {.name = "f.json", .version = 1, .digest = "sha256:cd", .latest = Time{0}};
  return states;
}

TEST(SignedFileStatesTest, WhatIsWrittenIsRead) {
  for (const SignedFileStates& states : {SignedFileStates(), TwoStates()}) {
    const auto read = ReadSignedFileStates(WriteSignedFileStates(states));
    ASSERT_TRUE(read.ok()) << read.refusal().message;
    EXPECT_EQ(*read, states);
  }
}

// A text that was cut off or spoiled is refused: nothing of what was kept is forgotten in silence.
TEST(SignedFileStatesTest, WhatWasSpoiledIsRefused) {
  const std::string text = WriteSignedFileStates(TwoStates());
  for (size_t size = 0; size + 1 < text.size(); ++size) {  // the last byte is a line feed
    EXPECT_FALSE(ReadSignedFileStates(std::string_view(text).substr(0, size)).ok()) << size;
  }
  for (
      const std::string_view wrong : {
          R"({"files": {}})",
          R"({"ztp_signed_files": 2, "files": {}})",
          R"({"ztp_signed_files": 1, "files": {}, "more": 1})",
          R"({"ztp_signed_files": 1, "files": {"a": {}}})",
          R"({"ztp_signed_files": 1, "files": {"a": {"version": 0, "digest": "d", "latest": "2026-01-01T00:00:00Z"}}})",
          R"({"ztp_signed_files": 1, "files": {"a": {"version": "1", "digest": "d", "latest": "2026-01-01T00:00:00Z"}}})",
          R"({"ztp_signed_files": 1, "files": {"a": {"version": 1, "digest": "", "latest": "2026-01-01T00:00:00Z"}}})",
          R"({"ztp_signed_files": 1, "files": {"a": {"version": 1, "digest": "d", "latest": "yesterday"}}})",
      }) {
    EXPECT_FALSE(ReadSignedFileStates(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace ztp::evidence
