// Two matchers. The first goes back to the last star when a byte does not fit, which is a few steps
// a byte for what people write. It counts its steps: a pattern made to be slow is given to the
// second, which simulates the pattern's automaton (a state is an offset into the pattern, the set
// of states that are alive is a bit set on the stack) and so is bounded whatever the pattern.
#include "engine/core/glob.h"

namespace ztp {
namespace {

constexpr size_t kWords = kMaxGlobBytes / 64 + 1;  // offsets 0 to kMaxGlobBytes, the end included

// One run of stars: `*`, or two and more, which cross slashes.
size_t StarsAt(std::string_view pattern, size_t at) {
  size_t end = at;
  while (end < pattern.size() && pattern[end] == '*') ++end;
  return end - at;
}

class States {
 public:
  explicit States(size_t words) : words_(words) {
    for (size_t i = 0; i < words_; ++i) bits_[i] = 0;
  }

  // Adds the state at offset `at`; stars match nothing too, so what follows them is alive as well.
  void Add(std::string_view pattern, size_t at) {
    const size_t stars = StarsAt(pattern, at);
    Set(at);
    if (stars != 0) Set(at + stars);
  }

  bool Has(size_t at) const { return (bits_[at / 64] >> (at % 64) & 1) != 0; }
  bool empty() const {
    uint64_t any = 0;
    for (size_t i = 0; i < words_; ++i) any |= bits_[i];
    return any == 0;
  }
  size_t words() const { return words_; }
  uint64_t word(size_t i) const { return bits_[i]; }

 private:
  void Set(size_t at) { bits_[at / 64] |= uint64_t{1} << (at % 64); }

  size_t words_;
  uint64_t bits_[kWords];
};

// The states after one byte of text.
States Step(std::string_view pattern, const States& from, char c) {
  States to(from.words());
  for (size_t i = 0; i < from.words(); ++i) {
    for (uint64_t rest = from.word(i); rest != 0; rest &= rest - 1) {
      const size_t at = i * 64 + static_cast<size_t>(__builtin_ctzll(rest));
      if (at == pattern.size()) continue;  // the pattern has ended, the text has not
      if (pattern[at] == '*') {
        if (c != '/' || StarsAt(pattern, at) > 1) to.Add(pattern, at);
      } else if (pattern[at] == '\\') {
        if (pattern[at + 1] == c) to.Add(pattern, at + 2);
      } else if (pattern[at] == c) {
        to.Add(pattern, at + 1);
      }
    }
  }
  return to;
}

bool Simulate(std::string_view pattern, std::string_view text) {
  States states(pattern.size() / 64 + 1);
  states.Add(pattern, 0);
  for (char c : text) {
    states = Step(pattern, states, c);
    if (states.empty()) return false;
  }
  return states.Has(pattern.size());
}

// Whether [p, p_end) covers [t, t_end). Behind a star the first place that fits is the best one:
// what a later place leaves to the stars that follow, it leaves to them too, since a `*` that has
// to end before a slash ends before the same one. So only the last `*` and the last `**` need to be
// remembered.
bool Backtrack(const char* p, const char* const p_end, const char* t, const char* const t_end) {
  const std::string_view pattern(p, static_cast<size_t>(p_end - p));
  const std::string_view text(t, static_cast<size_t>(t_end - t));
  size_t steps_left = 64 + 8 * (pattern.size() + text.size());
  // What follows the star, and where in the text that was tried last.
  const char *star = nullptr, *star_at = nullptr;
  const char *deep = nullptr, *deep_at = nullptr;
  for (; steps_left != 0; --steps_left) {
    if (p != p_end && *p == '*') {
      const size_t stars = StarsAt({p, static_cast<size_t>(p_end - p)}, 0);
      p += stars;
      if (stars == 1) {
        star = p;
        star_at = t;
      } else {
        if (p == p_end) return true;
        star = nullptr;
        deep = p;
        deep_at = t;
      }
      continue;
    }
    // Going back would only leave less of the text.
    if (t == t_end) return p == p_end;
    if (p != p_end) {
      const bool escaped = *p == '\\';
      if (escaped && p + 1 == p_end) return false;
      if (p[escaped ? 1 : 0] == *t) {
        p += escaped ? 2 : 1;
        ++t;
        continue;
      }
    }
    if (star != nullptr && *star_at != '/') {
      t = ++star_at;
      p = star;
    } else if (deep != nullptr) {
      ++deep_at;
      // No place but one with the same first byte can fit.
      if (*deep != '*' && *deep != '\\') {
        while (deep_at != t_end && *deep_at != *deep) ++deep_at;
      }
      t = deep_at;
      p = deep;
      star = nullptr;
    } else {
      return false;
    }
  }
  return Simulate(pattern, text);
}

}  // namespace

GlobError CheckGlob(std::string_view pattern) {
  if (pattern.size() > kMaxGlobBytes) return GlobError::kTooLong;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && ++i == pattern.size()) return GlobError::kTrailingBackslash;
  }
  return GlobError::kNone;
}

bool GlobMatches(std::string_view pattern, std::string_view text) {
  if (pattern.size() > kMaxGlobBytes) return false;
  const char *p = pattern.data(), *p_end = p + pattern.size();
  const char *t = text.data(), *t_end = t + text.size();
  // Most patterns begin or end with plain text: what does not fit there goes at once.
  for (; p != p_end && *p != '*' && *p != '\\'; ++p, ++t) {
    if (t == t_end || *t != *p) return false;
  }
  if (p == p_end) return t == t_end;
  while (p_end != p && p_end[-1] != '*' && p_end[-1] != '\\' &&
         (p_end - 1 == p || p_end[-2] != '\\')) {
    if (t == t_end || t_end[-1] != p_end[-1]) return false;
    --p_end;
    --t_end;
  }
  return Backtrack(p, p_end, t, t_end);
}

}  // namespace ztp
