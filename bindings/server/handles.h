// Objects of the C interface with who frees them, and its errors as statuses.
//
// Boundary: ownership alone. The server is on ztp.h as any program is; ztp.hpp has the names of the
// engine's own classes, which the command that the server is part of has too.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "bindings/c/ztp.h"
#include "engine/base/status.h"

namespace ztp::server {

template <auto kFree>
struct HandleFree {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

using EngineHandle = std::unique_ptr<ztp_engine, HandleFree<&ztp_engine_free>>;
using EpochHandle = std::unique_ptr<ztp_epoch, HandleFree<&ztp_epoch_free>>;
using PolicyHandle = std::unique_ptr<ztp_policy, HandleFree<&ztp_policy_free>>;
using SessionHandle = std::unique_ptr<ztp_session, HandleFree<&ztp_session_free>>;
using SignersHandle = std::unique_ptr<ztp_signers, HandleFree<&ztp_signers_free>>;
using TrustHandle = std::unique_ptr<ztp_trust, HandleFree<&ztp_trust_free>>;

inline ztp_text ToText(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToView(ztp_text text) { return {text.data, text.size}; }

// Takes the error over. InvalidArgument, with its message; OK for none.
inline absl::Status ToStatus(ztp_error* error) {
  if (error == nullptr) return absl::OkStatus();
  const std::unique_ptr<ztp_error, HandleFree<&ztp_error_free>> owner(error);
  return InvalidArgument(ToView(ztp_error_message(error)));
}

}  // namespace ztp::server
