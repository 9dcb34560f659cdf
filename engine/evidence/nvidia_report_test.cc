// Reports of a GPU of this test's own making, and those that NVIDIA tests itself with
// (github.com/NVIDIA/attestation-sdk, Apache-2.0).
#include "engine/evidence/nvidia_report.h"

#include <gtest/gtest.h>

#include "engine/base/sha256.h"
#include "engine/base/str.h"
#include "engine/evidence/attestation_testing.h"
#include "engine/evidence/nvidia_report_testing.h"
#include "engine/evidence/x509_testing.h"

namespace ztp::evidence {
namespace {

using namespace nvidia_report_testing;  // NOLINT: what its evidence is made with

NvidiaReportPolicy Policy() {
  NvidiaReportPolicy policy;
  policy.challenge.nonce = kNonce;
  policy.drivers = {{.version = "535.86.09", .measurements = {{0, {kSecond, kFirst}}}}};
  policy.vbioses = {{.version = "96.00.5E.00.01", .measurements = {{1, {kSecond}}}}};
  return policy;
}

Verified<NvidiaReport> Verify(const std::string& report,
                              const NvidiaReportPolicy& policy = Policy(), Time now = kNow) {
  const std::vector<Certificate> anchors = {TheChip().root.certificate};
  const std::vector<Certificate> certificates = TheChip().certificates();
  return VerifyNvidiaReport(report, certificates, anchors, policy, now);
}

TEST(NvidiaReport, ASoundGpu) {
  const auto report = Verify(Report());
  ASSERT_TRUE(report.ok()) << report.refusal().message;
  const Gpu expected{.model = "GH100 A01 GSP BROM",
                     .driver = "535.86.09",
                     .vbios = "96.00.5E.00.01",
                     .confidential = true,
                     .secure_boot = true,
                     .debug = false,
                     .measurements = Appraisal::kAffirming,
                     .nonce_matched = true};
  EXPECT_EQ(report->attested.device.gpu, expected);
  EXPECT_EQ(report->attested.device.verdict, Appraisal::kAffirming);
  EXPECT_EQ(report->attested.anchor, TheChip().root.certificate.sha256());
  EXPECT_EQ(report->attested.expires_at.micros, kNow.micros + 300 * kMicrosPerSecond);
  EXPECT_EQ(report->mode, NvidiaMode::kMultiGpu);
}

TEST(NvidiaReport, MeasurementsAreComparedOrNotVouchedFor) {
  NvidiaReportPolicy lenient = Policy();
  lenient.affirming_required = false;
  const auto with = [](NvidiaReportPolicy policy, const auto& change) {
    change(&policy);
    return policy;
  };
  struct Case {
    const char* what;
    void (*change)(NvidiaReportPolicy*);
    const char* reported;
  };
  for (const Case& one : {
           Case{"no references", [](NvidiaReportPolicy* p) { p->drivers = p->vbioses = {}; },
                "unappraised"},
           Case{"no VBIOS", [](NvidiaReportPolicy* p) { p->vbioses = {}; }, "unappraised"},
           Case{"another driver",
                [](NvidiaReportPolicy* p) { p->drivers[0].version = "535.86.10"; }, "unappraised"},
           Case{"another digest",
                [](NvidiaReportPolicy* p) { p->drivers[0].measurements[0] = {kSecond}; },
                "contraindicated"},
           Case{"no such block",
                [](NvidiaReportPolicy* p) { p->vbioses[0].measurements[7] = {kFirst}; },
                "contraindicated"},
           Case{"both claim one",
                [](NvidiaReportPolicy* p) { p->drivers[0].measurements[1] = {kSecond}; },
                "contraindicated"},
           Case{"nothing to compare",
                [](NvidiaReportPolicy* p) {
                  p->drivers[0].measurements.clear();
                  p->vbioses[0].measurements.clear();
                },
                "unappraised"},
       }) {
    SCOPED_TRACE(one.what);
    EXPECT_EQ(CheckOfResult(Verify(Report(), with(Policy(), one.change))), "measurement");
    const auto report = Verify(Report(), with(lenient, one.change));
    ASSERT_TRUE(report.ok()) << report.refusal().message;
    EXPECT_EQ(NameOf(report->attested.device.gpu->measurements), one.reported);
    EXPECT_FALSE(report->attested.device.gpu->secure_boot);
    EXPECT_TRUE(report->attested.device.gpu->debug);
  }
  // The decoder's digest counts only where the decoder is on.
  NvidiaReportPolicy decoder = Policy();
  decoder.drivers[0].measurements[35] = {kFirst};
  ReportSpec spec;
  spec.fields += Field(11, "\x55");
  EXPECT_EQ(CheckOfResult(Verify(Report(spec), decoder)), "accepted");
  spec.fields.back() = '\xaa';
  EXPECT_EQ(CheckOfResult(Verify(Report(spec), decoder)), "measurement");
}

TEST(NvidiaReport, WhatCountsAsConfidential) {
  ReportSpec spec;
  const std::string versions = spec.fields.substr(0, spec.fields.size() - 5);
  struct Case {
    std::string fields;
    bool by_default, by_policy;
  };
  NvidiaReportPolicy all = Policy();
  all.unsaid_mode_is_confidential = all.protected_pcie_is_confidential = true;
  for (const Case& one :
       {Case{versions, false, true}, Case{versions + Field(36, std::string(1, '\0')), true, true},
        Case{versions + Field(36, "\1"), true, true},
        Case{versions + Field(36, "\2"), false, true}}) {
    spec.fields = one.fields;
    EXPECT_EQ(Verify(Report(spec))->attested.device.gpu->confidential, one.by_default);
    EXPECT_EQ(Verify(Report(spec), all)->attested.device.gpu->confidential, one.by_policy);
  }
}

TEST(NvidiaReport, WrongForms) {
  const auto changed = [](const auto& change) {
    ReportSpec spec;
    change(&spec);
    return CheckOfResult(Verify(Report(spec)));
  };
  EXPECT_EQ(changed([](ReportSpec* s) { s->request[0] = '\x12'; }), "form");
  EXPECT_EQ(changed([](ReportSpec* s) { s->request[2] = '\0'; }), "form");
  EXPECT_EQ(changed([](ReportSpec* s) { s->request[3] = '\1'; }), "form");
  EXPECT_EQ(changed([](ReportSpec* s) { s->response[1] = '\x61'; }), "form");
  EXPECT_EQ(changed([](ReportSpec* s) { s->block_count = 3; }), "form");
  EXPECT_EQ(changed([](ReportSpec* s) { s->block_count = 1; }), "form");
  EXPECT_EQ(changed([](ReportSpec* s) { s->blocks = Block(2, kFirst) + Block(2, kSecond); }),
            "form");
  EXPECT_EQ(changed([](ReportSpec* s) { s->blocks = Block(1, kFirst) + Block(2, "short"); }),
            "form");
  EXPECT_EQ(changed([](ReportSpec* s) { s->blocks = Block(1, kFirst) + Block(2, kSecond, 2); }),
            "form");
  EXPECT_EQ(changed([](ReportSpec* s) { s->fields += Field(3, "1"); }), "form");
  EXPECT_EQ(changed([](ReportSpec* s) { s->fields += "\1"; }), "form");
  EXPECT_EQ(changed([](ReportSpec* s) { s->fields = ""; }), "form");
  EXPECT_EQ(changed([](ReportSpec* s) { s->fields.back() = '\3'; }), "form");
  EXPECT_EQ(CheckOfResult(Verify(std::string(kMaxNvidiaReportBytes + 1, 'x'))), "size");
  EXPECT_EQ(CheckOfResult(Verify(Report() + "x")), "form");
}

TEST(NvidiaReport, KeysChainsNoncesAndTime) {
  const std::string report = Report();
  const Chip& chip = TheChip();
  const Chip other = MakeChip();
  const std::vector<Certificate> anchors = {chip.root.certificate};
  const auto check = [&](std::vector<Certificate> certificates,
                         const NvidiaReportPolicy& policy = Policy(), Time now = kNow) {
    return CheckOfResult(VerifyNvidiaReport(report, certificates, anchors, policy, now));
  };
  EXPECT_EQ(check(chip.certificates()), "accepted");
  EXPECT_EQ(check({chip.firmware.certificate, chip.chip.certificate}), "accepted");
  EXPECT_EQ(check({}), "chain");
  EXPECT_EQ(check({chip.firmware.certificate}), "chain");
  EXPECT_EQ(check({chip.firmware.certificate, other.chip.certificate}), "chain");
  EXPECT_EQ(check(other.certificates()), "chain");
  // The same chip with another key, another curve, or the key of the chip itself.
  const Identity again = Issue(FirmwareSpec(), &chip.chip, EcKey("P-384"));
  EXPECT_EQ(check({again.certificate, chip.chip.certificate}), "signature");
  const Identity small = Issue(FirmwareSpec(), &chip.chip, EcKey("P-256"));
  EXPECT_EQ(check({small.certificate, chip.chip.certificate}), "algorithm");
  EXPECT_EQ(check({chip.chip.certificate}), "usage");

  NvidiaReportPolicy policy = Policy();
  policy.challenge.nonce = Sha256Bytes("another");
  EXPECT_EQ(check(chip.certificates(), policy), "nonce");
  policy.challenge.nonce.reset();
  EXPECT_EQ(check(chip.certificates(), policy), "nonce");
  policy.challenge.without_nonce_allowed = true;
  EXPECT_EQ(check(chip.certificates(), policy), "accepted");
  policy = Policy();
  policy.challenge.channel_key = Sha256Digest("a key");
  EXPECT_EQ(check(chip.certificates(), policy), "binding");
  ReportSpec bound;
  bound.request.replace(4, 32, *AnswerTo(policy.challenge));
  const auto answered = Verify(Report(bound), policy);
  ASSERT_TRUE(answered.ok()) << answered.refusal().message;
  EXPECT_EQ(answered->attested.bound_key, policy.challenge.channel_key);

  policy = Policy();
  policy.challenge.given_out_at = Time{kNow.micros + 1};
  EXPECT_EQ(check(chip.certificates(), policy), "issued in the future");
  policy.challenge.given_out_at = Time{kNow.micros - 301 * kMicrosPerSecond};
  EXPECT_EQ(check(chip.certificates(), policy), "age");
  EXPECT_EQ(check(chip.certificates(), Policy(), At("2026-11-28T13:00:00Z")), "expired");
  EXPECT_EQ(check(chip.certificates(), Policy(), At("2026-11-28T10:00:00Z")), "not yet valid");

  const std::vector<Crl> revoked = {MakeCrl({.revoked = {1}}, chip.chip)};
  policy = Policy();
  policy.revocation.crls = revoked;
  EXPECT_EQ(check(chip.certificates(), policy), "revoked");
  policy.revocation = {.crls = {}, .required = true, .max_age = std::nullopt};
  EXPECT_EQ(check(chip.certificates(), policy), "revoked");
}

TEST(NvidiaReport, NoBitCanBeChanged) {
  const std::string report = Report();
  const auto verify = [](const std::string& bytes) { return Verify(bytes); };
  const auto good = verify(report);
  ASSERT_TRUE(good.ok()) << good.refusal().message;
  Tally tally = FlipEveryBit(report, verify, *good,
                             [](const NvidiaReport&, const NvidiaReport&) { return false; });
  EXPECT_EQ(tally.accepted, 0u) << tally.accepted_at;
  EXPECT_GT(8 * tally.refused["signature"], tally.tried);
  ExpectNoPrefixIsTaken(report, verify);
}

class NvidiaReportFixtures : public OtherPeoplesFiles {
 protected:
  void SetUp() override { FindFixtures("nvidia"); }
  Verified<NvidiaReport> VerifyFile(const std::string& name, NvidiaReportPolicy policy = {}) {
    const std::optional<std::string> bytes = FromHex(Read(name));
    EXPECT_TRUE(bytes.has_value()) << name;
    const auto chain = ReadCertificates(Read("hopperCertChain.txt"));
    EXPECT_TRUE(chain.ok()) << chain.refusal().message;
    policy.affirming_required = false;
    policy.challenge.without_nonce_allowed = !policy.challenge.nonce;
    return VerifyNvidiaReport(*bytes, *chain, {&chain->back(), 1}, policy, kNow);
  }
};

TEST_F(NvidiaReportFixtures, AGpuOfNvidias) {
  const auto report = VerifyFile("hopperAttestationReport.txt");
  ASSERT_TRUE(report.ok()) << report.refusal().message;
  const Gpu expected{
      .model = "GH100 A01 GSP BROM", .driver = "535.86.09", .vbios = "96.00.5E.00.01"};
  EXPECT_EQ(report->attested.device.gpu, expected);
  EXPECT_EQ(report->measurements.size(), 64u);
  NvidiaReportPolicy policy;
  policy.challenge.nonce =
      FromHex("27a328247bf7935c993341cf587be6f05986ccce4fe7ba2c54100bd616a58f66");
  EXPECT_TRUE(VerifyFile("hopperAttestationReport.txt", policy).ok());
  // What it measures to is what it was pinned to.
  policy.drivers = {{.version = "535.86.09", .measurements = {{1, {report->measurements.at(1)}}}}};
  policy.vbioses = {
      {.version = "96.00.5E.00.01", .measurements = {{2, {report->measurements.at(2)}}}}};
  const auto pinned = VerifyFile("hopperAttestationReport.txt", policy);
  ASSERT_TRUE(pinned.ok()) << pinned.refusal().message;
  EXPECT_EQ(pinned->attested.device.gpu->measurements, Appraisal::kAffirming);
}

TEST_F(NvidiaReportFixtures, AnInvalidSignature) {
  EXPECT_EQ(CheckOfResult(VerifyFile("hopperAttestationReportInvalidSignature.txt")), "signature");
}

}  // namespace
}  // namespace ztp::evidence
