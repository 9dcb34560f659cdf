// See obligation_header.h.
#include "bindings/server/obligation_header.h"

#include <algorithm>
#include <string_view>

namespace ztp::server {
namespace {

constexpr size_t kMaxIntegerDigits = 15;
constexpr size_t kMaxDecimalDigits = 12;
constexpr size_t kMaxFractionDigits = 3;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// A token, or a parameter's name, begins with a letter or *; names of the language with _ too.
void PutName(std::string_view name, bool small, std::string* out) {
  if (name.empty() || !IsLetter(name[0])) out->push_back('*');
  for (const char c : name) {
    const bool plain = IsLetter(c) || IsDigit(c) || c == '_' || c == '-' || c == '.';
    const bool lower = small && c >= 'A' && c <= 'Z';
    out->push_back(!plain ? '_' : lower ? static_cast<char>(c + ('a' - 'A')) : c);
  }
}

bool IsPlain(char c) { return c >= 0x20 && c <= 0x7e; }

void PutString(std::string_view text, std::string* out) {
  if (std::all_of(text.begin(), text.end(), IsPlain)) {
    out->push_back('"');
    for (const char c : text) {
      if (c == '"' || c == '\\') out->push_back('\\');
      out->push_back(c);
    }
    out->push_back('"');
    return;
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  *out += "%\"";
  for (const char c : text) {
    if (IsPlain(c) && c != '%' && c != '"') {
      out->push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out->push_back('%');
    out->push_back(kHex[byte >> 4]);
    out->push_back(kHex[byte & 15]);
  }
  out->push_back('"');
}

// Can a structured field hold the number as it is written?
bool IsFieldNumber(std::string_view digits) {
  if (digits.starts_with('-')) digits.remove_prefix(1);
  const size_t dot = std::min(digits.find('.'), digits.size());
  const std::string_view whole = digits.substr(0, dot);
  if (whole.empty() || !std::all_of(whole.begin(), whole.end(), IsDigit)) return false;
  if (dot == digits.size()) return whole.size() <= kMaxIntegerDigits;
  const std::string_view fraction = digits.substr(dot + 1);
  return whole.size() <= kMaxDecimalDigits && !fraction.empty() &&
         fraction.size() <= kMaxFractionDigits &&
         std::all_of(fraction.begin(), fraction.end(), IsDigit);
}

void PutItem(std::string_view text, const JsonNode& value, std::string* out) {
  switch (value.kind) {
    case JsonKind::kBool:
      *out += value.boolean ? "?1" : "?0";
      return;
    case JsonKind::kNumber:
      if (IsFieldNumber(value.text)) {
        *out += value.text;
        return;
      }
      [[fallthrough]];
    case JsonKind::kString:
      return PutString(value.text, out);
    case JsonKind::kNull:
    case JsonKind::kArray:
    case JsonKind::kObject:
      return PutString(JsonTextOf(text, value), out);
  }
}

}  // namespace

std::string ObligationHeader(std::string_view text, const JsonTree& tree,
                             const JsonNode& obligations) {
  std::string out;
  for (const JsonNode& each : tree.Children(obligations)) {
    const JsonNode* id = tree.Find(each, "id");
    if (id == nullptr) continue;
    if (!out.empty()) out += ", ";
    PutName(id->text, false, &out);
    const JsonNode* args = tree.Find(each, "args");
    if (args == nullptr || args->kind != JsonKind::kObject) continue;
    for (const JsonNode& arg : tree.Children(*args)) {
      out.push_back(';');
      PutName(arg.key, true, &out);
      out.push_back('=');
      PutItem(text, arg, &out);
    }
  }
  return out;
}

}  // namespace ztp::server
