// Whatever is signed is a bill of materials about something, of one of the two formats, or refused.
#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/evidence/dsse.h"
#include "engine/evidence/trust.h"
#include "fuzz/signing_key.h"

namespace {

using ztp::evidence::Trust;

Trust& Bills() {
  static const std::shared_ptr<Trust> trust = [] {
    const nlohmann::json document = {
        {"ztp_trust", 1},
        {"sources",
         {{"bills",
           {{"kind", "bom"},
            {"signers", ztp::evidence::PemOf(ztp::fuzz::SigningKey().public_key())},
            {"proves", "bill"}}}}}};
    std::vector<ztp::JsonError> errors;
    auto read = Trust::Read(document.dump(), {}, &errors);
    if (read == nullptr) std::abort();
    return std::shared_ptr<Trust>(std::move(read));
  }();
  return *trust;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ztp;            // NOLINT
  using namespace ztp::evidence;  // NOLINT
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Time now{int64_t{1'790'000'000} * kMicrosPerSecond};
  (void)Bills().Verify("bills", text, now);
  DsseEnvelope envelope{.payload_type = "application/vnd.in-toto+json",
                        .payload = std::string(text),
                        .signatures = {}};
  if (text.empty() || !SignDsse(fuzz::SigningKey(), &envelope)) return 0;
  const auto fact = Bills().Verify("bills", WriteDsse(envelope), now);
  if (!fact.ok()) return 0;
  const Value& format = (*fact)->value.items()[0];
  if ((*fact)->subjects.empty() || (format.text() != "cyclonedx" && format.text() != "spdx")) {
    std::abort();
  }
  return 0;
}
