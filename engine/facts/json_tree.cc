// The tree is built with simdjson's on-demand parser: it hands out a number's own digits (a Decimal
// is exact, an Int beyond 64 bits is told from a float) and the place of everything. What on-demand
// leaves unchecked is checked here: literals and numbers to the letter, depth, duplicate keys, lone
// surrogates.
#include "engine/facts/json_tree.h"

#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "absl/container/flat_hash_set.h"
#include "engine/base/str.h"
#include "engine/facts/json_items.h"

namespace ztp {
namespace {

namespace ondemand = simdjson::ondemand;

bool IsIdentifier(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string_view TrimRight(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\n' ||
                           text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

// Is `text` a number by JSON's grammar?
bool IsNumber(std::string_view text) {
  size_t i = 0;
  auto digits = [&] {
    const size_t begin = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i > begin;
  };
  if (i < text.size() && text[i] == '-') ++i;
  if (i < text.size() && text[i] == '0') {
    ++i;
  } else if (!digits()) {
    return false;
  }
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (!digits()) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (!digits()) return false;
  }
  return i == text.size();
}

}  // namespace

std::string JsonPath::ToString() const {
  std::string out = parent_ != nullptr ? parent_->ToString() : "$";
  if (index_ != kNoIndex) {
    Append(out, "[", index_, "]");
  } else if (parent_ != nullptr) {
    if (IsIdentifier(key_)) {
      Append(out, ".", key_);
    } else {
      out += "[\"";
      for (char c : key_) {
        if (c == '"' || c == '\\') out += '\\';
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
      }
      out += "\"]";
    }
  }
  return out;
}

const char* JsonKindName(JsonKind kind) {
  switch (kind) {
    case JsonKind::kNull:
      return "null";
    case JsonKind::kBool:
      return "a truth value";
    case JsonKind::kNumber:
      return "a number";
    case JsonKind::kString:
      return "a string";
    case JsonKind::kArray:
      return "an array";
    case JsonKind::kObject:
      return "an object";
  }
  return "?";
}

JsonPlace PlaceOf(std::string_view text, size_t offset) {
  text = text.substr(0, std::min(offset, text.size()));
  JsonPlace place;
  place.line += static_cast<uint32_t>(std::count(text.begin(), text.end(), '\n'));
  const size_t line_start = text.rfind('\n');
  place.column += static_cast<uint32_t>(
      line_start == std::string_view::npos ? text.size() : text.size() - line_start - 1);
  return place;
}

struct JsonTree::Impl {
  ondemand::parser parser;
  std::string padded;
  // Of the document being read.
  std::string_view text;
  std::vector<JsonNode>* nodes = nullptr;
  JsonError* error = nullptr;

  bool Fail(JsonErrorCode code, size_t offset, const JsonPath& path, std::string message,
            std::string help = "") {
    const JsonPlace place = PlaceOf(text, offset);
    *error = JsonError{.code = code,
                       .path = path.ToString(),
                       .line = place.line,
                       .column = place.column,
                       .message = std::move(message),
                       .help = std::move(help)};
    return false;
  }

  bool FailSyntax(simdjson::error_code code, size_t offset, const JsonPath& path) {
    switch (code) {
      case simdjson::STRING_ERROR:
        return Fail(JsonErrorCode::kSyntax, offset, path, "a string with a bad escape");
      case simdjson::UNCLOSED_STRING:
        return Fail(JsonErrorCode::kSyntax, offset, path, "a string is not closed");
      case simdjson::UNESCAPED_CHARS:
        return Fail(JsonErrorCode::kSyntax, offset, path,
                    "a control character in a string must be escaped");
      case simdjson::UTF8_ERROR:
        return Fail(JsonErrorCode::kNotUtf8, offset, path, "the text is not UTF-8");
      case simdjson::CAPACITY:
        return Fail(JsonErrorCode::kTooBig, offset, path, "the document is too big");
      case simdjson::EMPTY:
        return Fail(JsonErrorCode::kSyntax, offset, path, "expected a JSON value, found nothing");
      case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
        return Fail(JsonErrorCode::kSyntax, offset, path,
                    "the text ends inside an array or object");
      default:
        return Fail(JsonErrorCode::kSyntax, offset, path, "not valid JSON");
    }
  }

