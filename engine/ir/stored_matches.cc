// Which `matches` read stored texts only, and so can be worked out when facts are loaded.
#include <algorithm>

#include "engine/ir/nodes.h"

namespace ztp::ir {

using sema::ExprId;
using sema::Op;

Opcode NodeBuilder::MatchOpcode(const Expr& e, uint32_t pattern) {
  std::vector<std::pair<uint32_t, uint32_t>> found;
  std::vector<uint32_t> visited;
  if (!CollectStored(ArgOf(e, 0), &found, &visited)) return Opcode::kMatches;
  for (const auto& [type, index] : found) {
    const StoredMatch match{pattern, type, index};
    auto& all = out_.stored_matches;
    if (std::find(all.begin(), all.end(), match) == all.end()) all.push_back(match);
  }
  return Opcode::kMatchesStored;
}

// Collects the attributes and constants that a text can come from. False if it can come from a
// request, or be made on the way. `visited` has the expressions on the way, against going around in
// variables.
bool NodeBuilder::CollectStored(const Expr& e, std::vector<std::pair<uint32_t, uint32_t>>* found,
                                std::vector<uint32_t>* visited) const {
  const uint32_t self = static_cast<uint32_t>(&e - program_.exprs.data());
  if (std::find(visited->begin(), visited->end(), self) != visited->end()) return true;
  // A text behind so many steps is not worth the search.
  if (visited->size() > 64) return false;
  visited->push_back(self);
  auto from = [&](size_t arg) { return CollectStored(ArgOf(e, arg), found, visited); };
  switch (e.op) {
    case Op::kConst: {
      // Constants are kept in the snapshot too; those that nothing else uses are added here.
      const uint32_t constant = const_cast<NodeBuilder*>(this)->ConstantOf(e.payload);
      found->emplace_back(kNone32, constant);
      return true;
    }
    case Op::kAttr: {
      const Schema& schema = program_.schema;
      for (EntityTypeId type : schema.types[ArgOf(e, 0).type].entities) {
        if (schema[type].carried != Carried::kNo) return false;
        const auto index = schema[type].FindAttribute(program_.names[e.payload]);
        if (!index) continue;
        // A union of parts has its ancestors' texts, which may be of other types.
        if (schema[type].attributes[*index].inherit != Inherit::kNo) return false;
        found->emplace_back(type.index, *index);
      }
      return true;
    }
    case Op::kField:
    case Op::kFirst:
    case Op::kLast:
    case Op::kIndex:
    case Op::kKeys:
    case Op::kValues:
      return from(0);
    case Op::kCoalesce:
      return from(0) && from(1);
    case Op::kIf:
      return from(1) && from(2);
    case Op::kSetOf:
      return from(2);
    case Op::kMakeSet:
    case Op::kMakeList:
    case Op::kMakeRecord:
      for (ExprId arg : program_.Args(e)) {
        if (arg.valid() && !CollectStored(program_[arg], found, visited)) return false;
      }
      return true;
    case Op::kVar:
      // The graph is shared, so one variable may stand for the elements of several folds'
      // collections.
      for (size_t i = 0; i < program_.exprs.size(); ++i) {
        const Expr& fold = program_.exprs[i];
        if (!reachable_[i] || fold.op < Op::kAny || fold.payload != e.payload) continue;
        if (program_.schema.types[ArgOf(fold, 0).type].element != e.type) continue;
        if (!CollectStored(ArgOf(fold, 0), found, visited)) return false;
      }
      return true;
    default:
      return false;
  }
}

}  // namespace ztp::ir
