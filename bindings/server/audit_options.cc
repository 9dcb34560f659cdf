// See audit_options.h.
#include "bindings/server/audit_options.h"

#include <map>
#include <utility>

#include "engine/base/status.h"
#include "engine/driver/files.h"

namespace ztp::server {
namespace {

// What a log is opened with, but for its folder.
struct Ready {
  audit::AuditOptions how;
  audit::LogSigner signer;
};

absl::StatusOr<Ready> ReadAll(const AuditLogOptions& options, const KeyLoader& load_key) {
  if (const std::string problem = options.Problem(); !problem.empty()) {
    return InvalidArgument(problem);
  }
  audit::AuditOptions how;
  how.when_full = options.when_full;
  how.durable = options.durable;
  if (!options.mask.empty()) {
    ZTP_ASSIGN_OR_RETURN(const std::string text,
                         driver::ReadFile(options.mask, audit::MaskPolicy::kMaxBytes));
    ZTP_ASSIGN_OR_RETURN(how.entry.mask, audit::MaskPolicy::FromJson(text));
  }
  if (!options.mask_key.empty()) {
    ZTP_ASSIGN_OR_RETURN(how.entry.key, driver::ReadFile(options.mask_key, 4096));
  }
  how.entry.with_request = options.with_request;
  ZTP_ASSIGN_OR_RETURN(std::unique_ptr<evidence::DocumentSigner> key, load_key(options.key));
  auto signer = audit::MakeLogSigner(options.origin, std::move(key));
  if (!signer.ok()) return InvalidArgument("--audit-key: ", signer.refusal().message);
  return Ready{std::move(how), *std::move(signer)};
}

}  // namespace

std::string AuditLogOptions::Problem() const {
  if (folder.empty()) {
    const bool any =
        !key.empty() || !origin.empty() || !mask.empty() || !mask_key.empty() || with_request;
    return any ? "--audit-… options are for --audit, which names the log's folder" : "";
  }
  if (key.empty()) return "--audit takes the key that the log signs with: --audit-key";
  if (origin.empty()) return "--audit takes the log's name: --audit-origin";
  return {};
}

std::vector<CLI::Option*> AddAuditLogOptions(CLI::App& command, AuditLogOptions* options) {
  static const std::map<std::string, bool> kModes = {{"durable", true}, {"written", false}};
  static const std::map<std::string, audit::WhenFull> kWhenFull = {
      {"block", audit::WhenFull::kBlock}, {"drop", audit::WhenFull::kDrop}};
  std::vector<CLI::Option*> added;
  const auto add = [&](const char* flag, std::string& value, const char* help) {
    added.push_back(command.add_option(flag, value, help));
  };
  add("--audit", options->folder, "log the decisions: the log's folder, made if need be");
  add("--audit-key", options->key, "the key that the log signs with");
  add("--audit-origin", options->origin, "the log's name: acme.example/audit");
  added.push_back(
      command
          .add_option("--audit-mode", options->durable,
                      "when an answer goes out: durable, once its entry is on disk; written, once "
                      "it is with the system, which outlives the process and not the machine")
          ->transform(CLI::CheckedTransformer(kModes))
          ->default_str("durable"));
  added.push_back(
      command
          .add_option(
              "--audit-when-full", options->when_full,
              "when the disk is full or too slow: block, no answer without its entry; drop, "
              "answers never wait for the log, which counts what it does not have")
          ->transform(CLI::CheckedTransformer(kWhenFull))
          ->default_str("block"));
  add("--audit-mask", options->mask, "what is not logged: a JSON file");
  add("--audit-mask-key", options->mask_key,
      "a file with the secret of digests, at least 16 bytes");
  added.push_back(command.add_flag("--audit-requests", options->with_request,
                                   "log the requests themselves, too: `ztp replay` needs them"));
  return added;
}

absl::Status CheckAuditLog(const AuditLogOptions& options, const KeyLoader& load_key) {
  ZTP_ASSIGN_OR_RETURN(const Ready ready, ReadAll(options, load_key));
  return audit::EntryWriter::Make(ready.how.entry).status();
}

absl::StatusOr<std::unique_ptr<audit::AuditLog>> OpenAuditLog(const AuditLogOptions& options,
                                                              const KeyLoader& load_key) {
  ZTP_ASSIGN_OR_RETURN(Ready ready, ReadAll(options, load_key));
  ZTP_ASSIGN_OR_RETURN(auto files, audit::OpenFolder(options.folder, audit::Access::kWrite));
  return audit::AuditLog::Open(std::move(files), std::move(ready.signer), std::move(ready.how));
}

}  // namespace ztp::server
