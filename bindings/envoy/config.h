// What Envoy's configuration says to the filter: the JSON of `filter_config`.
//
// Boundary: settings as they were given, and whether they make sense. What they name (files) is
// opened by whoever uses it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bindings/server/audit_options.h"
#include "bindings/server/loaded_engine.h"
#include "bindings/server/settings.h"

namespace ztp::envoy {

// Names and meanings are those of `ztp serve`.
struct Config : server::WhatDecides {
  std::chrono::seconds watch{1};              // 0: files are not looked at
  server::Tell tell = server::Tell::kReason;  // to whom it denies
  std::optional<std::vector<std::string>>
      can;                    // obligations that the upstream carries out; none: all
  size_t max_body = 1 << 20;  // bytes that are kept where a route needs the body
  server::AuditLogOptions audit;
  std::chrono::seconds audit_timeout{10};  // so long an answer waits for its entry
};

// InvalidArgument: it is no such JSON; a member is not known, missing, or of a wrong type.
absl::StatusOr<Config> ParseConfig(std::string_view json);

}  // namespace ztp::envoy
