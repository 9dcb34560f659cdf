// A document that nothing is wrong with, read once from front to back without a tree.
//
// Boundary: tells right from wrong and says nothing else. Each function returns false on whatever
// json_tree.h would not take, and on some that it would (escapes in names, names without a meaning
// by the dozen); then the cursor is of no further use, and json_tree.h reads the document again and
// says what is wrong, if anything is. So there are no messages here, and what is accepted here must
// be accepted there: json_request_fast_test.cc compares the two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/base/limits.h"
#include "engine/facts/json_name.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace ztp {

class JsonCursor {
 public:
  // Longer documents are the tree's: a reader that is kept shall not keep much memory.
  static constexpr size_t kMaxBytes = size_t{64} << 10;

  // Begins a document. The text is copied, and views into the copy are good until the next Start.
  // False: it is longer than kMaxBytes.
  bool Start(std::string_view text);

  // The next byte that is no white space; NUL at the end.
  char Peek() {
    if (static_cast<unsigned char>(*at_) > ' ') return *at_;
    return SkipSpace();
  }
  // Is there nothing left but white space?
  bool AtEnd() {
    Peek();
    return at_ == end_;
  }
  // Would json_items.h take the document for two, by how its second line begins?
  bool LooksLikeLines() const;

  // A place to come back to. Before a value that SkipValue has passed, it may be read once.
  const char* place() const { return at_; }
  void GoTo(const char* place) { at_ = const_cast<char*>(place); }

  // An object's members: visit(const JsonName&) reads the value behind the name and says if it
  // could. That names differ is the visitor's to see to (JsonOtherNames).
  template <typename Visit>
  bool Members(const Visit& visit) {
    if (!Open('{')) return false;
    if (Peek() == '}') return Close();
    for (;;) {
      JsonName name;
      if (!Name(&name) || !visit(name)) return false;
      const char next = Peek();
      if (next == '}') return Close();
      if (next != ',') return false;
      ++at_;
    }
  }
  // An array's elements: visit() reads one.
  template <typename Visit>
  bool Elements(const Visit& visit) {
    if (!Open('[')) return false;
    if (Peek() == ']') return Close();
    for (;;) {
      if (!visit()) return false;
      const char next = Peek();
      if (next == ']') return Close();
      if (next != ',') return false;
      ++at_;
    }
  }
  // A string's content, unescaped; eight bytes may be read from its begin.
  bool Text(std::string_view* text) {
    if (Peek() != '"') return false;
    bool high = false;
    char* begin = at_ + 1;
    char* end = ScanText(begin, &high);
    if (*end != '"') return TextWithEscapes(begin, end, high, text);
    *text = {begin, static_cast<size_t>(end - begin)};
    at_ = end + 1;
    return !high || IsUtf8(*text);
  }
  bool Bool(bool* value) {
    Peek();
    uint32_t word;  // there are as many bytes behind any place
    std::memcpy(&word, at_, sizeof(word));
    *value = word == JsonName::Word("true");
    if (*value) {
      at_ += 4;
      return true;
    }
    if (word != JsonName::Word("fals") || at_[4] != 'e') return false;
    at_ += 5;
    return true;
  }
  // A number's digits as written. `whole`: without a point and exponent.
  bool Number(std::string_view* digits, bool* whole);
  // Any value. It is checked like one that counts.
  bool SkipValue();

 private:
  static constexpr size_t kPadding = 32;

  bool Open(char bracket) {
    if (Peek() != bracket || depth_ == kMaxJsonDepth) return false;
    ++depth_;
    ++at_;
    return true;
  }
  bool Close() {
    --depth_;
    ++at_;
    return true;
  }
  // Called for every member; its result is to stay in registers.
  [[gnu::always_inline]] bool Name(JsonName* name) {
    if (Peek() != '"') return false;
    bool high = false;
    char* begin = at_ + 1;
    char* end = ScanText(begin, &high);
    if (*end != '"') return false;
    *name = JsonName::OfPadded(begin, static_cast<size_t>(end - begin));
    at_ = end + 1;
    if (high && !IsUtf8(name->text())) return false;
    if (Peek() != ':') return false;
    ++at_;
    return true;
  }

  // The first quote, backslash or control character from `at` on: at the latest the NUL behind the
  // text. `high`: there was a byte that is no ASCII.
  static char* ScanText(char* at, bool* high) {
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(0x1f);
    for (;; at += 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
      const __m128i stops =
          _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
                       _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
      const auto stop = static_cast<uint32_t>(_mm_movemask_epi8(stops));
      const auto highs = static_cast<uint32_t>(_mm_movemask_epi8(bytes));
      if (stop == 0) {
        *high |= highs != 0;
        continue;
      }
      // Below the lowest stop.
      *high |= (highs & (stop - 1) & ~stop) != 0;
      return at + std::countr_zero(stop);
    }
#else
    for (;; ++at) {
      const auto byte = static_cast<unsigned char>(*at);
      if (byte < 0x20 || byte == '"' || byte == '\\') return at;
      *high |= byte >= 0x80;
    }
#endif
  }

  static bool IsUtf8(std::string_view text);
  char SkipSpace();
  bool SkipText();
  bool SkipWord(std::string_view word);
  // The string's end, from the first backslash in it.
  static char* EndOfText(char* at, bool* high);
  bool TextWithEscapes(char* begin, char* stop, bool high, std::string_view* text);

  std::unique_ptr<char[]> copy_;
  size_t capacity_ = 0;
  char* at_ = nullptr;
  char* end_ = nullptr;
  const char* newline_ = nullptr;  // the first one outside of strings
  int depth_ = 0;
};

// The names of an object that have no meaning there: they must differ all the same.
class JsonOtherNames {
 public:
  // False: it is there twice, or there are more than are kept.
  bool Add(const JsonName& name) {
    for (uint32_t i = 0; i < count_; ++i) {
      if (names_[i] == name) return false;
    }
    if (count_ == kMost) return false;
    names_[count_++] = name;
    return true;
  }

 private:
  static constexpr uint32_t kMost = 32;
  uint32_t count_ = 0;
  JsonName names_[kMost];
};

// A bit an item: false if it was set already, or if there is no bit of that number.
inline bool SetOnce(uint64_t* seen, uint32_t bit) {
  if (bit >= 64 || (*seen >> bit & 1) != 0) return false;
  *seen |= uint64_t{1} << bit;
  return true;
}

}  // namespace ztp
