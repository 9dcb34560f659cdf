// Each kind of device evidence, from its source's settings to std.ai's Device; and what is refused
// for which check.
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "engine/evidence/ear.h"
#include "engine/evidence/kind.h"
#include "engine/evidence/kind_device.h"
#include "engine/evidence/nvidia_report_testing.h"
#include "engine/evidence/nvidia_token_testing.h"
#include "engine/evidence/snp_testing.h"
#include "engine/evidence/tdx_testing.h"
#include "engine/evidence/tpm_testing.h"
#include "engine/evidence/trust_testing.h"

namespace ztp::evidence {
namespace {

using nlohmann::json;
using testing::CheckOf;
using testing::ErrorsOf;
using testing::KeyFor;
using testing::KeySetText;
using testing::MakeTrust;

constexpr char kNoGpu[] =
    R"({ confidential: false, debug: true, driver: "0", measurements: unappraised, )"
    R"(model: "", nonce_matched: false, secure_boot: false, vbios: "0" })";
constexpr char kNoHost[] =
    R"({ debug: true, disk_encrypted: false, firmware: "0", secure_boot: false, )"
    R"(tcb: not_judged, tee: no_tee })";

json KeysOf(const testing::SigningKey& key) { return json::parse(KeySetText({key.JwkText()})); }
const testing::SigningKey& ServiceKey() { return KeyFor(JwsAlgorithm::kEs256); }

// A good source, evidence that answers a nonce of 32 bytes, and what they prove together.
struct Case {
  const char* name;
  json source;
  std::function<std::string(const std::string& nonce)> evidence;
  std::string device;
  std::string subject;
  std::string anchor;
  Time now = kNow;
  bool has_time = false;  // of its own
  // One change of the source, and what evidence is then refused for.
  struct Change {
    const char* what;
    std::function<void(json*)> change;
    const char* check;
  };
  std::vector<Change> changes;
  // A member whose absence is a mistake, since the source then pins nothing.
  const char* pin;
};

std::string Resigned(const json& claims) { return ServiceKey().TokenOf(claims.dump()); }

Case EarCase(bool ietf) {
  const int64_t now = kNow.micros / kMicrosPerSecond;
  return {.name = ietf ? "ear, of the IETF" : "ear, of Veraison",
          .source = {{"kind", "ear"},
                     {"keys", KeysOf(ServiceKey())},
                     {"algorithms", "ES256"},
                     {"verifiers", "Acme"},
                     {"submodules", "cpu"}},
          .evidence =
              [=](const std::string& nonce) {
                const json id = {{"developer", "Acme"}, {"build", "1"}};
                const json submods = {{"cpu", {{ietf ? "ear_status" : "ear.status", "affirming"}}}};
                return Resigned(
                    {{"eat_profile", std::string(ietf ? kEarIetfProfile : kEarVeraisonProfile)},
                     {"iat", now},
                     {"eat_nonce", EncodeBase64url(nonce)},
                     {ietf ? "ear_verifier_id" : "ear.verifier-id", id},
                     {"submods", submods}});
              },
          .device = Cat("{ gpu: ", kNoGpu, ", host: ", kNoHost,
                        R"(, verdict: affirming, verifier: "Acme" })"),
          .subject = "",
          .anchor = ParseJwk(ServiceKey().JwkText())->thumbprint,
          .has_time = true,
          .changes = {{"another verifier's key",
                       [](json* s) {
                         (*s)["keys"] = KeysOf(testing::SigningKey(JwsAlgorithm::kEs256));
                       },
                       "signature"},
                      {"another verifier", [](json* s) { (*s)["verifiers"] = "Other"; }, "issuer"},
                      {"what was not appraised",
                       [](json* s) {
                         (*s)["submodules"] = {"cpu", "gpu"};
                       },
                       "claim"},
                      {"the other spelling",
                       [=](json* s) { (*s)["profiles"] = ietf ? "veraison" : "ietf"; }, "claim"}},
          .pin = "submodules"};
}

Case NvidiaTokenCase() {
  namespace made = nvidia_token_testing;
  return {.name = "nvidia-token",
          .source = {{"kind", "nvidia-token"},
                     {"keys", KeysOf(ServiceKey())},
                     {"algorithms", "ES256"},
                     {"issuers", "https://nras.example"},
                     {"attested_means_confidential", true}},
          .evidence =
              [](const std::string& nonce) {
                json gpu = made::GpuClaims();
                gpu["eat_nonce"] = Hex(nonce);
                const std::vector<std::pair<std::string, std::string>> devices = {
                    {"GPU-0", made::Sign(gpu)}};
                json overall = made::OverallClaims(devices);
                overall["eat_nonce"] = Hex(nonce);
                return made::Bundle(overall, devices);
              },
          .device = Cat(R"({ gpu: { confidential: true, debug: false, driver: "550.90.7", )",
                        R"(measurements: affirming, model: "GH100 A01 GSP BROM", )",
                        R"(nonce_matched: true, secure_boot: true, )",
                        R"(vbios: "96.0.9f.0.1" }, host: )", kNoHost,
                        R"(, verdict: affirming, verifier: "https://nras.example" })"),
          .subject = "4781",
          .anchor = ParseJwk(ServiceKey().JwkText())->thumbprint,
          .now = made::kThen,
          .has_time = true,
          .changes = {{"another service's key",
                       [](json* s) {
                         (*s)["keys"] = KeysOf(testing::SigningKey(JwsAlgorithm::kEs256));
                       },
                       "signature"},
                      {"another service", [](json* s) { (*s)["issuers"] = "https://x"; }, "issuer"},
                      {"another GPU", [](json* s) { (*s)["gpu"] = "GPU-1"; }, "subject"}},
          .pin = "issuers"};
}

Case NvidiaReportCase() {
  namespace made = nvidia_report_testing;
  const made::Chip& chip = made::TheChip();
  const auto reference = [](const char* version, const char* index, const std::string& digest) {
    return json::array({{{"version", version}, {"measurements", {{index, digest}}}}});
  };
  return {
      .name = "nvidia-report",
      .source = {{"kind", "nvidia-report"},
                 {"roots", Pem({chip.root.certificate})},
                 {"drivers", reference("535.86.09", "0", DigestText(made::kFirst))},
                 {"vbioses", reference("96.00.5E.00.01", "1", Hex(made::kSecond))}},
      .evidence =
          [&](const std::string& nonce) {
            made::ReportSpec spec;
            spec.request.replace(4, 32, nonce);
            return json({{"report", Base64(made::Report(spec))},
                         {"certificates", Pem(chip.certificates())}})
                .dump();
          },
      .device =
          Cat(R"({ gpu: { confidential: true, debug: false, driver: "535.86.9", )",
              R"(measurements: affirming, model: "GH100 A01 GSP BROM", )",
              R"(nonce_matched: true, secure_boot: true, )", R"(vbios: "96.0.5e.0.1" }, host: )",
              kNoHost, R"(, verdict: affirming, verifier: "ztp" })"),
      .subject = chip.firmware.certificate.spki_sha256(),
      .anchor = chip.root.certificate.sha256(),
      .changes =
          {{"another root",
            [](json* s) { (*s)["roots"] = Pem({made::MakeChip().root.certificate}); }, "chain"},
           {"another driver",
            [=](json* s) { (*s)["drivers"] = reference("535.86.10", "0", Hex(made::kFirst)); },
            "measurement"},
           {"another measurement",
            [=](json* s) { (*s)["vbioses"] = reference("96.00.5E.00.01", "1", Hex(made::kFirst)); },
            "measurement"},
           {"no lists where they must be", [](json* s) { (*s)["revocation"] = "required"; },
            "revoked"}},
      .pin = "vbioses"};
}

Case SevSnpCase() {
  namespace made = snp_testing;
  const made::Platform& mine = made::ThePlatform();
  return {
      .name = "sev-snp",
      .source = {{"kind", "sev-snp"},
                 {"roots", Pem({mine.ark.certificate})},
                 {"measurements", {std::string(96, '0'), DigestText(made::kLaunched)}},
                 {"minimum_tcb", {{"bootloader", 3}, {"tee", 0}, {"snp", 20}, {"microcode", 213}}},
                 {"host_data", Hex(std::string(32, 'h'))},
                 {"measured_means_secure_boot", true}},
      .evidence =
          [&](const std::string& nonce) {
            made::ReportSpec spec;
            spec.report_data = nonce + std::string(32, '\0');
            return json({{"report", Base64(made::Report(spec))},
                         {"certificates", Pem({mine.vcek.certificate, mine.ask.certificate})}})
                .dump();
          },
      .device = Cat("{ gpu: ", kNoGpu, R"(, host: { debug: false, disk_encrypted: false, )",
                    R"(firmware: "1.49.3", measurement: ")", DigestText(made::kLaunched),
                    R"(", secure_boot: true, tcb: up_to_date, tee: sev_snp }, )",
                    R"(verdict: affirming, verifier: "ztp" })"),
      .subject = Hex(made::kChip),
      .anchor = mine.ark.certificate.sha256(),
      .changes = {{"another root",
                   [](json* s) { (*s)["roots"] = Pem({made::MakePlatform().ark.certificate}); },
                   "chain"},
                  {"another measurement",
                   [](json* s) { (*s)["measurements"] = std::string(96, '0'); }, "measurement"},
                  {"other data of the host",
                   [](json* s) { (*s)["host_data"] = std::string(64, '0'); }, "measurement"},
                  {"old firmware", [](json* s) { (*s)["minimum_tcb"]["snp"] = 21; }, "status"}},
      .pin = "measurements"};
}

