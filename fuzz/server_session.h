// A session of the C interface, as the server has one, for targets of what the server does with
// requests.
#pragma once

#include <string_view>

#include "bindings/server/handles.h"

namespace ztp::fuzz {

// Of an engine that decides by the bundle, without facts.
inline server::SessionHandle NewSession(std::string_view bundle) {
  ztp_policy* policy = nullptr;
  ztp_engine* engine = nullptr;
  ztp_session* session = nullptr;
  if (ztp_policy_read(bundle.data(), bundle.size(), &policy) != nullptr) __builtin_trap();
  const server::PolicyHandle policy_owner(policy);
  if (ztp_engine_new(policy, nullptr, nullptr, &engine) != nullptr) __builtin_trap();
  const server::EngineHandle engine_owner(engine);  // the session holds what it needs
  if (ztp_session_new(engine, &session) != nullptr) __builtin_trap();
  return server::SessionHandle(session);
}

}  // namespace ztp::fuzz
