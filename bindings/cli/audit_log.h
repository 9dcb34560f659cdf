// A log that a subcommand writes: what the user says of it.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/audit/log.h"

namespace ztp::cli {

struct AuditLogOptions {
  std::string folder;  // empty: no log
  std::string key;     // as kKeyHelp says
  std::string origin;
  std::string mask;
  std::string mask_key;
  bool with_request = false;
};

void AddAuditLogOptions(CLI::App& command, AuditLogOptions* options);
absl::StatusOr<std::unique_ptr<audit::AuditLog>> OpenAuditLog(const AuditLogOptions& options);

}  // namespace ztp::cli