Case TdxCase() {
  const TdxPlatform& mine = TheTdxPlatform();
  const TdxCollateral& collateral = TheCollateral();
  return {.name = "tdx",
          .source = {{"kind", "tdx"},
                     {"roots", Pem({mine.root.certificate})},
                     {"tcb_info", std::string(collateral.tcb_info)},
                     {"qe_identity", std::string(collateral.qe_identity)},
                     {"tcb_signing", Pem({mine.signer.certificate})},
                     {"minimum_evaluation", 15},
                     {"measurements", DigestText(kTdxLaunched)},
                     {"rtmrs", {{"2", Hex(std::string(48, '2'))}}}},
          .evidence =
              [](const std::string& nonce) {
                TdxQuoteSpec spec;
                spec.body.replace(520, 32, nonce);
                return MakeTdxQuote(spec);
              },
          .device = Cat("{ gpu: ", kNoGpu, R"(, host: { debug: false, disk_encrypted: false, )",
                        R"(firmware: "0.3.5", measurement: ")", DigestText(kTdxLaunched),
                        R"(", secure_boot: false, tcb: up_to_date, tee: tdx }, )",
                        R"(verdict: affirming, verifier: "ztp" })"),
          .subject = DigestText(kTdxLaunched),
          .anchor = mine.root.certificate.sha256(),
          .changes = {{"another root",
                       [](json* s) { (*s)["roots"] = Pem({MakeTdxPlatform().root.certificate}); },
                       "chain"},
                      {"another measurement",
                       [](json* s) { (*s)["measurements"] = std::string(96, '0'); }, "measurement"},
                      {"another register",
                       [](json* s) {
                         (*s)["rtmrs"] = {{"3", std::string(96, '0')}};
                       },
                       "measurement"},
                      {"old collateral", [](json* s) { (*s)["minimum_evaluation"] = 16; }, "age"}},
          .pin = "measurements"};
}

