// Any bytes are a TPM's quote or signature or none; and so is whatever an attestation key has
// signed.
#include "engine/evidence/tpm_quote.h"

#include "fuzz/attestation.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ztp;            // NOLINT
  using namespace ztp::evidence;  // NOLINT
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static const TpmKey key{KeyType::kP256, SharedKey(TokenKey().get(), [](EVP_PKEY*) {}), "the key"};
  TpmPolicy policy;
  policy.challenge.without_nonce_allowed = true;
  policy.unpinned_allowed = true;
  const std::map<int, std::string> registers = {{0, std::string(32, '\0')},
                                                {7, std::string(32, '7')}};
  const std::string raw = SignRaw(TokenKey().get(), EVP_sha256(), bytes, 32);
  const std::string signature = std::string("\0\x18\0\x0b\0\x20", 6) + raw.substr(0, 32) +
                                std::string("\0\x20", 2) + raw.substr(32);
  const auto quote = VerifyTpmQuote({bytes, signature, registers}, key, policy, kNow);
  if (quote.ok()) {
    Must(quote->registers == registers && quote->attested.device.host.debug);
    Must(IsVersion(quote->attested.device.host.firmware));
  }
  Must(!VerifyTpmQuote({"quote", bytes, registers}, key, policy, kNow).ok());
  return 0;
}
