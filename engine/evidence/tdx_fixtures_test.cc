// The quote and collateral that github.com/google/go-tdx-guest (Apache-2.0) tests itself with.
//
// They are no part of this repository. They come with the Go module (`go mod download
// github.com/google/go-tdx-guest@v0.3.1`), whose folder is named by ZTP_TDX_GUEST or is where Go
// keeps modules.
#include <gtest/gtest.h>

#include "engine/evidence/attestation_testing.h"
#include "engine/evidence/tdx_quote.h"
#include "engine/evidence/x509_testing.h"

namespace ztp::evidence {
namespace {

constexpr const char* kThen = "2023-07-01T01:00:00Z";

class TdxFixtures : public OtherPeoplesFiles {
 protected:
  void SetUp() override {
    const char* home = std::getenv("HOME");
    Find("ZTP_TDX_GUEST", std::string(home != nullptr ? home : "") +
                              "/go/pkg/mod/github.com/google/go-tdx-guest@v0.3.1");
    if (IsSkipped() || HasFatalFailure()) return;
    quote_ = Read("testing/testdata/tdx_prod_quote_SPR_E4.dat");
    tcb_info_ = Read("testing/testdata/sample_tcbInfo_response");
    qe_identity_ = Read("testing/testdata/sample_qeIdentity_response");
    signing_ = ChainOf("tcbInfoIssuerChain");
    ASSERT_EQ(signing_.size(), 2u);
    for (const char* name : {"testing/testdata/pckcrl", "testing/testdata/rootcrl.der"}) {
      const auto crl = ReadCrls(Read(name));
      ASSERT_TRUE(crl.ok()) << name << ": " << crl.refusal().message;
      crls_.push_back(crl->front());
    }
    collateral_.tcb_info = tcb_info_;
    collateral_.qe_identity = qe_identity_;
    collateral_.tcb_info_signing = collateral_.qe_identity_signing = signing_;
  }
  // A chain that the module keeps as Intel's service sends it: PEM, escaped as in an address.
  std::vector<Certificate> ChainOf(const std::string& name) {
    const std::string source = Read("testing/test_cases.go");
    const size_t begin = source.find('"', source.find("var " + name)) + 1;
    const std::string escaped = source.substr(begin, source.find('"', begin) - begin);
    std::string pem;
    for (size_t i = 0; i < escaped.size(); ++i) {
      if (escaped[i] != '%') {
        pem += escaped[i];
        continue;
      }
      pem += static_cast<char>(std::stoi(escaped.substr(i + 1, 2), nullptr, 16));
      i += 2;
    }
    const auto chain = ReadPemCertificates(pem);
    EXPECT_TRUE(chain.ok()) << chain.refusal().message;
    return chain.ok() ? *chain : std::vector<Certificate>();
  }
  TdxPolicy Policy() const {
    TdxPolicy policy;
    policy.mrtds = std::nullopt;
    policy.challenge.without_nonce_allowed = true;
    policy.trailing_bytes_allowed = true;
    policy.collateral = &collateral_;
    policy.revocation = {.crls = crls_, .required = true, .max_age = std::nullopt};
    return policy;
  }
  Verified<TdxQuote> Verify(const TdxPolicy& policy, const char* now = kThen) const {
    return VerifyTdxQuote(quote_, {&signing_.back(), 1}, policy, At(now));
  }

