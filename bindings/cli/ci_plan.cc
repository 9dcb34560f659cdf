// See ci_plan.h.
#include "bindings/cli/ci_plan.h"

#include <algorithm>
#include <initializer_list>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/core/glob.h"
#include "engine/facts/json_items.h"
#include "engine/facts/json_sink.h"
#include "engine/facts/json_tree.h"
#include "engine/lineage/graph.h"

namespace ztp::cli {
namespace {

constexpr std::string_view kVersion = "1";

std::string JsonOf(const lineage::Entity& entity) {
  std::string out;
  JsonSink sink(&out);
  sink.Put("{\"type\":");
  sink.PutText(entity.type);
  sink.Put(",\"id\":");
  sink.PutText(entity.id);
  sink.Put('}');
  sink.Flush();
  return out;
}

class PlanReader {
 public:
  PlanReader(std::string_view text, std::vector<JsonError>* errors)
      : text_(text), errors_(errors) {}

  void Read(Plan* plan) {
    JsonError error;
    const JsonPath root;
    if (!tree_.Parse(text_, root, &error)) {
      errors_->push_back(std::move(error));
      return;
    }
    const JsonNode& document = tree_.root();
    if (!IsObject(document, "a plan", root)) return;
    Known(document, root, {"ztp_ci", "principal", "artifacts", "context", "evidence"});
    const JsonNode* version = Required(document, "ztp_ci", root);
    if (version != nullptr && (version->kind != JsonKind::kNumber || version->text != kVersion)) {
      Error(JsonErrorCode::kBadText, *version, JsonPath(&root, "ztp_ci"),
            Cat("expected ", kVersion, ", the only form of plans that there is"));
    }
    if (const JsonNode* node = Required(document, "principal", root)) {
      plan->subject = Principal(*node, JsonPath(&root, "principal"));
    }
    plan->context = Object(document, "context", root);
    if (const JsonNode* list = Required(document, "artifacts", root)) {
      ReadArtifacts(*list, JsonPath(&root, "artifacts"), plan);
    }
    if (const JsonNode* list = tree_.Find(document, "evidence")) {
      ReadEvidence(*list, JsonPath(&root, "evidence"), plan);
    }
  }

 private:
  void ReadArtifacts(const JsonNode& list, const JsonPath& path, Plan* plan) {
    if (!IsArray(list, path)) return;
    if (list.child_count == 0 || list.child_count > kMaxPlannedArtifacts) {
      Error(JsonErrorCode::kWrongType, list, path,
            Cat("expected 1 to ", kMaxPlannedArtifacts, " of them"));
      return;
    }
    size_t i = 0;
    for (const JsonNode& node : tree_.Children(list)) {
      const JsonPath at(&path, i++);
      if (!IsObject(node, "what is asked about some artefacts", at)) continue;
      PlannedArtifacts& one = plan->artifacts.emplace_back();
      one.match = Text(node, "match", at, true);
      if (CheckGlob(one.match) != GlobError::kNone) {
        Error(JsonErrorCode::kBadText, *tree_.Find(node, "match"), JsonPath(&at, "match"),
              "this is no pattern");
      }
      one.ignored = IsTrue(node, "ignore", at);
      if (one.ignored) {
        Known(node, at, {"match", "ignore"});
        continue;
      }
      Known(node, at, {"match", "ignore", "type", "action", "parameters", "properties"});
      one.type = Text(node, "type", at, true);
      one.action = Text(node, "action", at, true);
      one.parameters = Object(node, "parameters", at);
      one.properties = Object(node, "properties", at);
    }
  }

  void ReadEvidence(const JsonNode& list, const JsonPath& path, Plan* plan) {
    if (!IsArray(list, path)) return;
    size_t i = 0;
    for (const JsonNode& node : tree_.Children(list)) {
      const JsonPath at(&path, i++);
      if (!IsObject(node, "a piece of evidence", at)) continue;
      Known(node, at, {"input", "kind", "source", "file"});
      plan->evidence.push_back({.input = Text(node, "input", at, true),
                                .kind = Text(node, "kind", at, false),
                                .source = Text(node, "source", at, false),
                                .file = Text(node, "file", at, true)});
      const SharedEvidence& one = plan->evidence.back();
      if (one.kind.empty() && one.source.empty()) {
        Error(JsonErrorCode::kMissingMember, node, at, "`kind` or `source` is missing");
      }
    }
  }

