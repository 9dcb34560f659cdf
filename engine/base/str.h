// Small helpers for text: the one place where absl's string_view and the standard one meet.
//
// Boundary: where abseil was built for C++14 its string_view is a class of its own, and its StrCat
// takes no std::string_view; code elsewhere uses std::string_view only and comes here to speak with
// abseil.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace ztp {

inline absl::string_view ToAbsl(std::string_view text) {
  return absl::string_view(text.data(), text.size());
}

inline std::string_view FromAbsl(absl::string_view text) {
  return std::string_view(text.data(), text.size());
}

namespace str_internal {

// A piece of Cat's result: text stays as it is, numbers go through absl::AlphaNum.
class Piece {
 public:
  Piece(std::string_view text) : text_(text) {}     // NOLINT: a conversion is the purpose
  Piece(const std::string& text) : text_(text) {}   // NOLINT
  Piece(const char* text) : text_(text) {}          // NOLINT
  Piece(char c) : number_(1, c), text_(number_) {}  // NOLINT
  template <typename T>
  requires(std::is_arithmetic_v<T> && !std::is_same_v<T, char> && !std::is_same_v<T, bool>)
      Piece(T number)
      : number_(absl::StrCat(number)), text_(number_) {}  // NOLINT
  Piece(const Piece&) = delete;
  Piece& operator=(const Piece&) = delete;

  std::string_view text() const { return text_; }

 private:
  std::string number_;
  std::string_view text_;
};

inline void AppendAll(std::string& out, std::initializer_list<std::string_view> pieces) {
  size_t size = out.size();
  for (std::string_view piece : pieces) size += piece.size();
  out.reserve(size);
  for (std::string_view piece : pieces) out.append(piece);
}

}  // namespace str_internal

// The pieces one after the other: any text, a char, or a number.
template <typename... Pieces>
std::string Cat(const Pieces&... pieces) {
  std::string out;
  str_internal::AppendAll(out, {str_internal::Piece(pieces).text()...});
  return out;
}

// Appends the pieces to `out`. The pieces must not point into `out`.
template <typename... Pieces>
void Append(std::string& out, const Pieces&... pieces) {
  str_internal::AppendAll(out, {str_internal::Piece(pieces).text()...});
}

// The texts with `separator` between them. T converts to std::string_view.
template <typename Container>
std::string Join(const Container& texts, std::string_view separator) {
  std::string out;
  bool first = true;
  for (const auto& text : texts) {
    if (!first) out.append(separator);
    first = false;
    out.append(std::string_view(text));
  }
  return out;
}

// `text` as messages show names: 'hold'.
inline std::string Quoted(std::string_view text) { return Cat("'", text, "'"); }

// `noun` behind its article: "a Team", "an Int", "a User", "an Upload". It goes by letters, not by
// sound; that suffices for the names of types, roles and rules.
inline std::string WithArticle(std::string_view noun) {
  constexpr std::string_view kVowels = "aeiouAEIOU";
  const auto vowel = [&](size_t i) {
    return i < noun.size() && kVowels.find(noun[i]) != std::string_view::npos;
  };
  bool an = vowel(0);
  // "yoo": a u before one consonant and a vowel.
  if (an && (noun[0] == 'u' || noun[0] == 'U')) an = noun.size() > 1 && (vowel(1) || !vowel(2));
  return Cat(an ? "an " : "a ", noun);
}

}  // namespace ztp
