// Brackets and quotes are all that is looked at here: enough to find a document's end, to bound its
// nesting before anything recurses, and to tell a truncated file from a whole one.
#include "engine/facts/json_items.h"

#include <algorithm>
#include <cstring>

#include "engine/base/scalar_text.h"
#include "engine/base/str.h"
#include "engine/facts/json_tree.h"

namespace ztp {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

JsonScan ScanError(JsonErrorCode code, size_t offset, std::string message) {
  return JsonScan{.ok = false, .end = offset, .code = code, .message = std::move(message)};
}

// Behind the string that begins at `at`; npos: it is not closed.
size_t SkipString(std::string_view text, size_t at) {
  for (size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

}  // namespace

std::string JsonExcerpt(std::string_view text) {
  constexpr size_t kMost = 48;
  size_t end = std::min(text.size(), kMost);
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) {
    --end;
  }
  std::string out(text.substr(0, end));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  if (end < text.size()) out += "…";
  return out;
}

size_t SkipJsonSpace(std::string_view text, size_t at) {
  while (at < text.size() && IsSpace(text[at])) ++at;
  return at;
}

JsonScan ScanJson(std::string_view text, size_t begin) {
  size_t at = SkipJsonSpace(text, begin);
  if (at == text.size()) {
    return ScanError(JsonErrorCode::kSyntax, at, "expected a JSON value, found nothing");
  }
  static_assert(kMaxJsonDepth <= 64, "one bit a level");
  uint64_t is_object = 0;  // bit i: level i is an object
  int depth = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    switch (c) {
      case '{':
      case '[':
        if (depth == kMaxJsonDepth) {
          return ScanError(JsonErrorCode::kTooDeep, at,
                           Cat("arrays and objects are nested more than ", kMaxJsonDepth, " deep"));
        }
        is_object &= ~(uint64_t{1} << depth);
        if (c == '{') is_object |= uint64_t{1} << depth;
        ++depth;
        break;
      case '}':
      case ']': {
        if (depth == 0) {
          return ScanError(JsonErrorCode::kSyntax, at, Cat("`", c, "` closes nothing"));
        }
        --depth;
        const bool object = (is_object >> depth & 1) != 0;
        if (object != (c == '}')) {
          return ScanError(JsonErrorCode::kSyntax, at,
                           Cat("expected `", object ? '}' : ']', "`, found `", c, "`"));
        }
        if (depth == 0) return JsonScan{.ok = true, .end = at + 1, .message = {}};
        break;
      }
      case '"': {
        const size_t end = SkipString(text, at);
        if (end == std::string_view::npos) {
          return ScanError(JsonErrorCode::kSyntax, at, "a string is not closed");
        }
        at = end - 1;
        if (depth == 0) return JsonScan{.ok = true, .end = end, .message = {}};
        break;
      }
      default:
        if (depth == 0) {
          // A number or literal: to the next separator.
          size_t end = at;
          while (end < text.size() && !IsSpace(text[end]) && !std::strchr(",[]{}\":", text[end])) {
            ++end;
          }
          if (end == at) {
            return ScanError(JsonErrorCode::kSyntax, at,
                             Cat("expected a JSON value, found `", c, "`"));
          }
          return JsonScan{.ok = true, .end = end, .message = {}};
        }
        break;
    }
  }
  return ScanError(JsonErrorCode::kSyntax, text.size(), "the text ends inside an array or object");
}

JsonItems::JsonItems(std::string_view text, const JsonLimits& limits)
    : text_(text), limits_(limits) {
  if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;  // a byte order mark, as some editors write
  auto refuse = [&](JsonErrorCode code, size_t offset, std::string message) {
    const JsonPlace place = PlaceOf(text_, offset);
    whole_ = JsonError{.code = code,
                       .file = {},
                       .path = "$",
                       .line = place.line,
                       .column = place.column,
                       .message = std::move(message),
                       .help = {}};
  };
  if (text_.size() > limits_.max_file_bytes) {
    refuse(JsonErrorCode::kTooBig, 0,
           Cat("the file has ", text_.size(), " bytes; at most ", limits_.max_file_bytes,
               " are read"));
    return;
  }
  if (const void* nul = text_.empty() ? nullptr : std::memchr(text_.data(), 0, text_.size())) {
    refuse(JsonErrorCode::kNulByte,
           static_cast<size_t>(static_cast<const char*>(nul) - text_.data()),
           "the text holds a NUL byte");
    return;
  }
  if (const size_t bad = FindInvalidUtf8(text_); bad != std::string_view::npos) {
    refuse(JsonErrorCode::kNotUtf8, bad, "the text is not UTF-8");
    return;
  }
  at_ = SkipJsonSpace(text_, at_);
  if (at_ < text_.size() && text_[at_] == '[') {
    mode_ = Mode::kArray;
    ++at_;
    return;
  }
  // Lines, if the first line is a whole document, or if the next one begins another (then the first
  // is a broken line: no object has a brace right behind its opening line).
  const size_t line_end = std::min(text_.find('\n', at_), text_.size());
  const size_t second = SkipJsonSpace(text_, line_end);
  if (second == text_.size()) {
    mode_ = Mode::kLines;
    return;
  }
  const JsonScan first = ScanJson(text_.substr(0, line_end), at_);
  if (text_[second] == '{' || (first.ok && text_.substr(at_, 1) == "{")) mode_ = Mode::kLines;
}

