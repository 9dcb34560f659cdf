// See data_label.h.
#include "engine/evidence/data_label.h"

#include <algorithm>
#include <utility>

#include "engine/base/ascii.h"
#include "engine/base/str.h"
#include "engine/evidence/claims.h"
#include "engine/facts/json_items.h"
#include "engine/facts/json_tree.h"

namespace ztp::evidence {
namespace {

constexpr size_t kMaxNameBytes = 64;
constexpr size_t kMaxUnknownShown = 16;

Refusal Wrong(std::string_view where, std::string_view what) {
  return Refuse(Check::kMalformed, "in the table of labels, ", where, " ", what);
}

bool Fits(const std::optional<std::string>& wanted, std::string_view text) {
  return !wanted || EqualIgnoringCase(*wanted, text);
}

uint64_t AllOf(const std::vector<std::string>& names) {
  return names.size() == 64 ? ~uint64_t{0} : (uint64_t{1} << names.size()) - 1;
}

std::vector<std::string> Named(const std::vector<std::string>& names, uint64_t bits) {
  std::vector<std::string> named;
  for (size_t i = 0; i < names.size(); ++i) {
    if ((bits >> i & 1) != 0) named.push_back(names[i]);
  }
  return named;
}

bool IsKnownPlace(std::string_view from) {
  for (const std::string_view known :
       {"cyclonedx.classification", "cyclonedx.sensitiveData", "spdx.confidentialityLevel",
        "spdx.hasSensitivePersonalInformation", "spdx.useSensitivePersonalInformation",
        "croissant.license", "croissant.conditionsOfAccess",
        "croissant.personalSensitiveInformation", "openlineage.tag"}) {
    if (from == known) return true;
  }
  return false;
}

}  // namespace

struct LabelTable::Builder {
  const JsonTree& tree;
  LabelTable* table;

  Verified<std::vector<std::string>> Names(std::string_view name) const {
    const JsonNode* array = tree.Find(tree.root(), name);
    if (array == nullptr || array->kind != JsonKind::kArray ||
        array->child_count > kMaxLabelNames) {
      return Wrong(Cat("`", name, "`"), "is no array of at most 64 names");
    }
    std::vector<std::string> names;
    for (const JsonNode& node : tree.Children(*array)) {
      if (node.kind != JsonKind::kString || node.text.empty() || node.text.size() > kMaxNameBytes ||
          std::find(names.begin(), names.end(), node.text) != names.end()) {
        return Wrong(Cat("`", name, "`"), "has what is no name, or has one twice");
      }
      names.emplace_back(node.text);
    }
    return names;
  }

  Verified<std::optional<uint64_t>> Bits(const JsonNode& holder, std::string_view name,
                                         const std::vector<std::string>& names,
                                         std::string_view where) const {
    const JsonNode* array = tree.Find(holder, name);
    if (array == nullptr) return std::optional<uint64_t>();
    if (array->kind != JsonKind::kArray) return Wrong(where, Cat("has no array as `", name, "`"));
    uint64_t bits = 0;
    for (const JsonNode& node : tree.Children(*array)) {
      const auto found = node.kind == JsonKind::kString
                             ? std::find(names.begin(), names.end(), node.text)
                             : names.end();
      if (found == names.end()) {
        return Wrong(where, Cat("has a name in `", name, "` that the table does not declare"));
      }
      bits |= uint64_t{1} << (found - names.begin());
    }
    return std::optional<uint64_t>(bits);
  }

  Verified<Parts> ReadParts(const JsonNode& holder, std::string_view where) const {
    Parts parts;
    if (const JsonNode* level = tree.Find(holder, "level")) {
      const auto& levels = table->levels_;
      const auto found = level->kind == JsonKind::kString
                             ? std::find(levels.begin(), levels.end(), level->text)
                             : levels.end();
      if (found == levels.end()) {
        return Wrong(where, "has a `level` that the table does not declare");
      }
      parts.level = static_cast<size_t>(found - levels.begin());
    }
    ZTP_VERIFY_OR_RETURN(parts.tags, Bits(holder, "tags", table->tags_, where));
    ZTP_VERIFY_OR_RETURN(parts.regions, Bits(holder, "regions", table->regions_, where));
    return parts;
  }

  std::optional<Refusal> OnlyMembers(const JsonNode& holder,
                                     std::initializer_list<std::string_view> known,
                                     std::string_view where) const {
    for (const JsonNode& member : tree.Children(holder)) {
      if (std::find(known.begin(), known.end(), member.key) == known.end()) {
        return Wrong(where, Cat("has the unknown member ", Quoted(JsonExcerpt(member.key))));
      }
    }
    return std::nullopt;
  }

  Verified<std::optional<std::string>> Word(const JsonNode& rule, std::string_view name,
                                            std::string_view where) const {
    const JsonNode* node = tree.Find(rule, name);
    if (node == nullptr) return std::optional<std::string>();
    if (node->kind != JsonKind::kString || node->text.size() > kMaxClaimTextBytes) {
      return Wrong(where, Cat("has no text as `", name, "`, or one that is too long"));
    }
    return std::optional<std::string>(node->text);
  }