  std::string Principal(const JsonNode& node, const JsonPath& path) {
    if (node.kind == JsonKind::kObject) return std::string(JsonTextOf(text_, node));
    const auto entity = node.kind == JsonKind::kString ? lineage::ParseEntity(node.text)
                                                       : std::optional<lineage::Entity>();
    if (entity) return JsonOf(*entity);
    Error(JsonErrorCode::kBadText, node, path,
          "expected an entity, as {\"type\": \"Pipeline\", \"id\": \"release\"}");
    return {};
  }

  // A member that is an object, as it stands in the text; empty: it is not there.
  std::string Object(const JsonNode& object, std::string_view name, const JsonPath& path) {
    const JsonNode* node = tree_.Find(object, name);
    if (node == nullptr || !IsObject(*node, Cat("`", name, "`"), JsonPath(&path, name))) return {};
    return std::string(JsonTextOf(text_, *node));
  }

  std::string Text(const JsonNode& object, std::string_view name, const JsonPath& path,
                   bool required) {
    const JsonNode* node = required ? Required(object, name, path) : tree_.Find(object, name);
    if (node == nullptr) return {};
    if (node->kind == JsonKind::kString && !node->text.empty()) return std::string(node->text);
    Error(JsonErrorCode::kWrongType, *node, JsonPath(&path, name),
          Cat("expected a string that is not empty, found ", JsonKindName(node->kind)));
    return {};
  }

  bool IsTrue(const JsonNode& object, std::string_view name, const JsonPath& path) {
    const JsonNode* node = tree_.Find(object, name);
    if (node == nullptr) return false;
    if (node->kind == JsonKind::kBool) return node->boolean;
    Error(JsonErrorCode::kWrongType, *node, JsonPath(&path, name), "expected true or false");
    return false;
  }

  const JsonNode* Required(const JsonNode& object, std::string_view name, const JsonPath& path) {
    const JsonNode* node = tree_.Find(object, name);
    if (node == nullptr) {
      Error(JsonErrorCode::kMissingMember, object, path, Cat("`", name, "` is missing"));
    }
    return node;
  }

  bool IsObject(const JsonNode& node, std::string_view what, const JsonPath& path) {
    if (node.kind == JsonKind::kObject) return true;
    Error(JsonErrorCode::kWrongType, node, path,
          Cat(what, " must be an object, not ", JsonKindName(node.kind)));
    return false;
  }
  bool IsArray(const JsonNode& node, const JsonPath& path) {
    if (node.kind == JsonKind::kArray) return true;
    Error(JsonErrorCode::kWrongType, node, path,
          Cat("expected an array, found ", JsonKindName(node.kind)));
    return false;
  }

  void Known(const JsonNode& object, const JsonPath& path,
             std::initializer_list<std::string_view> names) {
    for (const JsonNode& member : tree_.Children(object)) {
      if (std::find(names.begin(), names.end(), member.key) != names.end()) continue;
      Error(JsonErrorCode::kUnknownMember, member, path,
            Cat("there is no member ", Quoted(JsonExcerpt(member.key)), " here"),
            DidYouMean(member.key, names));
    }
  }

  void Error(JsonErrorCode code, const JsonNode& at, const JsonPath& path, std::string message,
             std::string help = "") {
    if (errors_->size() >= kMaxJsonErrorsShown) return;
    const JsonPlace place = PlaceOf(text_, at.offset);
    errors_->push_back({.code = code,
                        .file = {},
                        .path = path.ToString(),
                        .line = place.line,
                        .column = place.column,
                        .message = std::move(message),
                        .help = std::move(help)});
  }

  std::string_view text_;
  std::vector<JsonError>* errors_;
  JsonTree tree_;
};

}  // namespace

bool ReadPlan(std::string_view text, Plan* plan, std::vector<JsonError>* errors) {
  PlanReader(text, errors).Read(plan);
  return errors->empty();
}

absl::StatusOr<Plan> PlanOf(const std::string& principal, const std::string& action,
                            const std::string& type) {
  const auto entity = lineage::ParseEntity(principal);
  if (!entity) {
    return InvalidArgument("--principal ", principal,
                           ": expected an entity, as Pipeline::\"release\"");
  }
  Plan plan;
  plan.subject = JsonOf(*entity);
  plan.artifacts.push_back({.match = "*", .type = type, .action = action});
  return plan;
}

}  // namespace ztp::cli
