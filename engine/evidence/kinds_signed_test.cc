// Signed models and how artefacts were built as kinds of evidence: from a source's settings to
// std.ai's records, which digests they are about, and what is refused.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/base/sha256.h"
#include "engine/evidence/dsse.h"
#include "engine/evidence/kind.h"
#include "engine/evidence/oms.h"
#include "engine/evidence/private_key.h"
#include "engine/evidence/slsa.h"
#include "engine/evidence/statement.h"
#include "engine/evidence/tamper_testing.h"
#include "engine/evidence/trust_testing.h"

namespace ztp::evidence {
namespace {

using nlohmann::json;
using testing::Document;
using testing::ErrorsOf;
using testing::MakeTrust;

constexpr char kBuilder[] = "https://github.com/actions/runner/github-hosted";

const PrivateKey& Key(int which) {
  static const PrivateKey* const keys[] = {new PrivateKey(*PrivateKey::Generate(KeyType::kEd25519)),
                                           new PrivateKey(*PrivateKey::Generate(KeyType::kP256))};
  return *keys[which];
}

std::string Model() {
  return SignModel({.name = "m",
                    .files = {{.name = "weights", .sha256 = Sha256Digest("w").substr(7)}},
                    .ignored = {}},
                   Key(0));
}

std::string Provenance(const std::string& builder) {
  DsseEnvelope envelope{
      .payload_type = std::string(kStatementPayloadType),
      .payload = json({{"_type", "https://in-toto.io/Statement/v1"},
                       {"subject",
                        {{{"name", "a"}, {"digest", {{"sha256", std::string(64, 'a')}}}},
                         {{"name", "b"}, {"digest", {{"sha256", std::string(64, 'b')}}}}}},
                       {"predicateType", kProvenancePredicateType},
                       {"predicate",
                        {{"buildDefinition",
                          {{"buildType", "https://build.example/v1"},
                           {"externalParameters", json::object()}}},
                         {"runDetails",
                          {{"builder", {{"id", builder}}},
                           {"metadata", {{"finishedOn", "2020-01-01T00:00:00Z"}}}}}}}})
                     .dump()};
  EXPECT_TRUE(SignDsse(Key(0), &envelope));
  return WriteDsse(envelope);
}

std::string Bom(std::string_view type, const json& document) {
  DsseEnvelope envelope{
      .payload_type = std::string(kStatementPayloadType),
      .payload =
          json({{"_type", "https://in-toto.io/Statement/v1"},
                {"subject", {{{"name", "a"}, {"digest", {{"sha256", std::string(64, 'a')}}}}}},
                {"predicateType", type},
                {"predicate", document}})
              .dump()};
  EXPECT_TRUE(SignDsse(Key(0), &envelope));
  return WriteDsse(envelope);
}

json OmsSource(int key) {
  return {{"kind", "oms"}, {"proves", "x"}, {"signers", PemOf(Key(key).public_key())}};
}
json SlsaSource() {
  return {{"kind", "slsa"},
          {"proves", "x"},
          {"signers", PemOf(Key(0).public_key())},
          {"builders", {{{"id", kBuilder}, {"level", 3}}}}};
}

// The record, then whom it is about, then when it ends; or the check that was not passed.
std::string Proves(const json& source, const std::string& evidence) {
  const auto trust = MakeTrust(Document(Cat(R"("s":)", source.dump())));
  if (trust == nullptr) return "no configuration";
  const auto fact = trust->Verify("s", evidence, kNow);
  if (!fact.ok()) return std::string(NameOf(fact.refusal().check));
  const NormalForm& form = (*fact)->kind->form();
  std::string text = FormatValue(form.schema(), form.type(), (*fact)->value);
  for (const std::string& subject : (*fact)->subjects) Append(text, " ", subject.substr(0, 10));
  return Cat(text, EndOf(**fact) ? " ends" : " stays");
}

TEST(Kinds, AModelsSignatureIsAboutItsDigest) {
  const std::string id = Key(0).public_key().id;
  const std::string subject =
      VerifyOms(Model(), {.keys = {Key(0).public_key()}}, kNow)->subject_digest;
  EXPECT_EQ(Proves(OmsSource(0), Model()),
            Cat("{ logged: false, signer: \"", id, "\" } ", subject.substr(0, 10), " stays"));
  EXPECT_EQ(Proves(OmsSource(1), Model()), "signature");
  EXPECT_EQ(Proves(OmsSource(0), Provenance(kBuilder)), "form");
  json aged = OmsSource(0);
  aged["max_age"] = "1h";  // a key's signature does not say when it was made
  EXPECT_EQ(Proves(aged, Model()), "claim");
}

TEST(Kinds, ProvenanceIsWorthWhatTheConfigurationSaysOfItsBuilder) {
  EXPECT_EQ(Proves(SlsaSource(), Provenance(kBuilder)),
            Cat("{ build_type: \"https://build.example/v1\", builder: \"", kBuilder,
                "\", level: 3 } sha256:aaa sha256:bbb stays"));
  EXPECT_EQ(Proves(SlsaSource(), Provenance("https://laptop.example")), "issuer");
  json other = SlsaSource();
  other["signers"] = PemOf(Key(1).public_key());
  EXPECT_EQ(Proves(other, Provenance(kBuilder)), "signature");
  json aged = SlsaSource();
  aged["max_age"] = "1h";  // it was built years ago
  EXPECT_EQ(Proves(aged, Provenance(kBuilder)), "age");
}

TEST(Kinds, ABillOfMaterialsIsProvenWhereItWasSigned) {
  const json source = {{"kind", "bom"}, {"proves", "x"}, {"signers", PemOf(Key(0).public_key())}};
  const json cyclonedx = {{"bomFormat", "CycloneDX"}, {"specVersion", "1.6"}};
  const std::string id = Key(0).public_key().id;
  EXPECT_EQ(Proves(source, Bom("https://cyclonedx.org/bom/v1.6", cyclonedx)),
            Cat("{ format: \"cyclonedx\", logged: false, signer: \"", id,
                "\", version: \"1.6\" } sha256:aaa stays"));
  EXPECT_EQ(Proves(source, Bom("https://spdx.dev/Document", {{"@context", "x"}})),
            Cat("{ format: \"spdx\", logged: false, signer: \"", id, "\" } sha256:aaa stays"));
  json other = source;
  other["signers"] = PemOf(Key(1).public_key());
  EXPECT_EQ(Proves(other, Bom("https://cyclonedx.org/bom", cyclonedx)), "signature");
  EXPECT_EQ(Proves(source, cyclonedx.dump()), "form");  // nobody signed it
  EXPECT_EQ(Proves(source, Bom("https://cyclonedx.org/bombast", cyclonedx)), "form");
  EXPECT_EQ(Proves(source, Bom("https://cyclonedx.org/bom", {{"bomFormat", "SPDX"}})), "form");
  EXPECT_EQ(Proves(source, Bom("https://cyclonedx.org/bom", json::object())), "claim");
  EXPECT_EQ(Proves(source, Bom("https://spdx.dev/Document", json::object())), "form");
  EXPECT_EQ(Proves(source, Provenance(kBuilder)), "form");
}

TEST(Kinds, NoBitOfABillMayChangeAndNoByteMayLack) {
  const std::string good =
      Bom("https://cyclonedx.org/bom", {{"bomFormat", "CycloneDX"}, {"specVersion", "1.6"}});
  const json source = {{"kind", "bom"}, {"proves", "x"}, {"signers", PemOf(Key(0).public_key())}};
  const auto trust = MakeTrust(Document(Cat(R"("s":)", source.dump())));
  ASSERT_NE(trust, nullptr);
  const auto accepts = [&](const std::string& text) {
    const auto fact = trust->Verify("s", text, kNow);
    if (!fact.ok()) return false;
    EXPECT_EQ((*fact)->subjects, std::vector{Cat("sha256:", std::string(64, 'a'))});
    return true;
  };
  EXPECT_TRUE(accepts(good));
  // Which key it was is a hint, and not signed.
  const std::string id = Key(0).public_key().id;
  EXPECT_EQ(testing::Outside(testing::AcceptedFlips(good, accepts), good, {"\"keyid\"", id}),
            std::vector<size_t>());
  EXPECT_EQ(testing::AcceptedCuts(good, accepts), std::vector<size_t>());
}

TEST(Kinds, ASourceOfSignedDocumentsSaysWhoMaySign) {
  const struct {
    const char* says;
    std::function<void(json*)> change;
  } cases[] = {
      {"nobody may sign", [](json* s) { s->erase("signers"); }},
      {"$.sources.s.signers: ", [](json* s) { (*s)["signers"] = "-----BEGIN"; }},
      {"nobody is believed", [](json* s) { s->erase("builders"); }},
      {"`level` is missing", [](json* s) { (*s)["builders"][0].erase("level"); }},
      {"level", [](json* s) { (*s)["builders"][0]["level"] = 4; }},
      {"whose summaries?", [](json* s) { (*s)["resources"] = "https://r.example/**"; }},
      {"is no pattern",
       [](json* s) {
         (*s)["verifiers"] = "https://v.example";
         (*s)["resources"] = "https://r.example/\\";
       }},
      {"go together",
       [](json* s) {
         (*s)["identities"] = {{{"issuer", "i"}, {"name", "n"}}};
       }},
      {"whose certificates", [](json* s) { (*s)["names"] = "ann"; }},
      {"no nonce", [](json* s) { (*s)["nonce"] = "required"; }},
      {"signer", [](json* s) { (*s)["signer"] = "x"; }},
  };
  for (const auto& c : cases) {
    json source = SlsaSource();
    c.change(&source);
    std::vector<JsonError> errors;
    EXPECT_EQ(Trust::Read(Document(Cat(R"("s":)", source.dump())), {}, &errors), nullptr) << c.says;
    EXPECT_NE(ErrorsOf(errors).find(c.says), std::string::npos) << ErrorsOf(errors);
  }
}

}  // namespace
}  // namespace ztp::evidence
