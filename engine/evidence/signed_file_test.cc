#include "engine/evidence/signed_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/sha256.h"
#include "engine/evidence/private_key.h"
#include "engine/evidence/tamper_testing.h"
#include "engine/evidence/x509_testing.h"

namespace ztp::evidence {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::NameOfCheck;

const PrivateKey& Key(size_t i) {
  static const std::vector<PrivateKey>* const keys = new std::vector<PrivateKey>{
      *PrivateKey::Generate(KeyType::kEd25519), *PrivateKey::Generate(KeyType::kP256),
      *PrivateKey::Generate(KeyType::kP384)};
  return (*keys)[i];
}

SignedFile File(uint64_t version = 7, std::string_view content = "policy") {
  return {.name = "gateway",
          .digest = Sha256Digest(content),
          .version = version,
          .issued_at = At("2026-11-28T11:00:00Z"),
          .expires_at = At("2026-12-28T11:00:00Z")};
}
std::string Signed(const SignedFile& file, std::initializer_list<size_t> by = {0, 1}) {
  DsseEnvelope envelope = *MakeSignedFile(file);
  for (const size_t i : by) EXPECT_TRUE(SignDsse(Key(i), &envelope));
  return WriteDsse(envelope);
}
SignedFilePolicy Policy(size_t threshold = 2) {
  return {.keys = {Key(0).public_key(), Key(1).public_key(), Key(2).public_key()},
          .threshold = threshold,
          .name = "gateway"};
}
std::string Verify(const std::string& envelope, std::string_view content = "policy",
                   const std::optional<SignedFileState>& before = std::nullopt, Time now = kNow,
                   const SignedFilePolicy& policy = Policy()) {
  return NameOfCheck(VerifySignedFile(envelope, Sha256Digest(content), policy, before, now));
}

TEST(SignedFile, SaysByWhomAndWhatToRemember) {
  const std::string envelope = Signed(File(), {2, 0});
  const auto file =
      VerifySignedFile(envelope, Sha256Digest("policy"), Policy(), std::nullopt, kNow);
  ASSERT_TRUE(file.ok()) << file.refusal().message;
  EXPECT_THAT(file->signers, ElementsAre(Key(0).public_key().id, Key(2).public_key().id));
  EXPECT_EQ(file->file.version, 7u);
  EXPECT_EQ(
      file->state,
      (SignedFileState{
          .name = "gateway", .version = 7, .digest = Sha256Digest("policy"), .latest = kNow}));
  EXPECT_EQ(file->envelope_digest, Sha256Digest(envelope));
  // The same file again is no step back.
  EXPECT_EQ(Verify(envelope, "policy", file->state), "accepted");
}

TEST(SignedFile, IsRefusedForWhatItLacks) {
  const std::string good = Signed(File());
  EXPECT_EQ(Verify(good), "accepted");
  EXPECT_EQ(Verify(good, "Policy"), "content");
  EXPECT_EQ(Verify(Signed(File(), {1})), "threshold");
  EXPECT_EQ(Verify(good, "policy", std::nullopt, kNow, Policy(3)), "threshold");
  EXPECT_EQ(Verify(good, "policy", std::nullopt, kNow, Policy(4)), "usage");
  EXPECT_EQ(Verify(good, "policy", std::nullopt, kNow, Policy(0)), "usage");
  EXPECT_EQ(Verify(Signed(File(), {})), "form");
  SignedFilePolicy other = Policy(1);
  other.keys.erase(other.keys.begin(), other.keys.begin() + 2);
  EXPECT_EQ(Verify(good, "policy", std::nullopt, kNow, other), "key");
  other = Policy();
  other.name = "trainer";
  EXPECT_EQ(Verify(good, "policy", std::nullopt, kNow, other), "subject");
  EXPECT_EQ(Verify(good, "policy", std::nullopt, File().expires_at), "expired");
  EXPECT_EQ(Verify(good, "policy", std::nullopt, At("2026-11-28T10:00:00Z")),
            "issued in the future");
  EXPECT_EQ(Verify(good, "policy", std::nullopt, At("2026-11-28T10:59:30Z")), "accepted");
  EXPECT_EQ(Verify(std::string(kMaxSignedFileBytes + 1, ' ')), "size");
}

TEST(SignedFile, NeverGoesBack) {
  const SignedFileState before{
      .name = "gateway", .version = 7, .digest = Sha256Digest("policy"), .latest = kNow};
  EXPECT_EQ(Verify(Signed(File(6)), "policy", before), "version");
  EXPECT_EQ(Verify(Signed(File(8, "newer")), "newer", before), "accepted");
  // Two files of one version: somebody signs different things for different hosts.
  EXPECT_EQ(Verify(Signed(File(7, "other")), "other", before), "version");
  // A clock that is set back makes nothing good again.
  SignedFileState late = before;
  late.latest = File().expires_at;
  EXPECT_EQ(Verify(Signed(File()), "policy", late), "expired");
  const auto kept = VerifySignedFile(Signed(File(8, "newer")), Sha256Digest("newer"), Policy(),
                                     before, At("2026-11-28T11:30:00Z"));
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(kept->state.latest, kNow);
  SignedFileState other = before;
  other.name = "trainer";
  EXPECT_EQ(Verify(Signed(File()), "policy", other), "usage");
}

TEST(SignedFile, NoBitMayChangeAndNoByteMayLack) {
  const std::string good = Signed(File(), {0});
  SignedFilePolicy policy = Policy(1);
  policy.keys.resize(1);
  const auto accepts = [&](const std::string& text) {
    const auto file = VerifySignedFile(text, Sha256Digest("policy"), policy, std::nullopt, kNow);
    if (!file.ok()) return false;
    EXPECT_EQ(file->file.version, 7u);
    return true;
  };
  EXPECT_TRUE(accepts(good));
  EXPECT_THAT(testing::Outside(testing::AcceptedFlips(good, accepts), good,
                               {"\"keyid\"", Key(0).public_key().id}),
              IsEmpty());
  EXPECT_THAT(testing::AcceptedCuts(good, accepts), IsEmpty());
}

TEST(SignedFile, HasAForm) {
  const auto made = [](const auto& change) {
    SignedFile file = File();
    change(file);
    return NameOfCheck(MakeSignedFile(file));
  };
  EXPECT_EQ(made([](auto&) {}), "accepted");
  EXPECT_EQ(made([](auto& f) { f.version = 0; }), "usage");
  EXPECT_EQ(made([](auto& f) { f.name = ""; }), "usage");
  EXPECT_EQ(made([](auto& f) { f.digest = "sha256:x"; }), "usage");
  EXPECT_EQ(made([](auto& f) { f.expires_at = f.issued_at; }), "usage");
  const auto read = [](std::string_view from, std::string_view to) {
    DsseEnvelope envelope = *MakeSignedFile(File());
    envelope.payload.replace(envelope.payload.find(from), from.size(), to);
    return NameOfCheck(ReadSignedFile(envelope));
  };
  EXPECT_EQ(read("7", "7"), "accepted");
  EXPECT_EQ(read(":7", ":-7"), "form");
  EXPECT_EQ(read(":7", ":7.5"), "form");
  EXPECT_EQ(read(":7", ":\"7\""), "form");
  EXPECT_EQ(read(":7", ":99999999999999999999"), "form");
  EXPECT_EQ(read(":7", ":7,\"version\":8"), "form");
  EXPECT_EQ(read("\"expires\"", "\"expire\""), "form");
  EXPECT_EQ(read("2026-12-28", "2026-10-28"), "form");
  EXPECT_EQ(read("signed-file:v1", "signed-file:v2"), "form");
  EXPECT_EQ(read("sha256", "sha512"), "form");
}

}  // namespace
}  // namespace ztp::evidence
