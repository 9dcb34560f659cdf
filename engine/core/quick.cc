// See quick.h. Operators that are missing here (making collections, evidence's times, schedules …)
// are left to the machine.
#include "engine/core/quick.h"

#include "engine/core/checked.h"
#include "engine/core/glob.h"
#include "engine/core/ip.h"

namespace ztp {
namespace {

// In a list that ascends; most are short.
bool HasNumber(std::span<const uint32_t> list, uint32_t number) {
  size_t low = 0, high = list.size();
  while (high - low > 8) {
    const size_t middle = low + (high - low) / 2;
    if (list[middle] <= number) {
      low = middle;
    } else {
      high = middle;
    }
  }
  for (; low < high; ++low) {
    if (list[low] >= number) return list[low] == number;
  }
  return false;
}

bool IsNumber(TypeKind kind) {
  switch (kind) {
    case TypeKind::kBool:
    case TypeKind::kInt:
    case TypeKind::kDecimal:
    case TypeKind::kTime:
    case TypeKind::kDuration:
    case TypeKind::kEnum:
    case TypeKind::kEntity:
      return true;
    default:
      return false;
  }
}

bool HasItem(const Val& collection, const Val& item) {
  if (!IsNumber(item.kind) || collection.size > 8) return ContainsItem(collection, item);
  for (uint32_t i = 0; i < collection.size; ++i) {
    if (collection.list[i].number == item.number) return true;
  }
  return false;
}

Tri Inverse(Tri t) { return t == Tri::kUnknown ? t : ToTri(t == Tri::kFalse); }

}  // namespace

bool Quick::ValueOf(uint32_t id, Val* out) {
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
    default:
      break;
  }
  if (depth_left_ == 0) return false;
  --depth_left_;
  bool known;
  switch (node.op) {
    case Opcode::kParam:
    case Opcode::kInput:
    case Opcode::kAttr:
    case Opcode::kField:
      known = Read(node, out) == Found::kValue;
      break;
    case Opcode::kCoalesce: {
      const Node& read = policy_.nodes[Arg(node, 0)];
      const Found found = Read(read, out);
      known = found == Found::kValue || (found == Found::kMissing && ValueOf(Arg(node, 1), out));
      break;
    }
    case Opcode::kIf: {
      const Tri condition = TruthOf(Arg(node, 0));
      known = condition != Tri::kUnknown &&
              ValueOf(Arg(node, condition == Tri::kTrue ? 1 : 2), out);
      break;
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
      known = Arithmetic(node, out);
      break;
    default: {
      if (policy_.KindOf(node) != TypeKind::kBool) {
        known = false;
        break;
      }
      const Tri truth = TruthOf(id);
      *out = Val::Bool(truth == Tri::kTrue);
      known = truth != Tri::kUnknown;
      break;
    }
  }
  ++depth_left_;
  return known;
}

// Of a node of type Bool.
Tri Quick::TruthOf(uint32_t id) {
  if (--steps_left_ < 0) return Tri::kUnknown;
  const Node& node = policy_.nodes[id];
  if (depth_left_ == 0) return Tri::kUnknown;
  --depth_left_;
  Tri truth;
  switch (node.op) {
    case Opcode::kAnd:
      truth = Logic(node, Tri::kFalse);
      break;
    case Opcode::kOr:
      truth = Logic(node, Tri::kTrue);
      break;
    case Opcode::kNot:
      truth = Inverse(TruthOf(Arg(node, 0)));
      break;
    case Opcode::kAny:
    case Opcode::kAll:
      truth = Quantifier(node);
      break;
    case Opcode::kAncestorQuantifier: {
      Val entity;
      truth = Tri::kUnknown;
      if (facts_.has_quantifiers && ValueOf(Arg(node, 0), &entity) &&
          request_.IsStored(entity.entity())) {
        truth = QuantifiedOf(facts_, node.payload, entity.entity()).value;
      }
      break;
    }
    case Opcode::kEqScalar:
    case Opcode::kEqText:
    case Opcode::kEqEntity:
    case Opcode::kEqLabel:
    case Opcode::kEqDeep:
    case Opcode::kLtNumber:
    case Opcode::kLeNumber:
    case Opcode::kLtText:
    case Opcode::kLeText:
    case Opcode::kFlowsTo:
      truth = Compare(node);
      break;
    case Opcode::kIn:
    case Opcode::kInAny:
    case Opcode::kDerivesFrom:
    case Opcode::kDerivesFromAny:
    case Opcode::kIsType:
    case Opcode::kBoundEntity:
      truth = Membership(node);
      break;
    case Opcode::kHasAttr:
    case Opcode::kContains:
    case Opcode::kContainsAll:
    case Opcode::kContainsAny:
    case Opcode::kIpInCidr:
    case Opcode::kIpInAny:
    case Opcode::kInPowerSet:
    case Opcode::kInDual:
    case Opcode::kIsEmpty:
    case Opcode::kLike:
    case Opcode::kMatchesStored:
      truth = Collections(node);
      break;
    case Opcode::kConst:
    case Opcode::kVar:
    case Opcode::kParam:
    case Opcode::kInput:
    case Opcode::kAttr:
    case Opcode::kField:
    case Opcode::kCoalesce:
    case Opcode::kIf: {
      Val value;
      truth = ValueOf(id, &value) ? ToTri(value.boolean()) : Tri::kUnknown;
      break;
    }
    case Opcode::kHasParam: {
      const uint32_t column = policy_.ParamColumn(node.payload, request_.action);
      truth = ToTri(column != kNone32 && !request_.params[column].val.is_none());
      break;
    }
    default:
      truth = Tri::kUnknown;
      break;
  }
  ++depth_left_;
  return truth;
}

// One plain operand that decides is enough, whatever the others are.
Tri Quick::Logic(const Node& node, Tri deciding) {
  Tri result = Inverse(deciding);
  for (uint32_t i = 0; i < node.arg_count; ++i) {
    const Tri operand = TruthOf(Arg(node, i));
    if (operand == deciding) return deciding;
    if (operand == Tri::kUnknown) result = Tri::kUnknown;
  }
  return result;
}

// `any`: filter and body of some element; `all`: not filter, or body, of each.
Tri Quick::Quantifier(const Node& node) {
  const uint32_t slot = node.payload;
  Val collection;
  // A fold of the same slot that belongs to another one, further out, is the machine's affair.
  if ((bound_ >> slot & 1) != 0 || !policy_.earlier_folds.empty() ||
      !ValueOf(Arg(node, 0), &collection)) {
    return Tri::kUnknown;
  }
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
    const Tri in = filter == kNone32 ? Tri::kTrue : TruthOf(filter);
    if (in == Tri::kFalse) continue;
    const Tri holds = TruthOf(body);
    if (in == Tri::kTrue && holds == deciding) {
      result = deciding;
    } else if (in == Tri::kUnknown || holds == Tri::kUnknown) {
      result = Tri::kUnknown;
    }
  }
  bound_ = static_cast<uint8_t>(bound_ & ~(1u << slot));
  return result;
}