  size_t OffsetOf(const char* place) const {
    return place > padded.data() && place <= padded.data() + text.size()
               ? static_cast<size_t>(place - padded.data()) - 1  // the bracket put before it
               : text.size();
  }

  // Surrogates are checked in pairs by simdjson, but a low one alone comes through.
  bool CheckText(std::string_view content, size_t offset, const JsonPath& path) {
    if (simdjson::validate_utf8(content.data(), content.size())) return true;
    return Fail(JsonErrorCode::kSyntax, offset, path,
                "an escape in the string is half of a surrogate pair");
  }

  // Parses the token of a scalar into `node`. What is not a string is read from the token alone;
  // the array or object that holds it skips it.
  bool ReadScalar(std::string_view token, ondemand::value& value, JsonNode* node,
                  const JsonPath& path) {
    token = TrimRight(token);
    if (!token.empty() && token[0] == '"') {
      std::string_view content;
      if (auto code = value.get_string().get(content)) {
        return FailSyntax(code, node->offset, path);
      }
      node->kind = JsonKind::kString;
      node->text = content;
      return CheckText(content, node->offset, path);
    }
    if (token == "true" || token == "false") {
      node->kind = JsonKind::kBool;
      node->boolean = token == "true";
      return true;
    }
    if (token == "null") {
      node->kind = JsonKind::kNull;
      return true;
    }
    if (IsNumber(token)) {
      node->kind = JsonKind::kNumber;
      node->text = token;
      return true;
    }
    return Fail(JsonErrorCode::kSyntax, node->offset, path,
                Cat("expected a JSON value, found `", JsonExcerpt(token), "`"),
                token == "True" || token == "False" || token == "None"
                    ? "JSON writes `true`, `false`, `null`"
                    : "");
  }

  // Reads `value` and what it holds into node `index` and those appended. Depth is bounded by
  // ScanJson.
  bool Read(ondemand::value& value, uint32_t index, const JsonPath& path) {
    const std::string_view token = value.raw_json_token();
    (*nodes)[index].offset = static_cast<uint32_t>(OffsetOf(token.data()));
    if (token.starts_with('{')) return ReadObject(value, index, path);
    if (token.starts_with('[')) return ReadArray(value, index, path);
    JsonNode node = (*nodes)[index];
    const bool ok = ReadScalar(token, value, &node, path);
    (*nodes)[index] = node;
    return ok;
  }

  bool ReadObject(ondemand::value& value, uint32_t index, const JsonPath& path) {
    const size_t offset = (*nodes)[index].offset;
    (*nodes)[index].kind = JsonKind::kObject;
    ondemand::object object;
    if (auto code = value.get_object().get(object)) return FailSyntax(code, offset, path);
    uint32_t last = JsonNode::kEnd;
    for (auto result : object) {
      ondemand::field field;
      if (auto code = std::move(result).get(field)) {
        return FailSyntax(code, last == JsonNode::kEnd ? offset : (*nodes)[last].offset, path);
      }
      std::string_view key;
      if (auto code = field.unescaped_key().get(key)) return FailSyntax(code, offset, path);
      const uint32_t child = Append(index, &last);
      (*nodes)[child].key = key;
      const JsonPath child_path(&path, key);
      if (!CheckText(key, offset, path) || !Read(field.value(), child, child_path)) return false;
    }
    return CheckKeys(index, path);
  }

  bool ReadArray(ondemand::value& value, uint32_t index, const JsonPath& path) {
    const size_t offset = (*nodes)[index].offset;
    (*nodes)[index].kind = JsonKind::kArray;
    ondemand::array array;
    if (auto code = value.get_array().get(array)) return FailSyntax(code, offset, path);
    uint32_t last = JsonNode::kEnd;
    size_t position = 0;
    for (auto result : array) {
      ondemand::value element;
      if (auto code = std::move(result).get(element)) {
        return FailSyntax(code, last == JsonNode::kEnd ? offset : (*nodes)[last].offset, path);
      }
      const uint32_t child = Append(index, &last);
      const JsonPath child_path(&path, position++);
      if (!Read(element, child, child_path)) return false;
    }
    return true;
  }

