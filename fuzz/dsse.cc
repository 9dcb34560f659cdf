// Any bytes are an envelope, keys, or neither; and whatever the right key has signed is a statement
// of a signed file, or refused.
#include <openssl/evp.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/base/sha256.h"
#include "engine/evidence/signed_file.h"
#include "fuzz/signing_key.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ztp;            // NOLINT
  using namespace ztp::evidence;  // NOLINT
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)ReadSignatureKeys(text);
  (void)PrivateKey::FromPem(text);
  (void)ReadSpki(text);
  const std::vector<SignatureKey> keys = {fuzz::SigningKey().public_key()};
  if (const auto envelope = ReadDsse(text); envelope.ok()) {
    // What is written again says the same.
    const auto again = ReadDsse(WriteDsse(*envelope));
    if (!again.ok() || again->payload != envelope->payload ||
        again->signatures.size() != envelope->signatures.size()) {
      std::abort();
    }
    (void)CheckDsse(*envelope, keys);
  }

  // The input as what was signed: who signed is known, and what is accepted is what it says.
  DsseEnvelope envelope{.payload_type = "application/vnd.in-toto+json",
                        .payload = std::string(text),
                        .signatures = {}};
  if (text.empty() || !SignDsse(fuzz::SigningKey(), &envelope)) return 0;
  const auto stated = ReadSignedFile(envelope);
  if (!stated.ok()) return 0;
  const auto file = VerifySignedFile(WriteDsse(envelope), stated->digest,
                                     {.keys = keys, .threshold = 1, .name = stated->name},
                                     std::nullopt, stated->issued_at);
  if (!file.ok() || file->state.version != stated->version) std::abort();
  return 0;
}