bool JsonItems::Fail(Item* item, JsonErrorCode code, size_t offset, std::string message) {
  item->error = JsonError{.code = code,
                          .file = {},
                          .path = (item->alone ? JsonPath() : JsonPath(item->index)).ToString(),
                          .line = 0,
                          .column = 0,
                          .message = std::move(message),
                          .help = {}};
  PlaceAt(offset, &item->error->line, &item->error->column);
  item->text = {};
  return true;
}

void JsonItems::PlaceAt(size_t offset, uint32_t* line, uint32_t* column) {
  for (size_t i = counted_; i < offset; ++i) {
    if (text_[i] != '\n') continue;
    ++line_;
    line_start_ = i + 1;
  }
  counted_ = std::max(counted_, offset);
  *line = line_;
  *column = static_cast<uint32_t>(offset - line_start_ + 1);
}

bool JsonItems::Finish(Item* item, size_t begin, size_t end) {
  PlaceAt(begin, &item->line, &item->column);
  item->alone =
      mode_ != Mode::kArray && item->index == 0 && SkipJsonSpace(text_, end) == text_.size();
  if (end - begin > limits_.max_document_bytes) {
    return Fail(item, JsonErrorCode::kTooBig, begin,
                Cat("one document has ", end - begin, " bytes; at most ",
                    limits_.max_document_bytes, " are read"));
  }
  item->text = text_.substr(begin, end - begin);
  return true;
}

bool JsonItems::Next(Item* item) {
  *item = Item{};
  if (done_) return false;
  if (whole_) {
    done_ = true;
    item->error = std::move(whole_);
    return true;
  }
  item->index = index_++;
  switch (mode_) {
    case Mode::kArray:
      return NextInArray(item);
    case Mode::kLines:
      return NextLine(item);
    case Mode::kValues:
      return NextValue(item);
  }
  return false;
}

bool JsonItems::NextInArray(Item* item) {
  auto fail = [&](JsonErrorCode code, size_t offset, std::string message) {
    done_ = true;
    return Fail(item, code, offset, std::move(message));
  };
  // Behind the array's last element only space may follow.
  auto close = [&](size_t at) {
    done_ = true;
    const size_t rest = SkipJsonSpace(text_, at + 1);
    if (rest == text_.size()) return false;
    return Fail(item, JsonErrorCode::kSyntax, rest,
                Cat("expected the end of the file behind the array, found `",
                    JsonExcerpt(text_.substr(rest)), "`"));
  };
  const bool first = item->index == 0;
  size_t at = SkipJsonSpace(text_, at_);
  if (!first && at < text_.size()) {
    if (text_[at] == ']') return close(at);
    if (text_[at] != ',') {
      return fail(JsonErrorCode::kSyntax, at,
                  Cat("expected `,` or `]`, found `", JsonExcerpt(text_.substr(at, 1)), "`"));
    }
    at = SkipJsonSpace(text_, at + 1);
    if (at < text_.size() && text_[at] == ']') {
      return fail(JsonErrorCode::kSyntax, at, "expected another element behind the last `,`");
    }
  }
  if (at == text_.size()) {
    return fail(JsonErrorCode::kSyntax, at, "the text ends inside the array");
  }
  if (first && text_[at] == ']') return close(at);
  JsonScan scan = ScanJson(text_, at);
  if (!scan.ok) return fail(scan.code, scan.end, std::move(scan.message));
  at_ = scan.end;
  return Finish(item, at, scan.end);
}

bool JsonItems::NextLine(Item* item) {
  const size_t at = SkipJsonSpace(text_, at_);
  if (at == text_.size()) {
    done_ = true;
    return false;
  }
  const size_t end = std::min(text_.find('\n', at), text_.size());
  at_ = end;
  return Finish(item, at, end);
}

bool JsonItems::NextValue(Item* item) {
  const size_t at = SkipJsonSpace(text_, at_);
  if (at == text_.size()) {
    done_ = true;
    return false;
  }
  JsonScan scan = ScanJson(text_, at);
  if (!scan.ok) {
    done_ = true;
    return Fail(item, scan.code, scan.end, std::move(scan.message));
  }
  at_ = scan.end;
  return Finish(item, at, scan.end);
}

}  // namespace ztp
