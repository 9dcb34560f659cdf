// See claims.h.
#include "engine/evidence/claims.h"

#include <algorithm>
#include <utility>

#include "engine/base/scalar_text.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

constexpr int64_t kLastSecond = 253'402'300'799;  // of the year 9999

Refusal WrongType(std::string_view name, std::string_view wanted, const JsonNode& node) {
  return Refuse(Check::kClaim, "the claim `", name, "` must be ", wanted, ", not ",
                JsonKindName(node.kind));
}

std::optional<Refusal> CheckText(std::string_view name, const JsonNode& node) {
  if (node.kind != JsonKind::kString) return WrongType(name, "a string", node);
  if (node.text.size() > kMaxClaimTextBytes) {
    return Refuse(Check::kClaim, "the claim `", name, "` has ", node.text.size(),
                  " bytes; at most ", kMaxClaimTextBytes, " are read");
  }
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> CheckClock(Time now) {
  constexpr Time kYear10000{253'402'300'800 * kMicrosPerSecond};
  if (now < Time{} || now >= kYear10000) {
    return Refuse(Check::kExpired, "the clock says ", FormatTime(now), "; no token is valid then");
  }
  return std::nullopt;
}

std::optional<Refusal> ParseClaims(std::string_view payload, JsonTree* tree) {
  JsonError error;
  if (!tree->Parse(payload, JsonPath(), &error)) {
    return Refuse(Check::kMalformed, "the claims of a token are no JSON at ",
                  JsonExcerpt(error.path), ": ", error.message);
  }
  if (tree->root().kind != JsonKind::kObject) {
    return Refuse(Check::kMalformed, "the claims of a token must be an object, not ",
                  JsonKindName(tree->root().kind));
  }
  return std::nullopt;
}

bool Claims::Has(std::string_view name) const {
  const JsonNode* node = tree_.Find(object_, name);
  return node != nullptr && node->kind != JsonKind::kNull;
}

Verified<std::optional<std::string>> Claims::Text(std::string_view name) const {
  const JsonNode* node = tree_.Find(object_, name);
  if (node == nullptr) return std::optional<std::string>();
  if (auto refusal = CheckText(name, *node)) return *std::move(refusal);
  return std::optional<std::string>(node->text);
}

Verified<std::optional<Time>> Claims::Date(std::string_view name) const {
  const JsonNode* node = tree_.Find(object_, name);
  if (node == nullptr) return std::optional<Time>();
  if (node->kind != JsonKind::kNumber) return WrongType(name, "a number of seconds", *node);
  // Whole seconds reach further than Decimal does.
  if (const auto seconds = ParseInt(node->text);
      seconds.ok() && *seconds >= 0 && *seconds <= kLastSecond) {
    return std::optional<Time>(Time{*seconds * kMicrosPerSecond});
  }
  constexpr int64_t kUnitsPerMicro = Decimal::kUnitsPerOne / kMicrosPerSecond;
  if (const auto decimal = ParseJsonDecimal(node->text); decimal.ok() && decimal->units >= 0) {
    return std::optional<Time>(Time{decimal->units / kUnitsPerMicro});
  }
  return Refuse(Check::kClaim, "the claim `", name,
                "` is no number of seconds since 1970 before the year 10000");
}

Verified<std::optional<std::vector<std::string>>> Claims::Texts(std::string_view name,
                                                                size_t max_count) const {
  const JsonNode* node = tree_.Find(object_, name);
  if (node == nullptr) return std::optional<std::vector<std::string>>();
  std::vector<std::string> texts;
  if (node->kind == JsonKind::kString) {
    if (auto refusal = CheckText(name, *node)) return *std::move(refusal);
    texts.emplace_back(node->text);
    return std::optional(std::move(texts));
  }
  if (node->kind != JsonKind::kArray) return WrongType(name, "a string or an array", *node);
  if (node->child_count > max_count) {
    return Refuse(Check::kClaim, "the claim `", name, "` has ", node->child_count,
                  " elements; at most ", max_count, " are read");
  }
  for (const JsonNode& child : tree_.Children(*node)) {
    if (auto refusal = CheckText(name, child)) return *std::move(refusal);
    if (std::find(texts.begin(), texts.end(), child.text) != texts.end()) {
      return Refuse(Check::kClaim, "the claim `", name, "` says something twice");
    }
    texts.emplace_back(child.text);
  }
  return std::optional(std::move(texts));
}

Verified<std::optional<Claims>> Claims::Object(std::string_view name) const {
  const JsonNode* node = tree_.Find(object_, name);
  if (node == nullptr) return std::optional<Claims>();
  if (node->kind != JsonKind::kObject) return WrongType(name, "an object", *node);
  return std::optional<Claims>(Claims(tree_, *node));
}

Verified<std::string> Claims::RequiredText(std::string_view name) const {
  ZTP_VERIFY_OR_RETURN(std::optional<std::string> text, Text(name));
  if (!text || text->empty()) {
    return Refuse(Check::kClaim, "the claim `", name, "` is required and is ",
                  text ? "empty" : "not there");
  }
  return *std::move(text);
}

Verified<Claims> Claims::RequiredObject(std::string_view name) const {
  ZTP_VERIFY_OR_RETURN(const std::optional<Claims> object, Object(name));
  if (!object) return Refuse(Check::kClaim, "the claim `", name, "` is required and is not there");
  return *object;
}

bool Claims::IsTrue(std::string_view name) const {
  const JsonNode* node = tree_.Find(object_, name);
  return node != nullptr && node->kind == JsonKind::kBool && node->boolean;
}

}  // namespace ztp::evidence