Case TpmQuoteCase(bool with_certificate) {
  namespace made = tpm_testing;
  struct Maker {
    Identity root, key;
  };
  static const Maker* const maker = [] {
    CertificateSpec authority = SignerSpec("a maker of TPMs");
    authority.names = "";
    CertificateSpec spec{.name = "an attestation key"};
    spec.purposes = "2.23.133.8.3";
    const Identity root = Issue(authority, nullptr);
    return new Maker{root, Issue(spec, &root, made::Key())};
  }();
  const std::string point = PointOf(made::Key().get());
  const std::string jwk =
      Cat(R"({"kty":"EC","crv":"P-256","x":")", EncodeBase64url(point.substr(0, 32)), R"(","y":")",
          EncodeBase64url(point.substr(32)), R"("})");
  Case one{
      .name = with_certificate ? "tpm-quote, by certificate" : "tpm-quote, by key",
      .source = {{"kind", "tpm-quote"},
                 {"registers", {{"7", {std::string(64, '0'), Hex(made::kSeven)}}}},
                 {"register_7_means_secure_boot", true}},
      .evidence =
          [=](const std::string& nonce) {
            made::QuoteSpec spec;
            spec.answer = nonce;
            const std::string quote = made::Quote(spec);
            json parts = {{"quote", Base64(quote)},
                          {"signature", Base64(made::Sign(made::Key(), quote))},
                          {"registers", {{"0", Hex(made::kZero)}, {"7", Hex(made::kSeven)}}}};
            if (with_certificate) parts["certificates"] = Pem({maker->key.certificate});
            return parts.dump();
          },
      .device =
          Cat("{ gpu: ", kNoGpu, R"(, host: { debug: true, disk_encrypted: false, )",
              R"(firmware: "1.2.3.4", measurement: ")", Sha256Digest(made::kZero + made::kSeven),
              R"(", secure_boot: true, tcb: not_judged, tee: no_tee }, )",
              R"(verdict: affirming, verifier: "ztp" })"),
      .subject = "",
      .anchor = "",
      .changes = {{"another value", [](json* s) { (*s)["registers"]["7"] = std::string(64, '0'); },
                   "measurement"},
                  {"a register that is not quoted",
                   [](json* s) { (*s)["registers"]["8"] = std::string(64, '0'); }, "measurement"}},
      .pin = "registers"};
  if (with_certificate) {
    one.source["roots"] = Pem({maker->root.certificate});
    one.subject = maker->key.certificate.spki_sha256();
    one.anchor = maker->root.certificate.sha256();
    one.changes.push_back(
        {"another root",
         [](json* s) { (*s)["roots"] = Pem({Issue(SignerSpec("x"), nullptr).certificate}); },
         "chain"});
  } else {
    one.source["keys"] = json::parse(KeySetText({ServiceKey().JwkText(), jwk}));
    one.subject = one.anchor = ParseJwk(jwk)->thumbprint;
    one.changes.push_back(
        {"another key", [](json* s) { (*s)["keys"] = KeysOf(ServiceKey()); }, "key"});
  }
  return one;
}

