#include "engine/evidence/signed_note.h"

#include "engine/evidence/private_key.h"

#include <gtest/gtest.h>

#include "engine/base/str.h"

namespace ztp::evidence {
namespace {

// The example of the specification.
constexpr char kVkey[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
constexpr char kNote[] =
    "This is an example message.\n"
    "\n"
    "\xe2\x80\x94 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
    "\n";

TEST(SignedNote, TheSpecificationsExampleIsSignedByItsKey) {
  const auto key = ReadVkey(kVkey);
  ASSERT_TRUE(key.ok()) << key.refusal().message;
  EXPECT_EQ(VkeyOf(*key), kVkey);
  const auto note = ReadNote(kNote);
  ASSERT_TRUE(note.ok()) << note.refusal().message;
  EXPECT_EQ(note->text, "This is an example message.\n");
  EXPECT_TRUE(IsSignedBy(*note, *key));
}

TEST(SignedNote, AnyBitChangedIsRefused) {
  const auto key = ReadVkey(kVkey);
  ASSERT_TRUE(key.ok());
  const std::string note(kNote);
  for (size_t i = 0; i < note.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = note;
      changed[i] = static_cast<char>(changed[i] ^ 1 << bit);
      const auto read = ReadNote(changed);
      EXPECT_FALSE(read.ok() && IsSignedBy(*read, *key)) << i << " " << bit;
    }
  }
  const std::string vkey(kVkey);
  for (size_t i = 0; i < vkey.size(); ++i) {
    std::string changed = vkey;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto read = ReadVkey(changed);
    EXPECT_FALSE(read.ok()) << changed;
  }
}

TEST(SignedNote, WhatIsSignedIsReadBackAndOthersSignaturesAreLeftAside) {
  const auto private_key = PrivateKey::Generate(KeyType::kEd25519);
  ASSERT_TRUE(private_key);
  const auto key = MakeNoteKey("log.example/audit", private_key->public_key());
  ASSERT_TRUE(key.ok());
  const auto again = ReadVkey(VkeyOf(*key));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->key.id, key->key.id);

  const std::string text = "a\n\nb\n";  // a text may have empty lines
  const std::string note = SignNote(text, *key, *private_key);
  const auto read = ReadNote(note);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->text, text);
  EXPECT_TRUE(IsSignedBy(*read, *key));

  const auto other = ReadVkey(kVkey);
  EXPECT_FALSE(IsSignedBy(*read, *other));
  // A signature of somebody unknown below ours changes nothing; a wrong one in our name does.
  const std::string line = std::string(kNote).substr(std::string(kNote).rfind("\xe2\x80\x94"));
  const auto both = ReadNote(note + line);
  ASSERT_TRUE(both.ok());
  EXPECT_TRUE(IsSignedBy(*both, *key));
  const std::string ours = note.substr(note.rfind("\xe2\x80\x94"));
  const auto wrong = ReadNote(Cat("x\n\n", ours));
  ASSERT_TRUE(wrong.ok());
  EXPECT_FALSE(IsSignedBy(*wrong, *key));
  EXPECT_FALSE(IsSignedBy(*ReadNote(SignNote("c\n", *key, *private_key) + ours), *key));
}

TEST(SignedNote, OtherFormsAreRefused) {
  for (const std::string& note :
       {std::string(), std::string("a\n"), std::string("a\n\n"), std::string("a\n\nb\n"),
        std::string("\n\n"), Cat("a\tb", kNote), Cat("\xff", kNote), Cat(kNote, "\n"),
        std::string(kNote).substr(0, 120)}) {
    EXPECT_FALSE(ReadNote(note).ok()) << note;
  }
  std::string many = "a\n\n";
  const std::string line = std::string(kNote).substr(std::string(kNote).rfind("\xe2\x80\x94"));
  for (size_t i = 0; i < kMaxNoteSignatures; ++i) many += line;
  EXPECT_TRUE(ReadNote(many).ok());
  EXPECT_FALSE(ReadNote(many + line).ok());
  const auto p256 = PrivateKey::Generate(KeyType::kP256);
  EXPECT_EQ(MakeNoteKey("a", p256->public_key()).refusal().check, Check::kAlgorithm);
  for (const std::string_view name : {"", "a b", "a+b",
                                      "a\xe2\x80\x83"
                                      "b",
                                      "a\nb", "\xff"}) {
    EXPECT_EQ(MakeNoteKey(name, ReadVkey(kVkey)->key).refusal().check, Check::kMalformed) << name;
  }
}

}  // namespace
}  // namespace ztp::evidence
