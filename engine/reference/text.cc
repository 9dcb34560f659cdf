// `like` and `matches`.
#include <vector>

#include "engine/reference/evaluator.h"
#include "re2/re2.h"

namespace ztp::reference {
namespace {

struct GlobPart {
  enum class Kind : uint8_t { kByte, kStar, kDoubleStar };
  Kind kind = Kind::kByte;
  char byte = 0;
};

std::vector<GlobPart> ParseGlob(std::string_view pattern) {
  std::vector<GlobPart> parts;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      parts.push_back({.byte = pattern[++i]});
    } else if (pattern.substr(i, 2) == "**") {
      parts.push_back({.kind = GlobPart::Kind::kDoubleStar});
      ++i;
    } else if (pattern[i] == '*') {
      parts.push_back({.kind = GlobPart::Kind::kStar});
    } else {
      parts.push_back({.byte = pattern[i]});
    }
  }
  return parts;
}

}  // namespace

bool GlobMatches(std::string_view pattern, std::string_view text) {
  // reach[i]: the parts so far can match exactly the first i bytes of the text.
  std::vector<bool> reach(text.size() + 1, false);
  reach[0] = true;
  for (const GlobPart& part : ParseGlob(pattern)) {
    std::vector<bool> next(text.size() + 1, false);
    for (size_t i = 0; i <= text.size(); ++i) {
      const bool star = part.kind != GlobPart::Kind::kByte;
      if (star && reach[i]) next[i] = true;
      if (i == 0) continue;
      const char byte = text[i - 1];
      switch (part.kind) {
        case GlobPart::Kind::kByte:
          next[i] = reach[i - 1] && byte == part.byte;
          break;
        case GlobPart::Kind::kStar:
          if (next[i - 1] && byte != '/') next[i] = true;
          break;
        case GlobPart::Kind::kDoubleStar:
          if (next[i - 1]) next[i] = true;
          break;
      }
    }
    reach = std::move(next);
  }
  return reach[text.size()];
}

bool PatternMatches(const std::string& pattern, const std::string& text) {
  RE2 re(pattern, RE2::Quiet);
  return re.ok() && RE2::FullMatch(text, re);
}

}  // namespace ztp::reference