const std::vector<Case>& AllCases() {
  static const auto* const cases = [] {
    auto* all = new std::vector<Case>{EarCase(true),      EarCase(false),     NvidiaTokenCase(),
                                      NvidiaReportCase(), SevSnpCase(),       TdxCase(),
                                      TpmQuoteCase(true), TpmQuoteCase(false)};
    for (Case& one : *all) {
      one.source["proves"] = "device";
      one.source["max_age"] = "2m";
      one.source["nonce"] = "required";
    }
    return all;
  }();
  return *cases;
}

std::string DocumentOf(const json& source) {
  return json({{"ztp_trust", 1}, {"sources", {{"s", source}}}}).dump();
}

std::string BytesOf(const std::string& nonce) { return *DecodeBase64url(nonce); }

TEST(DeviceKinds, GoodEvidenceProvesTheDeviceOnce) {
  for (const Case& one : AllCases()) {
    SCOPED_TRACE(one.name);
    const auto trust = MakeTrust(DocumentOf(one.source));
    ASSERT_NE(trust, nullptr);
    const Duration ten_minutes{600 * kMicrosPerSecond};
    const std::string evidence = one.evidence(BytesOf(trust->nonces().Make(one.now, ten_minutes)));
    const auto fact =
        trust->VerifyFor("device", one.source["kind"].get<std::string>(), evidence, one.now);
    ASSERT_TRUE(fact.ok()) << fact.refusal().message;
    const NormalForm& form = (*fact)->kind->form();
    EXPECT_EQ(FormatValue(form.schema(), form.type(), (*fact)->value), one.device);
    EXPECT_EQ((*fact)->subjects.empty() ? "" : (*fact)->subjects.front(), one.subject);
    EXPECT_EQ((*fact)->anchor, one.anchor);
    if (!one.has_time) {
      EXPECT_EQ((*fact)->issued_at, one.now);
      EXPECT_EQ((*fact)->expires_at.micros, one.now.micros + 120 * kMicrosPerSecond);
    }
    EXPECT_EQ(trust->Check(**fact, one.now), std::nullopt);
    const auto late = trust->Check(**fact, Time{one.now.micros + 120 * kMicrosPerSecond});
    ASSERT_TRUE(late.has_value());
    EXPECT_EQ(NameOf(late->check), one.source["kind"] == "nvidia-token" ? "expired" : "age");
    EXPECT_EQ(CheckOf(trust->Verify("s", evidence, one.now)), "replay");
  }
}

