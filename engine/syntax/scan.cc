// See scan.h.
#include "engine/syntax/scan.h"

#include <cstdint>
#include <string>

#include "engine/base/limits.h"
#include "engine/base/str.h"

namespace ztp::syntax {
namespace {

// A file of a broken kind repeats its faults; a few say it all.
constexpr int kMaxReportsPerKind = 5;

bool IsWordByte(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

class Scanner {
 public:
  Scanner(std::string_view text, FileId file, DiagnosticSink& sink)
      : text_(text), file_(file), sink_(sink) {}

  bool Characters() {
    bool ok = true;
    int bad_bytes = 0;
    int controls = 0;
    for (size_t i = ByteOrderMark(text_); i < text_.size();) {
      const auto c = static_cast<unsigned char>(text_[i]);
      if (c < 0x80) {
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) {
          ok = false;
          if (++controls <= kMaxReportsPerKind) {
            Report(DiagKind::kControlCharacter, i, 1,
                   c == 0 ? std::string("a NUL byte stands in the text")
                          : Cat("the control character ", Hex(c), " stands in the text"),
                   "write it in a string as \\u{…}, or remove it");
          }
        }
        ++i;
        continue;
      }
      const size_t length = CodePointLength(text_, i);
      if (length == 1) {
        ok = false;
        if (++bad_bytes <= kMaxReportsPerKind) {
          Report(DiagKind::kNotUtf8, i, 1, Cat("the byte ", Hex(c), " is not valid UTF-8 here"),
                 "save the file as UTF-8");
        }
      } else if (ChangesDirection(i, length)) {
        ok = false;
        if (++controls <= kMaxReportsPerKind) {
          Report(DiagKind::kControlCharacter, i, length,
                 "an invisible character that changes the direction of the text stands here",
                 "it can make a policy look other than it is; write it in a string as \\u{…}");
        }
      }
      i += length;
    }
    return ok;
  }

  bool Structure() {
    size_t tokens = 0;
    int depth = 0;
    for (size_t i = ByteOrderMark(text_); i < text_.size();) {
      const auto c = static_cast<unsigned char>(text_[i]);
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        ++i;
        continue;
      }
      ++tokens;
      if (tokens > kMaxSourceFileTokens) {
        Report(DiagKind::kFileTooLarge, i, 1,
               Cat("the file has more than ", kMaxSourceFileTokens, " words and signs"),
               "split it into several files");
        return false;
      }
      if (text_.substr(i, 2) == "//") {
        while (i < text_.size() && text_[i] != '\n') ++i;
      } else if (text_.substr(i, 2) == "/*") {
        const size_t end = text_.find("*/", i + 2);
        i = end == std::string_view::npos ? i + 2 : end + 2;
      } else if (c == '"' || c == '\'') {
        const size_t begin = i;
        i = StringEnd(i);
        if (i - begin > kMaxStringLiteralBytes + 2) {
          Report(DiagKind::kStringTooLong, begin, 1,
                 Cat("a string has ", i - begin, " bytes; the limit is ", kMaxStringLiteralBytes),
                 "");
          return false;
        }
      } else if (IsWordByte(c)) {
        const size_t begin = i;
        while (i < text_.size() && IsWordByte(static_cast<unsigned char>(text_[i]))) ++i;
        if (i - begin > kMaxIdentifierBytes) {
          Report(DiagKind::kNameTooLong, begin, i - begin,
                 Cat("a name has ", i - begin, " bytes; the limit is ", kMaxIdentifierBytes), "");
          return false;
        }
      } else {
        if (c == '(' || c == '[' || c == '{') {
          if (++depth > kMaxNestingDepth) {
            Report(DiagKind::kNestingTooDeep, i, 1,
                   Cat("brackets are nested more than ", kMaxNestingDepth, " deep"),
                   "name parts of the expression with 'def'");
            return false;
          }
        } else if ((c == ')' || c == ']' || c == '}') && depth > 0) {
          --depth;
        }
        ++i;
      }
    }
    return true;
  }

 private:
  // Behind the closing quote, or at the end of the line that has none.
  size_t StringEnd(size_t i) const {
    const char quote = text_[i++];
    while (i < text_.size() && text_[i] != '\n' && text_[i] != '\r') {
      if (text_[i] == quote) return i + 1;
      if (text_[i] == '\\' && i + 1 < text_.size() && text_[i + 1] != '\n' && text_[i + 1] != '\r')
        ++i;
      ++i;
    }
    return i;
  }

  // U+202A…U+202E and U+2066…U+2069: with them a policy can read otherwise than it is compiled.
  bool ChangesDirection(size_t i, size_t length) const {
    if (length != 3 || text_[i] != '\xE2') return false;
    const auto second = static_cast<unsigned char>(text_[i + 1]);
    const auto third = static_cast<unsigned char>(text_[i + 2]);
    return (second == 0x80 && third >= 0xAA && third <= 0xAE) ||
           (second == 0x81 && third >= 0xA6 && third <= 0xA9);
  }

  static std::string Hex(unsigned char c) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    return Cat("0x", kDigits[c >> 4], kDigits[c & 15]);
  }

  void Report(DiagKind kind, size_t at, size_t length, std::string message, std::string_view help) {
    const auto begin = static_cast<uint32_t>(at);
    Diagnostic diagnostic(kind, Span{file_, begin, begin + static_cast<uint32_t>(length)},
                          std::move(message));
    if (!help.empty()) diagnostic.AddHelp(std::string(help));
    sink_.Report(std::move(diagnostic));
  }

  std::string_view text_;
  FileId file_;
  DiagnosticSink& sink_;
};

}  // namespace

size_t ByteOrderMark(std::string_view text) { return text.starts_with("\xEF\xBB\xBF") ? 3 : 0; }

bool ScanSource(const SourceManager& sources, FileId file, DiagnosticSink& sink) {
  const std::string_view text = sources.file(file).text();
  if (text.size() > kMaxSourceFileBytes) {
    sink.Report(Diagnostic(
        DiagKind::kFileTooLarge, Span{file, 0, 0},
        Cat("the file has ", text.size(), " bytes; the limit is ", kMaxSourceFileBytes)));
    return false;
  }
  Scanner scanner(text, file, sink);
  return scanner.Characters() && scanner.Structure();
}

}  // namespace ztp::syntax
