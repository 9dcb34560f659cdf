// Are the rows and pools of a facts file such that they can be read? Everything that a reader
// follows is checked: types, states, places, lists, closures, values by their types.
//
// Boundary: nothing of the file is trusted but that its parts lie within it. Time is linear in the
// file, times the number of types that share a collection or a closure: what is referred to often
// is looked at once, and what overlaps, which nothing that is written does, is refused. Needs 1/8
// of a byte a word of the lists and 4 bytes an item beside what it checks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "engine/bundle/constant_names.h"
#include "engine/bundle/decision_program.h"
#include "engine/core/facts_view.h"
#include "engine/facts/facts_file.h"
#include "engine/facts/layout.h"
#include "engine/facts/val.h"

namespace ztp {

class FactsChecker {
 public:
  using Sizes = std::array<std::vector<uint32_t>, kFactsPools>;  // of each segment, in items

  // `view` has pages, types and pools in their places, the items' still to be filled in, and no
  // index. All must outlive it.
  FactsChecker(const DecisionProgram& program, const FactsLayout& layout, const FactsView& view,
               const Sizes& sizes, std::vector<const FactsFileItem*> items, uint64_t file_bytes);

  // In this order. InvalidArgument says what is wrong first.
  absl::Status CheckRows();
  // Items as the memory form has them, segment by segment, into what view.items points to.
  absl::Status PlaceItems(const std::vector<Val*>& to);
  absl::Status CheckContents();
  // A closure without members, of every type.
  absl::Status CheckEmptyClosure(uint32_t closure, bool lineage) const;

  // What CheckRows counted.
  uint32_t used_count() const { return used_count_; }
  uint32_t stored_count() const { return stored_count_; }
  uint32_t absent_count() const { return absent_count_; }
  // By type: its page with rows that are free (kNone32: none), and how many are not.
  struct OpenPage {
    uint32_t page = kNone32;
    uint32_t used = 0;
  };
  const std::vector<OpenPage>& open_pages() const { return open_pages_; }

 private:
  // A set of numbers below a bound.
  class Bits {
   public:
    void Resize(uint64_t size) { words_.assign((size + 63) / 64, 0); }
    bool empty() const { return words_.empty(); }
    bool Has(uint64_t i) const { return (words_[i / 64] >> (i % 64) & 1) != 0; }
    void Add(uint64_t i) { words_[i / 64] |= uint64_t{1} << (i % 64); }

   private:
    std::vector<uint64_t> words_;
  };
  struct Column {
    FactsCell cell;
    TypeId type;
    bool derived = false;  // what an inherited attribute comes to, own part and all
  };
  // What entities of a type may lead to, by parents or derives.
  struct Leads {
    std::vector<bool> at_once, at_all;  // by type
    Bits checked;                       // closures that were found good for this type
  };

  absl::Status Bad(uint32_t entity, const char* what) const;
  // facts_checker.cc
  absl::Status CheckPage(uint32_t page);
  absl::Status CheckNamed() const;
  bool IsText(uint64_t place, uint64_t size, bool noted) const;
  bool IsIn(FactsPool pool, unsigned bits, uint64_t place, uint64_t count) const;
  uint64_t Dense(FactsPool pool, unsigned bits, uint64_t place) const {
    return first_[pool][place >> bits] + (place & ((uint64_t{1} << bits) - 1));
  }
  bool IsUsed(uint64_t entity) const { return entity < view_.entity_count && used_.Has(entity); }
  // facts_checker_graph.cc
  void MakeLeads(bool lineage);
  bool IsList(uint32_t list);
  absl::Status CheckClosure(uint32_t entity, uint32_t closure, uint32_t type, bool lineage);
  // facts_checker_values.cc
  absl::Status CheckRow(uint32_t entity, const uint64_t* row, uint32_t type);
  bool IsCell(const Column& column, uint64_t bits);
  bool PlaceItem(const FactsFileItem& from, uint64_t place, Val* to) const;
  bool IsItem(const FactsFileItem& item, TypeId type);
  bool AreItems(uint64_t first, uint64_t count, TypeId type);
  bool IsTextOf(TypeId type, TypeKind kind, uint64_t bits, uint64_t size);
  bool IsLabel(TypeId type, uint64_t bits);
  bool IsWideLabel(TypeId type, uint64_t place) const;
  int Order(const Val& a, const Val& b);

  const DecisionProgram& program_;
  const Schema& schema_;
  const FactsLayout& layout_;
  const FactsView& view_;
  const Sizes& sizes_;
  const std::vector<const FactsFileItem*> items_;
  const ConstantNames names_;
  std::array<std::vector<uint64_t>, kFactsPools> first_;  // items of the segments before

  std::vector<std::vector<Column>> columns_;  // by type
  std::vector<OpenPage> open_pages_;
  Bits used_, absent_;
  uint32_t used_count_ = 0, stored_count_ = 0, absent_count_ = 0;

  std::vector<Leads> leads_[2];  // by lineage, type
  Bits lists_;                   // that were found good
  uint64_t list_words_left_ = 0;

  // Of each item: the count and type that it was found good with as the first of a collection.
  std::vector<uint32_t> collections_;
  absl::flat_hash_set<std::pair<uint64_t, uint32_t>> more_collections_, texts_;
  uint64_t items_left_ = 0, text_bytes_left_ = 0, work_left_ = 0;
  struct KnownLabel {
    uint32_t type = kNone32;
    uint64_t bits = 0;
  };
  std::array<KnownLabel, 256> labels_;
};

}  // namespace ztp
