// See config.h.
#include "bindings/envoy/config.h"

#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/facts/json_tree.h"

namespace ztp::envoy {
namespace {

constexpr int64_t kMaxWatchSeconds = 24 * 60 * 60;
constexpr int64_t kMaxMaxBody = 64 << 20;

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
  // One that is written wrong must not be one that is left out.
  return InvalidArgument("there is no setting `", node.key, "`");
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
  return config;
}

}  // namespace ztp::envoy
