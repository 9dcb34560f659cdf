// Names in JSON as words: a member's name is compared and looked up by its first and last eight
// bytes, without a call.
//
// Boundary: knows no document and no schema. json_cursor.h reads names, json_schema_names.h has
// those that a schema gives a meaning.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace ztp {

// Views the text that it was made from. No member initialisers: arrays of them are left as they
// are.
struct JsonName {
  const char* data;
  uint32_t size;
  uint64_t head;  // the first eight bytes; those beyond the name are zero
  uint64_t tail;  // the last eight; zero where the head has them all

  static_assert(std::endian::native == std::endian::little, "words of text are little endian");

  static constexpr uint64_t Word(std::string_view text) {
    uint64_t word = 0;
    for (size_t i = 0; i < 8 && i < text.size(); ++i) {
      word |= uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
    }
    return word;
  }
  static constexpr JsonName Of(std::string_view text) {
    return {text.data(), static_cast<uint32_t>(text.size()), Word(text),
            text.size() > 8 ? Word(text.substr(text.size() - 8)) : 0};
  }
  // The same where eight bytes can be read from the text's begin, however short it is.
  static JsonName OfPadded(const char* data, size_t size) {
    JsonName name{data, static_cast<uint32_t>(size), Load(data), 0};
    if (size < 8) {
      name.head &= (uint64_t{1} << (8 * size)) - 1;
    } else if (size > 8) {
      name.tail = Load(data + size - 8);
    }
    return name;
  }

  std::string_view text() const { return {data, size}; }
  bool operator==(const JsonName& other) const {
    return head == other.head && size == other.size && tail == other.tail &&
           (size <= 16 || std::memcmp(data + 8, other.data + 8, size - 16) == 0);
  }

 private:
  static uint64_t Load(const char* data) {
    uint64_t word;
    std::memcpy(&word, data, sizeof(word));
    return word;
  }
};

// A table from names to their places in a list. Immutable once made.
class JsonNames {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  JsonNames() = default;
  // The texts must outlive the table. Of equal names the first counts.
  explicit JsonNames(const std::vector<std::string_view>& names);

  uint32_t Find(const JsonName& name) const {
    if (slots_.empty()) return kNone;
    for (size_t i = FirstSlot(name);; i = (i + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[i];
      if (slot.index == kNone || slot.name == name) return slot.index;
    }
  }

 private:
  struct Slot {
    JsonName name;
    uint32_t index = kNone;
  };
  size_t FirstSlot(const JsonName& name) const {
    const uint64_t mixed = (name.head ^ std::rotl(name.tail, 23) ^ name.size) * 0x9e3779b97f4a7c15u;
    return static_cast<size_t>(mixed >> shift_);
  }

  std::vector<Slot> slots_;  // a power of two of them, at least one in two is free
  unsigned shift_ = 0;
};

}  // namespace ztp