TEST(DeviceKinds, OtherNoncesAndOtherSourcesAreRefused) {
  const std::string nonce = Sha256Bytes("what another gateway gave out");
  for (const Case& one : AllCases()) {
    SCOPED_TRACE(one.name);
    const std::string evidence = one.evidence(nonce);
    EXPECT_EQ(CheckOf(MakeTrust(DocumentOf(one.source))->Verify("s", evidence, one.now)), "nonce");
    json source = one.source;
    source["nonce"] = "none";
    const auto fact = MakeTrust(DocumentOf(source))->Verify("s", evidence, one.now);
    ASSERT_TRUE(fact.ok()) << fact.refusal().message;
    EXPECT_EQ((*fact)->nonce, one.source["kind"] == "ear" ? EncodeBase64url(nonce) : nonce);
    // What nobody asked for was not matched.
    const NormalForm& form = (*fact)->kind->form();
    EXPECT_NE(FormatValue(form.schema(), form.type(), (*fact)->value).find("nonce_matched: false"),
              std::string::npos);
    for (const Case::Change& change : one.changes) {
      json changed = source;
      change.change(&changed);
      const auto trust = MakeTrust(DocumentOf(changed));
      ASSERT_NE(trust, nullptr);
      EXPECT_EQ(CheckOf(trust->Verify("s", evidence, one.now)), change.check) << change.what;
    }
    // Too late, or too early, by the evidence's own dates.
    const auto trust = MakeTrust(DocumentOf(source));
    const auto day_after = Time{one.now.micros + 86400 * kMicrosPerSecond};
    EXPECT_EQ(CheckOf(trust->Verify("s", evidence, day_after)),
              one.source["kind"] == "ear"                         ? "age"
              : one.name == std::string_view("tpm-quote, by key") ? "accepted"
                                                                  : "expired");
  }
}

// One Device of a GPU and its host, if both answer one nonce.
TEST(DeviceKinds, AGpuAndItsHost) {
  const Case gpu = AllCases()[3];
  for (const size_t which : {size_t{4}, size_t{5}, size_t{6}}) {
    const Case& host = AllCases()[which];
    SCOPED_TRACE(host.name);
    const bool binary = host.source["kind"] == "tdx";
    const auto evidence = [&](const std::string& of_gpu, const std::string& of_host) {
      const std::string text = host.evidence(of_host);
      return json({{"gpu", gpu.evidence(of_gpu)}, {"host", binary ? Base64(text) : text}}).dump();
    };
    json source = {{"kind", "gpu-and-host"}, {"gpu", gpu.source}, {"host", host.source},
                   {"proves", "device"},     {"max_age", "2m"},   {"nonce", "required"}};
    for (const char* part : {"gpu", "host"}) {
      for (const char* ours : {"proves", "max_age", "nonce"}) source[part].erase(ours);
    }
    const auto trust = MakeTrust(DocumentOf(source));
    ASSERT_NE(trust, nullptr);
    const auto nonce = [&] {
      return BytesOf(trust->nonces().Make(kNow, Duration{600 * kMicrosPerSecond}));
    };
    const std::string one = nonce();
    const auto fact = trust->Verify("s", evidence(one, one), kNow);
    ASSERT_TRUE(fact.ok()) << fact.refusal().message;
    const auto part_of = [](const std::string& device, std::string_view from, std::string_view to) {
      const size_t at = device.find(from);
      return device.substr(at, device.find(to) - at);
    };
    EXPECT_EQ(FormatValue(DeviceForm().schema(), DeviceForm().type(), (*fact)->value),
              Cat("{ ", part_of(gpu.device, "gpu: ", "host: "),
                  part_of(host.device, "host: ", ", verdict: "),
                  R"(, verdict: affirming, verifier: "ztp" })"));
    EXPECT_EQ((*fact)->subjects.front(), host.subject);
    EXPECT_EQ((*fact)->subjects.back(), gpu.subject);
    EXPECT_EQ((*fact)->anchor, Cat(gpu.anchor, "+", host.anchor));
    EXPECT_EQ((*fact)->issued_at, kNow);
    EXPECT_EQ((*fact)->expires_at, testing::After(120));
    EXPECT_EQ(CheckOf(trust->Verify("s", evidence(one, one), kNow)), "replay");
    EXPECT_EQ(CheckOf(trust->Verify("s", evidence(nonce(), nonce()), kNow)), "nonce");
    const std::string foreign = Sha256Bytes("of another gateway");
    EXPECT_EQ(CheckOf(trust->Verify("s", evidence(foreign, foreign), kNow)), "nonce");
    json half = json::parse(evidence(foreign, foreign));
    half.erase("gpu");
    EXPECT_EQ(CheckOf(trust->Verify("s", half.dump(), kNow)), "form");
    if (host.source["kind"] == "sev-snp") {
      std::vector<JsonError> errors;
      EXPECT_FALSE(trust->Replace("s", "crls", "x", &errors));
      EXPECT_EQ(ErrorsOf(errors), "$.sources.s: it has no `crls` that could be replaced");
      EXPECT_FALSE(trust->Replace("s", "host.crls", "x", &errors));
      EXPECT_EQ(errors.front().path, "$.sources.s.host.crls");
      EXPECT_FALSE(trust->Check(**fact, kNow).has_value());
      const Identity& ark = snp_testing::ThePlatform().ark;
      ASSERT_TRUE(trust->Replace("s", "host.crls", CrlDer({.revoked = {1000}}, ark), &errors))
          << ErrorsOf(errors);
      EXPECT_TRUE(trust->Check(**fact, kNow).has_value()) << "by the list before";
      const std::string again = nonce();
      EXPECT_EQ(CheckOf(trust->Verify("s", evidence(again, again), kNow)), "revoked");
    }
    for (const Case::Change& change : host.changes) {
      json changed = source;
      change.change(&changed["host"]);
      const auto other = MakeTrust(DocumentOf(changed));
      EXPECT_EQ(CheckOf(other->Verify("s", evidence(foreign, foreign), kNow)), change.check)
          << change.what;
    }
  }
}

