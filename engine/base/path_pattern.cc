#include "engine/base/path_pattern.h"

#include <algorithm>
#include <utility>

#include "engine/base/ascii.h"
#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp {
namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsIdentifier(std::string_view text) {
  if (text.empty() || !(IsLetter(text[0]) || text[0] == '_')) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return IsLetter(c) || IsDigit(c) || c == '_'; });
}

// SPIFFE ID, 2.1 and 2.2.
bool IsSpiffeByte(char c) { return IsLetter(c) || IsDigit(c) || c == '.' || c == '-' || c == '_'; }

constexpr std::string_view kRest = "...";
constexpr std::string_view kSpiffe = "spiffe://";

}  // namespace

bool IsPathByte(char c) {
  return IsLetter(c) || IsDigit(c) ||
         std::string_view("-._~!$&'()*+,=:@").find(c) != std::string_view::npos;
}

absl::StatusOr<PathPattern> PathPattern::ParsePath(std::string_view text) {
  if (!text.starts_with('/')) return InvalidArgument("a path begins with '/'");
  return Parse(text, text, &IsPathByte);
}

absl::StatusOr<PathPattern> PathPattern::ParseSpiffe(std::string_view text) {
  if (!text.starts_with(kSpiffe)) return InvalidArgument("a SPIFFE ID begins with 'spiffe://'");
  auto pattern = Parse(text.substr(kSpiffe.size() - 1), text, &IsSpiffeByte);
  if (!pattern.ok()) return pattern;
  if (pattern->segments_[0].kind != Kind::kLiteral) {
    return InvalidArgument("the trust domain of a SPIFFE ID is written out");
  }
  if (std::any_of(pattern->segments_[0].text.begin(), pattern->segments_[0].text.end(),
                  [](char c) { return c >= 'A' && c <= 'Z'; })) {
    return InvalidArgument("the trust domain of a SPIFFE ID has small letters");
  }
  pattern->prefix_ = kSpiffe.substr(0, kSpiffe.size() - 1);
  return pattern;
}

absl::StatusOr<PathPattern> PathPattern::Parse(std::string_view text, std::string_view whole,
                                               bool (*allowed)(char)) {
  if (whole.size() > kMaxBytes) return InvalidArgument("it is longer than ", kMaxBytes, " bytes");
  PathPattern pattern;
  text.remove_prefix(1);
  for (bool more = true; more;) {
    const size_t slash = std::min(text.find('/'), text.size());
    more = slash < text.size();
    const std::string_view part = text.substr(0, slash);
    text.remove_prefix(more ? slash + 1 : slash);
    Segment segment;
    if (part.starts_with('{') && part.ends_with('}') && part.size() > 2) {
      std::string_view name = part.substr(1, part.size() - 2);
      segment.kind = name.ends_with(kRest) ? Kind::kRest : Kind::kOne;
      if (segment.kind == Kind::kRest) name.remove_suffix(kRest.size());
      if (!IsIdentifier(name)) return InvalidArgument(Quoted(name), " is no name");
      segment.text = name;
      if (segment.kind == Kind::kRest && more) {
        return InvalidArgument("'", part, "' takes all that is left, so that it must be the last");
      }
      if (std::find(pattern.names_.begin(), pattern.names_.end(), name) != pattern.names_.end()) {
        return InvalidArgument(Quoted(name), " stands in it twice");
      }
      pattern.names_.emplace_back(name);
    } else {
      if (part.empty() && (more || whole.starts_with(kSpiffe))) {
        return InvalidArgument("it has an empty segment");
      }
      if (part == "." || part == "..")
        return InvalidArgument("'", part, "' is no segment of a path");
      for (const char c : part) {
        if (c == '{' || c == '}') {
          return InvalidArgument("a name stands for a whole segment: '/{name}/'");
        }
        if (!allowed(c)) return InvalidArgument("'", std::string(1, c), "' is not allowed in it");
      }
      segment.text = part;
    }
    pattern.segments_.push_back(std::move(segment));
    if (pattern.segments_.size() > kMaxSegments) {
      return InvalidArgument("it has more than ", kMaxSegments, " segments");
    }
  }
  return pattern;
}

bool PathPattern::Match(std::string_view path, bool fold_case,
                        std::vector<std::string_view>* captures) const {
  captures->clear();
  if (!path.starts_with(prefix_)) return false;
  path.remove_prefix(prefix_.size());
  if (!path.starts_with('/')) return false;
  path.remove_prefix(1);
  for (size_t i = 0; i < segments_.size(); ++i) {
    const Segment& segment = segments_[i];
    if (segment.kind == Kind::kRest) {
      if (path.empty()) return false;
      captures->push_back(path);
      return true;
    }
    const size_t slash = path.find('/');
    const bool last = slash == std::string_view::npos;
    const std::string_view part = path.substr(0, slash);
    if (segment.kind == Kind::kOne) {
      if (part.empty()) return false;
      captures->push_back(part);
    } else if (fold_case ? !EqualIgnoringCase(part, segment.text) : part != segment.text) {
      return false;
    }
    if (last != (i + 1 == segments_.size())) return false;
    if (!last) path.remove_prefix(slash + 1);
  }
  return true;
}

