// See quick.h. Operators that are missing here (making collections, times of evidence, schedules …)
// are left to the machine.
#include "engine/core/quick.h"

#include "engine/core/checked.h"
#include "engine/core/glob.h"
#include "engine/core/ip.h"

namespace ztp {
namespace {

// In a list that ascends. The halving has no branch that depends on a number.
inline bool HasNumber(std::span<const uint32_t> list, uint32_t number) {
  const uint32_t* at = list.data();
  size_t left = list.size();
  if (left == 0) return false;
  while (left > 1) {
    const size_t half = left / 2;
    at += at[half - 1] < number ? half : 0;
    left -= half;
  }
  return *at == number;
}

bool HasItem(const Val& collection, const Val& item) {
  const bool number = IsNumberKind(item.kind) || item.kind == TypeKind::kEntity;
  if (!number || collection.size > 8) return ContainsItem(collection, item);
  for (uint32_t i = 0; i < collection.size; ++i) {
    if (collection.list[i].number == item.number) return true;
  }
  return false;
}

Tri Inverse(Tri t) { return t == Tri::kUnknown ? t : ToTri(t == Tri::kFalse); }

}  // namespace

bool Quick::ValueOf(uint32_t id, Val* out, int depth) {
  if (--steps_left_ < 0) return false;
  const Node& node = policy_.nodes[id];
  switch (node.op) {
    case Opcode::kConst:
      *out = facts_.constants[node.payload];
      return true;
    case Opcode::kPrincipal:
      *out = request_.principal;
      return true;
    case Opcode::kResource:
      *out = request_.resource;
      return true;
    case Opcode::kVar:
      *out = variables_[node.payload];
      return (bound_ >> node.payload & 1) != 0;
    case Opcode::kAttr:
      return depth > 0 && Attribute(node, out, depth - 1) == Found::kValue;
    default:
      return depth > 0 && OtherValue(node, id, out, depth - 1);
  }
}

bool Quick::OtherValue(const Node& node, uint32_t id, Val* out, int depth) {
  switch (node.op) {
    case Opcode::kParam:
    case Opcode::kInput:
    case Opcode::kField:
      return Read(node, out, depth) == Found::kValue;
    case Opcode::kCoalesce: {
      const Found found = Read(policy_.nodes[Arg(node, 0)], out, depth);
      return found == Found::kValue ||
             (found == Found::kMissing && ValueOf(Arg(node, 1), out, depth));
    }
    case Opcode::kIf: {
      const Tri condition = TruthOf(Arg(node, 0), depth);
      return condition != Tri::kUnknown &&
             ValueOf(Arg(node, condition == Tri::kTrue ? 1 : 2), out, depth);
    }
    case Opcode::kNeg:
    case Opcode::kAdd:
    case Opcode::kSub:
    case Opcode::kMulInt:
    case Opcode::kJoin:
    case Opcode::kMeet:
    case Opcode::kPart:
    case Opcode::kSize:
    case Opcode::kMapSize:
      return Arithmetic(node, out, depth);
    default:
      break;
  }
  if (policy_.KindOf(node) != TypeKind::kBool) return false;
  const Tri truth = TruthOf(id, depth);
  *out = Val::Bool(truth == Tri::kTrue);
  return truth != Tri::kUnknown;
}

// Of a node of type Bool.
Tri Quick::TruthOf(uint32_t id, int depth) {
  if (--steps_left_ < 0 || --depth < 0) return Tri::kUnknown;
  const Node& node = policy_.nodes[id];
  switch (node.op) {
    case Opcode::kAnd:
      return Logic(node, Tri::kFalse, depth);
    case Opcode::kOr:
      return Logic(node, Tri::kTrue, depth);
    case Opcode::kNot:
      return Inverse(TruthOf(Arg(node, 0), depth));
    case Opcode::kAny:
    case Opcode::kAll:
      return Quantifier(node, depth);
    case Opcode::kAncestorQuantifier: {
      Val entity;
      if (!facts_.has_quantifiers || !ValueOf(Arg(node, 0), &entity, depth) ||
          !request_.IsStored(entity.entity())) {
        return Tri::kUnknown;
      }
      return QuantifiedOf(facts_, node.payload, entity.entity()).value;
    }
    case Opcode::kEqScalar:
    case Opcode::kEqEntity: {
      Val a, b;
      return Arguments(node, &a, &b, depth) ? ToTri(a.number == b.number) : Tri::kUnknown;
    }
    case Opcode::kEqText:
    case Opcode::kEqDeep:
    case Opcode::kLtNumber:
    case Opcode::kLeNumber:
    case Opcode::kLtText:
    case Opcode::kLeText:
      return Compare(node, depth);
    case Opcode::kEqLabel:
    case Opcode::kFlowsTo:
      return CompareLabels(node, depth);
    case Opcode::kIn: {
      Val a, b;
      return Arguments(node, &a, &b, depth) ? IsIn(a.entity(), &b, 1) : Tri::kUnknown;
    }
    case Opcode::kInAny: {
      Val a, b;
      return Arguments(node, &a, &b, depth) ? IsIn(a.entity(), b.list, b.size) : Tri::kUnknown;
    }
    case Opcode::kDerivesFrom:
    case Opcode::kDerivesFromAny:
      return DerivesFrom(node, depth);
    case Opcode::kContains: {
      Val a, b;
      return Arguments(node, &a, &b, depth) ? ToTri(HasItem(a, b)) : Tri::kUnknown;
    }
    case Opcode::kHasAttr: {
      Val ignored;
      const Found found = Attribute(node, &ignored, depth);
      return found == Found::kUnsure ? Tri::kUnknown : ToTri(found == Found::kValue);
    }
    case Opcode::kIsType:
    case Opcode::kBoundEntity:
    case Opcode::kContainsAll:
    case Opcode::kContainsAny:
    case Opcode::kIpInCidr:
    case Opcode::kIpInAny:
    case Opcode::kInPowerSet:
    case Opcode::kInDual:
    case Opcode::kIsEmpty:
    case Opcode::kLike:
    case Opcode::kMatchesStored:
      return Collections(node, depth);
    case Opcode::kAttr:
    case Opcode::kConst:
    case Opcode::kVar:
    case Opcode::kParam:
    case Opcode::kInput:
    case Opcode::kField:
    case Opcode::kCoalesce:
    case Opcode::kIf: {
      Val value;
      return ValueOf(id, &value, depth) ? ToTri(value.boolean()) : Tri::kUnknown;
    }
    case Opcode::kHasInput: {
      const BoundFact& fact = request_.inputs[node.payload];
      if (fact.val.is_none()) return Tri::kFalse;
      return !fact.window.any() || Counts(fact.window) ? Tri::kTrue : Tri::kUnknown;
    }
    case Opcode::kNowCompare:
    case Opcode::kNowWithin:
    case Opcode::kInputIssuedAt:
    case Opcode::kInputExpiresAt:
      GiveUp();
      return Tri::kUnknown;
    case Opcode::kHasParam: {
      const uint32_t column = policy_.ParamColumn(node.payload, request_.action);
      return ToTri(column != kNone32 && !request_.params[column].val.is_none());
    }
    default:
      return Tri::kUnknown;
  }
}

// One operand that decides for ever is enough, whatever the others are. Of those that decide for a
// while the longest counts, so all must be known; where none decides, the shortest of all.
Tri Quick::Logic(const Node& node, Tri deciding, int depth) {
  Tri result = Inverse(deciding);
  const int64_t outer = until_;
  int64_t decided = INT64_MIN;
  int64_t all = kForEver;
  for (uint32_t i = 0; i < node.arg_count; ++i) {
    until_ = kForEver;
    const Tri operand = TruthOf(Arg(node, i), depth);
    if (operand == Tri::kUnknown) {
      result = Tri::kUnknown;
    } else if (operand != deciding) {
      all = std::min(all, until_);
    } else if (until_ == kForEver) {
      until_ = outer;
      return deciding;
    } else {
      decided = std::max(decided, until_);
    }
  }
  const bool is_decided = decided != INT64_MIN;
  until_ = std::min(outer, is_decided ? decided : all);
  return is_decided && result != Tri::kUnknown ? deciding : result;
}

// `any`: filter and body of some element; `all`: not filter, or body, of each.
Tri Quick::Quantifier(const Node& node, int depth) {
  const uint32_t slot = node.payload;
  Val collection;
  // A fold of the same slot that belongs to another one, further out, is the machine's affair.
  if ((bound_ >> slot & 1) != 0 || !policy_.earlier_folds.empty() ||
      !ValueOf(Arg(node, 0), &collection, depth)) {
    return Tri::kUnknown;
  }
  // Elements whose share of the answer ends are the machine's affair.
  const int64_t outer = until_;
  until_ = kForEver;
  const bool any = node.op == Opcode::kAny;
  const uint32_t filter = Arg(node, 1), body = Arg(node, 2);
  const Tri deciding = ToTri(any);
  Tri result = Inverse(deciding);
  bound_ = static_cast<uint8_t>(bound_ | 1u << slot);
  for (uint32_t i = 0; i < collection.size && result != deciding; ++i) {
    if (--steps_left_ < 0) {
      result = Tri::kUnknown;
      break;
    }
    variables_[slot] = collection.list[i];
    const Tri in = filter == kNone32 ? Tri::kTrue : TruthOf(filter, depth);
    if (in == Tri::kFalse) continue;
    const Tri holds = TruthOf(body, depth);
    if (in == Tri::kTrue && holds == deciding) {
      result = deciding;
    } else if (in == Tri::kUnknown || holds == Tri::kUnknown) {
      result = Tri::kUnknown;
    }
  }
  bound_ = static_cast<uint8_t>(bound_ & ~(1u << slot));
  if (until_ != kForEver) result = Tri::kUnknown;
  until_ = outer;
  return result;
}

Tri Quick::Compare(const Node& node, int depth) {
  Val a, b;
  if (!Arguments(node, &a, &b, depth)) return Tri::kUnknown;
  switch (node.op) {
    case Opcode::kEqText:
      return ToTri(a.size == b.size &&
                   (a.bytes == b.bytes || std::memcmp(a.bytes, b.bytes, a.size) == 0));
    case Opcode::kEqDeep:
      return ToTri(Equal(a, b));
    case Opcode::kLtNumber:
      return ToTri(a.number < b.number);
    case Opcode::kLeNumber:
      return ToTri(a.number <= b.number);
    case Opcode::kLtText:
      return ToTri(a.text() < b.text());
    case Opcode::kLeText:
      return ToTri(a.text() <= b.text());
    default:
      return Tri::kUnknown;
  }
}

// Those of at most 64 bits.
Tri Quick::CompareLabels(const Node& node, int depth) {
  Val a, b;
  if (!Arguments(node, &a, &b, depth) || ((a.flags | b.flags) & Val::kWideLabel) != 0) {
    return Tri::kUnknown;
  }
  return ToTri(node.op == Opcode::kFlowsTo ? (a.number & ~b.number) == 0 : a.number == b.number);
}

Tri Quick::IsIn(uint32_t entity, const Val* groups, uint32_t count) const {
  for (uint32_t i = 0; i < count; ++i) {
    if (groups[i].entity() == entity) return Tri::kTrue;
  }
  if (count == 0) return Tri::kFalse;
  // Mostly it is the principal, whose row is at hand.
  uint32_t head;
  if (entity == request_.principal.entity() && request_.principal_row != nullptr) {
    head = static_cast<uint32_t>(request_.principal_row[1]);
  } else if (request_.IsStored(entity)) {
    head = facts_.MembershipOf(entity);
  } else {
    return policy_.AlwaysPresent(request_.TypeOf(entity)) ? Tri::kFalse : Tri::kUnknown;
  }
  const FactsClosure closure = MembershipsAt(facts_, head);
  const auto members = ListOf(facts_, closure.members);
  for (uint32_t i = 0; i < count; ++i) {
    if (HasNumber(members, groups[i].entity())) return Tri::kTrue;
  }
  return closure.absent == 0 ? Tri::kFalse : Tri::kUnknown;
}

Tri Quick::DerivesFrom(const Node& node, int depth) {
  Val a, b;
  if (!Arguments(node, &a, &b, depth)) return Tri::kUnknown;
  const bool one = node.op == Opcode::kDerivesFrom;
  const Val* targets = one ? &b : b.list;
  const uint32_t count = one ? 1 : b.size;
  if (count == 0) return Tri::kFalse;
  if (!request_.IsStored(a.entity())) return Tri::kUnknown;
  const FactsClosure closure = LineageOf(facts_, a.entity());
  const auto members = ListOf(facts_, closure.members);
  for (uint32_t i = 0; i < count; ++i) {
    if (HasNumber(members, targets[i].entity())) return Tri::kTrue;
  }
  return closure.absent == 0 ? Tri::kFalse : Tri::kUnknown;
}

Tri Quick::Collections(const Node& node, int depth) {
  Val a;
  if (!ValueOf(Arg(node, 0), &a, depth)) return Tri::kUnknown;
  if (node.op == Opcode::kIsType) return ToTri(a.size == node.payload);
  if (node.op == Opcode::kBoundEntity) {
    return ToTri(request_.IsStored(a.entity()) ||
                 policy_.AlwaysPresent(request_.TypeOf(a.entity())));
  }
  if (node.op == Opcode::kIsEmpty) return ToTri(a.size == 0);
  if (node.op == Opcode::kMatchesStored) return StoredMatches(facts_, node.payload, a);
  Val b;
  if (!ValueOf(Arg(node, 1), &b, depth)) return Tri::kUnknown;
  switch (node.op) {
    case Opcode::kContainsAll:
    case Opcode::kContainsAny: {
      const bool any = node.op == Opcode::kContainsAny;
      if (static_cast<int>(b.size) > steps_left_) return Tri::kUnknown;
      steps_left_ -= static_cast<int>(b.size);
      for (uint32_t i = 0; i < b.size; ++i) {
        if (HasItem(a, b.list[i]) == any) return ToTri(any);
      }
      return ToTri(!any);
    }
    case Opcode::kIpInCidr:
      return ToTri(ztp::Contains(b.cidr(), a.ip()));
    case Opcode::kIpInAny: {
      if (static_cast<int>(b.size) > steps_left_) return Tri::kUnknown;
      steps_left_ -= static_cast<int>(b.size);
      const Ip ip = a.ip();
      for (uint32_t i = 0; i < b.size; ++i) {
        if (ztp::Contains(b.list[i].cidr(), ip)) return Tri::kTrue;
      }
      return Tri::kFalse;
    }
    case Opcode::kInPowerSet:
    case Opcode::kInDual:
      if ((b.flags & Val::kWideLabel) != 0 || a.number < 0 || a.number > 63) return Tri::kUnknown;
      return ToTri((static_cast<uint64_t>(b.number) >> a.number & 1) ==
                   (node.op == Opcode::kInPowerSet ? 1u : 0u));
    case Opcode::kLike:
      return ToTri(GlobMatches(b.text(), a.text()));
    default:
      return Tri::kUnknown;
  }
}

Quick::Found Quick::Fact(const BoundFact& fact, bool optional, Val* out) {
  if (!fact.val.is_none()) {
    // Evidence comes and goes with the time.
    if (fact.window.any() && !Counts(fact.window)) return Found::kUnsure;
    *out = fact.val;
    return Found::kValue;
  }
  return optional && (fact.val.flags & Val::kNotKnown) == 0 ? Found::kMissing : Found::kUnsure;
}

Quick::Found Quick::Read(const Node& node, Val* out, int depth) {
  switch (node.op) {
    case Opcode::kParam: {
      const uint32_t column = policy_.ParamColumn(node.payload, request_.action);
      return column == kNone32 ? Found::kMissing : Fact(request_.params[column], true, out);
    }
    case Opcode::kInput:
      return Fact(request_.inputs[node.payload], policy_.optional_inputs[node.payload] != 0, out);
    case Opcode::kAttr:
      return Attribute(node, out, depth);
    case Opcode::kField: {
      Val record;
      if (!ValueOf(Arg(node, 0), &record, depth)) return Found::kUnsure;
      *out = record.list[node.payload];
      return out->is_none() ? Found::kMissing : Found::kValue;
    }
    default:
      return Found::kUnsure;
  }
}

// `x.a`, and of `x has a` what is known of it. An attribute that the type does not have is missing
// to `has` and unknown to a read, which the machine says.
Quick::Found Quick::Attribute(const Node& node, Val* out, int depth) {
  const uint32_t holder_node = Arg(node, 0);
  const uint64_t* row;
  uint32_t number;
  switch (policy_.nodes[holder_node].op) {
    case Opcode::kPrincipal:
      row = request_.principal_row;
      number = request_.principal.size;
      break;
    case Opcode::kResource:
      row = request_.resource_row;
      number = request_.resource.size;
      break;
    default: {
      Val holder;
      if (!ValueOf(holder_node, &holder, depth) || !request_.IsStored(holder.entity())) {
        return Found::kUnsure;
      }
      const FactsView::Place place = facts_.At(holder.entity());
      row = place.row;
      number = place.type;
      break;
    }
  }
  if (row == nullptr) return Found::kUnsure;
  const uint32_t column = policy_.AttributeColumn(node.payload, number);
  if (column == kNone32) return node.op == Opcode::kHasAttr ? Found::kMissing : Found::kUnsure;
  const FactsType& type = facts_.types[number];
  const FactsState state = FactsView::State(row, type, column);
  if (state == FactsState::kPresent) {
    if (type.first_window != 0) {
      const EvidenceWindow* window = WindowOf(facts_, row, type, column);
      if (window != nullptr && !Counts(*window)) return Found::kUnsure;
    }
    *out = ReadPresent(facts_, type.cells[column], row[FactsRow::kCells + column]);
    return Found::kValue;
  }
  const bool optional = policy_.AttributeOf(number, column).optional != 0;
  return state == FactsState::kMissing && optional ? Found::kMissing : Found::kUnsure;
}

bool Quick::Arithmetic(const Node& node, Val* out, int depth) {
  Val a;
  if (!ValueOf(Arg(node, 0), &a, depth)) return false;
  const TypeKind kind = policy_.KindOf(node);
  switch (node.op) {
    case Opcode::kSize:
      *out = Val::Number(TypeKind::kInt, a.size);
      return true;
    case Opcode::kMapSize:
      *out = Val::Number(TypeKind::kInt, a.size / 2);
      return true;
    case Opcode::kNeg: {
      const Checked<int64_t> result = CheckedNeg(a.number);
      *out = Val::Number(kind, *result);
      return result.ok();
    }
    case Opcode::kPart: {
      if ((a.flags & Val::kWideLabel) != 0) return false;
      const unsigned offset = node.payload >> 16, bits = node.payload & 0xffff;
      if (offset > 63) return false;
      uint64_t part = static_cast<uint64_t>(a.number) >> offset;
      if (bits < 64) part &= (uint64_t{1} << bits) - 1;
      *out = Val::Number(TypeKind::kLattice, static_cast<int64_t>(part));
      return true;
    }
    default:
      break;
  }
  Val b;
  if (!ValueOf(Arg(node, 1), &b, depth)) return false;
  switch (node.op) {
    case Opcode::kJoin:
    case Opcode::kMeet:
      if (((a.flags | b.flags) & Val::kWideLabel) != 0) return false;
      *out = Val::Number(TypeKind::kLattice,
                         node.op == Opcode::kJoin ? a.number | b.number : a.number & b.number);
      return true;
    case Opcode::kAdd:
    case Opcode::kSub:
    case Opcode::kMulInt: {
      const Checked<int64_t> result = node.op == Opcode::kAdd   ? CheckedAdd(a.number, b.number)
                                      : node.op == Opcode::kSub ? CheckedSub(a.number, b.number)
                                                                : CheckedMul(a.number, b.number);
      *out = Val::Number(kind, *result);
      return result.ok();
    }
    default:
      return false;
  }
}

}  // namespace ztp