  uint32_t Append(uint32_t parent, uint32_t* last) {
    const uint32_t child = static_cast<uint32_t>(nodes->size());
    nodes->emplace_back();
    if (*last == JsonNode::kEnd) {
      (*nodes)[parent].first_child = child;
    } else {
      (*nodes)[*last].next = child;
    }
    ++(*nodes)[parent].child_count;
    *last = child;
    return child;
  }

  bool CheckKeys(uint32_t index, const JsonPath& path) {
    const JsonNode& object = (*nodes)[index];
    if (object.child_count < 2) return true;
    constexpr uint32_t kFew = 12;
    absl::flat_hash_set<absl::string_view> seen;
    for (uint32_t i = object.first_child; i != JsonNode::kEnd; i = (*nodes)[i].next) {
      const std::string_view key = (*nodes)[i].key;
      bool duplicate = false;
      if (object.child_count <= kFew) {
        for (uint32_t j = object.first_child; j != i && !duplicate; j = (*nodes)[j].next) {
          duplicate = (*nodes)[j].key == key;
        }
      } else {
        duplicate = !seen.insert(ToAbsl(key)).second;
      }
      if (duplicate) {
        return Fail(JsonErrorCode::kDuplicateKey, (*nodes)[i].offset, JsonPath(&path, key),
                    Cat("the name `", JsonExcerpt(key), "` is given twice in one object"));
      }
    }
    return true;
  }
};

JsonTree::JsonTree() : impl_(std::make_unique<Impl>()) {}
JsonTree::~JsonTree() = default;

const JsonNode* JsonTree::Find(const JsonNode& node, std::string_view key) const {
  for (const JsonNode& child : Children(node)) {
    if (child.key == key) return &child;
  }
  return nullptr;
}

const JsonNode* JsonTree::At(const JsonNode& node, Names names) const {
  const JsonNode* at = &node;
  for (const std::string_view name : names) {
    at = at->kind == JsonKind::kObject ? Find(*at, name) : nullptr;
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string_view JsonTree::TextAt(const JsonNode& node, Names names) const {
  const JsonNode* at = At(node, names);
  return at != nullptr && at->kind == JsonKind::kString ? at->text : std::string_view();
}

bool JsonTree::IsTrueAt(const JsonNode& node, Names names) const {
  const JsonNode* at = At(node, names);
  return at != nullptr && at->kind == JsonKind::kBool && at->boolean;
}

bool JsonTree::Parse(std::string_view text, const JsonPath& root, JsonError* error) {
  Impl& impl = *impl_;
  impl.text = text;
  impl.nodes = &nodes_;
  impl.error = error;
  nodes_.clear();
  nodes_.emplace_back();
  const JsonScan scan = ScanJson(text, 0);
  if (!scan.ok) return impl.Fail(scan.code, scan.end, root, scan.message);
  if (size_t rest = SkipJsonSpace(text, scan.end); rest != text.size()) {
    return impl.Fail(
        JsonErrorCode::kSyntax, rest, root,
        Cat("expected the end of the document, found `", JsonExcerpt(text.substr(rest)), "`"));
  }
  // As an array of one, so that a scalar is read like everything else.
  impl.padded.clear();
  impl.padded.reserve(text.size() + 2 + simdjson::SIMDJSON_PADDING);
  impl.padded.append("[").append(text).append("]");
  ondemand::document document;
  if (auto code =
          impl.parser.iterate(impl.padded.data(), impl.padded.size(), impl.padded.capacity())
              .get(document)) {
    return impl.FailSyntax(code, 0, root);
  }
  ondemand::array array;
  if (auto code = document.get_array().get(array)) return impl.FailSyntax(code, 0, root);
  bool read = false;
  for (auto result : array) {
    ondemand::value value;
    if (auto code = std::move(result).get(value)) return impl.FailSyntax(code, 0, root);
    if (!impl.Read(value, 0, root)) return false;
    read = true;
  }
  return read || impl.FailSyntax(simdjson::EMPTY, 0, root);
}

std::string_view JsonTextOf(std::string_view document, const JsonNode& node) {
  return document.substr(node.offset, ScanJson(document, node.offset).end - node.offset);
}

}  // namespace ztp
