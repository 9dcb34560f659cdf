// Quotes of a TDX domain of this test's own making, with collateral of its own.
#include "engine/evidence/tdx_quote.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/base/sha256.h"
#include "engine/base/str.h"
#include "engine/evidence/attestation_testing.h"
#include "engine/evidence/tdx_testing.h"

namespace ztp::evidence {
namespace {

TdxPolicy Policy() {
  TdxPolicy policy;
  policy.challenge.nonce = kTdxNonce;
  policy.mrtds = {{kTdxLaunched}};
  policy.collateral = &TheCollateral();
  return policy;
}

Verified<TdxQuote> Verify(const std::string& quote, const TdxPolicy& policy = Policy(),
                          Time now = kNow) {
  const std::vector<Certificate> anchors = {TheTdxPlatform().root.certificate};
  return VerifyTdxQuote(quote, anchors, policy, now);
}

std::string CheckOfQuote(const TdxQuoteSpec& spec, const TdxPolicy& policy = Policy()) {
  return CheckOfResult(Verify(MakeTdxQuote(spec), policy));
}

TEST(TdxQuote, ASoundDomain) {
  for (const int version : {4, 5, 6}) {  // 6: version 5 with the longer body
    TdxQuoteSpec spec;
    spec.version = std::min(version, 5);
    if (version == 6) spec.body += std::string(64, '\0');
    const auto quote = Verify(MakeTdxQuote(spec));
    ASSERT_TRUE(quote.ok()) << quote.refusal().message;
    const Host expected{.tee = Tee::kTdx,
                        .secure_boot = false,
                        .debug = false,
                        .tcb = TcbStatus::kUpToDate,
                        .firmware = "0.3.5",
                        .kernel = std::nullopt,
                        .measurement = DigestText(kTdxLaunched)};
    EXPECT_EQ(quote->attested.device.host, expected);
    EXPECT_EQ(quote->attested.device.verdict, Appraisal::kAffirming);
    EXPECT_EQ(quote->judgement.text, "UpToDate");
    EXPECT_EQ(quote->rtmrs[3], std::string(48, '3'));
    EXPECT_EQ(quote->attested.anchor, TheTdxPlatform().root.certificate.sha256());
  }
}

TEST(TdxQuote, WhatTheDomainMayBe) {
  struct Case {
    const char* what;
    void (*change)(TdxQuoteSpec*, TdxPolicy*);
    const char* check;
    const char* verdict;  // where it is accepted
  };
  for (const Case& one : {
           Case{"debug", [](TdxQuoteSpec* q, TdxPolicy*) { q->body[120] = 1; }, "status", ""},
           Case{"debug, allowed",
                [](TdxQuoteSpec* q, TdxPolicy* p) {
                  q->body[120] = 1;
                  p->debug_allowed = true;
                },
                "accepted", "contraindicated"},
           Case{"another measurement", [](TdxQuoteSpec* q, TdxPolicy*) { q->body[136] ^= 1; },
                "measurement", ""},
           Case{"nothing is pinned", [](TdxQuoteSpec*, TdxPolicy* p) { p->mrtds.reset(); },
                "accepted", "unappraised"},
           Case{"an RTMR that is pinned",
                [](TdxQuoteSpec*, TdxPolicy* p) { p->rtmrs[2] = {{std::string(48, '2')}}; },
                "accepted", "affirming"},
           Case{"another RTMR",
                [](TdxQuoteSpec*, TdxPolicy* p) { p->rtmrs[2] = {{std::string(48, '3')}}; },
                "measurement", ""},
           Case{"another configuration",
                [](TdxQuoteSpec*, TdxPolicy* p) { p->config_ids = {{std::string(48, '3')}}; },
                "measurement", ""},
           Case{"the owner",
                [](TdxQuoteSpec*, TdxPolicy* p) { p->owners = {{std::string(48, '\0')}}; },
                "accepted", "affirming"},
           Case{"another nonce", [](TdxQuoteSpec* q, TdxPolicy*) { q->body[520] ^= 1; }, "nonce",
                ""},
           Case{"not bound",
                [](TdxQuoteSpec*, TdxPolicy* p) { p->challenge.channel_key = Sha256Digest("k"); },
                "binding", ""},
           Case{"no collateral", [](TdxQuoteSpec*, TdxPolicy* p) { p->collateral = nullptr; },
                "status", ""},
           Case{"no collateral, allowed",
                [](TdxQuoteSpec*, TdxPolicy* p) {
                  p->collateral = nullptr;
                  p->worst_accepted = TcbStatus::kNotJudged;
                },
                "accepted", "unappraised"},
           Case{"no collateral, and another module",
                [](TdxQuoteSpec* q, TdxPolicy* p) {
                  q->body[64] = 1;
                  p->collateral = nullptr;
                  p->worst_accepted = TcbStatus::kNotJudged;
                },
                "status", ""},
           Case{"another module", [](TdxQuoteSpec* q, TdxPolicy*) { q->body[64] = 1; }, "status",
                ""},
           Case{"a module for debugging", [](TdxQuoteSpec* q, TdxPolicy*) { q->body[112] = 1; },
                "status", ""},
           Case{"an old module", [](TdxQuoteSpec* q, TdxPolicy*) { q->body[0] = 2; }, "status", ""},
           Case{"an old module, allowed",
                [](TdxQuoteSpec* q, TdxPolicy* p) {
                  q->body[0] = 2;
                  p->worst_accepted = TcbStatus::kOutOfDate;
                },
                "accepted", "warning"},
           Case{"a module of no level", [](TdxQuoteSpec* q, TdxPolicy*) { q->body[0] = 0; },
                "status", ""},
           // A module of version 1 is judged by its own levels.
           Case{"module 1", [](TdxQuoteSpec* q, TdxPolicy*) { q->body[1] = 1; }, "accepted",
                "affirming"},
           Case{"module 1, old",
                [](TdxQuoteSpec* q, TdxPolicy* p) {
                  q->body[1] = 1;
                  q->body[0] = 1;
                  p->worst_accepted = TcbStatus::kOutOfDate;
                },
                "accepted", "warning"},
           Case{"module 2, which nobody knows", [](TdxQuoteSpec* q, TdxPolicy*) { q->body[1] = 2; },
                "status", ""},
           // The quoting enclave.
           Case{"an old enclave", [](TdxQuoteSpec* q, TdxPolicy*) { q->qe_svn = 3; }, "status", ""},
           Case{"an old enclave, allowed",
                [](TdxQuoteSpec* q, TdxPolicy* p) {
                  q->qe_svn = 3;
                  p->worst_accepted = TcbStatus::kConfigurationNeeded;
                },
                "accepted", "warning"},
           Case{"another enclave", [](TdxQuoteSpec* q, TdxPolicy*) { q->qe_product = 1; },
                "status", ""},
           Case{"an enclave of others", [](TdxQuoteSpec* q, TdxPolicy*) { q->qe_signer = 'x'; },
                "status", ""},
           Case{"an enclave for debugging",
                [](TdxQuoteSpec* q, TdxPolicy*) { q->qe_attributes = '\x17'; }, "status", ""},
           Case{"another key", [](TdxQuoteSpec* q, TdxPolicy*) { q->bind_key = false; }, "binding",
                ""},
           Case{"other data of the enclave", [](TdxQuoteSpec* q, TdxPolicy*) { q->auth_data = "x"; },
                "accepted", "affirming"},
           // Forms.
           Case{"version 3", [](TdxQuoteSpec* q, TdxPolicy*) { q->version = 3; }, "form", ""},
           Case{"SGX", [](TdxQuoteSpec* q, TdxPolicy*) { q->tee = 0; }, "form", ""},
           Case{"P-384", [](TdxQuoteSpec* q, TdxPolicy*) { q->key_type = 3; }, "algorithm", ""},
           Case{"something behind", [](TdxQuoteSpec* q, TdxPolicy*) { q->behind = "x"; }, "form",
                ""},
           Case{"something behind, allowed",
                [](TdxQuoteSpec* q, TdxPolicy* p) {
                  q->behind = std::string(100, '\0');
                  p->trailing_bytes_allowed = true;
                },
                "accepted", "affirming"},
           Case{"no certificates", [](TdxQuoteSpec* q, TdxPolicy*) { q->certificate_type = 1; },
                "chain", ""},
           Case{"a text that ends as C's",
                [](TdxQuoteSpec* q, TdxPolicy*) { q->certificates += '\0'; }, "accepted",
                "affirming"},
           Case{"no text", [](TdxQuoteSpec* q, TdxPolicy*) { q->certificates = ""; }, "form", ""},
           Case{"the default policy", [](TdxQuoteSpec*, TdxPolicy* p) { *p = TdxPolicy(); },
                "nonce", ""},
           Case{"the default policy, at any time and of any platform",
                [](TdxQuoteSpec*, TdxPolicy* p) {
                  *p = TdxPolicy();
                  p->challenge.without_nonce_allowed = true;
                  p->worst_accepted = TcbStatus::kNotJudged;
                },
                "measurement", ""},
       }) {
    SCOPED_TRACE(one.what);
    TdxQuoteSpec spec;
    TdxPolicy policy = Policy();
    one.change(&spec, &policy);
    const auto quote = Verify(MakeTdxQuote(spec), policy);
    EXPECT_EQ(CheckOfResult(quote), one.check) << (quote.ok() ? "" : quote.refusal().message);
    if (quote.ok()) {
      EXPECT_EQ(NameOf(quote->attested.device.verdict), one.verdict);
    }
  }
}

TEST(TdxQuote, ChainsAndKeys) {
  const TdxPlatform& mine = TheTdxPlatform();
  const TdxPlatform other = MakeTdxPlatform();
  const auto with = [&](const std::vector<Certificate>& certificates, const TestKey& key) {
    TdxQuoteSpec spec;
    spec.certificates = Pem(certificates);
    spec.pck_key = key;
    return CheckOfQuote(spec);
  };
  EXPECT_EQ(with({mine.pck.certificate, mine.ca.certificate, mine.root.certificate}, mine.pck.key),
            "accepted");
  EXPECT_EQ(with({mine.pck.certificate}, mine.pck.key), "chain");
  EXPECT_EQ(
      with({other.pck.certificate, other.ca.certificate, other.root.certificate}, other.pck.key),
      "chain");
  EXPECT_EQ(with({mine.pck.certificate, mine.ca.certificate}, other.pck.key), "signature");
  EXPECT_EQ(with({mine.ca.certificate}, mine.ca.key), "usage");
  // Certificates of Intel's for something else.
  const Identity signer = Issue(TdxSignerSpec(), &mine.ca);
  EXPECT_EQ(with({signer.certificate, mine.ca.certificate}, signer.key), "usage");
  CertificateSpec plain = TdxPckSpec();
  plain.extensions.clear();
  const Identity no_extension = Issue(plain, &mine.ca);
  EXPECT_EQ(with({no_extension.certificate, mine.ca.certificate}, no_extension.key), "usage");
  for (const std::string& value :
       {std::string(), std::string("\x30\0", 2), TdxPckSpec().extensions[0].value + "x",
        TdxPckSpec().extensions[0].value.substr(0, 40)}) {
    plain.extensions = {{TdxPckSpec().extensions[0].oid, value}};
    const Identity malformed = Issue(plain, &mine.ca);
    EXPECT_EQ(with({malformed.certificate, mine.ca.certificate}, malformed.key), "form");
  }
  // Another platform than the collateral is for, and one that is older.
  CertificateSpec spec = TdxPckSpec("\x60\x80\x6f\0\0\0"s);
  const Identity another = Issue(spec, &mine.ca);
  EXPECT_EQ(with({another.certificate, mine.ca.certificate}, another.key), "status");
  spec = TdxPckSpec(kTdxFmspc, 4);
  const Identity older = Issue(spec, &mine.ca);
  EXPECT_EQ(with({older.certificate, mine.ca.certificate}, older.key), "status");

  EXPECT_EQ(CheckOfResult(Verify(MakeTdxQuote(), Policy(), At("2026-11-28T13:00:00Z"))), "expired");
  EXPECT_EQ(CheckOfResult(Verify(MakeTdxQuote(), Policy(), At("2026-11-28T10:00:00Z"))),
            "not yet valid");
  EXPECT_EQ(CheckOfResult(Verify(std::string(kMaxTdxQuoteBytes + 1, 'x'))), "size");
}

TEST(TdxQuote, Revocation) {
  const TdxPlatform& mine = TheTdxPlatform();
  TdxPolicy policy = Policy();
  policy.revocation.required = true;
  const std::string quote = MakeTdxQuote();
  EXPECT_EQ(CheckOfResult(Verify(quote, policy)), "revoked");
  const auto check = [&](const std::vector<long>& by_ca, const std::vector<long>& by_root) {
    const std::vector<Crl> crls = {MakeCrl({.revoked = by_ca}, mine.ca),
                                   MakeCrl({.revoked = by_root}, mine.root)};
    policy.revocation.crls = crls;
    return CheckOfResult(Verify(quote, policy));
  };
  EXPECT_EQ(check({}, {}), "accepted");
  EXPECT_EQ(check({1}, {}), "revoked");     // the PCK certificate
  EXPECT_EQ(check({}, {1000}), "revoked");  // its CA
  EXPECT_EQ(check({}, {77}), "revoked");    // who signs collateral
}

TEST(TdxQuote, Collateral) {
  struct Case {
    const char* what;
    void (*change)(TdxCollateralSpec*);
    const char* check;
  };
  for (const Case& one : {
           Case{"as it is", [](TdxCollateralSpec*) {}, "accepted"},
           Case{"TCB information that was changed",
                [](TdxCollateralSpec* c) { c->change_signed = "UpToDate"; }, "signature"},
           Case{"signed by another key", [](TdxCollateralSpec* c) { c->other_key = true; },
                "signature"},
           Case{"past", [](TdxCollateralSpec* c) { c->next_update = "2026-11-28T12:00:00Z"; },
                "expired"},
           Case{"of the future",
                [](TdxCollateralSpec* c) { c->issue_date = "2026-11-28T12:00:01Z"; },
                "not yet valid"},
           Case{"no date", [](TdxCollateralSpec* c) { c->issue_date = "yesterday"; }, "form"},
           Case{"of SGX", [](TdxCollateralSpec* c) { c->id = "SGX"; }, "form"},
           Case{"of another version", [](TdxCollateralSpec* c) { c->version = 2; }, "form"},
           Case{"an unknown status", [](TdxCollateralSpec* c) { c->status = "Fine"; }, "form"},
           Case{"revoked", [](TdxCollateralSpec* c) { c->status = "Revoked"; }, "status"},
           Case{"software hardening", [](TdxCollateralSpec* c) { c->status = "SWHardeningNeeded"; },
                "status"},
           Case{"fifteen components", [](TdxCollateralSpec* c) { c->components = 15; }, "form"},
           Case{"no levels", [](TdxCollateralSpec* c) { c->levels = false; }, "form"},
           Case{"a member twice", [](TdxCollateralSpec* c) { c->more = R"(,"id":"TDX")"; }, "form"},
           Case{"deep",
                [](TdxCollateralSpec* c) {
                  c->more = Cat(R"(,"x":)", std::string(100, '['), std::string(100, ']'));
                },
                "form"},
           Case{"an old evaluation", [](TdxCollateralSpec* c) { c->minimum_evaluation = 16; },
                "age"},
           Case{"signed by a PCK certificate", [](TdxCollateralSpec* c) { c->by_pck = true; },
                "usage"},
           Case{"nobody's", [](TdxCollateralSpec* c) { c->no_certificates = true; }, "chain"},
       }) {
    SCOPED_TRACE(one.what);
    TdxCollateralSpec spec;
    one.change(&spec);
    const OwnedCollateral owned(spec);
    TdxPolicy policy = Policy();
    policy.collateral = &owned.collateral;
    const auto quote = Verify(MakeTdxQuote(), policy);
    EXPECT_EQ(CheckOfResult(quote), one.check) << (quote.ok() ? "" : quote.refusal().message);
  }
}

// Facts do not outlast the collateral.
TEST(TdxQuote, FactsEndWithTheCollateral) {
  TdxCollateralSpec spec;
  spec.next_update = "2026-11-28T12:00:07Z";
  const OwnedCollateral owned(spec);
  TdxPolicy policy = Policy();
  policy.collateral = &owned.collateral;
  EXPECT_EQ(Verify(MakeTdxQuote(), policy)->attested.expires_at, At("2026-11-28T12:00:07Z"));
}

// A small one: its certificate is signed by the root, and nobody judges the platform.
TEST(TdxQuote, NoBitCanBeChanged) {
  const Identity pck = Issue(TdxPckSpec(), &TheTdxPlatform().root);
  TdxQuoteSpec spec;
  spec.certificates = Pem({pck.certificate});
  spec.pck_key = pck.key;
  TdxPolicy policy = Policy();
  policy.collateral = nullptr;
  policy.worst_accepted = TcbStatus::kNotJudged;
  const std::string quote = MakeTdxQuote(spec);
  const auto verify = [&](const std::string& bytes) { return Verify(bytes, policy); };
  const auto good = verify(quote);
  ASSERT_TRUE(good.ok()) << good.refusal().message;
  Tally tally =
      FlipEveryBit(quote, verify, *good, [](const TdxQuote&, const TdxQuote&) { return false; });
  EXPECT_EQ(tally.accepted, 0u) << tally.accepted_at;
  EXPECT_GT(8 * tally.refused["signature"], tally.tried);
  ExpectNoPrefixIsTaken(quote, verify);
}

TEST(TdxQuote, NoBitOfCollateralCanBeChanged) {
  const TdxCollateral& good = TheCollateral();
  const std::vector<Certificate> anchors = {TheTdxPlatform().root.certificate};
  const auto verify = [&](const std::string& json) {
    return VerifyQeIdentity(json, good.qe_identity_signing, anchors, {}, kNow);
  };
  const std::string json(good.qe_identity);
  const auto identity = verify(json);
  ASSERT_TRUE(identity.ok()) << identity.refusal().message;
  // The signature's digits may be of either case: 0x20 is what differs.
  const size_t digits = json.rfind("\":\"") + 3;
  Tally tally =
      FlipEveryBit(json, verify, *identity, [&](const QeIdentity& a, const QeIdentity& b) {
        return a.mrsigner == b.mrsigner && a.levels.size() == b.levels.size();
      });
  size_t letters = 0;
  for (size_t i = 0; i < json.size(); i += kFlipStep) {
    letters += i >= digits && json[i] >= 'a' && json[i] <= 'f';
  }
  EXPECT_EQ(tally.accepted, letters) << tally.accepted_at;
  ExpectNoPrefixIsTaken(json, verify);
}

}  // namespace
}  // namespace ztp::evidence
