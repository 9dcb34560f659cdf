// Any bytes are a manifest or are refused; and of what a manifest says, the trust configuration's
// piece is JSON again.
#include "engine/rim/rim.h"

#include "engine/facts/json_tree.h"
#include "fuzz/attestation.h"

namespace {

using namespace ztp;            // NOLINT
using namespace ztp::evidence;  // NOLINT

const std::vector<Certificate>& Anchors() {
  static const std::vector<Certificate> anchors = {Issue(SignerSpec("root"), nullptr).certificate};
  return anchors;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // Nobody but this program has the root's key.
  Must(!rim::VerifyRim(text, Anchors(), {.now = kNow}).ok());
  const auto rim = rim::ReadRim(text);
  if (!rim.ok()) return 0;
  Must(!rim->reference.measurements.empty());
  for (const auto& [index, digests] : rim->reference.measurements) {
    Must(index >= 0 && index <= 254 && !digests.empty());
    for (const std::string& digest : digests) Must(digest.size() == 48);
  }
  const auto json = rim::ReferencesAsJson({&*rim, 1});
  JsonTree tree;
  JsonError error;
  Must(json.ok() && tree.Parse(*json, JsonPath(), &error));
  return 0;
}
