#include "engine/evidence/dsse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/evidence/private_key.h"
#include "engine/evidence/statement.h"
#include "engine/evidence/tamper_testing.h"
#include "engine/evidence/x509_testing.h"

namespace ztp::evidence {
namespace {

using testing::AcceptedCuts;
using testing::AcceptedFlips;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::NameOfCheck;

constexpr KeyType kTypes[] = {KeyType::kEd25519, KeyType::kP256, KeyType::kP384, KeyType::kP521};

const PrivateKey& Key(size_t i) {
  static const std::vector<PrivateKey>* const keys = [] {
    auto* made = new std::vector<PrivateKey>();
    for (const KeyType type : kTypes) made->push_back(*PrivateKey::Generate(type));
    return made;
  }();
  return (*keys)[i];
}

DsseEnvelope Signed(std::initializer_list<size_t> by) {
  DsseEnvelope envelope{.payload_type = "text/x", .payload = "hello", .signatures = {}};
  for (const size_t i : by) EXPECT_TRUE(SignDsse(Key(i), &envelope));
  return envelope;
}

TEST(Dsse, WhatIsSignedIsThePae) {
  // The protocol's own example.
  EXPECT_EQ(DssePae("http://example.com/HelloWorld", "hello world"),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

TEST(Dsse, EveryKindOfKeySigns) {
  for (size_t i = 0; i < std::size(kTypes); ++i) {
    const std::string text = WriteDsse(Signed({i}));
    const auto read = ReadDsse(text);
    ASSERT_TRUE(read.ok()) << read.refusal().message;
    EXPECT_EQ(read->payload, "hello");
    const std::vector<SignatureKey> keys = {Key(i).public_key()};
    EXPECT_EQ(NameOfCheck(CheckDsse(*read, keys)), "accepted");
    const std::vector<SignatureKey> other = {Key((i + 1) % 4).public_key()};
    EXPECT_EQ(NameOfCheck(CheckDsse(*read, other)), "signature");
  }
}

TEST(Dsse, AThresholdCountsKeysAndNotSignatures) {
  const std::vector<SignatureKey> keys = {Key(0).public_key(), Key(1).public_key(),
                                          Key(2).public_key()};
  DsseEnvelope envelope = Signed({2, 0});
  EXPECT_THAT(*CheckDsse(envelope, keys, 2), ElementsAre(0, 2));
  EXPECT_EQ(NameOfCheck(CheckDsse(envelope, keys, 3)), "threshold");
  // The same key once more, under no name and under another's.
  for (const std::string& name : {std::string(), keys[1].id, std::string("other")}) {
    DsseEnvelope twice = envelope;
    twice.signatures.push_back({.key_id = name, .signature = twice.signatures[0].signature});
    EXPECT_EQ(NameOfCheck(CheckDsse(twice, keys, 3)), "threshold");
  }
  EXPECT_FALSE(SignDsse(Key(0), &envelope));
  for (const size_t threshold : {size_t{0}, size_t{4}}) {
    EXPECT_EQ(NameOfCheck(CheckDsse(envelope, keys, threshold)), "usage");
  }
  const std::vector<SignatureKey> same = {keys[0], keys[0]};
  EXPECT_EQ(NameOfCheck(CheckDsse(envelope, same, 2)), "usage");
  const std::vector<SignatureKey> others = {Key(3).public_key(), keys[1]};
  EXPECT_EQ(NameOfCheck(CheckDsse(envelope, others, 1)), "key");
  // A signature that names a key is that key's or nobody's.
  DsseEnvelope named = Signed({0});
  named.signatures[0].key_id = keys[1].id;
  EXPECT_EQ(NameOfCheck(CheckDsse(named, keys, 1)), "signature");
}

TEST(Dsse, NoBitMayChangeAndNoByteMayLack) {
  for (const size_t i : {size_t{0}, size_t{1}}) {
    const std::string good = WriteDsse(Signed({i}));
    const std::vector<SignatureKey> keys = {Key(i).public_key(), Key(3).public_key()};
    const auto accepts = [&](const std::string& text) {
      const auto envelope = ReadDsse(text);
      if (!envelope.ok()) return false;
      const auto signers = CheckDsse(*envelope, keys);
      if (!signers.ok()) return false;
      // What is accepted is the very same.
      EXPECT_EQ(envelope->payload, "hello");
      EXPECT_EQ(envelope->payload_type, "text/x");
      EXPECT_THAT(*signers, ElementsAre(0));
      return true;
    };
    EXPECT_TRUE(accepts(good));
    // Nobody signs the key's name, nor what a member is called that nobody asks for.
    EXPECT_THAT(testing::Outside(AcceptedFlips(good, accepts), good, {"\"keyid\"", keys[0].id}),
                IsEmpty());
    EXPECT_THAT(AcceptedCuts(good, accepts), IsEmpty());
  }
}

TEST(Dsse, WhatHasNotItsFormIsRefused) {
  struct Case {
    std::string text;
    std::string_view check;
  };
  const std::string rest = R"("payloadType":"t","signatures":[{"sig":"eA=="}]})";
  std::string deep(100, '[');
  std::string many = R"({"payload":"eA==","payloadType":"t","signatures":[{"sig":"eA=="})";
  for (int i = 0; i < 16; ++i) many += R"(,{"sig":"eA=="})";
  const Case cases[] = {
      {R"({"payload":"eA==",)" + rest, "accepted"},
      {R"({"payload":"eA==","payload":"eQ==",)" + rest, "form"},  // a member twice
      {R"({"payload":"eA",)" + rest, "form"},                     // no padding
      {R"({"payload":"eB==",)" + rest, "form"},                   // bits behind the end
      {R"({"payload":"e-_=",)" + rest, "form"},                   // the other alphabet
      {R"({"payload":"e A==",)" + rest, "form"},
      {R"({"payload":"",)" + rest, "form"},
      {R"({"payload":7,)" + rest, "form"},
      {"{" + rest, "form"},
      {R"({"payload":"eA==","payloadType":"t","signatures":[]})", "form"},
      {R"({"payload":"eA==","payloadType":"t","signatures":[{"keyid":"k"}]})", "form"},
      {R"({"payload":"eA==","payloadType":"","signatures":[{"sig":"eA=="}]})", "form"},
      {R"({"payload":"eA==","signatures":[{"sig":"eA=="}]})", "form"},
      {R"([])", "form"},
      {"", "form"},
      {R"({"payload":"eA==","x":)" + deep, "form"},
      {many + "]}", "size"},
      {std::string(kMaxDsseBytes + 1, ' '), "size"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(NameOfCheck(ReadDsse(c.text)), c.check) << c.text.substr(0, 120);
  }
}

TEST(Statement, HasSubjectsWithDigestsAndAPredicate) {
  const std::string digest(64, 'a');
  const auto text = [&](std::string_view type, std::string_view subject,
                        std::string_view predicate) {
    return Cat(R"({"_type":")", type, R"(","subject":)", subject, R"(,"predicateType":"p")",
               predicate, "}");
  };
  const std::string one = Cat(R"([{"name":"m","digest":{"sha256":")", digest, R"("}}])");
  constexpr std::string_view kV1 = "https://in-toto.io/Statement/v1";
  constexpr std::string_view kPredicate = R"(,"predicate":{})";
  struct Case {
    std::string text;
    std::string_view check;
  };
  const Case cases[] = {
      {text(kV1, one, kPredicate), "accepted"},
      {text("https://in-toto.io/Statement/v0.1", one, kPredicate), "accepted"},
      {text("https://in-toto.io/Statement/v2", one, kPredicate), "form"},
      {text(kV1, "[]", kPredicate), "form"},
      {text(kV1, R"([{"name":"m"}])", kPredicate), "form"},
      {text(kV1, R"([{"name":"m","digest":{}}])", kPredicate), "form"},
      {text(kV1, R"([{"name":"m","digest":{"sha256":"abc"}}])", kPredicate), "form"},
      {text(kV1, Cat(R"([{"digest":{"sha256":")", std::string(64, 'A'), R"("}}])"), kPredicate),
       "form"},
      {text(kV1, one, ""), "form"},
      {text(kV1, one, R"(,"predicate":[])"), "form"},
      {text(kV1, one, R"(,"predicate":{},"predicate":{})"), "form"},
  };
  for (const Case& c : cases) {
    JsonTree tree;
    const auto statement = ReadStatement(c.text, &tree);
    EXPECT_EQ(NameOfCheck(statement), c.check) << c.text;
    if (!statement.ok()) continue;
    EXPECT_EQ(statement->subjects[0].Digest("sha256"), digest);
    EXPECT_EQ(statement->subjects[0].Digest("sha512"), "");
  }
}

std::string DerOf(const EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

TEST(SignatureKeys, AreReadStrictlyAndHaveOneId) {
  const std::string ed = PemOf(Key(0).public_key());
  const std::string p256 = PemOf(Key(1).public_key());
  const auto both = ReadSignatureKeys(ed + p256);
  ASSERT_TRUE(both.ok()) << both.refusal().message;
  EXPECT_EQ((*both)[1].id, Key(1).public_key().id);
  EXPECT_EQ(NameOfCheck(ReadSignatureKeys(ed + p256 + ed)), "form");
  EXPECT_EQ(NameOfCheck(ReadSignatureKeys("")), "form");
  // A key with the point in short has the same id as the key itself.
  const TestKey ec = EcKey();
  EVP_PKEY_set_utf8_string_param(ec.get(), "point-format", "compressed");
  const auto compressed = ReadSpki(DerOf(ec.get()));
  ASSERT_TRUE(compressed.ok()) << compressed.refusal().message;
  EVP_PKEY_set_utf8_string_param(ec.get(), "point-format", "uncompressed");
  EXPECT_EQ(compressed->id, SignatureKeyOf(ec.get())->id);
  EXPECT_EQ(NameOfCheck(SignatureKeyOf(RsaKey(2048).get())), "algorithm");
  EXPECT_EQ(NameOfCheck(SignatureKeyOf(EcKey("secp256k1").get())), "algorithm");
  EXPECT_EQ(NameOfCheck(ReadSpki(DerOf(ExplicitCurveKey().get()))), "algorithm");
  const std::string spki = SpkiOf(Key(0).public_key());
  EXPECT_EQ(NameOfCheck(ReadSpki(spki)), "accepted");
  EXPECT_EQ(NameOfCheck(ReadSpki(spki + "x")), "form");
  EXPECT_THAT(AcceptedCuts(spki, [](const std::string& cut) { return ReadSpki(cut).ok(); }),
              IsEmpty());
}

TEST(PrivateKeys, ComeBackFromTheirText) {
  for (size_t i = 0; i < std::size(kTypes); ++i) {
    for (const std::string& password : {std::string(), std::string("open sesame")}) {
      const std::string pem = Key(i).ToPem(password);
      const auto back = PrivateKey::FromPem(pem, password);
      ASSERT_TRUE(back.ok()) << back.refusal().message;
      EXPECT_EQ(back->public_key().id, Key(i).public_key().id);
      EXPECT_TRUE(IsSignedBy(Key(i).public_key(), "text", back->Sign("text")));
      EXPECT_FALSE(IsSignedBy(Key(i).public_key(), "texT", back->Sign("text")));
      EXPECT_EQ(NameOfCheck(PrivateKey::FromPem(pem, password.empty() ? "x" : "")), "usage");
      EXPECT_EQ(NameOfCheck(PrivateKey::FromPem(pem + pem, password)), "size");
    }
  }
  EXPECT_EQ(NameOfCheck(PrivateKey::FromPem(Key(0).ToPem("right"), "wrong")), "form");
  EXPECT_EQ(NameOfCheck(PrivateKey::FromPem(PemOf(Key(0).public_key()))), "form");
  EXPECT_FALSE(PrivateKey::Generate(KeyType::kRsa).has_value());
}

}  // namespace
}  // namespace ztp::evidence