PathPattern::Relation PathPattern::Compare(const PathPattern& a, const PathPattern& b) {
  bool a_has_more = false;  // matches something here that the other does not
  bool b_has_more = false;
  const auto relation = [&] {
    if (a_has_more && b_has_more) return Relation::kCrossing;
    if (a_has_more) return Relation::kWider;
    return b_has_more ? Relation::kNarrower : Relation::kSame;
  };
  for (size_t i = 0;; ++i) {
    const bool a_ends = i == a.segments_.size();
    const bool b_ends = i == b.segments_.size();
    if (a_ends || b_ends) return a_ends && b_ends ? relation() : Relation::kApart;
    const Segment& x = a.segments_[i];
    const Segment& y = b.segments_[i];
    // What is left of the other is one segment or more, so that it is among what `rest` takes,
    // unless it is an empty one.
    if (x.kind == Kind::kRest || y.kind == Kind::kRest) {
      const auto ends_empty = [&](const PathPattern& p) {
        return p.segments_.size() == i + 1 && p.segments_[i].kind == Kind::kLiteral &&
               p.segments_[i].text.empty();
      };
      if (ends_empty(a) || ends_empty(b)) return Relation::kApart;
      if (x.kind != y.kind) {
        (x.kind == Kind::kRest ? a_has_more : b_has_more) = true;
      }
      return relation();
    }
    if (x.kind == Kind::kLiteral && y.kind == Kind::kLiteral) {
      if (!EqualIgnoringCase(x.text, y.text)) return Relation::kApart;
    } else if (x.kind != y.kind) {
      if ((x.kind == Kind::kLiteral ? x : y).text.empty()) return Relation::kApart;
      (x.kind == Kind::kOne ? a_has_more : b_has_more) = true;
    }
  }
}

bool PathPattern::SameLetters(const PathPattern& a, const PathPattern& b) {
  return std::equal(a.segments_.begin(), a.segments_.end(), b.segments_.begin(), b.segments_.end(),
                    [](const Segment& x, const Segment& y) {
                      return x.kind != Kind::kLiteral || x.text == y.text;
                    });
}

PathPattern PathPattern::Meet(const PathPattern& a, const PathPattern& b) {
  PathPattern meet;
  for (size_t i = 0; i < a.segments_.size() && i < b.segments_.size(); ++i) {
    const Segment& x = a.segments_[i];
    const Segment& y = b.segments_[i];
    // What is left of the other is among what a rest takes.
    if (x.kind == Kind::kRest || y.kind == Kind::kRest) {
      const std::vector<Segment>& narrower = x.kind == Kind::kRest ? b.segments_ : a.segments_;
      meet.segments_.insert(meet.segments_.end(), narrower.begin() + static_cast<std::ptrdiff_t>(i),
                            narrower.end());
      break;
    }
    meet.segments_.push_back(x.kind == Kind::kLiteral ? x : y);
  }
  for (const Segment& segment : meet.segments_) {
    if (segment.kind != Kind::kLiteral) meet.names_.push_back(segment.text);
  }
  return meet;
}

std::string PathPattern::Text() const {
  std::string text = prefix_;
  for (const Segment& segment : segments_) {
    switch (segment.kind) {
      case Kind::kLiteral:
        Append(text, "/", segment.text);
        break;
      case Kind::kOne:
        Append(text, "/{", segment.text, "}");
        break;
      case Kind::kRest:
        Append(text, "/{", segment.text, kRest, "}");
        break;
    }
  }
  return text;
}

std::string PathPattern::Width() const {
  std::string width;
  for (const Segment& segment : segments_)
    width += static_cast<char>('0' + static_cast<int>(segment.kind));
  return width;
}

absl::StatusOr<TextTemplate> TextTemplate::Parse(std::string_view text) {
  TextTemplate out;
  std::string before;
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '}') return InvalidArgument("a '}' without a '{'");
    if (text[i] != '{') {
      before += text[i++];
      continue;
    }
    const size_t end = text.find('}', i);
    if (end == std::string_view::npos) return InvalidArgument("a '{' without a '}'");
    const std::string_view name = text.substr(i + 1, end - i - 1);
    if (!IsIdentifier(name)) return InvalidArgument(Quoted(name), " is no name");
    if (before.empty() && !out.pieces.empty()) {
      return InvalidArgument("'{", out.pieces.back().name, "}' and '{", name,
                             "}' stand side by side: nobody could tell where one ends");
    }
    out.pieces.push_back({std::exchange(before, {}), std::string(name)});
    i = end + 1;
  }
  out.after = std::move(before);
  return out;
}

}  // namespace ztp