// "accepted", or all that is wrong with a source.
std::string Mistakes(const json& source) {
  std::vector<JsonError> errors;
  const auto trust = Trust::Read(DocumentOf(source), {}, &errors);
  EXPECT_EQ(trust == nullptr, !errors.empty());
  return ErrorsOf(errors);
}

TEST(DeviceKinds, SourcesAreReadStrictly) {
  for (const Case& one : AllCases()) {
    SCOPED_TRACE(one.name);
    EXPECT_EQ(Mistakes(one.source), "accepted");
    json source = one.source;
    source["anything"] = true;
    EXPECT_EQ(Mistakes(source), "$.sources.s.anything: there is no member `anything` here");
    source = one.source;
    source.erase(one.pin);
    EXPECT_NE(Mistakes(source).find(one.pin), std::string::npos) << Mistakes(source);
    for (const char* member : {"nonce", "max_age"}) {
      source = one.source;
      source.erase(member);
      EXPECT_EQ(Mistakes(source).starts_with(Cat("$.sources.s: `", member, "` is missing")),
                !one.has_time);
    }
  }
  const auto with = [](Case one, const char* pointer, const json& value) {
    one.source[json::json_pointer(pointer)] = value;
    return Mistakes(one.source);
  };
  const Case snp = AllCases()[4], tdx = AllCases()[5], tpm = AllCases()[6], gpu = AllCases()[3];
  EXPECT_EQ(with(snp, "/minimum_tcb/microcode", 256),
            "$.sources.s.minimum_tcb.microcode: expected a whole number from 0 to 255");
  EXPECT_EQ(with(snp, "/minimum_tcb/ucode", 1),
            "$.sources.s.minimum_tcb.ucode: there is no member `ucode` here");
  EXPECT_EQ(with(snp, "/measurements", "sha256:00"),
            "$.sources.s.measurements: expected \"sha384:…\" with 96 hexadecimal digits, found "
            "'sha256:00'");
  EXPECT_EQ(with(snp, "/measurements", json::array()),
            "$.sources.s.measurements: an empty array allows nothing");
  EXPECT_EQ(with(tdx, "/rtmrs/4", std::string(96, '0')),
            "$.sources.s.rtmrs[\"4\"]: there is no member `4` here");
  EXPECT_EQ(with(tdx, "/worst_tcb", "revoked"),
            "$.sources.s.worst_tcb: 'revoked' is none of up_to_date, configuration_needed, "
            "out_of_date");
  EXPECT_EQ(with(tpm, "/registers", json::object()),
            "$.sources.s.registers: a source that pins no register proves nothing good\n"
            "$.sources.s.register_7_means_secure_boot: register 7 is not pinned");
  json both = {{"kind", "gpu-and-host"}, {"host", {{"kind", "ear"}}}, {"proves", "device"}};
  EXPECT_EQ(Mistakes(both),
            "$.sources.s: `gpu` is missing\n"
            "$.sources.s.host.kind: 'ear' is no kind of evidence of a host");
  EXPECT_EQ(with(gpu, "/drivers/0/version", "new"),
            "$.sources.s.drivers[0].version: it is no version of such a thing");
  EXPECT_EQ(with(gpu, "/drivers/0/measurements", json::object()),
            "$.sources.s.drivers[0].measurements: there are no measurements to compare with");
}

