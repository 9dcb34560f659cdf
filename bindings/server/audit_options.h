// A log of decisions that a subcommand writes: what the user says of it, the same words for all.
//
// Boundary: options to an open log. Where a private key comes from (a file, a device) is the
// program's to say.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/audit/log.h"
#include "engine/evidence/document_signer.h"

namespace ztp::server {

struct AuditLogOptions {
  std::string folder;  // empty: no log
  std::string key;     // as the program's key loader takes it
  std::string origin;
  audit::WhenFull when_full = audit::WhenFull::kBlock;
  bool durable = true;
  std::string mask;
  std::string mask_key;
  bool with_request = false;

  bool operator==(const AuditLogOptions&) const = default;

  // What is wrong with them together, for people; empty: nothing.
  std::string Problem() const;
};

// The private key of that name.
using KeyLoader =
    std::function<absl::StatusOr<std::unique_ptr<evidence::DocumentSigner>>(const std::string&)>;

// --audit and all that begins so. The options, for whoever wants to add to them.
std::vector<CLI::Option*> AddAuditLogOptions(CLI::App& command, AuditLogOptions* options);

// Can a log be opened with these? Reads key and mask, and touches no folder. InvalidArgument, and
// the errors of reading.
absl::Status CheckAuditLog(const AuditLogOptions& options, const KeyLoader& load_key);
// The errors of CheckAuditLog and of AuditLog::Open.
absl::StatusOr<std::unique_ptr<audit::AuditLog>> OpenAuditLog(const AuditLogOptions& options,
                                                              const KeyLoader& load_key);

}  // namespace ztp::server
