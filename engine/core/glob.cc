// The matcher simulates the pattern's automaton: a state is an offset into the pattern, the set of
// states that are alive is a bit set on the stack. That bounds the time where backtracking would
// not.
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

}  // namespace

GlobError CheckGlob(std::string_view pattern) {
  if (pattern.size() > kMaxGlobBytes) return GlobError::kTooLong;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && ++i == pattern.size()) return GlobError::kTrailingBackslash;
  }
  return GlobError::kNone;
}

bool GlobMatches(std::string_view pattern, std::string_view text) {
  if (CheckGlob(pattern) != GlobError::kNone) return false;

  // Most patterns begin with plain text: compare that before any automaton is set up.
  while (!pattern.empty() && pattern[0] != '*' && pattern[0] != '\\') {
    if (text.empty() || text[0] != pattern[0]) return false;
    pattern.remove_prefix(1);
    text.remove_prefix(1);
  }

  States states(pattern.size() / 64 + 1);
  states.Add(pattern, 0);
  for (char c : text) {
    states = Step(pattern, states, c);
    if (states.empty()) return false;
  }
  return states.Has(pattern.size());
}

}  // namespace ztp
