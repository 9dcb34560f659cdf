// See config.h.
#include "bindings/envoy/config.h"

#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/facts/json_tree.h"

namespace ztp::envoy {
namespace {

constexpr int64_t kMaxWatchSeconds = 24 * 60 * 60;
constexpr int64_t kMaxMaxBody = 64 << 20;
constexpr int64_t kMaxAuditSeconds = 60 * 60;

absl::Status Wrong(const JsonNode& node, std::string_view expected) {
  return InvalidArgument("`", node.key, "` must be ", expected, ", not ", JsonKindName(node.kind));
}

absl::Status ReadString(const JsonNode& node, std::string& out) {
  if (node.kind != JsonKind::kString) return Wrong(node, "a string");
  out = node.text;
  return absl::OkStatus();
}

absl::Status ReadStrings(const JsonTree& tree, const JsonNode& node,
                         std::vector<std::string>& out) {
  if (node.kind != JsonKind::kArray) return Wrong(node, "an array of strings");
  for (const JsonNode& item : tree.Children(node)) {
    if (item.kind != JsonKind::kString) return Wrong(node, "an array of strings");
    out.emplace_back(item.text);
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> ReadNumber(const JsonNode& node, int64_t least, int64_t most) {
  if (node.kind == JsonKind::kNumber) {
    const absl::StatusOr<int64_t> number = ParseInt(node.text);
    if (number.ok() && *number >= least && *number <= most) return *number;
  }
  return InvalidArgument("`", node.key, "` must be a whole number from ", least, " to ", most);
}

using server::Tell;

absl::Status ReadTell(const JsonNode& node, Tell& out) {
  if (node.kind == JsonKind::kString) {
    if (node.text == "decision") return out = Tell::kDecision, absl::OkStatus();
    if (node.text == "reason") return out = Tell::kReason, absl::OkStatus();
    if (node.text == "all") return out = Tell::kAll, absl::OkStatus();
  }
  return InvalidArgument("`tell` must be decision, reason or all");
}

// One of two words.
absl::StatusOr<bool> IsFirst(const JsonNode& node, std::string_view first, std::string_view other) {
  if (node.kind == JsonKind::kString) {
    if (node.text == first) return true;
    if (node.text == other) return false;
  }
  return InvalidArgument("`", node.key, "` must be ", first, " or ", other);
}

// Those of `ztp serve --audit`, and how long an answer waits.
absl::Status ReadAuditMember(const JsonNode& node, Config& config) {
  server::AuditLogOptions& audit = config.audit;
  if (node.key == "audit") {
    ZTP_RETURN_IF_ERROR(ReadString(node, audit.folder));
    if (audit.folder.empty()) return InvalidArgument("`audit` must name a folder");
    return absl::OkStatus();
  }
  if (node.key == "audit-key") return ReadString(node, audit.key);
  if (node.key == "audit-origin") return ReadString(node, audit.origin);
  if (node.key == "audit-mask") return ReadString(node, audit.mask);
  if (node.key == "audit-mask-key") return ReadString(node, audit.mask_key);
  if (node.key == "audit-mode") {
    ZTP_ASSIGN_OR_RETURN(audit.durable, IsFirst(node, "durable", "written"));
    return absl::OkStatus();
  }
  if (node.key == "audit-when-full") {
    ZTP_ASSIGN_OR_RETURN(const bool blocks, IsFirst(node, "block", "drop"));
    audit.when_full = blocks ? audit::WhenFull::kBlock : audit::WhenFull::kDrop;
    return absl::OkStatus();
  }
  if (node.key == "audit-requests") {
    if (node.kind != JsonKind::kBool) return Wrong(node, "true or false");
    audit.with_request = node.boolean;
    return absl::OkStatus();
  }
  if (node.key == "audit-timeout") {
    ZTP_ASSIGN_OR_RETURN(const int64_t number, ReadNumber(node, 1, kMaxAuditSeconds));
    config.audit_timeout = std::chrono::seconds(number);
    return absl::OkStatus();
  }
  // One that is written wrong must not be one that is left out.
  return InvalidArgument("there is no setting `", node.key, "`");
}

// Names as they are here: what the options say of themselves is about a command line.
absl::Status CheckAudit(const server::AuditLogOptions& audit) {
  if (audit.folder.empty()) {
    return audit.Problem().empty()
               ? absl::OkStatus()
               : InvalidArgument("`audit-…` is for `audit`, which names the log's folder");
  }
  if (audit.key.empty())
    return InvalidArgument("`audit` needs `audit-key`, which the log signs with");
  if (audit.origin.empty()) return InvalidArgument("`audit` needs `audit-origin`, the log's name");
  return absl::OkStatus();
}

absl::Status ReadMember(const JsonTree& tree, const JsonNode& node, Config& config) {
  if (node.key == "policy") return ReadString(node, config.policy);
  if (node.key == "facts") return ReadStrings(tree, node, config.facts);
  if (node.key == "trust") return ReadString(node, config.trust);
  if (node.key == "signed-by") return ReadStrings(tree, node, config.signed_by);
  if (node.key == "state") return ReadString(node, config.state);
  if (node.key == "epoch") return ReadString(node, config.epoch);
  if (node.key == "tell") return ReadTell(node, config.tell);
  if (node.key == "can") return ReadStrings(tree, node, config.can.emplace());
  if (node.key == "threshold") {
    ZTP_ASSIGN_OR_RETURN(const int64_t number, ReadNumber(node, 1, 64));
    config.threshold = static_cast<uint32_t>(number);
    return absl::OkStatus();
  }
  if (node.key == "watch") {
    ZTP_ASSIGN_OR_RETURN(const int64_t number, ReadNumber(node, 0, kMaxWatchSeconds));
    config.watch = std::chrono::seconds(number);
    return absl::OkStatus();
  }
  if (node.key == "max-body") {
    ZTP_ASSIGN_OR_RETURN(const int64_t number, ReadNumber(node, 0, kMaxMaxBody));
    config.max_body = static_cast<size_t>(number);
    return absl::OkStatus();
  }
  return ReadAuditMember(node, config);
}

}  // namespace

absl::StatusOr<Config> ParseConfig(std::string_view json) {
  JsonTree tree;
  JsonError error;
  if (!tree.Parse(json, JsonPath(), &error)) return InvalidArgument(error.message);
  if (tree.root().kind != JsonKind::kObject) return InvalidArgument("it must be a JSON object");
  Config config;
  for (const JsonNode& node : tree.Children(tree.root())) {
    ZTP_RETURN_IF_ERROR(ReadMember(tree, node, config));
  }
  if (config.policy.empty()) return InvalidArgument("`policy` is missing: a bundle of `ztp build`");
  if (config.threshold > 1 && config.signed_by.empty()) {
    return InvalidArgument("`threshold` needs `signed-by`");
  }
  ZTP_RETURN_IF_ERROR(CheckAudit(config.audit));
  return config;
}

}  // namespace ztp::envoy
