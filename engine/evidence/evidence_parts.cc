// See evidence_parts.h.
#include "engine/evidence/evidence_parts.h"

#include <algorithm>
#include <utility>

#include "engine/base/str.h"
#include "engine/evidence/base64.h"
#include "engine/evidence/device.h"
#include "engine/facts/json_items.h"

namespace ztp::evidence {
namespace {

template <typename... Pieces>
Refusal Malformed(const Pieces&... pieces) {
  return Refuse(Check::kMalformed, "not evidence of several pieces as JSON: ", pieces...);
}

// A number as it is written, without zeros before it; -1: it is none.
int NumberOf(std::string_view text, int highest) {
  for (int number = 0; number <= highest; ++number) {
    if (text == Cat(number)) return number;
  }
  return -1;
}

}  // namespace

std::optional<Refusal> EvidenceParts::Parse(std::string_view text,
                                            std::initializer_list<std::string_view> known) {
  if (text.size() > kMaxEvidencePartsBytes) {
    return Refuse(Check::kTooLarge, "evidence of ", text.size(), " bytes; at most ",
                  kMaxEvidencePartsBytes, " are read");
  }
  JsonError error;
  if (!tree_.Parse(text, JsonPath(), &error)) return Malformed(error.message);
  if (tree_.root().kind != JsonKind::kObject) return Malformed("it is no object");
  for (const JsonNode& member : tree_.Children(tree_.root())) {
    if (std::find(known.begin(), known.end(), member.key) == known.end()) {
      return Malformed("there is no member ", Quoted(JsonExcerpt(member.key)));
    }
  }
  return std::nullopt;
}

Verified<std::string_view> EvidenceParts::Text(std::string_view name) const {
  const JsonNode* node = tree_.Find(tree_.root(), name);
  if (node == nullptr) return Malformed("`", name, "` is missing");
  if (node->kind != JsonKind::kString) return Malformed("`", name, "` is no string");
  return node->text;
}

Verified<std::string> EvidenceParts::Bytes(std::string_view name) const {
  ZTP_VERIFY_OR_RETURN(const std::string_view text, Text(name));
  std::optional<std::string> bytes = DecodeBase64(text);
  if (!bytes) return Malformed("`", name, "` is no base64");
  return *std::move(bytes);
}

Verified<std::vector<Certificate>> EvidenceParts::Certificates(std::string_view name) const {
  ZTP_VERIFY_OR_RETURN(const std::string_view text, Text(name));
  return ReadPemCertificates(text);
}

Verified<std::map<int, std::string>> EvidenceParts::ByNumber(std::string_view name,
                                                             int highest) const {
  const JsonNode* node = tree_.Find(tree_.root(), name);
  if (node == nullptr) return Malformed("`", name, "` is missing");
  if (node->kind != JsonKind::kObject) return Malformed("`", name, "` is no object");
  std::map<int, std::string> all;
  for (const JsonNode& member : tree_.Children(*node)) {
    const int number = NumberOf(member.key, highest);
    std::optional<std::string> bytes =
        member.kind == JsonKind::kString ? FromHex(member.text) : std::nullopt;
    if (number < 0 || !bytes) {
      return Malformed("`", name, "` has a member that is no number up to ", highest,
                       " with hexadecimal digits");
    }
    all.emplace(number, *std::move(bytes));
  }
  return all;
}

}  // namespace ztp::evidence
