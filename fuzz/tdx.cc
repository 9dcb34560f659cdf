// Any bytes are a TDX quote, collateral or the extensions of a PCK certificate, or none of these;
// and so is whatever Intel's keys have signed.
#include "engine/evidence/tdx_testing.h"
#include "fuzz/attestation.h"

namespace {

using namespace ztp;            // NOLINT
using namespace ztp::evidence;  // NOLINT

void VerifyQuote(std::string_view bytes) {
  const std::vector<Certificate> anchors = {TheTdxPlatform().root.certificate};
  TdxPolicy policy;
  policy.challenge.without_nonce_allowed = true;
  policy.mrtds = std::nullopt;
  policy.collateral = &TheCollateral();
  const auto quote = VerifyTdxQuote(bytes, anchors, policy, kNow);
  if (!quote.ok()) return;
  Must((quote->attributes & 0xff) == 0 && quote->judgement.status == TcbStatus::kUpToDate);
  Must(IsVersion(quote->attested.device.host.firmware) && quote->fmspc == kTdxFmspc);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  VerifyQuote(bytes);
  for (const int version : {4, 5}) {
    TdxQuoteSpec spec;
    spec.version = version;
    spec.body = std::string(bytes);
    VerifyQuote(MakeTdxQuote(spec));
  }

  const std::vector<Certificate> signing = {TheTdxPlatform().signer.certificate};
  const std::vector<Certificate> anchors = {TheTdxPlatform().root.certificate};
  const std::string signature =
      Hex(SignRaw(TheTdxPlatform().signer.key.get(), EVP_sha256(), bytes, 32));
  const auto info =
      VerifyTdxTcbInfo(Cat(R"({"tcbInfo":)", bytes, R"(,"signature":")", signature, "\"}"), signing,
                       anchors, {}, kNow);
  if (info.ok()) {
    Must(info->dates.issued_at <= kNow && kNow < info->dates.next_update);
    PckPlatform platform{.sgx = {}, .pce_svn = 11, .pce_id = info->pce_id, .fmspc = info->fmspc};
    platform.sgx.fill(255);
    (void)info->Judge(platform, std::string(16, '\1'), std::string(48, '\0'), std::string(8, '\0'));
  }
  const auto identity =
      VerifyQeIdentity(Cat(R"({"enclaveIdentity":)", bytes, R"(,"signature":")", signature, "\"}"),
                       signing, anchors, {}, kNow);
  if (identity.ok()) (void)identity->Judge(std::string(384, 's'));

  CertificateSpec pck = TdxPckSpec();
  pck.extensions[0].value = std::string(bytes);
  const auto certificate = Certificate::FromDer(IssueDer(pck, nullptr, TheTdxPlatform().pck.key));
  if (certificate.ok()) {
    const auto platform = ReadPck(*certificate);
    Must(!platform.ok() || (platform->fmspc.size() == 6 && platform->pce_id.size() == 2));
  }
  return 0;
}
