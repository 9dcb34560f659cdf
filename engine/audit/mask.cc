// See mask.h.
#include "engine/audit/mask.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/facts/json_tree.h"

namespace ztp::audit {
namespace {

// The names of a JSON pointer, unescaped; nothing: it is none.
std::optional<std::vector<std::string>> ReadPointer(std::string_view pointer) {
  std::vector<std::string> path;
  if (!pointer.starts_with('/')) return std::nullopt;
  for (size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] == '/') {
      path.emplace_back();
    } else if (pointer[i] != '~') {
      path.back() += pointer[i];
    } else if (i + 1 < pointer.size() && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
      path.back() += pointer[++i] == '0' ? '~' : '/';
    } else {
      return std::nullopt;
    }
  }
  return path;
}

// May an entry be without it? What it is about, when, and what was decided stay.
bool MayBeMasked(const std::vector<std::string>& path) {
  if (path[0] == "request") return path.size() > 1;
  if (path[0] == "answer") return path.size() > 2 && path[1] == "context";
  return (path[0] == "asked_by" || path[0] == "request_id") && path.size() == 1;
}

}  // namespace

absl::StatusOr<MaskPolicy> MaskPolicy::FromJson(std::string_view text) {
  if (text.size() > kMaxBytes)
    return ResourceExhausted("a mask of more than ", kMaxBytes, " bytes");
  JsonTree tree;
  JsonError error;
  if (!tree.Parse(text, JsonPath(), &error)) {
    return InvalidArgument("a mask: ", FormatJsonError(error));
  }
  const auto wrong = [](size_t rule, std::string_view what) {
    return InvalidArgument("a mask: $.rules[", rule, "]: ", what);
  };
  const JsonNode* rules =
      tree.root().kind == JsonKind::kObject ? tree.Find(tree.root(), "rules") : nullptr;
  if (rules == nullptr || rules->kind != JsonKind::kArray || tree.root().child_count != 1) {
    return InvalidArgument("a mask is an object whose one member is an array of `rules`");
  }
  if (rules->child_count > kMaxRules)
    return InvalidArgument("a mask of more than ", kMaxRules, " rules");
  MaskPolicy policy;
  for (const JsonNode& node : tree.Children(*rules)) {
    const size_t number = policy.rules_.size();
    if (node.kind != JsonKind::kObject) return wrong(number, "a rule is an object");
    Rule rule;
    bool has_action = false;
    for (const JsonNode& member : tree.Children(node)) {
      const bool text_value = member.kind == JsonKind::kString;
      if (member.key == "path" && text_value) {
        auto path = ReadPointer(member.text);
        if (!path) return wrong(number, "`path` is a JSON pointer");
        if (!MayBeMasked(*path)) {
          return wrong(number,
                       "`path` leads below /request or /answer/context, or to /asked_by or "
                       "/request_id: an entry has the rest");
        }
        rule.path = *std::move(path);
      } else if (member.key == "do" && text_value &&
                 (member.text == "erase" || member.text == "digest")) {
        rule.does = member.text == "erase" ? MaskAction::kErase : MaskAction::kDigest;
        has_action = true;
      } else if (member.key == "actions" && member.kind == JsonKind::kArray &&
                 member.child_count > 0) {
        for (const JsonNode& action : tree.Children(member)) {
          if (action.kind != JsonKind::kString) return wrong(number, "an action is a text");
          rule.actions.emplace_back(action.text);
        }
      } else {
        // A misspelt member would leave something unmasked.
        return wrong(number, Cat("a rule has a `path`, `do` with `erase` or `digest`, and perhaps "
                                 "`actions`; not this ",
                                 Quoted(member.key)));
      }
    }
    if (rule.path.empty() || !has_action) return wrong(number, "a rule has a `path` and `do`");
    policy.rules_.push_back(std::move(rule));
  }
  return policy;
}

MaskAction MaskPolicy::Of(const std::vector<std::string_view>& path,
                          std::string_view action) const {
  MaskAction strongest = MaskAction::kKeep;
  for (const Rule& rule : rules_) {
    if (rule.path.size() != path.size() || rule.does <= strongest) continue;
    if (!rule.actions.empty() &&
        std::find(rule.actions.begin(), rule.actions.end(), action) == rule.actions.end()) {
      continue;
    }
    if (std::equal(rule.path.begin(), rule.path.end(), path.begin(),
                   [](const std::string& name, std::string_view part) {
                     return name == "*" || name == part;
                   })) {
      strongest = rule.does;
    }
  }
  return strongest;
}

bool MaskPolicy::NeedsKey() const {
  return std::any_of(rules_.begin(), rules_.end(),
                     [](const Rule& rule) { return rule.does == MaskAction::kDigest; });
}

std::string PointerOf(const std::vector<std::string_view>& path) {
  std::string pointer;
  for (const std::string_view name : path) {
    pointer += '/';
    for (const char c : name) {
      if (c == '~') {
        pointer += "~0";
      } else if (c == '/') {
        pointer += "~1";
      } else {
        pointer += c;
      }
    }
  }
  return pointer;
}

}  // namespace ztp::audit
