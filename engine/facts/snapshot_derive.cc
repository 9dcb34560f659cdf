// What is worked out from the graph when facts are loaded or changed: inherited attributes, and
// quantifiers over ancestors.
#include <algorithm>
#include <utility>

#include "engine/base/status.h"
#include "engine/core/inherit.h"
#include "engine/facts/snapshot_builder.h"
#include "engine/facts/writer_index.h"

namespace ztp {
namespace {

// Does what the quantifier says of an ancestor depend on that ancestor's row alone: on its
// attributes and closures, and on nothing that it refers to?
bool IsOfItsOwnRow(const DecisionProgram& program, const QuantifierRecord& quantifier) {
  std::vector<uint32_t> waiting;
  std::vector<bool> seen(program.nodes.size(), false);
  auto visit = [&](uint32_t node) {
    if (node == kNone32 || seen[node]) return;
    seen[node] = true;
    waiting.push_back(node);
  };
  visit(quantifier.filter);
  visit(quantifier.body);
  while (!waiting.empty()) {
    const Node& node = program.nodes[waiting.back()];
    waiting.pop_back();
    switch (node.op) {
      case Opcode::kAncestors:
      case Opcode::kAncestorQuantifier:
        return false;
      case Opcode::kAttr:
      case Opcode::kHasAttr:
      case Opcode::kAttrIssuedAt:
      case Opcode::kAttrExpiresAt:
      case Opcode::kBoundEntity:
      case Opcode::kIn:
      case Opcode::kInAny:
      case Opcode::kDerivesFrom:
      case Opcode::kDerivesFromAny: {
        const Node& entity = program.nodes[program.args[node.first_arg]];
        if (entity.op != Opcode::kVar || entity.payload != quantifier.slot) return false;
        break;
      }
      default:
        break;
    }
    for (uint32_t arg : program.Args(node)) visit(arg);
  }
  return true;
}

void SortDistinct(std::vector<uint32_t>* numbers) {
  std::sort(numbers->begin(), numbers->end());
  numbers->erase(std::unique(numbers->begin(), numbers->end()), numbers->end());
}

}  // namespace

void SnapshotBuilder::WorkOutInherited() {
  Snapshot& s = *snapshot_;
  if (s.layout_->any_inherits()) {
    if (!changes()) {
      for (size_t p = 0; p < s.pages_.size(); ++p) {
        const uint32_t type = s.pages_[p].type;
        if (type != FactsPage::kMixed && !s.layout_->Inherits(type)) continue;
        const uint32_t first = static_cast<uint32_t>(p) << FactsPage::kBits;
        for (uint32_t e = first; e < first + FactsPage::kRows; ++e) InheritAll(e);
      }
    } else {
      std::vector<uint32_t> affected = changed_;
      SortDistinct(&affected);
      AddAllBelow(kDerives, &affected);
      affected.insert(affected.end(), closed_lineages_.begin(), closed_lineages_.end());
      SortDistinct(&affected);
      for (uint32_t e : affected) InheritAll(e);
    }
  }
  s.Sync();
}

void SnapshotBuilder::InheritAll(uint32_t entity) {
  if (!view().IsStored(entity)) return;
  const uint32_t type_index = view().TypeOf(entity);
  if (!snapshot_->layout_->Inherits(type_index)) return;
  const FactsType& type = view().types[type_index];
  std::vector<uint32_t> unknown;
  for (uint32_t a = 0; a < type.attributes; ++a) {
    if (type.cells[a].own == a) continue;
    unknown.clear();
    Arena arena(1024);
    const Val val = InheritedValue(entity, a, &unknown, arena);
    FactsState state = FactsState::kPresent;
    if (val.is_none()) {
      state = val.prefix == Snapshot::kWorkedOutLate ? FactsState::kLate
              : val.flags & Val::kNotKnown           ? FactsState::kUnknown
                                                     : FactsState::kMissing;
    }
    if (changes()) {
      // A row that stays as it is need not be copied.
      const Val before = snapshot_->Attribute(entity, a);
      const auto list = snapshot_->List(before.flags & Val::kNotKnown ? before.size : 0);
      if (FactsView::State(view().Row(entity), type, a) == state && Equal(before, val) &&
          std::equal(list.begin(), list.end(), unknown.begin(), unknown.end())) {
        continue;
      }
      touched_.push_back(entity);
    }
    uint64_t* row = MutableRow(entity);
    SetState(row, type, a, state);
    uint64_t& cell = row[FactsRow::kCells + a];
    cell = 0;
    if (state == FactsState::kPresent) cell = encoder_->CellOf(val, type.cells[a]);
    if (state == FactsState::kUnknown) cell = encoder_->List(unknown);
    snapshot_->SyncIfGrown();
  }
}

Val SnapshotBuilder::InheritedValue(uint32_t entity, uint32_t attribute,
                                    std::vector<uint32_t>* unknown, Arena& arena) {
  const Snapshot& s = *snapshot_;
  const uint32_t type = view().TypeOf(entity);
  const ztp::Attribute& declared = s.schema()[s.TypeOf(entity)].attributes[attribute];
  std::vector<Val> elements;
  InheritedParts parts(declared.inherit, &elements);
  const Snapshot::Closure closure = s.Lineage(entity);
  const auto absent = s.List(closure.absent);
  unknown->assign(absent.begin(), absent.end());
  bool late = false;
  auto add = [&](uint32_t source) {
    if (!s.IsStored(source)) return;
    const uint32_t index = s.layout_->SourceOf(type, attribute, view().TypeOf(source));
    if (index == kNone32) return;
    if (s.Window(source, index) != nullptr) late = true;
    const Val part = s.OwnPart(source, index);
    if (!part.is_none()) {
      parts.Add(part);
    } else if (part.flags & Val::kNotKnown) {
      unknown->push_back(source);
    }
  };
  add(entity);
  for (uint32_t ancestor : s.List(closure.members)) add(ancestor);

  Val result;
  if (late) {
    unknown->clear();
    result.prefix = Snapshot::kWorkedOutLate;
  } else if (!unknown->empty()) {
    SortDistinct(unknown);
    result.flags = Val::kNotKnown;
  } else if (parts.any()) {
    result = parts.Finish(arena);
    if (result.kind == TypeKind::kSet) {
      Val* items = arena.NewArray<Val>(result.size);
      std::copy_n(elements.begin(), result.size, items);
      result.list = items;
    }
  } else if (!declared.optional) {
    result.flags = Val::kNotKnown;
  }
  return result;
}

// The answers stand in the closures. As a successor: in those that were made anew, and in those of
// what is below an ancestor whose row is another now.
absl::Status SnapshotBuilder::WorkOutQuantifiers(QuantifierSolver& solver) {
  Snapshot& s = *snapshot_;
  const DecisionProgram& program = *s.program_;
  const size_t count = program.quantifiers.size();
  using Element = std::pair<Tri, std::vector<uint32_t>>;
  std::vector<absl::flat_hash_map<uint32_t, Element>> elements(count);
  auto answer = [&](uint32_t q, uint32_t closure) -> uint32_t {
    const QuantifierRecord& record = program.quantifiers[q];
    const Tri deciding = ToTri(record.is_all == 0);
    Tri value = Not(deciding);
    const auto absent = s.List(*view().List(closure));
    std::vector<uint32_t> facts(absent.begin(), absent.end());
    if (!absent.empty()) value = Tri::kUnknown;
    for (uint32_t ancestor : MembersOf(kDerives, closure)) {
      if (view().TypeOf(ancestor) != record.ancestor_type) continue;
      const auto [it, fresh] = elements[q].try_emplace(ancestor);
      auto& [element, missing] = it->second;
      if (fresh) element = solver.Solve(s, q, ancestor, &missing);
      if (element == deciding) {
        value = deciding;
        break;
      }
      if (element == Tri::kUnknown) {
        value = Tri::kUnknown;
        facts.insert(facts.end(), missing.begin(), missing.end());
      }
    }
    if (value != Tri::kUnknown) return static_cast<uint32_t>(value);
    SortDistinct(&facts);
    const uint32_t list = encoder_->List(facts);
    s.SyncIfGrown();
    return static_cast<uint32_t>(value) | list << 2;
  };
  // Until all are there the solver sees none, and evaluates nested ones the long way.
  const bool had_answers = changes() && base_->has_quantifiers();
  for (uint32_t q = 0; q < count; ++q) {
    for (uint32_t closure : new_lineages_) {
      memory_->lists.Mutable(closure)[FactsView::kClosureHead + q] = answer(q, closure);
    }
  }
  if (changes() && count != 0) {
    bool own_rows = had_answers;
    for (const QuantifierRecord& q : program.quantifiers) {
      own_rows = own_rows && IsOfItsOwnRow(program, q);
    }
    std::vector<uint32_t> below;
    if (own_rows) {
      std::vector<uint32_t> ancestors = changed_;
      ancestors.insert(ancestors.end(), touched_.begin(), touched_.end());
      std::erase_if(ancestors, [&](uint32_t e) {
        return std::none_of(
            program.quantifiers.begin(), program.quantifiers.end(),
            [&](const QuantifierRecord& q) { return q.ancestor_type == view().TypeOf(e); });
      });
      SortDistinct(&ancestors);
      below = ancestors;
      AddAllBelow(kDerives, &below);
      below.erase(below.begin(), below.begin() + static_cast<ptrdiff_t>(ancestors.size()));
      // Of what changed, some are below others.
      below.insert(below.end(), ancestors.begin(), ancestors.end());
    } else {
      for (uint32_t e = 0; e < s.entity_count(); ++e) {
        if (view().IsUsed(e)) below.push_back(e);
      }
    }
    absl::flat_hash_map<uint32_t, uint32_t> made;
    for (uint32_t closure : new_lineages_) made[closure] = closure;
    for (uint32_t e : below) {
      const uint32_t closure = view().LineageOf(e);
      const auto [it, fresh] = made.emplace(closure, closure);
      if (fresh) {
        std::vector<uint32_t> answers;
        for (uint32_t q = 0; q < count; ++q) answers.push_back(answer(q, closure));
        const uint32_t* before = view().List(closure) + FactsView::kClosureHead;
        if (!std::equal(answers.begin(), answers.end(), before)) {
          const uint32_t* head = view().List(closure);
          ZTP_ASSIGN_OR_RETURN(const uint32_t made_now, NewClosure(kDerives, head[1], head[0],
                                                                   MembersOf(kDerives, closure)));
          std::copy(answers.begin(), answers.end(),
                    memory_->lists.Mutable(made_now) + FactsView::kClosureHead);
          made[closure] = made_now;
          made[made_now] = made_now;
          if (closure == s.no_lineage_) s.no_lineage_ = made_now;
        }
      }
      const uint32_t now = made[closure];
      if (now == closure) continue;
      uint64_t& word = MutableRow(e)[1];
      word = (word & UINT32_MAX) | uint64_t{now} << 32;
    }
  }
  s.view_.has_quantifiers = true;
  return absl::OkStatus();
}

}  // namespace ztp