Tri Quick::Compare(const Node& node) {
  if (node.op == Opcode::kFlowsTo || node.op == Opcode::kEqLabel) {
    uint64_t x, y;
    if (!Narrow(Arg(node, 0), &x) || !Narrow(Arg(node, 1), &y)) return Tri::kUnknown;
    return ToTri(node.op == Opcode::kFlowsTo ? (x & ~y) == 0 : x == y);
  }
  Val a, b;
  if (!Arguments(node, &a, &b)) return Tri::kUnknown;
  switch (node.op) {
    case Opcode::kEqScalar:
    case Opcode::kEqEntity:
      return ToTri(a.number == b.number);
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

// A label of at most 64 bits.
bool Quick::Narrow(uint32_t id, uint64_t* label) {
  Val val;
  if (!ValueOf(id, &val) || (val.flags & Val::kWideLabel) != 0) return false;
  *label = static_cast<uint64_t>(val.number);
  return true;
}

Tri Quick::IsIn(uint32_t entity, const Val* groups, uint32_t count) const {
  for (uint32_t i = 0; i < count; ++i) {
    if (groups[i].entity() == entity) return Tri::kTrue;
  }
  if (count == 0) return Tri::kFalse;
  if (!request_.IsStored(entity)) {
    return policy_.AlwaysPresent(request_.TypeOf(entity)) ? Tri::kFalse : Tri::kUnknown;
  }
  const FactsClosure closure = MembershipsOf(facts_, entity);
  const auto members = ListOf(facts_, closure.members);
  for (uint32_t i = 0; i < count; ++i) {
    if (HasNumber(members, groups[i].entity())) return Tri::kTrue;
  }
  return closure.absent == 0 ? Tri::kFalse : Tri::kUnknown;
}

Tri Quick::Membership(const Node& node) {
  Val a;
  if (!ValueOf(Arg(node, 0), &a)) return Tri::kUnknown;
  const uint32_t entity = a.entity();
  if (node.op == Opcode::kIsType) return ToTri(a.size == node.payload);
  if (node.op == Opcode::kBoundEntity) {
    return ToTri(request_.IsStored(entity) || policy_.AlwaysPresent(request_.TypeOf(entity)));
  }
  Val b;
  if (!ValueOf(Arg(node, 1), &b)) return Tri::kUnknown;
  if (node.op == Opcode::kIn) return IsIn(entity, &b, 1);
  if (node.op == Opcode::kInAny) return IsIn(entity, b.list, b.size);
  const bool one = node.op == Opcode::kDerivesFrom;
  const Val* targets = one ? &b : b.list;
  const uint32_t count = one ? 1 : b.size;
  if (count == 0) return Tri::kFalse;
  if (!request_.IsStored(entity)) return Tri::kUnknown;
  const FactsClosure closure = LineageOf(facts_, entity);
  const auto members = ListOf(facts_, closure.members);
  for (uint32_t i = 0; i < count; ++i) {
    if (HasNumber(members, targets[i].entity())) return Tri::kTrue;
  }
  return closure.absent == 0 ? Tri::kFalse : Tri::kUnknown;
}

Tri Quick::Collections(const Node& node) {
  if (node.op == Opcode::kHasAttr) {
    Val ignored;
    switch (Attribute(node, &ignored)) {
      case Found::kValue:
        return Tri::kTrue;
      case Found::kMissing:
        return Tri::kFalse;
      case Found::kUnsure:
        return Tri::kUnknown;
    }
  }
  Val a;
  if (!ValueOf(Arg(node, 0), &a)) return Tri::kUnknown;
  if (node.op == Opcode::kIsEmpty) return ToTri(a.size == 0);
  if (node.op == Opcode::kMatchesStored) return StoredMatches(facts_, node.payload, a);
  Val b;
  if (!ValueOf(Arg(node, 1), &b)) return Tri::kUnknown;
  switch (node.op) {
    case Opcode::kContains:
      return ToTri(HasItem(a, b));
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

Quick::Found Quick::Fact(const BoundFact& fact, bool optional, Val* out) const {
  // Evidence comes and goes with the time.
  if (fact.window.any()) return Found::kUnsure;
  if (!fact.val.is_none()) {
    *out = fact.val;
    return Found::kValue;
  }
  return optional && (fact.val.flags & Val::kNotKnown) == 0 ? Found::kMissing : Found::kUnsure;
}

Quick::Found Quick::Read(const Node& node, Val* out) {
  switch (node.op) {
    case Opcode::kParam: {
      const uint32_t column = policy_.ParamColumn(node.payload, request_.action);
      return column == kNone32 ? Found::kMissing : Fact(request_.params[column], true, out);
    }
    case Opcode::kInput:
      return Fact(request_.inputs[node.payload], policy_.optional_inputs[node.payload] != 0, out);
    case Opcode::kAttr:
      return Attribute(node, out);
    case Opcode::kField: {
      Val record;
      if (!ValueOf(Arg(node, 0), &record)) return Found::kUnsure;
      *out = record.list[node.payload];
      return out->is_none() ? Found::kMissing : Found::kValue;
    }
    default:
      return Found::kUnsure;
  }
}

const uint64_t* Quick::RowOf(uint32_t id, uint32_t* type, bool* unsure) {
  const Opcode op = policy_.nodes[id].op;
  if (op == Opcode::kPrincipal || op == Opcode::kResource) {
    const bool principal = op == Opcode::kPrincipal;
    *type = principal ? request_.principal.size : request_.resource.size;
    const uint64_t* row = principal ? request_.principal_row : request_.resource_row;
    *unsure = row == nullptr;
    return row;
  }
  Val holder;
  *unsure = true;
  if (!ValueOf(id, &holder) || !request_.IsStored(holder.entity())) return nullptr;
  *unsure = false;
  const FactsView::Place place = facts_.At(holder.entity());
  *type = place.type;
  return place.row;
}

// `x.a`, and of `x has a` what is known of it. An attribute that the type does not have is missing
// to `has` and unknown to a read, which the machine says.
Quick::Found Quick::Attribute(const Node& node, Val* out) {
  uint32_t number = 0;
  bool unsure = false;
  const uint64_t* row = RowOf(Arg(node, 0), &number, &unsure);
  if (unsure) return Found::kUnsure;
  const uint32_t column = policy_.AttributeColumn(node.payload, number);
  if (column == kNone32) return node.op == Opcode::kHasAttr ? Found::kMissing : Found::kUnsure;
  const FactsType& type = facts_.types[number];
  if (FactsView::WindowOf(row, type, column) != 0) return Found::kUnsure;
  switch (FactsView::State(row, type, column)) {
    case FactsState::kPresent:
      *out = ReadPresent(facts_, type.cells[column], row[FactsRow::kCells + column]);
      return Found::kValue;
    case FactsState::kMissing:
      return policy_.AttributeOf(number, column).optional != 0 ? Found::kMissing : Found::kUnsure;
    default:
      return Found::kUnsure;
  }
}

bool Quick::Arithmetic(const Node& node, Val* out) {
  Val a;
  if (!ValueOf(Arg(node, 0), &a)) return false;
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
  if (!ValueOf(Arg(node, 1), &b)) return false;
  switch (node.op) {
    case Opcode::kJoin:
    case Opcode::kMeet:
      if (((a.flags | b.flags) & Val::kWideLabel) != 0) return false;
      *out = Val::Number(TypeKind::kLattice, node.op == Opcode::kJoin ? a.number | b.number
                                                                      : a.number & b.number);
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
