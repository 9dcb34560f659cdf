// Reports of an SEV-SNP guest of this test's own making, and the one that google/go-sev-guest tests
// itself with (Apache-2.0).
#include "engine/evidence/snp_report.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/base/sha256.h"
#include "engine/base/str.h"
#include "engine/evidence/attestation_testing.h"
#include "engine/evidence/snp_testing.h"
#include "engine/evidence/x509_testing.h"

namespace ztp::evidence {
namespace {

using namespace snp_testing;  // NOLINT: what its evidence is made with

SnpPolicy Policy() {
  SnpPolicy policy;
  policy.challenge.nonce = kNonce;
  policy.measurements = {std::string(48, 'x'), kLaunched};
  policy.minimum_tcb = SnpTcb{.fmc = 0, .bootloader = 3, .tee = 0, .snp = 20, .microcode = 213};
  return policy;
}

Verified<SnpReport> Verify(const std::string& report, const SnpPolicy& policy = Policy(),
                           const Platform& platform = ThePlatform(), Time now = kNow) {
  const std::vector<Certificate> anchors = {ThePlatform().ark.certificate};
  const std::vector<Certificate> intermediates = {platform.ask.certificate};
  return VerifySnpReport(report, platform.vcek.certificate, intermediates, anchors, policy, now);
}

TEST(SnpReport, ASoundGuest) {
  const auto report = Verify(Report());
  ASSERT_TRUE(report.ok()) << report.refusal().message;
  const Host expected{.tee = Tee::kSevSnp,
                      .secure_boot = false,
                      .debug = false,
                      .tcb = TcbStatus::kUpToDate,
                      .firmware = "1.49.3",
                      .kernel = std::nullopt,
                      .measurement = DigestText(kLaunched)};
  EXPECT_EQ(report->attested.device.host, expected);
  EXPECT_FALSE(report->attested.device.gpu.has_value());
  EXPECT_EQ(report->attested.device.verdict, Appraisal::kAffirming);
  EXPECT_EQ(report->attested.anchor, ThePlatform().ark.certificate.sha256());
  EXPECT_EQ(report->guest_svn, 7u);
}

TEST(SnpReport, WhatTheGuestMayBe) {
  struct Case {
    const char* what;
    void (*change)(ReportSpec*, SnpPolicy*);
    const char* check;
    const char* verdict;  // where it is accepted
  };
  for (const Case& one : {
           Case{"debug", [](ReportSpec*r, SnpPolicy*) { r->policy |= 1 << 19; }, "status", ""},
           Case{"debug, allowed",
                [](ReportSpec*r, SnpPolicy*p) {
                  r->policy |= 1 << 19;
                  p->debug_allowed = true;
                },
                "accepted", "contraindicated"},
           Case{"a migration agent", [](ReportSpec*r, SnpPolicy*) { r->policy |= 1 << 18; },
                "status", ""},
           Case{"no guest policy", [](ReportSpec*r, SnpPolicy*) { r->policy = 0; }, "form", ""},
           Case{"VMPL 1", [](ReportSpec*r, SnpPolicy*) { r->vmpl = 1; }, "status", ""},
           Case{"no VMPL", [](ReportSpec*r, SnpPolicy*) { r->vmpl = 4; }, "form", ""},
           Case{"old firmware", [](ReportSpec*, SnpPolicy*p) { p->minimum_tcb->snp = 21; },
                "status", ""},
           Case{"old firmware, allowed",
                [](ReportSpec*, SnpPolicy*p) {
                  p->minimum_tcb->microcode = 214;
                  p->out_of_date_allowed = true;
                },
                "accepted", "warning"},
           Case{"nobody judges the firmware",
                [](ReportSpec*, SnpPolicy*p) { p->minimum_tcb.reset(); }, "accepted",
                "unappraised"},
           Case{"nothing is pinned", [](ReportSpec*, SnpPolicy*p) { p->measurements.reset(); },
                "accepted", "unappraised"},
           Case{"no measurement is right",
                [](ReportSpec*, SnpPolicy*p) { p->measurements = {std::string(48, 'x')}; },
                "measurement", ""},
           Case{"none is accepted", [](ReportSpec*, SnpPolicy*p) { p->measurements->clear(); },
                "measurement", ""},
           Case{"the host's data",
                [](ReportSpec*, SnpPolicy*p) { p->host_data = {std::string(32, 'h')}; }, "accepted",
                "affirming"},
           Case{"other data",
                [](ReportSpec*, SnpPolicy*p) { p->host_data = {std::string(32, 'H')}; },
                "measurement", ""},
           Case{"another nonce", [](ReportSpec*r, SnpPolicy*) { r->report_data[0] ^= 1; }, "nonce",
                ""},
           Case{"more than the nonce", [](ReportSpec*r, SnpPolicy*) { r->report_data[63] = 1; },
                "nonce", ""},
           Case{"not bound",
                [](ReportSpec*, SnpPolicy*p) { p->challenge.channel_key = Sha256Digest("k"); },
                "binding", ""},
           Case{"bound",
                [](ReportSpec*r, SnpPolicy*p) {
                  p->challenge.channel_key = Sha256Digest("k");
                  p->challenge.binding = KeyBinding::kKeyThenNonce;
                  r->report_data = Sha256Bytes("k") + kNonce;
                },
                "accepted", "affirming"},
           Case{"bound to another key",
                [](ReportSpec*r, SnpPolicy*p) {
                  p->challenge.channel_key = Sha256Digest("k");
                  p->challenge.binding = KeyBinding::kKeyThenNonce;
                  r->report_data = Sha256Bytes("K") + kNonce;
                },
                "binding", ""},
           Case{"bound, another nonce",
                [](ReportSpec*r, SnpPolicy*p) {
                  p->challenge.channel_key = Sha256Digest("k");
                  p->challenge.binding = KeyBinding::kKeyThenNonce;
                  r->report_data = Sha256Bytes("k") + Sha256Bytes("another");
                },
                "nonce", ""},
           Case{"another algorithm", [](ReportSpec*r, SnpPolicy*) { r->algorithm = 2; },
                "algorithm", ""},
           Case{"a VLEK", [](ReportSpec*r, SnpPolicy*) { r->key = 1 << 2; }, "key", ""},
           Case{"version 1", [](ReportSpec*r, SnpPolicy*) { r->version = 1; }, "form", ""},
           Case{"version 6", [](ReportSpec*r, SnpPolicy*) { r->version = 6; }, "form", ""},
           Case{"version 5", [](ReportSpec*r, SnpPolicy*) { r->version = 5; }, "accepted",
                "affirming"},
           Case{"another chip", [](ReportSpec*r, SnpPolicy*) { r->chip[63] ^= 1; }, "subject", ""},
           Case{"a chip that hides", [](ReportSpec*r, SnpPolicy*) { r->chip.assign(64, '\0'); },
                "subject", ""},
           Case{"another TCB", [](ReportSpec*r, SnpPolicy*) { ++r->tcb[0]; }, "subject", ""},
           Case{"an unknown part", [](ReportSpec*r, SnpPolicy*) { r->tcb[2] = 1; }, "form", ""},
           Case{"the default policy", [](ReportSpec*, SnpPolicy*p) { *p = SnpPolicy(); },
                "nonce", ""},
           Case{"the default policy, at any time",
                [](ReportSpec*, SnpPolicy* p) {
                  *p = SnpPolicy();
                  p->challenge.without_nonce_allowed = true;
                },
                "measurement", ""},
       }) {
    SCOPED_TRACE(one.what);
    ReportSpec spec;
    SnpPolicy policy = Policy();
    one.change(&spec, &policy);
    const auto report = Verify(Report(spec), policy);
    EXPECT_EQ(CheckOfResult(report), one.check) << (report.ok() ? "" : report.refusal().message);
    if (report.ok()) {
      EXPECT_EQ(NameOf(report->attested.device.verdict), one.verdict);
    }
  }
}

TEST(SnpReport, TurinHasItsPartsElsewhere) {
  const VcekSpec spec{.product = "Turin-C0",
                      .tcb = {.fmc = 1, .bootloader = 2, .tee = 3, .snp = 4, .microcode = 5},
                      .hardware_id = "eight..8"};
  const Identity chip = Issue(CertificateOf(spec), &ThePlatform().ask, EcKey("P-384"));
  const Platform turin{ThePlatform().ark, ThePlatform().ask, chip};
  SnpPolicy policy = Policy();
  policy.minimum_tcb = spec.tcb;
  ReportSpec report;
  report.version = 3;
  report.tcb = std::string("\1\2\3\4\0\0\0\5", 8);
  report.chip = "eight..8" + std::string(56, '\0');
  EXPECT_EQ(CheckOfResult(Verify(Report(report, chip.key.get()), policy, turin)), "accepted");
  policy.minimum_tcb->fmc = 2;
  EXPECT_EQ(CheckOfResult(Verify(Report(report, chip.key.get()), policy, turin)), "status");
  report.chip[63] = 1;
  EXPECT_EQ(CheckOfResult(Verify(Report(report, chip.key.get()), policy, turin)), "subject");
}

TEST(SnpReport, AProvidersKeyIsTakenWhereThePolicyNamesTheProvider) {
  const Platform& mine = ThePlatform();
  const Identity asvk = Issue(AuthoritySpec("SEV-VLEK-Milan", "critical,keyCertSign"), &mine.ark);
  const auto platform = [&](const VcekSpec& spec) {
    return Platform{mine.ark, asvk, Issue(CertificateOf(spec), &asvk, EcKey("P-384"))};
  };
  const Platform theirs = platform(kVlek);
  ReportSpec spec;
  spec.key = 1 << 2;
  const auto check = [&](const Platform& signer, const SnpPolicy& policy) {
    return CheckOfResult(Verify(Report(spec, signer.vcek.key.get()), policy, signer));
  };
  SnpPolicy policy = Policy();
  EXPECT_EQ(check(theirs, policy), "key") << "nobody's is taken";
  policy.vlek_providers = {"CN=cc-eu-west-1.amazonaws.com"};
  EXPECT_EQ(check(theirs, policy), "subject") << "another's is";
  policy.vlek_providers.push_back(kProvider);
  for (const std::string& chip : {std::string(64, '\0'), kChip}) {
    spec.chip = chip;
    const auto report = Verify(Report(spec, theirs.vcek.key.get()), policy, theirs);
    ASSERT_TRUE(report.ok()) << report.refusal().message;
    EXPECT_EQ(report->provider, kProvider);
    EXPECT_EQ(report->attested.device.verdict, Appraisal::kAffirming);
  }
  EXPECT_EQ(CheckOfResult(Verify(Report(), policy)), "accepted") << "a chip's own key still is";
  // Neither key passes for the other, whatever else its certificate says.
  EXPECT_EQ(check(mine, policy), "subject");
  EXPECT_EQ(check(platform({.provider = kProvider}), policy), "subject");
  EXPECT_EQ(check(platform({.hardware_id = ""}), policy), "subject");
  VcekSpec old = kVlek;
  old.tcb.snp = 19;
  EXPECT_EQ(check(platform(old), policy), "subject");
  EXPECT_EQ(check(Platform{mine.ark, mine.ask, theirs.vcek}, policy), "chain");
  for (const uint32_t key : {0u, 2u, 7u}) {
    spec.key = key << 2;
    EXPECT_EQ(check(theirs, policy), key == 0 ? "subject" : "key") << key;
    EXPECT_EQ(check(platform({.provider = kProvider}), policy), key == 0 ? "subject" : "key");
  }
}

TEST(SnpReport, ChainsAndKeys) {
  const Platform& mine = ThePlatform();
  const Platform other = MakePlatform();
  EXPECT_EQ(CheckOfResult(Verify(Report(), Policy(), other)), "chain");
  // Keys that AMD has signed, and that did not sign this; or that are no chip's.
  const auto with = [&](const CertificateSpec& spec, const TestKey& key) {
    const Platform platform{mine.ark, mine.ask, Issue(spec, &mine.ask, key)};
    return CheckOfResult(Verify(Report({}, key.get()), Policy(), platform));
  };
  const Platform again{mine.ark, mine.ask, Issue(CertificateOf({}), &mine.ask, EcKey("P-384"))};
  EXPECT_EQ(CheckOfResult(Verify(Report(), Policy(), again)), "signature");
  EXPECT_EQ(with(CertificateOf({}), EcKey("P-384")), "accepted");
  EXPECT_EQ(with(CertificateOf({}), EcKey("P-521")), "algorithm");
  CertificateSpec plain = CertificateOf({});
  plain.extensions.clear();
  EXPECT_EQ(with(plain, EcKey("P-384")), "subject");
  for (size_t i = 0; i < 7; ++i) {
    if (i == 5) continue;  // FMC: not of this product
    CertificateSpec spec = CertificateOf({});
    spec.extensions.erase(spec.extensions.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(with(spec, EcKey("P-384")), "subject") << i;
  }
  const std::vector<Certificate> anchors = {mine.ark.certificate};
  EXPECT_EQ(
      CheckOfResult(VerifySnpReport(Report(), mine.vcek.certificate, {}, anchors, Policy(), kNow)),
      "chain");
  EXPECT_EQ(CheckOfResult(Verify(Report(), Policy(), mine, At("2026-11-28T13:00:00Z"))), "expired");
  EXPECT_EQ(CheckOfResult(Verify(Report(), Policy(), mine, At("2026-11-28T10:00:00Z"))),
            "not yet valid");
}

TEST(SnpReport, Revocation) {
  const Platform& mine = ThePlatform();
  SnpPolicy policy = Policy();
  policy.revocation.required = true;
  EXPECT_EQ(CheckOfResult(Verify(Report(), policy)), "revoked");
  const auto check = [&](const CrlSpec& spec, const Identity& issuer) {
    const std::vector<Crl> crls = {MakeCrl(spec, issuer)};
    policy.revocation.crls = crls;
    const auto report = Verify(Report(), policy);
    if (report.ok()) {
      EXPECT_EQ(report->attested.expires_at, At("2026-11-28T12:05:00Z"));
    }
    return CheckOfResult(report);
  };
  EXPECT_EQ(check({.revoked = {5}}, mine.ark), "accepted");
  EXPECT_EQ(check({.revoked = {1000}}, mine.ark), "revoked");  // the ASK
  EXPECT_EQ(check({.revoked = {}, .next_update = At("2026-11-28T11:00:00Z")}, mine.ark),
            "revoked");                                               // old
  EXPECT_NE(check({.revoked = {}}, MakePlatform().ark), "accepted");  // of another root
}

TEST(SnpReport, NoBitCanBeChanged) {
  const std::string report = Report();
  const auto verify = [](const std::string& bytes) { return Verify(bytes); };
  const auto good = verify(report);
  ASSERT_TRUE(good.ok()) << good.refusal().message;
  Tally tally =
      FlipEveryBit(report, verify, *good, [](const SnpReport&, const SnpReport&) { return false; });
  EXPECT_EQ(tally.accepted, 0u) << tally.accepted_at;
  EXPECT_GT(8 * tally.refused["signature"], tally.tried);
  ExpectNoPrefixIsTaken(report, verify);
}

class SnpFixtures : public OtherPeoplesFiles {
 protected:
  void SetUp() override { FindFixtures("sev-snp"); }
};

TEST_F(SnpFixtures, AGuestThatCanBeDebugged) {
  const auto vcek = ReadCertificates(Read("vcek.testcer"));
  ASSERT_TRUE(vcek.ok()) << vcek.refusal().message;
  const auto chain = ReadPemCertificates(Read("milan.testcer"));
  ASSERT_TRUE(chain.ok()) << chain.refusal().message;
  ASSERT_EQ(chain->size(), 2u);
  const std::vector<Certificate> ask = {chain->at(0)};
  const std::vector<Certificate> ark = {chain->at(1)};
  const Time then = At("2023-01-01T00:00:00Z");
  const std::string bytes = Read("attestation.bin");
  SnpPolicy policy;
  policy.measurements = {*FromHex(
      "b07af9620f3b839b47996422ddec6058338951d984e312115131ea82705eaf5b6bdf8a9ece31a5a608eb0cf2e487"
      "2b01")};
  policy.challenge.nonce = std::string("\1\2\3\4\5\0\0\0", 8);
  EXPECT_EQ(CheckOfResult(VerifySnpReport(bytes, vcek->front(), ask, ark, policy, then)), "status");
  policy.debug_allowed = true;
  const auto report = VerifySnpReport(bytes, vcek->front(), ask, ark, policy, then);
  ASSERT_TRUE(report.ok()) << report.refusal().message;
  EXPECT_TRUE(report->attested.device.host.debug);
  EXPECT_EQ(report->attested.device.verdict, Appraisal::kContraindicated);
  EXPECT_EQ(report->attested.device.host.firmware, "1.49.3");
  EXPECT_EQ(report->tcb, (SnpTcb{.bootloader = 2, .tee = 0, .snp = 5, .microcode = 68}));
  EXPECT_EQ(CheckOfResult(VerifySnpReport(bytes, vcek->front(), {}, ark, policy, then)), "chain");
  EXPECT_EQ(CheckOfResult(VerifySnpReport(bytes, vcek->front(), ask, ark, policy,
                                          At("2029-09-24T00:55:28Z"))),
            "expired");
}

}  // namespace
}  // namespace ztp::evidence
