// The shared graph: hash-consing, and what of it a finished program keeps.
#include "engine/sema/builder.h"

#include <algorithm>
#include <cassert>

#include "absl/hash/hash.h"

namespace ztp::sema {
namespace {

// Does the operator read the request, the facts or the clock?
bool ReadsWorld(Op op) {
  switch (op) {
    case Op::kPrincipal:
    case Op::kResource:
    case Op::kParam:
    case Op::kHasParam:
    case Op::kInput:
    case Op::kHasInput:
    case Op::kBoundInput:
    case Op::kBoundEntity:
    case Op::kAttr:
    case Op::kHasAttr:
    case Op::kIssuedAt:
    case Op::kExpiresAt:
    case Op::kNowCompare:
    case Op::kNowWithin:
    case Op::kIn:
    case Op::kInAny:
    case Op::kDerivesFrom:
    case Op::kAncestors:
      return true;
    default:
      return false;
  }
}

bool IsFold(Op op) {
  switch (op) {
    case Op::kAny:
    case Op::kAll:
    case Op::kCount:
    case Op::kSum:
    case Op::kJoinOf:
    case Op::kSetOf:
      return true;
    default:
      return false;
  }
}

bool PayloadIsName(Op op) {
  switch (op) {
    case Op::kParam:
    case Op::kHasParam:
    case Op::kAttr:
    case Op::kHasAttr:
    case Op::kNowWithin:
    case Op::kMatches:
      return true;
    default:
      return false;
  }
}

uint64_t HashOf(Op op, TypeId type, std::span<const ExprId> args, uint32_t payload) {
  size_t hash = absl::HashOf(static_cast<uint8_t>(op), type.index, payload, args.size());
  for (ExprId arg : args) hash = absl::HashOf(hash, arg.index);
  return hash;
}

template <typename Visit>
void VisitRoots(Rule& rule, Visit visit) {
  for (Clause& clause : rule.clauses) visit(clause.condition);
  for (Oblige& oblige : rule.obliges) {
    for (ExprId& arg : oblige.args) visit(arg);
  }
  for (Oblige& oblige : rule.unless_obliged) {
    for (ExprId& arg : oblige.args) visit(arg);
  }
}

}  // namespace

ProgramBuilder::Info ProgramBuilder::InfoOf(Op op, uint32_t payload,
                                            std::span<const ExprId> args) const {
  Info info;
  if (op == Op::kVar) {
    info.closed = payload < kFirstPlaceholder;
    info.free_vars = info.closed ? static_cast<uint8_t>(1u << payload) : 0;
    return info;
  }
  info.closed = !ReadsWorld(op);
  for (size_t i = 0; i < args.size(); ++i) {
    if (!args[i].valid()) continue;
    const Info& arg = infos_[args[i].index];
    info.closed = info.closed && arg.closed;
    uint8_t free_vars = arg.free_vars;
    // The variable is bound in filter and body, not in the collection.
    if (IsFold(op) && i > 0) free_vars &= static_cast<uint8_t>(~(1u << payload));
    info.free_vars |= free_vars;
  }
  return info;
}

ExprId ProgramBuilder::Make(Op op, TypeId type, std::span<const ExprId> args, uint32_t payload) {
  std::vector<uint32_t>& candidates = by_hash_[HashOf(op, type, args, payload)];
  for (uint32_t candidate : candidates) {
    const Expr& e = exprs_[candidate];
    if (e.op == op && e.type == type && e.payload == payload && e.arg_count == args.size() &&
        std::equal(args.begin(), args.end(), args_.begin() + e.first_arg)) {
      return ExprId{candidate};
    }
  }
  const ExprId id{static_cast<uint32_t>(exprs_.size())};
  candidates.push_back(id.index);
  infos_.push_back(InfoOf(op, payload, args));
  exprs_.push_back(
      {op, type, payload, static_cast<uint32_t>(args_.size()), static_cast<uint32_t>(args.size())});
  args_.insert(args_.end(), args.begin(), args.end());
  return id;
}

ExprId ProgramBuilder::Const(TypeId type, Value value) {
  const uint32_t fresh = static_cast<uint32_t>(constants_.size());
  const auto [it, inserted] = constant_index_.emplace(std::pair(type.index, value), fresh);
  if (inserted) {
    constants_.push_back(std::move(value));
    constant_types_.push_back(type);
  }
  return Make(Op::kConst, type, std::span<const ExprId>(), it->second);
}

uint32_t ProgramBuilder::Name(std::string_view text) {
  const auto [it, inserted] =
      name_index_.emplace(std::string(text), static_cast<uint32_t>(names_.size()));
  if (inserted) names_.emplace_back(text);
  return it->second;
}

void ProgramBuilder::Finish(Program* program) {
  std::vector<bool> reached(exprs_.size(), false);
  for (Rule& rule : program->rules) {
    VisitRoots(rule, [&](ExprId& id) {
      if (id.valid()) reached[id.index] = true;
    });
  }
  // Arguments come before their node, so one pass from the end finds all.
  for (size_t i = exprs_.size(); i-- > 0;) {
    if (!reached[i]) continue;
    for (ExprId arg : Args(ExprId{static_cast<uint32_t>(i)})) {
      if (arg.valid()) reached[arg.index] = true;
    }
  }
  constexpr uint32_t kNone = UINT32_MAX;
  std::vector<uint32_t> node(exprs_.size(), kNone);
  std::vector<uint32_t> constant(constants_.size(), kNone);
  std::vector<uint32_t> name(names_.size(), kNone);
  for (size_t i = 0; i < exprs_.size(); ++i) {
    if (!reached[i]) continue;
    Expr e = exprs_[i];
    assert(e.op != Op::kVar || e.payload < kFirstPlaceholder);
    const std::span<const ExprId> args = Args(ExprId{static_cast<uint32_t>(i)});
    e.first_arg = static_cast<uint32_t>(program->args.size());
    for (ExprId arg : args) {
      program->args.push_back(arg.valid() ? ExprId{node[arg.index]} : ExprId{});
    }
    if (e.op == Op::kConst) {
      uint32_t& index = constant[e.payload];
      if (index == kNone) {
        index = static_cast<uint32_t>(program->constants.size());
        program->constants.push_back(std::move(constants_[e.payload]));
        program->constant_types.push_back(constant_types_[e.payload]);
      }
      e.payload = index;
    } else if (PayloadIsName(e.op)) {
      uint32_t& index = name[e.payload];
      if (index == kNone) {
        index = static_cast<uint32_t>(program->names.size());
        program->names.push_back(names_[e.payload]);
      }
      e.payload = index;
    }
    node[i] = static_cast<uint32_t>(program->exprs.size());
    program->exprs.push_back(e);
  }
  for (Rule& rule : program->rules) {
    VisitRoots(rule, [&](ExprId& id) {
      if (id.valid()) id = ExprId{node[id.index]};
    });
  }
  exprs_.clear();
  args_.clear();
  infos_.clear();
  constants_.clear();
  constant_types_.clear();
  names_.clear();
  by_hash_.clear();
  constant_index_.clear();
  name_index_.clear();
  rule_start_ = 0;
}

}  // namespace ztp::sema