  std::string quote_, tcb_info_, qe_identity_;
  std::vector<Certificate> signing_;
  std::vector<Crl> crls_;
  TdxCollateral collateral_;
};

TEST_F(TdxFixtures, AQuoteOfIntels) {
  // As the module's own tests have it: the sample's levels are above what the quote reports.
  const auto judged = Verify(Policy());
  ASSERT_FALSE(judged.ok());
  EXPECT_EQ(CheckOfResult(judged), "status");
  EXPECT_EQ(judged.refusal().message, "the platform is at no level of the TCB information");

  TdxPolicy policy = Policy();
  policy.collateral = nullptr;
  policy.worst_accepted = TcbStatus::kNotJudged;
  const auto quote = Verify(policy);
  ASSERT_TRUE(quote.ok()) << quote.refusal().message;
  EXPECT_EQ(quote->version, 4u);
  EXPECT_EQ(Hex(quote->fmspc), "50806f000000");
  EXPECT_EQ(
      Hex(quote->mrtd),
      "6363b8043668a3ad953278e10389574d326c6749fb78aa810ecd9336923db86f22fc00b8dcd404bc10d5e119d7"
      "215cbb");
  EXPECT_FALSE(quote->attested.device.host.debug);
  EXPECT_EQ(quote->attested.device.host.tcb, TcbStatus::kNotJudged);
  EXPECT_EQ(quote->attested.device.host.firmware, "0.3.4");

  policy.mrtds = {{quote->mrtd}};
  policy.challenge.nonce = quote->report_data;
  EXPECT_EQ(CheckOfResult(Verify(policy)), "accepted");
  policy.mrtds = {{quote->rtmrs[0]}};
  EXPECT_EQ(CheckOfResult(Verify(policy)), "measurement");
}

TEST_F(TdxFixtures, CollateralOfIntels) {
  const std::span<const Certificate> root(&signing_.back(), 1);
  const Revocation revocation = Policy().revocation;
  const auto info = VerifyTdxTcbInfo(tcb_info_, signing_, root, revocation, At(kThen));
  ASSERT_TRUE(info.ok()) << info.refusal().message;
  EXPECT_EQ(info->levels.size(), 2u);
  EXPECT_EQ(info->levels[1].judgement.status, TcbStatus::kOutOfDate);
  EXPECT_EQ(info->levels[1].judgement.advisories.size(), 13u);
  // A platform at the numbers of the first level, and one below them.
  PckPlatform platform{
      .sgx = info->levels[0].sgx, .pce_svn = 11, .pce_id = info->pce_id, .fmspc = info->fmspc};
  const std::string svn = std::string("\3\0\5", 3) + std::string(13, '\0');
  const auto judge = [&] {
    return info->Judge(platform, svn, std::string(48, '\0'), std::string(8, '\0'));
  };
  EXPECT_EQ(judge()->text, "UpToDate");
  platform.pce_svn = 10;
  EXPECT_EQ(judge()->text, "OutOfDate");
  platform.pce_svn = 4;
  EXPECT_EQ(CheckOfResult(judge()), "status");

  const auto identity = VerifyQeIdentity(qe_identity_, signing_, root, revocation, At(kThen));
  ASSERT_TRUE(identity.ok()) << identity.refusal().message;
  // The report of the quoting enclave stands behind the quote's own signature and key.
  const auto enclave = identity->Judge(std::string_view(quote_).substr(636 + 128 + 6, 384));
  ASSERT_TRUE(enclave.ok()) << enclave.refusal().message;
  EXPECT_EQ(enclave->text, "UpToDate");
  // One is not the other.
  EXPECT_EQ(CheckOfResult(VerifyQeIdentity(tcb_info_, signing_, root, revocation, At(kThen))),
            "form");
}

TEST_F(TdxFixtures, WhatIsRefused) {
  TdxPolicy policy = Policy();
  policy.trailing_bytes_allowed = false;
  EXPECT_EQ(CheckOfResult(Verify(policy)), "form");  // "extra bytes(only for testing purpose)"
  EXPECT_EQ(CheckOfResult(Verify(Policy(), "2023-07-18T08:42:58Z")), "revoked");  // lists are old
  policy = Policy();
  policy.revocation = {};
  EXPECT_EQ(CheckOfResult(Verify(policy, "2023-07-18T08:42:58Z")), "expired");
  EXPECT_EQ(CheckOfResult(Verify(policy, "2053-07-01T01:00:00Z")), "expired");
  EXPECT_EQ(CheckOfResult(Verify(policy, "2023-06-18T08:42:57Z")), "not yet valid");
}

}  // namespace
}  // namespace ztp::evidence
