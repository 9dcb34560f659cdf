// See crl.h.
#include "engine/evidence/crl.h"

#include <optional>
#include <string>
#include <utility>

#include "engine/evidence/certificate.h"
#include "engine/evidence/pem.h"

namespace ztp::evidence {

Verified<Crl> Crl::FromDer(std::string_view der) {
  const ErrorQueueScope errors;
  if (der.size() > kMaxCrlBytes) {
    return Refuse(Check::kTooLarge, "a revocation list of ", der.size(), " bytes; at most ",
                  kMaxCrlBytes, " are read");
  }
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  X509CrlPtr parsed(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
  if (parsed == nullptr || at != reinterpret_cast<const unsigned char*>(der.data()) + der.size()) {
    return Refuse(Check::kMalformed, "not a revocation list in DER");
  }
  const std::optional<Time> this_update = TimeOf(X509_CRL_get0_lastUpdate(parsed.get()));
  const std::optional<Time> next_update = TimeOf(X509_CRL_get0_nextUpdate(parsed.get()));
  if (!this_update || !next_update) {
    return Refuse(Check::kMalformed, "a revocation list that does not say when the next one comes");
  }
  Crl crl{std::shared_ptr<X509_CRL>(std::move(parsed))};
  crl.this_update_ = *this_update;
  crl.next_update_ = *next_update;
  return crl;
}

Verified<std::vector<Crl>> ReadCrls(std::string_view bytes) {
  std::vector<std::string> blocks;
  if (LooksLikePem(bytes)) {
    ZTP_VERIFY_OR_RETURN(
        blocks,
        ReadPem(bytes, "X509 CRL", {.max_blocks = kMaxCrls, .max_block_bytes = kMaxCrlBytes}));
  } else {
    if (bytes.size() > kMaxCrlBytes) {
      return Refuse(Check::kTooLarge, "a revocation list of more than ", kMaxCrlBytes, " bytes");
    }
    blocks.emplace_back(bytes);
  }
  std::vector<Crl> crls;
  for (const std::string& block : blocks) {
    ZTP_VERIFY_OR_RETURN(Crl crl, Crl::FromDer(block));
    crls.push_back(std::move(crl));
  }
  return crls;
}

}  // namespace ztp::evidence