  Verified<Rule> ReadRule(const JsonNode& node, std::string_view where) const {
    if (node.kind != JsonKind::kObject) return Wrong(where, "is no object");
    if (auto refusal = OnlyMembers(
            node, {"from", "key", "says", "level", "tags", "regions", "ignore"}, where)) {
      return *std::move(refusal);
    }
    Rule rule;
    ZTP_VERIFY_OR_RETURN(const std::optional<std::string> from, Word(node, "from", where));
    if (!from || !IsKnownPlace(*from)) return Wrong(where, "does not say `from` which place it is");
    rule.from = *from;
    ZTP_VERIFY_OR_RETURN(rule.key, Word(node, "key", where));
    ZTP_VERIFY_OR_RETURN(rule.says, Word(node, "says", where));
    ZTP_VERIFY_OR_RETURN(rule.parts, ReadParts(node, where));
    if (const JsonNode* ignore = tree.Find(node, "ignore")) {
      if (ignore->kind != JsonKind::kBool) return Wrong(where, "has no boolean as `ignore`");
      rule.ignore = ignore->boolean;
    }
    const bool has_parts = rule.parts.level || rule.parts.tags || rule.parts.regions;
    if (has_parts == rule.ignore) {
      return Wrong(where, "must have a part of a label, or be ignored, and not both");
    }
    return rule;
  }

  std::optional<Refusal> ReadAll() {
    if (auto refusal = OnlyMembers(tree.root(), {"levels", "tags", "regions", "unstated", "rules"},
                                   "the object")) {
      return refusal;
    }
    ZTP_VERIFY_OR_RETURN(table->levels_, Names("levels"));
    ZTP_VERIFY_OR_RETURN(table->tags_, Names("tags"));
    ZTP_VERIFY_OR_RETURN(table->regions_, Names("regions"));
    if (table->levels_.empty()) return Wrong("`levels`", "is empty");
    if (const JsonNode* unstated = tree.Find(tree.root(), "unstated")) {
      if (unstated->kind != JsonKind::kObject) return Wrong("`unstated`", "is no object");
      if (auto refusal = OnlyMembers(*unstated, {"level", "tags", "regions"}, "`unstated`")) {
        return refusal;
      }
      ZTP_VERIFY_OR_RETURN(table->unstated_, ReadParts(*unstated, "`unstated`"));
    }
    const JsonNode* rules = tree.Find(tree.root(), "rules");
    if (rules == nullptr || rules->kind != JsonKind::kArray ||
        rules->child_count > kMaxLabelRules) {
      return Wrong("`rules`", "is no array, or too long");
    }
    for (const JsonNode& node : tree.Children(*rules)) {
      ZTP_VERIFY_OR_RETURN(Rule rule, ReadRule(node, Cat("rule ", table->rules_.size() + 1)));
      table->rules_.push_back(std::move(rule));
    }
    // A rule for one word is not hidden by one for all.
    std::stable_sort(table->rules_.begin(), table->rules_.end(), [](const Rule& a, const Rule& b) {
      const auto words = [](const Rule& rule) { return (rule.says ? 2 : 0) + (rule.key ? 1 : 0); };
      return words(a) > words(b);
    });
    return std::nullopt;
  }
};

Verified<LabelTable> LabelTable::Parse(std::string_view json) {
  if (json.size() > kMaxLabelTableBytes) {
    return Refuse(Check::kTooLarge, "a table of labels of ", json.size(), " bytes; at most ",
                  kMaxLabelTableBytes, " are read");
  }
  JsonTree tree;
  JsonError error;
  if (!tree.Parse(json, JsonPath(), &error)) {
    return Wrong(JsonExcerpt(error.path), error.message);
  }
  if (tree.root().kind != JsonKind::kObject) return Wrong("the whole", "is no object");
  LabelTable table;
  if (auto refusal = Builder{tree, &table}.ReadAll()) return *std::move(refusal);
  return table;
}

const LabelTable::Rule* LabelTable::RuleFor(const DataStatement& statement) const {
  for (const Rule& rule : rules_) {
    if (rule.from == statement.from && Fits(rule.key, statement.key) &&
        Fits(rule.says, statement.says)) {
      return &rule;
    }
  }
  return nullptr;
}

void LabelTable::Join(const Parts& other, Parts* parts) const {
  if (other.level) parts->level = std::max(parts->level.value_or(0), *other.level);
  if (other.tags) parts->tags = parts->tags.value_or(0) | *other.tags;
  if (other.regions) parts->regions = parts->regions.value_or(AllOf(regions_)) & *other.regions;
}

DataLabel LabelTable::LabelOf(const std::vector<DataStatement>& statements) const {
  const Parts top{.level = levels_.size() - 1, .tags = AllOf(tags_), .regions = 0};
  Parts parts;
  DataLabel label;
  for (const DataStatement& statement : statements) {
    const Rule* rule = RuleFor(statement);
    if (rule != nullptr) {
      if (!rule->ignore) Join(rule->parts, &parts);
      continue;
    }
    Join(top, &parts);
    if (label.unknown.size() < kMaxUnknownShown) {
      label.unknown.push_back(Cat(statement.from, " ", JsonExcerpt(statement.key),
                                  statement.key.empty() ? "" : "=", JsonExcerpt(statement.says)));
    }
  }
  if (!parts.level) parts.level = unstated_.level.value_or(*top.level);
  if (!parts.tags) parts.tags = unstated_.tags.value_or(*top.tags);
  if (!parts.regions) parts.regions = unstated_.regions.value_or(*top.regions);
  label.level = levels_[*parts.level];
  label.tags = Named(tags_, *parts.tags);
  label.regions = Named(regions_, *parts.regions);
  return label;
}

}  // namespace ztp::evidence
