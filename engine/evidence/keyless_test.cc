#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/evidence/rekor.h"
#include "engine/evidence/signed_statement.h"
#include "engine/evidence/sigstore_testing.h"
#include "engine/evidence/tamper_testing.h"

namespace ztp::evidence {
namespace {

using ::testing::IsEmpty;
using testing::KeylessSpec;
using testing::NameOfCheck;
using testing::TestSigstore;

const TestSigstore& Instance() {
  static const TestSigstore* const instance = new TestSigstore();
  return *instance;
}

constexpr char kPayload[] = R"({"a":1})";

TEST(Keyless, SaysWhoSignedInWhereAndWhen) {
  const auto statement =
      VerifySignedStatement(Instance().Bundle(kPayload, {}), Instance().Policy(), kNow);
  ASSERT_TRUE(statement.ok()) << statement.refusal().message;
  EXPECT_EQ(statement->payload, kPayload);
  EXPECT_EQ(statement->signer.name, "dev@example.org");
  EXPECT_EQ(statement->signer.issuer, "https://issuer.example");
  EXPECT_TRUE(statement->signer.logged);
  // The certificate has long expired; what it signed then has not.
  EXPECT_EQ(statement->signed_at, At("2026-11-01T12:00:05Z"));
  EXPECT_FALSE(statement->valid_until.has_value());
}

TEST(Keyless, WithoutAProofItIsNotCalledLogged) {
  const auto statement = VerifySignedStatement(Instance().Bundle(kPayload, {.has_proof = false}),
                                               Instance().Policy(), kNow);
  ASSERT_TRUE(statement.ok()) << statement.refusal().message;
  EXPECT_FALSE(statement->signer.logged);
}

TEST(Keyless, EachLinkIsNeeded) {
  struct Case {
    KeylessSpec spec;
    std::string_view check;
  };
  const Case cases[] = {
      {{}, "accepted"},
      {{.names = "URI:https://ci.example/run"}, "subject"},
      {{.names = "email:other@example.org"}, "subject"},
      {{.names = "email:dev@example.org,email:a@example.org"}, "subject"},
      {{.names = "DNS:dev.example.org"}, "subject"},
      {{.issuer = "https://other.example"}, "issuer"},
      {{.issuer = ""}, "issuer"},
      {{.issuer = std::string("https://issuer.example\0x", 24)}, "issuer"},
      {{.purposes = "serverAuth"}, "usage"},
      {{.purposes = ""}, "usage"},
      {{.logged_at = At("2026-11-01T12:10:00Z")}, "expired"},
      {{.logged_at = At("2026-11-01T11:59:59Z")}, "not yet valid"},
      {{.not_before = At("2026-11-29T12:00:00Z"),
        .not_after = At("2026-11-29T12:10:00Z"),
        .logged_at = At("2026-11-29T12:00:05Z")},
       "issued in the future"},
      {{.has_sct = false}, "log"},
      {{.has_promise = false}, "log"},
      {{.kind = "intoto"}, "log"},
      {{.origin = "other.example"}, "accepted"},  // the key says which log it is
  };
  for (const Case& c : cases) {
    const auto statement =
        VerifySignedStatement(Instance().Bundle(kPayload, c.spec), Instance().Policy(), kNow);
    EXPECT_EQ(NameOfCheck(statement), c.check)
        << (&c - cases) << ": " << (statement.ok() ? "" : statement.refusal().message);
  }
}

TEST(Keyless, TheEntryMustBeAboutThisSignature) {
  const auto logged = [](const auto& change) {
    return NameOfCheck(
        VerifySignedStatement(Instance().Bundle(kPayload, {}, change), Instance().Policy(), kNow));
  };
  const auto replace = [](std::string_view from, std::string_view to) {
    return [=](std::string& body) { body.replace(body.find(from), from.size(), to); };
  };
  EXPECT_EQ(logged([](std::string&) {}), "accepted");
  EXPECT_EQ(logged(replace("\"value\":\"", "\"value\":\"0")), "log");
  EXPECT_EQ(logged(replace("\"signature\":\"", "\"signature\":\"AAAA")), "log");
  EXPECT_EQ(logged(replace("\"verifier\":\"", "\"verifier\":\"AAAA")), "log");
  EXPECT_EQ(logged(replace("\"signatures\":[", "\"signatures\":[{},")), "log");
  EXPECT_EQ(logged(replace("\"kind\"", "\"kinds\"")), "log");
  EXPECT_EQ(logged(replace("0.0.1", "0.0.2")), "log");
  EXPECT_EQ(logged(replace("sha256", "sha512")), "log");
  EXPECT_EQ(logged([](std::string& body) { body = "[]"; }), "log");
  EXPECT_EQ(logged([](std::string& body) { body = "{"; }), "log");
}

TEST(Keyless, AnotherInstanceIsNotTrusted) {
  const TestSigstore other;
  const std::string bundle = Instance().Bundle(kPayload, {});
  const auto with = [&](const auto& change) {
    SignerPolicy policy = Instance().Policy();
    change(policy);
    return NameOfCheck(VerifySignedStatement(bundle, policy, kNow));
  };
  const SignerPolicy theirs = other.Policy();
  EXPECT_EQ(with([&](auto& p) { p.sigstore.authorities = theirs.sigstore.authorities; }), "chain");
  EXPECT_EQ(with([&](auto& p) { p.sigstore.ct_keys = theirs.sigstore.ct_keys; }), "log");
  EXPECT_EQ(with([&](auto& p) { p.sigstore.log_keys = theirs.sigstore.log_keys; }), "log");
  EXPECT_EQ(with([](auto& p) { p.identities.clear(); }), "key");
  // A chain's roots are no Fulcio, and the other way round.
  EXPECT_EQ(with([](auto& p) {
              p.roots = p.sigstore.authorities;
              p.sigstore.authorities.clear();
            }),
            "key");
}

TEST(Keyless, OneBitInEachByte) {
  const std::string good = Instance().Bundle(kPayload, {});
  const SignerPolicy policy = Instance().Policy();
  std::vector<size_t> accepted;
  std::string text = good;
  for (size_t i = 0; i < good.size(); ++i) {
    text[i] = static_cast<char>(good[i] ^ (1 << (i % 8)));
    const auto statement = VerifySignedStatement(text, policy, kNow);
    text[i] = good[i];
    if (!statement.ok()) continue;
    EXPECT_EQ(statement->payload, kPayload);
    EXPECT_EQ(statement->signer.name, "dev@example.org");
    if (statement->signer.logged) accepted.push_back(i);
  }
  // Nobody signs a note's name for its key and the hint at it.
  const size_t hint = good.find(" log.example ");
  const std::string note = good.substr(hint, 13 + 6);
  EXPECT_THAT(testing::Outside(accepted, good, {note}), IsEmpty());
  EXPECT_THAT(testing::AcceptedCuts(good,
                                    [&](const std::string& cut) {
                                      return VerifySignedStatement(cut, policy, kNow).ok();
                                    }),
              IsEmpty());
}

}  // namespace
}  // namespace ztp::evidence
