// Sixteen bytes at a time, as most texts have nothing in them that must be escaped.
#include "engine/facts/json_sink.h"

#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "engine/base/scalar_text.h"
#include "engine/facts/json_write_value.h"

namespace ztp {
namespace {

using Json = nlohmann::ordered_json;

// What a byte that does not stand for itself is written as; returns its length, at most six.
size_t Escape(char c, char* to) {
  // Each with its letter behind it.
  constexpr std::string_view kLetters = "\"\"\\\\\bb\ff\nn\rr\tt";
  to[0] = '\\';
  for (size_t i = 0; i < kLetters.size(); i += 2) {
    if (kLetters[i] != c) continue;
    to[1] = kLetters[i + 1];
    return 2;
  }
  constexpr char kHex[] = "0123456789abcdef";
  std::memcpy(to + 1, "u00", 3);
  to[4] = kHex[c >> 4 & 1];
  to[5] = kHex[c & 15];
  return 6;
}

}  // namespace

size_t JsonSink::CopyPlain(const char* from, size_t size, bool* high) {
  char* to = buffer_ + size_;
  size_t i = 0;
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i control = _mm_set1_epi8(0x1f);
  for (; size - i >= 16; i += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i));
    const __m128i stops =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
                     _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
    if (_mm_movemask_epi8(_mm_or_si128(stops, bytes)) != 0) break;
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), bytes);
  }
#endif
  for (; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(from[i]);
    if (byte < 0x20 || byte == '"' || byte == '\\') break;
    *high |= byte >= 0x80;
    to[i] = from[i];
  }
  size_ += i;
  return i;
}

size_t JsonSink::PutPiece(std::string_view piece, bool* high) {
  if (kRoom - size_ < 6 * piece.size()) Flush();  // even if all of it is escaped
  const size_t begin = size_;
  for (size_t at = 0;;) {
    at += CopyPlain(piece.data() + at, piece.size() - at, high);
    if (at == piece.size()) return begin;
    size_ += Escape(piece[at++], buffer_ + size_);
  }
}

void JsonSink::PutChars(std::string_view text) {
  bool high = false;
  if (text.size() <= kPiece) {
    const size_t begin = PutPiece(text, &high);
    if (!high || IsValidUtf8(text)) return;
    size_ = begin;
  } else if (IsValidUtf8(text)) {
    while (!text.empty()) {
      const std::string_view piece = text.substr(0, kPiece);
      PutPiece(piece, &high);
      text.remove_prefix(piece.size());
    }
    return;
  }
  // What is no character is replaced, and how many replacements there are is the library's to say.
  const std::string quoted = DumpJson(Json(std::string(text)));
  Flush()->append(quoted, 1, quoted.size() - 2);
}

}  // namespace ztp
