// Stored facts as values: what a cell, a closure or a quantifier's answer says.
//
// Boundary: freestanding; reading only, over facts_view.h, which is how they lie in memory.
#pragma once

#include <cstdint>
#include <span>

#include "engine/core/facts_view.h"
#include "engine/core/tri.h"
#include "engine/core/val.h"

namespace ztp {

// What edges lead to, without the start: lists of FactsView::List.
struct FactsClosure {
  uint32_t members = 0;
  uint32_t absent = 0;  // those of them that are not there (an entity of a carried type counts so)
};

// What a quantifier came to for the entities of one closure.
struct Quantified {
  Tri value = Tri::kUnknown;
  uint32_t facts = 0;  // if unknown: a list
};

// `prefix` of a kNone Val of an inherited attribute: some part is evidence with times, so that it
// has to be worked out for each request.
inline constexpr uint16_t kWorkedOutLate = 1;

inline std::span<const uint32_t> ListOf(const FactsView& facts, uint32_t list) {
  const uint32_t* at = facts.List(list);
  return {at + 1, *at};
}
inline FactsClosure MembershipsAt(const FactsView& facts, uint32_t closure) {
  return {closure + FactsView::kClosureHead, *facts.List(closure)};
}
inline FactsClosure MembershipsOf(const FactsView& facts, uint32_t entity) {
  return MembershipsAt(facts, facts.MembershipOf(entity));
}
inline FactsClosure LineageOf(const FactsView& facts, uint32_t entity) {
  const uint32_t closure = facts.LineageOf(entity);
  return {closure + FactsView::kClosureHead + facts.quantifier_count, *facts.List(closure)};
}
// By the lineage of a stored entity.
inline Quantified QuantifiedOf(const FactsView& facts, uint32_t quantifier, uint32_t entity) {
  const uint32_t answer = facts.List(facts.LineageOf(entity))[FactsView::kClosureHead + quantifier];
  return {static_cast<Tri>(answer & 3), answer >> 2};
}
// The times of an attribute's own part; nullptr: it has no bounds.
inline const EvidenceWindow* WindowOf(const FactsView& facts, const uint64_t* row,
                                      const FactsType& type, uint32_t attribute) {
  const uint32_t window = FactsView::WindowOf(row, type, attribute);
  if (window == 0) return nullptr;
  return reinterpret_cast<const EvidenceWindow*>(facts.Words(window));
}

// A cell that is present, by its form.
inline Val ReadPresent(const FactsView& facts, const FactsCell& cell, uint64_t bits) {
  Val val;
  val.kind = static_cast<TypeKind>(cell.kind);
  switch (cell.form) {
    case FactsForm::kNumber:
      val.number = static_cast<int64_t>(bits);
      break;
    case FactsForm::kText:
      val.flags = Val::kNumbered;
      val.bytes = facts.Text(bits);
      val.size = FactsText::Size(bits);
      if (FactsText::IsNoted(bits)) {
        val.flags |= Val::kNoted;
        val.prefix = FactsView::NumberOf(val.bytes);
      }
      break;
    case FactsForm::kAddress:
    case FactsForm::kNetwork:
      val.bytes = facts.Text(bits);
      val.size = sizeof(Ip::bytes);
      if (cell.form == FactsForm::kNetwork) {
        val.prefix = static_cast<uint16_t>(FactsText::Size(bits));
      }
      break;
    case FactsForm::kEntity:
      val.number = static_cast<uint32_t>(bits);
      val.size = static_cast<uint32_t>(bits >> 32);
      break;
    case FactsForm::kItems: {
      const uint64_t first = FactsItems::First(bits);
      val.list = facts.items[first >> FactsItems::kSegmentBits] +
                 (first & ((uint64_t{1} << FactsItems::kSegmentBits) - 1));
      val.size = FactsItems::Count(bits);
      break;
    }
    case FactsForm::kWide:
      val.flags = Val::kWideLabel;
      val.wide = reinterpret_cast<const Label*>(facts.Words(bits));
      break;
  }
  return val;
}

// A kNone Val is missing; with kNotKnown it is unknown, and `size` is the list of the entities that
// it is unknown for (0: the entity itself).
inline Val ReadCell(const FactsView& facts, const uint64_t* row, const FactsType& type,
                    uint32_t index) {
  const FactsState state = FactsView::State(row, type, index);
  const uint64_t bits = row[FactsRow::kCells + index];
  if (state == FactsState::kPresent) [[likely]] {
    return ReadPresent(facts, type.cells[index], bits);
  }
  Val val;
  if (state == FactsState::kLate) val.prefix = kWorkedOutLate;
  if (state == FactsState::kUnknown) {
    val.flags = Val::kNotKnown;
    val.size = static_cast<uint32_t>(bits);
  }
  return val;
}
// Of a stored entity, by the attribute's index in its type; what is inherited included.
inline Val AttributeOf(const FactsView& facts, uint32_t entity, uint32_t attribute) {
  const FactsView::Place place = facts.At(entity);
  return ReadCell(facts, place.row, facts.types[place.type], attribute);
}
// The same without what is inherited.
inline Val OwnPartOf(const FactsView& facts, uint32_t entity, uint32_t attribute) {
  const FactsView::Place place = facts.At(entity);
  const FactsType& type = facts.types[place.type];
  return ReadCell(facts, place.row, type, type.cells[attribute].own);
}
// Does the pattern match the text? Unknown: it is not one that the pattern was tried on when the
// facts were loaded.
inline Tri StoredMatches(const FactsView& facts, uint32_t pattern, const Val& text) {
  if ((text.flags & Val::kNoted) == 0) return Tri::kUnknown;
  const int matches = facts.Matches(text.bytes, pattern);
  return matches < 0 ? Tri::kUnknown : ToTri(matches != 0);
}

}  // namespace ztp
