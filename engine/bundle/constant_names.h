// Numbers for the texts and entities that a program's constants name, so that a test against one
// compares numbers: in the order of the constants, and within one in the order of its items.
//
// Boundary: the compiler numbers them once a program's constants are complete, and writes the
// numbers into tests (ir/); facts and requests carry them beside their values (facts/, eval/). The
// tables are the program's: looking up allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/bundle/decision_program.h"

namespace ztp {

// Fills program->names from its constants.
void NameConstants(DecisionProgram* program);

class ConstantNames {
 public:
  // A value carries a text's number in 16 bits, of which one means none: texts beyond have no
  // number.
  static constexpr uint32_t kMaxTexts = 0xffff;

  struct Entity {
    EntityTypeId type;
    std::string_view id;
  };

  // What has numbers, in their order.
  template <typename T>
  class Range {
   public:
    class Iterator {
     public:
      Iterator(const Range* range, uint32_t at) : range_(range), at_(at) {}
      T operator*() const { return (*range_)[at_]; }
      Iterator& operator++() {
        ++at_;
        return *this;
      }
      bool operator==(const Iterator& other) const { return at_ == other.at_; }

     private:
      const Range* range_;
      uint32_t at_;
    };

    explicit Range(const DecisionProgram& program) : program_(program) {}
    uint32_t size() const;
    T operator[](uint32_t number) const;
    Iterator begin() const { return {this, 0}; }
    Iterator end() const { return {this, size()}; }

   private:
    const DecisionProgram& program_;
  };

  // Views into the program, which must outlive it.
  explicit ConstantNames(const DecisionProgram& program)
      : program_(program), texts_(program), entities_(program) {}

  const Range<std::string_view>& texts() const { return texts_; }
  const Range<Entity>& entities() const { return entities_; }

  // Nothing: no constant is or holds it, or it has no number.
  std::optional<uint32_t> Text(std::string_view text) const;
  std::optional<uint32_t> EntityNumber(EntityTypeId type, std::string_view id) const;

  // Where a search in a table of slots begins.
  static uint32_t HomeOf(std::string_view text, uint32_t slots);
  static uint32_t HomeOf(EntityTypeId type, std::string_view id, uint32_t slots);

 private:
  const DecisionProgram& program_;
  Range<std::string_view> texts_;
  Range<Entity> entities_;
};

template <>
inline uint32_t ConstantNames::Range<std::string_view>::size() const {
  return static_cast<uint32_t>(program_.names.texts.size());
}
template <>
inline std::string_view ConstantNames::Range<std::string_view>::operator[](uint32_t number) const {
  return program_.Text(program_.names.texts[number]);
}
template <>
inline uint32_t ConstantNames::Range<ConstantNames::Entity>::size() const {
  return static_cast<uint32_t>(program_.names.entities.size());
}
template <>
inline ConstantNames::Entity ConstantNames::Range<ConstantNames::Entity>::operator[](
    uint32_t number) const {
  const NamedEntity& entity = program_.names.entities[number];
  return {EntityTypeId{entity.type}, program_.Text(entity.id)};
}

}  // namespace ztp
