// Who is told of what a server decides: what counts.
#pragma once

#include <cstdint>
#include <string_view>

#include "bindings/c/ztp.h"

namespace ztp::server {

// Told of everything that was decided, on the thread that did, before the answer is sent.
class DecisionObserver {
 public:
  virtual ~DecisionObserver() = default;
  // `decision` is valid during the call. `nanoseconds`: from the request's text to the decision.
  virtual void Decided(const ztp_decision& decision, uint64_t nanoseconds) = 0;
  // A request that could not be read, and was denied therefore.
  virtual void Unread() = 0;
  // The shadow has decided, too: "allow", "deny" or "unreadable", as what was answered.
  virtual void Compared(std::string_view /*answered*/, std::string_view /*shadow*/,
                        bool /*differs*/) {}
};

}  // namespace ztp::server
