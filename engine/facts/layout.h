// How a program's entities lie in memory: what each attribute's cell holds, what a row is made of,
// which texts are tried on which patterns.
//
// Boundary: made once for a program, then only read. The format itself is core/facts_view.h's.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/bundle/decision_program.h"
#include "engine/core/facts_view.h"

namespace ztp {

class FactsLayout {
 public:
  // Of a program that passed CheckProgram. It must outlive the layout.
  explicit FactsLayout(const DecisionProgram& program);
  FactsLayout(const FactsLayout&) = delete;
  FactsLayout& operator=(const FactsLayout&) = delete;

  const std::vector<FactsType>& types() const { return types_; }
  uint32_t WindowWord(uint32_t type, uint32_t window) const {
    return types_[type].first_window + window / 2;
  }

  // Texts of one class are tried on the same patterns; those of class 0 on none.
  uint16_t ClassOfAttribute(uint32_t type, uint32_t attribute) const {
    return attribute_classes_[first_attribute_[type] + attribute];
  }
  uint16_t ClassOfConstant(uint32_t constant) const { return constant_classes_[constant]; }
  // The patterns of a class; the i-th one's answer is bit i of a text's notes.
  const std::vector<uint32_t>& PatternsOf(uint16_t text_class) const {
    return class_patterns_[text_class];
  }
  // FactsView::match_places.
  const std::vector<uint16_t>& match_places() const { return match_places_; }
  size_t class_count() const { return class_patterns_.size(); }

  bool Inherits(uint32_t type) const { return types_[type].cell_count > types_[type].attributes; }
  bool any_inherits() const { return any_inherits_; }
  // Where entities of type `source` have what `attribute` of `type`, an inherited one, is joined
  // from: the attribute of that name; kNone32: there is none.
  uint32_t SourceOf(uint32_t type, uint32_t attribute, uint32_t source) const {
    const uint32_t own = types_[type].cells[attribute].own - types_[type].attributes;
    return sources_[(first_inherited_[type] + own) * types_.size() + source];
  }

 private:
  void MakeTypes(const Schema& schema);
  void MakeClasses(const DecisionProgram& program);

  std::vector<FactsType> types_;
  std::vector<FactsCell> cells_;
  std::vector<uint32_t> first_attribute_;  // by type
  std::vector<uint16_t> attribute_classes_;
  std::vector<uint16_t> constant_classes_;
  std::vector<std::vector<uint32_t>> class_patterns_;
  std::vector<uint16_t> match_places_;
  bool any_inherits_ = false;
  std::vector<size_t> first_inherited_;  // by type
  std::vector<uint32_t> sources_;        // by inherited attribute, type
};

}  // namespace ztp
