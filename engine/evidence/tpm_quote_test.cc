// Quotes of a TPM of this test's own making, and of swtpm where it is installed.
#include "engine/evidence/tpm_quote.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <system_error>

#include "engine/base/sha256.h"
#include "engine/base/str.h"
#include "engine/evidence/attestation_testing.h"
#include "engine/evidence/tpm_testing.h"
#include "engine/evidence/x509_testing.h"

namespace ztp::evidence {
namespace {

using namespace tpm_testing;  // NOLINT: what its evidence is made with

TpmPolicy Policy() {
  TpmPolicy policy;
  policy.challenge.nonce = kNonce;
  policy.registers = {{7, {std::string(32, 'x'), kSeven}}};
  policy.register_7_means_secure_boot = policy.pinned_means_no_debug = true;
  return policy;
}

using Registers = std::map<int, std::string>;

Verified<TpmQuote> Verify(const std::string& quote, const std::string& signature,
                          const TpmPolicy& policy = Policy(),
                          const Registers& registers = {{0, kZero}, {7, kSeven}}) {
  return VerifyTpmQuote({quote, signature, registers}, TpmKey{KeyType::kP256, Key(), "the key"},
                        policy, kNow);
}
Verified<TpmQuote> Verify(const QuoteSpec& spec, const TpmPolicy& policy = Policy(),
                          const Registers& registers = {{0, kZero}, {7, kSeven}}) {
  const std::string quote = Quote(spec);
  return Verify(quote, Sign(Key(), quote), policy, registers);
}

TEST(TpmQuote, ASoundMachine) {
  const auto quote = Verify(QuoteSpec());
  ASSERT_TRUE(quote.ok()) << quote.refusal().message;
  const Host expected{.tee = Tee::kNone,
                      .secure_boot = true,
                      .debug = false,
                      .tcb = TcbStatus::kNotJudged,
                      .firmware = "1.2.3.4",
                      .kernel = std::nullopt,
                      .measurement = Sha256Digest(kZero + kSeven)};
  EXPECT_EQ(quote->attested.device.host, expected);
  EXPECT_EQ(quote->attested.device.verdict, Appraisal::kAffirming);
  EXPECT_EQ(quote->reset_count, 2u);
  EXPECT_EQ(quote->clock_ms, 5000u);
  EXPECT_TRUE(quote->clock_is_safe);
}

TEST(TpmQuote, WhatTheMachineMayBe) {
  struct Case {
    const char* what;
    void (*change)(QuoteSpec*, TpmPolicy*, Registers*);
    const char* check;
  };
  for (const Case& one : {
           Case{"not the TPM's", [](QuoteSpec*q, TpmPolicy*, Registers*) { q->magic = 0; }, "form"},
           Case{"something else", [](QuoteSpec*q, TpmPolicy*, Registers*) { q->type = 0x8017; },
                "form"},
           Case{"no boolean", [](QuoteSpec*q, TpmPolicy*, Registers*) { q->safe = 2; }, "form"},
           Case{"something behind", [](QuoteSpec*q, TpmPolicy*, Registers*) { q->behind = "x"; },
                "form"},
           Case{"another nonce", [](QuoteSpec*q, TpmPolicy*, Registers*) { q->answer[0] ^= 1; },
                "nonce"},
           Case{"more than the nonce",
                [](QuoteSpec*q, TpmPolicy*, Registers*) { q->answer += '\0'; }, "nonce"},
           Case{"not bound",
                [](QuoteSpec*, TpmPolicy*p, Registers*) {
                  p->challenge.channel_key = Sha256Digest("k");
                },
                "binding"},
           Case{"bound",
                [](QuoteSpec*q, TpmPolicy*p, Registers*) {
                  p->challenge.channel_key = Sha256Digest("k");
                  q->answer = Sha256Bytes(kNonce + Sha256Bytes("k"));
                },
                "accepted"},
           Case{"another value", [](QuoteSpec*, TpmPolicy*, Registers*r) { (*r)[7] = kZero; },
                "measurement"},
           Case{"a value that is not quoted",
                [](QuoteSpec*, TpmPolicy*, Registers*r) { (*r)[8] = kZero; }, "measurement"},
           Case{"a value less", [](QuoteSpec*, TpmPolicy*, Registers*r) { r->erase(0); },
                "measurement"},
           Case{"a value of another length",
                [](QuoteSpec*q, TpmPolicy*, Registers*r) {
                  (*r)[0] = "";
                  (*r)[7] = kZero + kSeven;
                  q->values = kZero + kSeven;
                },
                "measurement"},
           Case{"quoted, and not pinned",
                [](QuoteSpec*q, TpmPolicy*, Registers*r) {
                  (*r)[7] = kZero;
                  q->values = kZero + kZero;
                },
                "measurement"},
           Case{"pinned, and not quoted",
                [](QuoteSpec*, TpmPolicy*p, Registers*) { p->registers[4] = {kZero}; },
                "measurement"},
           Case{"nothing pinned", [](QuoteSpec*, TpmPolicy*p, Registers*) { p->registers.clear(); },
                "measurement"},
           Case{"nothing pinned, allowed",
                [](QuoteSpec*, TpmPolicy*p, Registers*) {
                  p->registers.clear();
                  p->unpinned_allowed = true;
                },
                "accepted"},
           Case{"another bank",
                [](QuoteSpec*, TpmPolicy*p, Registers*) { p->bank = TpmBank::kSha384; },
                "measurement"},
           Case{"SHA-1", [](QuoteSpec*q, TpmPolicy*, Registers*) { q->selection[5] = '\4'; },
                "measurement"},
           Case{"nothing quoted",
                [](QuoteSpec*q, TpmPolicy*, Registers*r) {
                  q->selection = BigBytes(0, 4);
                  q->values = "";
                  r->clear();
                },
                "measurement"},
           Case{"two banks",
                [](QuoteSpec*q, TpmPolicy*, Registers*) {
                  q->selection = BigBytes(2, 4) + q->selection.substr(4) + q->selection.substr(4);
                },
                "measurement"},
           Case{"another bank, of which nothing is quoted",
                [](QuoteSpec*q, TpmPolicy*, Registers*) {
                  q->selection = BigBytes(2, 4) + BigBytes(4, 2) + std::string("\3\0\0\0", 4) +
                                 q->selection.substr(4);
                },
                "accepted"},
           Case{"register 24",
                [](QuoteSpec*q, TpmPolicy*, Registers*) {
                  q->selection =
                      BigBytes(1, 4) + BigBytes(0x000b, 2) + std::string("\4\x81\0\0\1", 5);
                },
                "form"},
           Case{"many banks", [](QuoteSpec*q, TpmPolicy*, Registers*) { q->selection[0] = 1; },
                "form"},
           Case{"the default policy", [](QuoteSpec*, TpmPolicy*p, Registers*) { *p = {}; },
                "nonce"},
           Case{"the default policy, at any time",
                [](QuoteSpec*, TpmPolicy* p, Registers*) {
                  *p = {};
                  p->challenge.without_nonce_allowed = true;
                },
                "measurement"},
       }) {
    SCOPED_TRACE(one.what);
    QuoteSpec spec;
    TpmPolicy policy = Policy();
    Registers registers = {{0, kZero}, {7, kSeven}};
    one.change(&spec, &policy, &registers);
    const auto quote = Verify(spec, policy, registers);
    EXPECT_EQ(CheckOfResult(quote), one.check) << (quote.ok() ? "" : quote.refusal().message);
    if (quote.ok()) {
      const bool pinned = !policy.registers.empty();
      EXPECT_EQ(quote->attested.device.host.secure_boot, pinned);
      EXPECT_EQ(quote->attested.device.host.debug, !pinned);
      EXPECT_EQ(quote->attested.device.verdict,
                pinned ? Appraisal::kAffirming : Appraisal::kUnappraised);
    }
  }
}

TEST(TpmQuote, KeysAndAlgorithms) {
  const std::string quote = Quote();
  EXPECT_EQ(CheckOfResult(Verify(quote, Sign(EcKey(), quote))), "signature");
  EXPECT_EQ(CheckOfResult(Verify(quote, Sign(Key(), quote, 0x0014))), "algorithm");     // RSASSA
  EXPECT_EQ(CheckOfResult(Verify(quote, Sign(Key(), quote, 0x0005))), "algorithm");     // HMAC
  EXPECT_EQ(CheckOfResult(Verify(quote, Sign(Key(), quote, 0x001a))), "algorithm");     // ECDAA
  EXPECT_EQ(CheckOfResult(Verify(quote, Sign(Key(), quote, 0x0018, 4))), "algorithm");  // SHA-1
  EXPECT_EQ(CheckOfResult(Verify(quote, Sign(Key(), quote, 0x0018, 0xc))), "algorithm");
  EXPECT_EQ(CheckOfResult(Verify(quote, Sign(Key(), quote) + "x")), "form");
  EXPECT_EQ(CheckOfResult(Verify(std::string(kMaxTpmQuoteBytes + 1, 'x'), "")), "size");
  EXPECT_EQ(CheckOfResult(Verify(quote, std::string(kMaxTpmSignatureBytes + 1, 'x'))), "size");
}

TEST(TpmQuote, Certificates) {
  CertificateSpec authority_spec = SignerSpec("a maker of TPMs");
  authority_spec.names = "";
  const Identity root = Issue(authority_spec, nullptr);
  const Identity maker = Issue(authority_spec, &root);
  CertificateSpec spec{.name = "an attestation key"};
  spec.purposes = "2.23.133.8.3";
  const std::vector<Certificate> intermediates = {maker.certificate};
  const std::vector<Certificate> anchors = {root.certificate};
  const auto check = [&](const Identity& ak, const TpmPolicy& policy = Policy(),
                         std::span<const Certificate> between = {}, Time now = kNow) {
    const std::string quote = Quote();
    const std::string signature = Sign(Key(), quote);
    return CheckOfResult(VerifyTpmQuote({quote, signature, {{0, kZero}, {7, kSeven}}},
                                        ak.certificate, between, anchors, policy, now));
  };
  const Identity good = Issue(spec, &maker, Key());
  EXPECT_EQ(check(good, Policy(), intermediates), "accepted");
  EXPECT_EQ(check(good), "chain");
  EXPECT_EQ(check(Issue(spec, &root, Key())), "accepted");
  EXPECT_EQ(check(Issue(spec, &root)), "signature");
  EXPECT_EQ(check(Issue(spec, &root, EcKey("P-384"))), "algorithm");
  EXPECT_EQ(check(Issue(spec, &root, Ed25519Key())), "algorithm");
  EXPECT_EQ(check(good, Policy(), intermediates, At("2026-11-28T13:00:00Z")), "expired");
  EXPECT_EQ(check(good, Policy(), intermediates, At("2026-11-28T10:00:00Z")), "not yet valid");
  TpmPolicy policy = Policy();
  policy.revocation.required = true;
  EXPECT_EQ(check(good, policy, intermediates), "revoked");
  spec.purposes = "2.23.133.8.1";  // an endorsement key
  EXPECT_EQ(check(Issue(spec, &root, Key())), "usage");
  spec.purposes = "";
  EXPECT_EQ(check(Issue(spec, &root, Key())), "usage");
  policy = Policy();
  policy.attestation_purpose_required = false;
  EXPECT_EQ(check(Issue(spec, &root, Key()), policy), "accepted");
}

TEST(TpmQuote, NoBitCanBeChanged) {
  const std::string quote = Quote();
  const std::string signature = Sign(Key(), quote);
  const std::string both = quote + signature;
  const auto verify = [&](const std::string& bytes) {
    return Verify(bytes.substr(0, quote.size()),
                  bytes.size() < quote.size() ? "" : bytes.substr(quote.size()));
  };
  const auto good = verify(both);
  ASSERT_TRUE(good.ok()) << good.refusal().message;
  Tally tally =
      FlipEveryBit(both, verify, *good, [](const TpmQuote&, const TpmQuote&) { return false; });
  EXPECT_EQ(tally.accepted, 0u) << tally.accepted_at;
  EXPECT_GT(8 * tally.refused["signature"], tally.tried);
  ExpectNoPrefixIsTaken(both, verify);
}

// What a software TPM signs: three schemes, quoted with tpm2-tools.
class SwtpmInterop : public OtherPeoplesFiles {
 protected:
  void SetUp() override {
    if (std::system("{ command -v swtpm && command -v tpm2_quote; } >/dev/null 2>&1") != 0) {
      const char* required = std::getenv("ZTP_REQUIRE_FIXTURES");
      if (required != nullptr && std::string_view(required) == "1")
        FAIL() << "no swtpm, tpm2-tools";
      GTEST_SKIP() << "swtpm and tpm2-tools are not installed";
    }
    std::string path = (std::filesystem::temp_directory_path() / "ztp-swtpm-XXXXXX").string();
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    folder_ = path;
    const std::string script = R"(set -eu; cd ')" + path + R"('
swtpm socket --tpm2 --server type=unixio,path=$PWD/tpm --ctrl type=unixio,path=$PWD/tpm.ctrl \
  --tpmstate dir=$PWD --flags not-need-init,startup-clear --daemon --pid file=$PWD/pid
# It takes its files away as it ends: the folder is removed after that.
trap 'p=$(cat pid); kill $p; i=0; while kill -0 $p && [ $i -lt 100 ]; do i=$((i+1)); sleep 0.02; done' EXIT
export TPM2TOOLS_TCTI="swtpm:path=$PWD/tpm"
i=0; until tpm2_getcap -Q properties-fixed || [ $i = 50 ]; do i=$((i+1)); sleep 0.1; done
tpm2_pcrextend 7:sha256=7777777777777777777777777777777777777777777777777777777777777777
tpm2_createek -Q -c ek -G ecc; tpm2_flushcontext -Q -t
for scheme in ecdsa rsassa rsapss; do
  kind=rsa; [ $scheme = ecdsa ] && kind=ecc
  tpm2_createak -Q -C ek -c ak -G $kind -g sha256 -s $scheme -u $scheme.pem -f pem
  tpm2_flushcontext -Q -t
  tpm2_quote -Q -c ak -l sha256:0,7 -q )" +
                               Hex(kNonce) + R"( -g sha256 --scheme=$scheme \
    -m $scheme.quote -s $scheme.signature -o $scheme.registers -F values
  tpm2_flushcontext -Q -t
done)";
    ASSERT_EQ(std::system(("sh -c '" + Escaped(script) + "' >'" + path + "/log' 2>&1").c_str()), 0)
        << Read("log");
  }
  void TearDown() override {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  static std::string Escaped(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out;
  }
};

TEST_F(SwtpmInterop, ItsQuotesVerify) {
  const std::string seven = Sha256Bytes(kZero + *FromHex(std::string(64, '7')));
  for (const std::string scheme : {"ecdsa", "rsassa", "rsapss"}) {
    SCOPED_TRACE(scheme);
    const std::string pem = Read(scheme + ".pem");
    const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    const SharedKey key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
    ASSERT_NE(key, nullptr);
    const std::string values = Read(scheme + ".registers");
    ASSERT_EQ(values.size(), 64u);
    TpmPolicy policy = Policy();
    policy.registers = {{0, {kZero}}, {7, {seven}}};
    const std::string quote = Read(scheme + ".quote");
    const std::string signature = Read(scheme + ".signature");
    const TpmEvidence evidence{
        quote, signature, {{0, values.substr(0, 32)}, {7, values.substr(32)}}};
    const TpmKey ak{scheme == "ecdsa" ? KeyType::kP256 : KeyType::kRsa, key, scheme};
    const auto verified = VerifyTpmQuote(evidence, ak, policy, kNow);
    ASSERT_TRUE(verified.ok()) << verified.refusal().message;
    EXPECT_EQ(verified->registers.at(7), seven);
    policy.challenge.nonce = Sha256Bytes("another");
    EXPECT_EQ(CheckOfResult(VerifyTpmQuote(evidence, ak, policy, kNow)), "nonce");
  }
}

}  // namespace
}  // namespace ztp::evidence
