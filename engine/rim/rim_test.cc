// Manifests are read as they were signed, and nothing else of them.
#include "engine/rim/rim.h"

#include <gtest/gtest.h>

#include "engine/evidence/device.h"
#include "engine/evidence/tamper_testing.h"
#include "engine/evidence/trust_document.h"
#include "engine/rim/rim_testing.h"

namespace ztp::rim {
namespace {

using evidence::At;
using evidence::kNow;
using evidence::Verified;
using evidence::testing::NameOfCheck;

Verified<Rim> Verify(std::string_view xml, const Authority& authority = TheAuthority(),
                     Time now = kNow) {
  const std::vector<Certificate> anchors = {authority.root.certificate};
  return VerifyRim(xml, anchors, {.now = now});
}

std::string CheckOf(std::string_view xml) { return NameOfCheck(Verify(xml)); }

std::string With(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return at == text.npos ? text : text.replace(at, from.size(), to);
}

std::string Bytes(const std::string& hex) { return *evidence::FromHex(hex); }

TEST(Rim, SaysWhatAVbiosMeasuresTo) {
  const auto rim = Verify(Manifest());
  ASSERT_TRUE(rim.ok()) << rim.refusal().message;
  EXPECT_EQ(rim->of, RimOf::kVbios);
  EXPECT_EQ(rim->reference.version, "96.00.5E.00.01");
  EXPECT_EQ(rim->product, "GH100");
  EXPECT_EQ(rim->anchor, TheAuthority().root.certificate.sha256());
  EXPECT_EQ(rim->valid_until, At("2026-11-28T13:00:00Z"));
  const std::map<int, std::vector<std::string>> expected = {{0, {Bytes(kA)}},
                                                            {12, {Bytes(kB), Bytes(kC)}}};
  EXPECT_EQ(rim->reference.measurements, expected);
}

TEST(Rim, EachCanonicalFormIsTaken) {
  for (const char* canonical :
       {"http://www.w3.org/2006/12/xml-c14n11", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2001/10/xml-exc-c14n#"}) {
    EXPECT_EQ(CheckOf(Manifest({}, {.canonical = canonical})), "accepted") << canonical;
  }
  // What differs from it in form only is the same document.
  std::string other = Manifest();
  other = With(other, "></ns0:Entity>", "/>");
  other = With(other, R"(PayloadType="direct" colloquialVersion="96.00.5E.00.01")",
               R"(colloquialVersion='96.00.5E.00.01'  PayloadType="&#100;irect")");
  EXPECT_EQ(CheckOf(Cat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", other, "\n")), "accepted");
}

// The output is a piece of a trust configuration that a source of GPUs' reports takes.
TEST(Rim, ReferencesAreThoseOfATrustConfiguration) {
  std::vector<Rim> rims;
  for (const char* version : {"96.00.5E.00.02", "96.00.5E.00.01", "535.86.09", "535.86.09"}) {
    TagSpec spec{.version = version};
    if (version[0] == '5') spec.resources = Resource(7, "true", {kC});
    auto rim = Verify(Manifest(spec));
    ASSERT_TRUE(rim.ok()) << rim.refusal().message;
    rims.push_back(*std::move(rim));
  }
  const auto json = ReferencesAsJson(rims);
  ASSERT_TRUE(json.ok()) << json.refusal().message;
  const std::string vbios = Cat("\", \"measurements\": {\n      \"0\": \"sha384:", kA,
                                "\",\n      \"12\": [\"sha384:", kB, "\", \"sha384:", kC, "\"]}}");
  EXPECT_EQ(*json, Cat("{\n  \"drivers\": [\n    {\"version\": \"535.86.09\", \"measurements\": {",
                       "\n      \"7\": \"sha384:", kC,
                       "\"}}],\n  \"vbioses\": [\n    {\"version\": \"96.00.5E.00.01", vbios,
                       ",\n    {\"version\": \"96.00.5E.00.02", vbios, "]\n}\n"));
  std::string root = evidence::Pem({TheAuthority().root.certificate});
  for (size_t at = 0; (at = root.find('\n', at)) != root.npos; ++at) root.replace(at, 1, "\\n");
  std::vector<JsonError> errors;
  const std::string inner = json->substr(1, json->rfind('}') - 1);
  EXPECT_NE(evidence::ReadTrust(
                Cat(R"({"ztp_trust":1,"sources":{"s":{"kind":"nvidia-report","proves":"x",)",
                    R"("max_age":"5m","nonce":"required","roots":")", root, "\",", inner, "}}}"),
                nullptr, {}, {}, &errors),
            nullptr)
      << (errors.empty() ? "" : errors[0].message);

  rims[0].reference.version = rims[1].reference.version;
  EXPECT_TRUE(ReferencesAsJson(rims).ok()) << "the same, twice";
  rims[0].reference.measurements.erase(0);
  EXPECT_EQ(NameOfCheck(ReferencesAsJson(rims)), "measurement") << "which of the two?";
}

// Signed as it should be, and still not taken.
TEST(Rim, WhatAManifestMustSay) {
  struct Case {
    const char* what;
    TagSpec spec;
    const char* check;
  };
  const Case cases[] = {
      {"no digest to compare with", {.resources = Resource(0, "False", {kA})}, "measurement"},
      {"nothing", {.resources = ""}, "measurement"},
      {"an index twice",
       {.resources = Resource(0, "True", {kA}) + Resource(0, "False", {kB})},
       "form"},
      {"an index too far", {.resources = Resource(255, "True", {kA})}, "form"},
      {"an index with a zero",
       {.resources = With(Resource(1, "True", {kA}), "\"1\" n", "\"01\" n")},
       "form"},
      {"active or not", {.resources = Resource(0, "yes", {kA})}, "form"},
      {"a digest too short", {.resources = Resource(0, "True", {kA.substr(2)})}, "form"},
      {"no digits", {.resources = Resource(0, "True", {With(kA, "a", "g")})}, "form"},
      {"more digests than it says",
       {.resources = With(Resource(0, "True", {kA, kB}), "\"2\"", "\"1\"")},
       "form"},
      {"fewer", {.resources = With(Resource(0, "True", {kA, kB}), "\"2\"", "\"3\"")}, "form"},
      {"another size", {.resources = With(Resource(0, "True", {kA}), "\"48\"", "\"32\"")}, "form"},
      {"another type",
       {.resources = With(Resource(0, "True", {kA}), "\"Measurement\"", "\"File\"")},
       "form"},
      {"another element", {.resources = "<ns0:File></ns0:File>"}, "form"},
      {"measurements elsewhere", {.payload_type = "indirect"}, "form"},
      {"a patch", {.flags = R"(patch="true")"}, "form"},
      {"a supplement", {.flags = R"(supplemental="true")"}, "form"},
      {"a version of nothing", {.version = "new"}, "form"},
      {"one number", {.version = "535"}, "form"},
      {"five numbers that are no pairs", {.version = "1.2.3.4.5"}, "form"},
      {"a driver's", {.version = "550.90.07"}, "accepted"},
      {"two of Meta",
       {.more =
            R"(<ns0:Meta PayloadType="direct" colloquialVersion="535.1" product="x"></ns0:Meta>)"},
       "form"},
      {"two payloads",
       {.more = "<ns0:Payload>" + Resource(1, "True", {kA}) + "</ns0:Payload>"},
       "form"},
      {"what nobody knows", {.more = "<ns0:Evidence></ns0:Evidence>"}, "form"},
      {"what is of no namespace", {.more = R"(<Meta xmlns=""></Meta>)"}, "form"},
      {"a link", {.more = R"(<ns0:Link href="x" rel="y"></ns0:Link>)"}, "accepted"},
  };
  for (const Case& one : cases) EXPECT_EQ(CheckOf(Manifest(one.spec)), one.check) << one.what;
}

TEST(Rim, WhatASignatureMayBe) {
  const std::string enveloped =
      Algorithm("Transform", "http://www.w3.org/2000/09/xmldsig#enveloped-signature");
  const std::string c14n = Algorithm("Transform", "http://www.w3.org/2006/12/xml-c14n11");
  struct Case {
    const char* what;
    SignatureSpec spec;
    const char* check;
  };
  const Case cases[] = {
      {"RSA", {.method = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"}, "algorithm"},
      {"HMAC", {.method = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha384"}, "algorithm"},
      {"SHA-1", {.digest = "http://www.w3.org/2000/09/xmldsig#sha1"}, "algorithm"},
      {"with comments",
       {.canonical = "http://www.w3.org/2006/12/xml-c14n11#WithComments"},
       "algorithm"},
      {"a part", {.uri = "#5f"}, "form"},
      {"a file", {.uri = "file:///etc/passwd"}, "form"},
      {"no transform", {.transforms = ""}, "form"},
      {"not enveloped", {.transforms = c14n + c14n}, "algorithm"},
      {"XSLT",
       {.transforms =
            enveloped + Algorithm("Transform", "http://www.w3.org/TR/1999/REC-xslt-19991116")},
       "algorithm"},
      {"XPath",
       {.transforms =
            enveloped + Algorithm("Transform", "http://www.w3.org/TR/1999/REC-xpath-19991116")},
       "algorithm"},
      {"base64",
       {.transforms =
            enveloped + Algorithm("Transform", "http://www.w3.org/2000/09/xmldsig#base64")},
       "algorithm"},
      {"one more", {.transforms = enveloped + c14n + c14n}, "form"},
      {"a transform with more in it",
       {.transforms = enveloped + With(c14n, "></", "><ds:XPath>1</ds:XPath></")},
       "form"},
      {"two references", {.more_info = R"(<ds:Reference URI=""></ds:Reference>)"}, "form"},
      {"an object", {.more = "<ds:Object></ds:Object>"}, "form"},
      {"a key alone", {.key_info = "<ds:KeyName>k</ds:KeyName>"}, "form"},
      {"no certificate", {.key_info = "<ds:X509Data></ds:X509Data>"}, "form"},
      {"the issuer's alone", {.key_info = KeyInfoOf({TheAuthority().issuer.certificate})}, "usage"},
      {"no path", {.key_info = KeyInfoOf({TheAuthority().signer.certificate})}, "chain"},
      {"no base64",
       {.key_info = "<ds:X509Data><ds:X509Certificate>!</ds:X509Certificate></ds:X509Data>"},
       "form"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(CheckOf(Manifest({}, one.spec)), one.check) << one.what;
  }
}

TEST(Rim, WhoMaySign) {
  const Authority& mine = TheAuthority();
  EXPECT_EQ(NameOfCheck(Verify(Manifest(), MakeAuthority())), "chain");
  EXPECT_EQ(NameOfCheck(Verify(Manifest(), mine, At("2026-11-28T13:00:00Z"))), "expired");
  EXPECT_EQ(NameOfCheck(Verify(Manifest(), mine, At("2026-11-28T10:00:00Z"))), "not yet valid");
  const auto check = [](const Authority& authority) {
    return NameOfCheck(Verify(Manifest({}, {}, authority), authority));
  };
  EXPECT_EQ(check(MakeAuthority()), "accepted");
  EXPECT_EQ(check(MakeAuthority(RimSignerSpec(), "P-521")), "algorithm");
  CertificateSpec spec = RimSignerSpec();
  spec.key_usage = "critical,keyAgreement";
  EXPECT_EQ(check(MakeAuthority(spec)), "usage");
  EXPECT_EQ(check(MakeAuthority(AuthoritySpec("L4"))), "usage");
  // Another key of the same issuer.
  const Authority other{mine.root, mine.issuer,
                        Issue(RimSignerSpec(), &mine.issuer, evidence::EcKey("P-384"))};
  const std::string key_info = KeyInfoOf({mine.signer.certificate, mine.issuer.certificate});
  EXPECT_EQ(CheckOf(Manifest({}, {.key_info = key_info}, other)), "signature");
  EXPECT_EQ(CheckOf(Manifest({}, {}, other)), "accepted");
  // Revoked, by a list of its issuer.
  const std::vector<Certificate> anchors = {mine.root.certificate};
  const std::vector<evidence::Crl> crls = {MakeCrl({.revoked = {1}}, mine.issuer)};
  EXPECT_EQ(
      NameOfCheck(VerifyRim(Manifest(), anchors, {.now = kNow, .revocation = {.crls = crls}})),
      "revoked");
}

// Each is refused before anything of it is believed, and nothing outside of the bytes is read.
TEST(Rim, OtherDocuments) {
  const std::string good = Manifest(), tag = Tag();
  const std::string signature = Signature(tag);
  const std::pair<const char*, std::string> cases[] = {
      {"no XML", "RIM"},
      {"nothing", ""},
      {"a document type", "<!DOCTYPE SoftwareIdentity>" + good},
      {"an entity",
       R"(<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>)" + With(good, "GPU", "&e;")},
      {"many entities", R"(<!DOCTYPE a [<!ENTITY e "x"><!ENTITY f "&e;&e;&e;">]>)" + good},
      {"an entity that nobody declared", With(good, "GPU", "&e;")},
      {"a comment", With(good, "<ns0:Payload>", "<!-- --><ns0:Payload>")},
      {"an instruction", With(good, "<ns0:Payload>", "<?a b?><ns0:Payload>")},
      {"CDATA", With(good, "<ns0:Payload>", "<ns0:Payload><![CDATA[ ]]>")},
      {"another encoding", "<?xml version=\"1.0\" encoding=\"UTF-16\"?>" + good.substr(0, 9)},
      {"no UTF-8", With(good, "GPU", "\xff")},
      {"a prefix that is none", With(good, "ns0:Entity", "ns9:Entity")},
      {"no signature", Cat(tag, kEnd)},
      {"two signatures", Cat(tag, signature, signature, kEnd)},
      {"a signature within", With(Cat(tag, kEnd), "</ns0:Payload>", signature + "</ns0:Payload>")},
      {"a piece of another",
       With(good, "</ns0:Payload>",
            R"(<d:Object xmlns:d="http://www.w3.org/2000/09/xmldsig#"/></ns0:Payload>)")},
      {"wrapped", Cat("<SoftwareIdentity", kNamespaces, ">", good, kEnd)},
      {"the signature of another", With(good, kA, kB)},
      {"more behind it", good + "<a/>"},
  };
  for (const auto& [what, xml] : cases) {
    EXPECT_EQ(CheckOf(xml),
              what == std::string_view("the signature of another") ? "signature" : "form")
        << what;
  }
  EXPECT_EQ(CheckOf(std::string(kMaxRimBytes + 1, ' ')), "size");
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  EXPECT_EQ(CheckOf(deep), "form");
}

// The certificates' bits are among them: none is there in vain.
TEST(Rim, NoBitCanBeChangedAndNothingCutOff) {
  const std::string good = Manifest({.resources = Resource(0, "True", {kA})});
  const auto accepts = [](const std::string& xml) { return Verify(xml).ok(); };
  ASSERT_TRUE(accepts(good));
  EXPECT_EQ(evidence::testing::AcceptedFlips(good, accepts), std::vector<size_t>());
  EXPECT_EQ(evidence::testing::AcceptedCuts(good, accepts), std::vector<size_t>());
}

}  // namespace
}  // namespace ztp::rim