// A guest that says which key it holds: the key is whom the evidence is about.
TEST(DeviceKinds, AGuestsKey) {
  const std::string key = Sha256Bytes("a SubjectPublicKeyInfo"), nonce = Sha256Bytes("a nonce");
  snp_testing::ReportSpec report;
  report.report_data = key + nonce;
  TdxQuoteSpec quote;
  quote.body.replace(520, 64, key + nonce);
  const Case snp = AllCases()[4], tdx = AllCases()[5];
  json parts = json::parse(snp.evidence(nonce));
  parts["report"] = Base64(snp_testing::Report(report));
  for (const auto& [one, evidence] : {std::pair<Case, std::string>{snp, parts.dump()},
                                      std::pair<Case, std::string>{tdx, MakeTdxQuote(quote)}}) {
    SCOPED_TRACE(one.name);
    json source = one.source;
    const auto as_nonce = MakeTrust(DocumentOf(source));
    ASSERT_TRUE(as_nonce->nonces().Expect(nonce, kNow, testing::After(60)).ok());
    EXPECT_EQ(CheckOf(as_nonce->Verify("s", evidence, kNow)), "nonce");
    source["report_data"] = "key_then_nonce";
    const auto trust = MakeTrust(DocumentOf(source));
    ASSERT_TRUE(trust->nonces().Expect(nonce, kNow, testing::After(60)).ok());
    const auto fact = trust->Verify("s", evidence, kNow);
    ASSERT_TRUE(fact.ok()) << fact.refusal().message;
    EXPECT_EQ((*fact)->subjects.front(), Sha256Digest("a SubjectPublicKeyInfo"));
    EXPECT_EQ((*fact)->subjects[1], one.subject);
  }
}

// Evidence of several pieces is one object, of which each byte is accounted for.
TEST(DeviceKinds, PiecesAreReadStrictly) {
  for (const Case& one : AllCases()) {
    const std::string good = one.evidence(Sha256Bytes("a nonce"));
    if (!json::accept(good) || !json::parse(good).is_object()) continue;
    SCOPED_TRACE(one.name);
    json source = one.source;
    source["nonce"] = "none";
    const auto trust = MakeTrust(DocumentOf(source));
    const auto check = [&](const std::function<void(json*)>& change) {
      json parts = json::parse(good);
      change(&parts);
      return CheckOf(trust->Verify("s", parts.dump(), one.now));
    };
    EXPECT_EQ(check([](json*) {}), "accepted");
    EXPECT_EQ(check([](json* p) { (*p)["more"] = ""; }), "form");
    const json whole = json::parse(good);
    for (const auto& [name, value] : whole.items()) {
      const bool may_be_missing = name == "certificates" && one.source["kind"] == "tpm-quote";
      EXPECT_EQ(check([&](json* p) { p->erase(name); }), may_be_missing ? "key" : "form") << name;
      EXPECT_EQ(check([&](json* p) { (*p)[name] = 1; }), "form") << name;
      EXPECT_EQ(check([&](json* p) { (*p)[name] = "?"; }), "form") << name;
    }
    EXPECT_EQ(CheckOf(trust->Verify("s", "[]", one.now)), "form");
    EXPECT_EQ(CheckOf(trust->Verify("s", good.substr(1), one.now)), "form");
    EXPECT_EQ(CheckOf(trust->Verify("s", std::string(300 << 10, ' ') + good + "x", one.now)),
              "form");
    EXPECT_EQ(CheckOf(trust->Verify("s", Cat("{\"report\":\"", std::string(300 << 10, 'A'), "\"}"),
                                    one.now)),
              "size");
  }
}

}  // namespace
}  // namespace ztp::evidence
