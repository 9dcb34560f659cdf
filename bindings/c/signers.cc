// Whose signatures over policies and facts count.
#include <string>
#include <utility>

#include "bindings/c/error.h"
#include "bindings/c/objects.h"
#include "engine/evidence/signature_key.h"

using ztp::c::FromStatus;
using ztp::c::Guarded;
using ztp::c::NewHandle;
using ztp::c::View;

extern "C" {

ztp_error* ztp_signers_new(ztp_text keys, uint32_t threshold, ztp_text state,
                           ztp_signers** signers) {
  ZTP_CHECK_OUT(signers);
  *signers = nullptr;
  ZTP_CHECK_TEXT(keys);
  ZTP_CHECK_TEXT(state);
  return Guarded(__func__, [&]() -> ztp_error* {
    auto read = ztp::evidence::ReadSignatureKeys(View(keys));
    if (!read.ok()) return ztp::c::FromRefusal(read.refusal());
    ztp::SignedFilesOptions options;
    options.keys = *std::move(read);
    options.threshold = threshold;
    options.state_path = View(state);
    auto files = ztp::SignedFiles::Make(std::move(options));
    if (!files.ok()) return FromStatus(files.status(), ZTP_BAD_TRUST);
    *signers = NewHandle<ztp_signers>(*std::move(files));
    return nullptr;
  });
}

void ztp_signers_free(ztp_signers* signers) { ztp::c::FreeHandle(signers); }

}  // extern "C"
