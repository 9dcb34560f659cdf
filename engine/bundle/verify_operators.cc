// Operator by operator: what each demands of its arguments, its payload and its type.
#include <algorithm>

#include "engine/bundle/verify_nodes.h"

namespace ztp {
namespace {

bool IsNumber(TypeKind k) {
  return k == TypeKind::kInt || k == TypeKind::kDecimal || k == TypeKind::kTime ||
         k == TypeKind::kDuration;
}
bool IsText(TypeKind k) { return k == TypeKind::kString || k == TypeKind::kSpiffeId; }
bool IsCollection(TypeKind k) { return k == TypeKind::kSet || k == TypeKind::kList; }

}  // namespace

bool NodeChecker::CheckFold() {
  if (node_->arg_count != 3 || node_->payload >= kSlots || Arg(0) == kNone32) return false;
  if (!IsCollection(ArgKind(0))) return false;
  Facts& facts = facts_[index_];
  if (facts.free >> node_->payload != 0) {
    facts.tied_folds |= static_cast<uint8_t>(1u << node_->payload);
  }
  if (Arg(1) != kNone32 && ArgKind(1) != TypeKind::kBool) return false;
  if (node_->op == Opcode::kCount) {
    return ResultKind() == TypeKind::kInt && (Arg(2) == kNone32 || ArgKind(2) == TypeKind::kBool);
  }
  const TypeKind body = ArgKind(2);
  switch (node_->op) {
    case Opcode::kAny:
    case Opcode::kAll:
      return body == TypeKind::kBool && ResultKind() == TypeKind::kBool;
    case Opcode::kSum:
      return IsNumber(body) && body != TypeKind::kTime && ResultKind() == body;
    case Opcode::kJoinOf:
      return body == TypeKind::kLattice && Fits(ArgType(2), ResultType());
    case Opcode::kSetOf:
      return ResultKind() == TypeKind::kSet && Fits(ArgType(2), ResultT().element);
    default:
      return false;
  }
}

bool NodeChecker::CheckOperator() {
  const Node& node = *node_;
  const uint32_t n = node.arg_count;
  const uint32_t payload = node.payload;
  const TypeKind result = ResultKind();
  const bool is_bool = result == TypeKind::kBool;
  auto kind = [&](uint32_t i) { return ArgKind(i); };
  auto fits = [&](TypeId actual, TypeId expected) { return Fits(actual, expected); };
  auto same_lattice = [&](uint32_t i, const Type& t) {
    return kind(i) == TypeKind::kLattice && t.kind == TypeKind::kLattice && ArgT(i).decl == t.decl;
  };
  auto lattice = [&](const Type& t) -> const LatticeType& { return schema_[LatticeId{t.decl}]; };
  // Element and label: the label is of a lattice of that kind over the element's enum.
  auto element_of = [&](const Type& element, const Type& label, LatticeType::Kind k) {
    return element.kind == TypeKind::kEnum && label.kind == TypeKind::kLattice &&
           lattice(label).kind == k && lattice(label).elements.index == element.decl;
  };
  // Two kinds in one order or the other are those two.
  auto kinds = [&](TypeKind a, TypeKind b) { return kind(0) == a && kind(1) == b; };
  auto compares = [&](auto admitted) {
    return n == 2 && is_bool && kind(0) == kind(1) && admitted(kind(0));
  };
  auto overlap = [&](TypeId a, TypeId b) { return fits(a, b) || fits(b, a); };
  bool ok = false;
  switch (node.op) {
    case Opcode::kConst:
      ok = n == 0 && payload < program_.constants.size() &&
           fits(TypeId{program_.constant_types[payload]}, ResultType());
      break;
    case Opcode::kPrincipal:
    case Opcode::kResource:
      ok = n == 0 && result == TypeKind::kEntity;
      break;
    case Opcode::kParam:
      ok = n == 0 && payload < program_.param_refs.size() && CheckParamRef(payload, ResultType());
      break;
    case Opcode::kHasParam:
      ok = n == 0 && payload < program_.param_refs.size() && is_bool;
      break;
    case Opcode::kInput:
      ok = n == 0 && payload < schema_.inputs.size() &&
           fits(schema_.inputs[payload].type, ResultType());
      break;
    case Opcode::kHasInput:
      ok = n == 0 && payload < schema_.inputs.size() && is_bool;
      break;
    case Opcode::kInputIssuedAt:
    case Opcode::kInputExpiresAt:
      ok = n == 0 && payload < schema_.inputs.size() && result == TypeKind::kTime;
      break;
    case Opcode::kVar:
      ok = n == 0 && payload < kSlots;
      if (ok) {
        facts_[index_].free = static_cast<uint8_t>(1u << payload);
        MoreOf(facts_[index_]).var_types[payload] = ResultType();
      }
      break;
    case Opcode::kAttr:
      ok = n == 1 && kind(0) == TypeKind::kEntity && payload < program_.attribute_refs.size() &&
           CheckAttributeRef(payload, ResultType());
      break;
    case Opcode::kHasAttr:
      ok = n == 1 && kind(0) == TypeKind::kEntity && payload < program_.attribute_refs.size() &&
           is_bool;
      break;
    case Opcode::kAttrIssuedAt:
    case Opcode::kAttrExpiresAt:
      ok = n == 1 && kind(0) == TypeKind::kEntity && payload < program_.attribute_refs.size() &&
           result == TypeKind::kTime;
      break;
    case Opcode::kBoundEntity:
      ok = n == 1 && kind(0) == TypeKind::kEntity && is_bool;
      break;
    case Opcode::kField:
      ok = n == 1 && kind(0) == TypeKind::kRecord && payload < ArgT(0).fields.size() &&
           fits(ArgT(0).fields[payload].type, ResultType());
      break;
    case Opcode::kHasField:
      ok = n == 1 && kind(0) == TypeKind::kRecord && payload < ArgT(0).fields.size() && is_bool;
      break;
    case Opcode::kIndex:
      ok = n == 2 && kind(0) == TypeKind::kMap && overlap(ArgType(1), ArgT(0).key) &&
           fits(ArgT(0).element, ResultType());
      break;
    case Opcode::kFirst:
    case Opcode::kLast:
      ok = n == 1 && kind(0) == TypeKind::kList && fits(ArgT(0).element, ResultType());
      break;
    case Opcode::kIsType:
      ok = n == 1 && kind(0) == TypeKind::kEntity && payload < schema_.entities.size() && is_bool;
      break;
    case Opcode::kAnd:
    case Opcode::kOr:
      ok = is_bool;
      for (uint32_t i = 0; i < n; ++i) ok = ok && kind(i) == TypeKind::kBool;
      break;
    case Opcode::kNot:
      ok = n == 1 && is_bool && kind(0) == TypeKind::kBool;
      break;
    case Opcode::kIf:
      ok = n == 3 && kind(0) == TypeKind::kBool && fits(ArgType(1), ResultType()) &&
           fits(ArgType(2), ResultType());
      break;
    case Opcode::kCoalesce:
      ok = n == 2 && fits(ArgType(0), ResultType()) && fits(ArgType(1), ResultType());
      break;
    case Opcode::kEqScalar:
      ok = compares(
          [](TypeKind k) { return k == TypeKind::kBool || k == TypeKind::kEnum || IsNumber(k); });
      break;
    case Opcode::kEqText:
      ok = compares([](TypeKind k) {
        return k == TypeKind::kString || k == TypeKind::kVersion || k == TypeKind::kHexVersion ||
               k == TypeKind::kDigest || k == TypeKind::kSpiffeId || k == TypeKind::kGlob ||
               k == TypeKind::kIp;
      });
      break;
    case Opcode::kEqEntity:
      ok = compares([](TypeKind k) { return k == TypeKind::kEntity; });
      break;
    case Opcode::kEqLabel:
    case Opcode::kFlowsTo:
      ok = n == 2 && is_bool && same_lattice(0, ArgT(1));
      break;
    case Opcode::kEqDeep:
      ok = n == 2 && is_bool && overlap(ArgType(0), ArgType(1));
      break;
    case Opcode::kLtNumber:
    case Opcode::kLeNumber:
      ok = compares(IsNumber);
      break;
    case Opcode::kLtText:
    case Opcode::kLeText:
      ok = compares([](TypeKind k) {
        return k == TypeKind::kString || k == TypeKind::kVersion || k == TypeKind::kHexVersion;
      });
      break;
    case Opcode::kLtLabel:
      ok = n == 2 && is_bool && same_lattice(0, ArgT(1)) &&
           lattice(ArgT(0)).kind == LatticeType::Kind::kChain;
      break;
    case Opcode::kNowCompare:
      ok = is_bool && n >= 1 && n <= 29 && (payload & 7) <= 4 &&
           (n == 29 || payload >> (3 + n) == 0);
      for (uint32_t i = 0; i < n; ++i) {
        ok = ok && (kind(i) == TypeKind::kTime || kind(i) == TypeKind::kDuration);
      }
      break;
    case Opcode::kNowWithin:
      ok = n == 0 && is_bool && payload < program_.schedules.size();
      break;
    case Opcode::kNeg:
      ok = n == 1 && kind(0) == result && IsNumber(result) && result != TypeKind::kTime;
      break;
    case Opcode::kAdd:
      ok = n == 2 && (result == TypeKind::kTime ? kinds(TypeKind::kTime, TypeKind::kDuration) ||
                                                      kinds(TypeKind::kDuration, TypeKind::kTime)
                                                : IsNumber(result) && kinds(result, result));
      break;
    case Opcode::kSub:
      ok = n == 2 && ((result == TypeKind::kTime && kinds(TypeKind::kTime, TypeKind::kDuration)) ||
                      (result == TypeKind::kDuration && kinds(TypeKind::kTime, TypeKind::kTime)) ||
                      (IsNumber(result) && result != TypeKind::kTime && kinds(result, result)));
      break;
    case Opcode::kMulInt:
      ok = n == 2 &&
           ((result == TypeKind::kInt && kinds(TypeKind::kInt, TypeKind::kInt)) ||
            (result == TypeKind::kDuration && (kinds(TypeKind::kDuration, TypeKind::kInt) ||
                                               kinds(TypeKind::kInt, TypeKind::kDuration))));
      break;
    case Opcode::kMulDecimal:
      ok = n == 2 && result == TypeKind::kDecimal && kinds(result, result);
      break;
    case Opcode::kJoin:
    case Opcode::kMeet:
      ok = n == 2 && same_lattice(0, ResultT()) && same_lattice(1, ResultT());
      break;
    case Opcode::kPart: {
      const uint32_t bits = payload & 0xffff, offset = payload >> 16;
      ok = n == 1 && kind(0) == TypeKind::kLattice && result == TypeKind::kLattice &&
           lattice(ArgT(0)).kind == LatticeType::Kind::kProduct &&
           offset + bits <= lattice(ArgT(0)).bits && bits == lattice(ResultT()).bits;
      break;
    }
    case Opcode::kInPowerSet:
      ok = n == 2 && is_bool && element_of(ArgT(0), ArgT(1), LatticeType::Kind::kPowerSet);
      break;
    case Opcode::kInDual:
      ok = n == 2 && is_bool && element_of(ArgT(0), ArgT(1), LatticeType::Kind::kDual);
      break;
    case Opcode::kMakePowerSet:
    case Opcode::kMakeDual: {
      const auto k =
          node.op == Opcode::kMakeDual ? LatticeType::Kind::kDual : LatticeType::Kind::kPowerSet;
      ok = result == TypeKind::kLattice && lattice(ResultT()).kind == k &&
           (node.op != Opcode::kMakeDual || payload == lattice(ResultT()).bits);
      for (uint32_t i = 0; i < n; ++i) ok = ok && element_of(ArgT(i), ResultT(), k);
      break;
    }
    case Opcode::kMakeProduct:
      ok = result == TypeKind::kLattice && payload == ResultT().decl &&
           lattice(ResultT()).kind == LatticeType::Kind::kProduct &&
           lattice(ResultT()).parts.size() == n;
      for (uint32_t i = 0; ok && i < n; ++i) {
        ok = kind(i) == TypeKind::kLattice &&
             ArgT(i).decl == lattice(ResultT()).parts[i].lattice.index;
      }
      break;
    case Opcode::kIn:
    case Opcode::kDerivesFrom:
      ok = n == 2 && is_bool && kinds(TypeKind::kEntity, TypeKind::kEntity);
      break;
    case Opcode::kInAny:
    case Opcode::kDerivesFromAny:
      ok = n == 2 && is_bool && kind(0) == TypeKind::kEntity && IsCollection(kind(1)) &&
           (ArgT(1).element.index == 0 || schema_.types.kind(ArgT(1).element) == TypeKind::kEntity);
      break;
    case Opcode::kAncestors:
      ok = n == 1 && kind(0) == TypeKind::kEntity && payload < schema_.entities.size() &&
           result == TypeKind::kSet && schema_.types.kind(ResultT().element) == TypeKind::kEntity;
      break;
    case Opcode::kContains:
      ok = n == 2 && is_bool && IsCollection(kind(0)) &&
           (ArgT(0).element.index == 0 || overlap(ArgType(1), ArgT(0).element));
      break;
    case Opcode::kContainsAll:
    case Opcode::kContainsAny:
      ok = n == 2 && is_bool && IsCollection(kind(0)) && IsCollection(kind(1)) &&
           (ArgT(0).element.index == 0 || ArgT(1).element.index == 0 ||
            overlap(ArgT(0).element, ArgT(1).element));
      break;
    case Opcode::kIpInCidr:
      ok = n == 2 && is_bool && kinds(TypeKind::kIp, TypeKind::kCidr);
      break;
    case Opcode::kIpInAny:
      ok = n == 2 && is_bool && kind(0) == TypeKind::kIp && IsCollection(kind(1)) &&
           (ArgT(1).element.index == 0 || schema_.types.kind(ArgT(1).element) == TypeKind::kCidr);
      break;
    case Opcode::kSize:
      ok = n == 1 && result == TypeKind::kInt && IsCollection(kind(0));
      break;
    case Opcode::kMapSize:
      ok = n == 1 && result == TypeKind::kInt && kind(0) == TypeKind::kMap;
      break;
    case Opcode::kIsEmpty:
      ok = n == 1 && is_bool && (IsCollection(kind(0)) || kind(0) == TypeKind::kMap);
      break;
    case Opcode::kKeys:
      ok = n == 1 && kind(0) == TypeKind::kMap && result == TypeKind::kSet &&
           fits(ArgT(0).key, ResultT().element);
      break;
    case Opcode::kValues:
      ok = n == 1 && kind(0) == TypeKind::kMap && result == TypeKind::kList &&
           fits(ArgT(0).element, ResultT().element);
      break;
    case Opcode::kLike:
      ok = n == 2 && is_bool && IsText(kind(0)) && kind(1) == TypeKind::kGlob;
      break;
    case Opcode::kMatches:
    case Opcode::kMatchesStored:
      ok = n == 1 && is_bool && IsText(kind(0)) && payload < program_.patterns.size();
      break;
    case Opcode::kTrustDomain:
    case Opcode::kPath:
      ok = n == 1 && kind(0) == TypeKind::kSpiffeId && result == TypeKind::kString;
      break;
    case Opcode::kMakeSet:
    case Opcode::kMakeList:
      ok = result == (node.op == Opcode::kMakeSet ? TypeKind::kSet : TypeKind::kList);
      for (uint32_t i = 0; ok && i < n; ++i) ok = fits(ArgType(i), ResultT().element);
      break;
    case Opcode::kMakeMap:
      ok = result == TypeKind::kMap && n % 2 == 0;
      for (uint32_t i = 0; ok && i < n; ++i) {
        ok = fits(ArgType(i), i % 2 == 0 ? ResultT().key : ResultT().element) &&
             (i % 2 != 0 || program_.nodes[Arg(i)].op == Opcode::kConst);
      }
      // The keys are in order: it is looked up by halves.
      for (uint32_t i = 2; ok && i < n; i += 2) {
        auto key = [&](uint32_t k) -> const Cell& {
          return program_.constants[program_.nodes[Arg(k)].payload];
        };
        ok = program_.pool.Compare(key(i - 2), key(i)) < 0;
      }
      break;
    case Opcode::kMakeRecord:
      ok = result == TypeKind::kRecord && n == ResultT().fields.size();
      for (uint32_t i = 0; ok && i < n; ++i) {
        ok = Arg(i) == kNone32 || fits(ArgType(i), ResultT().fields[i].type);
      }
      break;
    case Opcode::kAny:
    case Opcode::kAll:
    case Opcode::kCount:
    case Opcode::kSum:
    case Opcode::kJoinOf:
    case Opcode::kSetOf:
      ok = CheckFold();
      break;
    case Opcode::kAncestorQuantifier: {
      ok = n == 1 && is_bool && kind(0) == TypeKind::kEntity &&
           payload < program_.quantifiers.size();
      if (!ok) break;
      const QuantifierRecord& record = program_.quantifiers[payload];
      for (const uint32_t before : {record.fold, record.body}) ok = ok && before < index_;
      ok = ok && (record.filter == kNone32 || record.filter < index_);
      break;
    }
  }
  return ok;
}

bool NodeChecker::CheckAttributeRef(uint32_t ref, TypeId type) {
  uint32_t& known = attribute_types_[ref];
  if (known != 0) return known == type.index;
  known = type.index;
  for (uint32_t t = 0; t < schema_.entities.size(); ++t) {
    const uint32_t column = program_.AttributeColumn(ref, EntityTypeId{t});
    if (column != kNone32 && !Fits(schema_.entities[t].attributes[column].type, type)) return false;
  }
  return true;
}

bool NodeChecker::CheckParamRef(uint32_t ref, TypeId type) {
  uint32_t& known = param_types_[ref];
  if (known != 0) return known == type.index;
  known = type.index;
  for (uint32_t a = 0; a < schema_.actions.size(); ++a) {
    const uint32_t column = program_.ParamColumn(ref, ActionId{a});
    if (column != kNone32 && !Fits(schema_.actions[a].params[column].type, type)) return false;
  }
  return true;
}

}  // namespace ztp
