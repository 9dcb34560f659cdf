// See json_evidence.h.
#include "engine/facts/json_evidence.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/str.h"
#include "engine/facts/json_items.h"

namespace ztp {
namespace {

bool ReadMember(JsonReader& reader, const JsonNode& node, std::string_view name, bool required,
                std::string* text, const JsonPath& path) {
  const JsonNode* member = reader.tree().Find(node, name);
  if (member == nullptr) {
    if (required) {
      reader.Error(JsonErrorCode::kMissingMember, node, path, Cat("`", name, "` is missing"));
    }
    return !required;
  }
  if (!reader.Expect(*member, JsonKind::kString, "a string", JsonPath(&path, name))) return false;
  text->assign(member->text);
  return true;
}

bool KnowsMembers(JsonReader& reader, const JsonNode& node, const JsonPath& path,
                  const EvidenceForm& form) {
  const std::vector<std::string_view> known = {form.target, "kind", "source", "value"};
  bool ok = true;
  for (const JsonNode& child : reader.tree().Children(node)) {
    if (std::find(known.begin(), known.end(), child.key) != known.end()) continue;
    reader.Error(JsonErrorCode::kUnknownMember, child, JsonPath(&path, child.key),
                 Cat("evidence has no member `", JsonExcerpt(child.key), "`"),
                 DidYouMean(child.key, known));
    ok = false;
  }
  return ok;
}

bool ReadItem(JsonReader& reader, const JsonNode& node, const JsonPath& path,
              const EvidenceForm& form, std::vector<EvidenceItem>* items) {
  const std::string expected =
      Cat("evidence, that is {\"", form.target, "\": …, \"kind\": …, \"value\": …}");
  if (!reader.Expect(node, JsonKind::kObject, expected, path)) return false;
  if (!form.ignore_others && !KnowsMembers(reader, node, path, form)) return false;
  EvidenceItem item;
  if (!ReadMember(reader, node, form.target, true, &item.input, path) ||
      !ReadMember(reader, node, "source", false, &item.source, path) ||
      !ReadMember(reader, node, "kind", item.source.empty(), &item.kind, path) ||
      !ReadMember(reader, node, "value", true, &item.value, path)) {
    return false;
  }
  if (const JsonNode* critical = reader.tree().Find(node, "critical");
      critical != nullptr && form.takes_critical) {
    if (!reader.Expect(*critical, JsonKind::kBool, "true or false", JsonPath(&path, "critical"))) {
      return false;
    }
    item.critical = critical->boolean;
  }
  if (std::any_of(items->begin(), items->end(),
                  [&](const EvidenceItem& other) { return other.input == item.input; })) {
    reader.Error(JsonErrorCode::kDuplicateKey, node, path,
                 Cat(form.what, " `", JsonExcerpt(item.input), "` has evidence already"));
    return false;
  }
  items->push_back(std::move(item));
  return true;
}

}  // namespace

bool ReadEvidence(JsonReader& reader, const JsonNode& array, const JsonPath& path,
                  const EvidenceForm& form, bool accepted, std::vector<EvidenceItem>* items) {
  if (!reader.Expect(array, JsonKind::kArray, "an array of evidence", path)) return false;
  if (array.child_count == 0) return true;
  if (!accepted) {
    reader.Error(JsonErrorCode::kEvidenceGiven, array, path,
                 "nobody here verifies evidence, and evidence that is not verified is not taken",
                 std::string(form.unverified_help));
    return false;
  }
  if (array.child_count > kMaxEvidenceItems) {
    reader.Error(JsonErrorCode::kTooBig, array, path,
                 Cat("at most ", kMaxEvidenceItems, " pieces of evidence are read"));
    return false;
  }
  bool ok = true;
  size_t index = 0;
  for (const JsonNode& child : reader.tree().Children(array)) {
    ok = ReadItem(reader, child, JsonPath(&path, index++), form, items) && ok;
  }
  return ok;
}

}  // namespace ztp
