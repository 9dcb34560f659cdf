// See nodes.h. Matches against stored texts are in stored_matches.cc.
#include "engine/ir/nodes.h"

#include <algorithm>

#include "engine/base/limits.h"
#include "engine/bundle/verify.h"

namespace ztp::ir {

using sema::ExprId;
using sema::Op;

static_assert(kMaxSourceFileTokens < Node::kMaxArgs);

NodeBuilder::NodeBuilder(const sema::Program& program, CellWriter* cells, DecisionProgram* out)
    : program_(program),
      cells_(*cells),
      out_(*out),
      reachable_(program.exprs.size(), false),
      node_of_(program.exprs.size(), kNone32) {
  for (const EntityType& type : program.schema.entities) {
    has_carried_ |= type.carried != Carried::kNo;
  }
}

void NodeBuilder::Lower(const std::vector<ExprId>& roots) {
  for (ExprId root : roots) {
    if (root.valid()) reachable_[root.index] = true;
  }
  // Arguments come before what uses them, so one pass down marks, one pass up lowers.
  for (size_t i = program_.exprs.size(); i-- > 0;) {
    if (!reachable_[i]) continue;
    const Expr& e = program_.exprs[i];
    for (ExprId arg : program_.Args(ReadOf(e))) {
      if (arg.valid()) reachable_[arg.index] = true;
    }
  }
  for (size_t i = 0; i < program_.exprs.size(); ++i) {
    if (reachable_[i]) node_of_[i] = LowerExpr(program_.exprs[i]);
  }
}

uint32_t NodeBuilder::And(const std::vector<uint32_t>& nodes) {
  Node node;
  node.type = out_.schema.types.Scalar(TypeKind::kBool).index;
  if (nodes.empty()) {
    node.op = Opcode::kConst;
    if (!true_constant_) true_constant_ = AddConstant(Value::Bool(true), TypeId{node.type});
    node.payload = *true_constant_;
    return Emit(node, {});
  }
  if (nodes.size() == 1) return nodes[0];
  node.op = Opcode::kAnd;
  return Emit(node, nodes);
}

const sema::Expr& NodeBuilder::ReadOf(const Expr& e) const {
  if (e.op != Op::kIssuedAt && e.op != Op::kExpiresAt) return e;
  const Expr* read = &ArgOf(e, 0);
  while (read->op == Op::kField) read = &ArgOf(*read, 0);
  return *read;
}

uint32_t NodeBuilder::LowerExpr(const Expr& e) {
  const Draft draft = Specialise(e);
  std::vector<uint32_t> args;
  for (ExprId arg : program_.Args(ReadOf(e))) args.push_back(NodeOf(arg));
  Node node;
  node.op = draft.op;
  node.type = e.type.index;
  node.payload = draft.payload;
  const uint32_t lowered = Emit(node, args);
  if (e.op == Op::kAny || e.op == Op::kAll) return MaybeQuantifier(e, lowered);
  return lowered;
}

NodeBuilder::Draft NodeBuilder::Specialise(const Expr& e) {
  const Schema& schema = program_.schema;
  auto label_kind = [&](TypeId type) { return schema[LatticeId{schema.types[type].decl}].kind; };
  switch (e.op) {
    case Op::kConst:
      return {Opcode::kConst, ConstantOf(e.payload)};
    case Op::kPrincipal:
      return {Opcode::kPrincipal};
    case Op::kResource:
      return {Opcode::kResource};
    case Op::kParam:
      return {Opcode::kParam, ParamRefOf(e.payload, e.type)};
    case Op::kHasParam:
      return {Opcode::kHasParam, ParamRefOf(e.payload, TypeId{})};
    case Op::kInput:
      return {Opcode::kInput, e.payload};
    case Op::kHasInput:
    case Op::kBoundInput:
      return {Opcode::kHasInput, e.payload};
    case Op::kVar:
      return {Opcode::kVar, e.payload};
    case Op::kBoundEntity:
      return {Opcode::kBoundEntity};
    case Op::kAttr:
      return {Opcode::kAttr, AttributeRefOf(e.payload, e.type)};
    case Op::kHasAttr:
      return {Opcode::kHasAttr, AttributeRefOf(e.payload, TypeId{})};
    case Op::kField:
      return {Opcode::kField, e.payload};
    case Op::kHasField:
      return {Opcode::kHasField, e.payload};
    case Op::kIssuedAt:
    case Op::kExpiresAt: {
      const bool issued = e.op == Op::kIssuedAt;
      const Expr& evidence = ReadOf(e);
      if (evidence.op == Op::kInput) {
        return {issued ? Opcode::kInputIssuedAt : Opcode::kInputExpiresAt, evidence.payload};
      }
      return {issued ? Opcode::kAttrIssuedAt : Opcode::kAttrExpiresAt,
              AttributeRefOf(evidence.payload, TypeId{})};
    }
    case Op::kIndex:
      return {Opcode::kIndex};
    case Op::kFirst:
      return {Opcode::kFirst};
    case Op::kLast:
      return {Opcode::kLast};
    case Op::kCoalesce:
      return {Opcode::kCoalesce};
    case Op::kIsType:
      return {Opcode::kIsType, e.payload};
    case Op::kAnd:
      return {Opcode::kAnd};
    case Op::kOr:
      return {Opcode::kOr};
    case Op::kNot:
      return {Opcode::kNot};
    case Op::kIf:
      return {Opcode::kIf};
    case Op::kEq:
      switch (KindOf(e, 0)) {
        case TypeKind::kBool:
        case TypeKind::kInt:
        case TypeKind::kDecimal:
        case TypeKind::kTime:
        case TypeKind::kDuration:
        case TypeKind::kEnum:
          return {Opcode::kEqScalar};
        case TypeKind::kString:
        case TypeKind::kVersion:
        case TypeKind::kHexVersion:
        case TypeKind::kDigest:
        case TypeKind::kSpiffeId:
        case TypeKind::kGlob:
        case TypeKind::kIp:
          return {Opcode::kEqText};
        case TypeKind::kEntity:
          return {Opcode::kEqEntity};
        case TypeKind::kLattice:
          return {Opcode::kEqLabel};
        default:
          return {Opcode::kEqDeep};
      }
    case Op::kLt:
    case Op::kLe: {
      const bool strict = e.op == Op::kLt;
      switch (KindOf(e, 0)) {
        case TypeKind::kString:
        case TypeKind::kVersion:
        case TypeKind::kHexVersion:
          return {strict ? Opcode::kLtText : Opcode::kLeText};
        case TypeKind::kLattice:
          return {strict ? Opcode::kLtLabel : Opcode::kFlowsTo};
        default:
          return {strict ? Opcode::kLtNumber : Opcode::kLeNumber};
      }
    }
    case Op::kFlowsTo:
      return {Opcode::kFlowsTo};
    case Op::kNowCompare:
      return {Opcode::kNowCompare, e.payload};
    case Op::kNowWithin:
      return {Opcode::kNowWithin, TextOf(e.payload, &out_.schedules, &schedules_)};
    case Op::kNeg:
      return {Opcode::kNeg};
    case Op::kAdd:
      return {Opcode::kAdd};
    case Op::kSub:
      return {Opcode::kSub};
    case Op::kMul:
      return {schema.types.kind(e.type) == TypeKind::kDecimal ? Opcode::kMulDecimal
                                                              : Opcode::kMulInt};
    case Op::kJoin:
      return {Opcode::kJoin};
    case Op::kMeet:
      return {Opcode::kMeet};
    case Op::kPart: {
      const LatticeType& product = schema[LatticeId{schema.types[ArgOf(e, 0).type].decl}];
      const LatticeType::Part& part = product.parts[e.payload];
      return {Opcode::kPart, uint32_t{part.offset} << 16 | schema[part.lattice].bits};
    }
    case Op::kInLabel:
      return {label_kind(ArgOf(e, 1).type) == LatticeType::Kind::kDual ? Opcode::kInDual
                                                                       : Opcode::kInPowerSet};
    case Op::kSetLabel:
      if (label_kind(e.type) != LatticeType::Kind::kDual) return {Opcode::kMakePowerSet};
      return {Opcode::kMakeDual, schema[LatticeId{schema.types[e.type].decl}].bits};
    case Op::kProduct:
      return {Opcode::kMakeProduct, schema.types[e.type].decl};
    case Op::kIn:
      return {Opcode::kIn};
    case Op::kInAny:
      return {Opcode::kInAny};
    case Op::kDerivesFrom:
      return {KindOf(e, 1) == TypeKind::kEntity ? Opcode::kDerivesFrom : Opcode::kDerivesFromAny};
    case Op::kAncestors:
      return {Opcode::kAncestors, e.payload};
    case Op::kContains:
      return {Opcode::kContains};
    case Op::kContainsAll:
      return {Opcode::kContainsAll};
    case Op::kContainsAny:
      return {Opcode::kContainsAny};
    case Op::kIpIn:
      return {KindOf(e, 1) == TypeKind::kCidr ? Opcode::kIpInCidr : Opcode::kIpInAny};
    case Op::kSize:
      return {KindOf(e, 0) == TypeKind::kMap ? Opcode::kMapSize : Opcode::kSize};
    case Op::kIsEmpty:
      return {Opcode::kIsEmpty};
    case Op::kKeys:
      return {Opcode::kKeys};
    case Op::kValues:
      return {Opcode::kValues};
    case Op::kLike:
      return {Opcode::kLike};
    case Op::kMatches: {
      const uint32_t pattern = TextOf(e.payload, &out_.patterns, &patterns_);
      return {MatchOpcode(e, pattern), pattern};
    }
    case Op::kTrustDomain:
      return {Opcode::kTrustDomain};
    case Op::kPath:
      return {Opcode::kPath};
    case Op::kMakeSet:
      return {Opcode::kMakeSet};
    case Op::kMakeList:
      return {Opcode::kMakeList};
    case Op::kMakeMap:
      return {Opcode::kMakeMap};
    case Op::kMakeRecord:
      return {Opcode::kMakeRecord};
    case Op::kAny:
      return {Opcode::kAny, e.payload};
    case Op::kAll:
      return {Opcode::kAll, e.payload};
    case Op::kCount:
      return {Opcode::kCount, e.payload};
    case Op::kSum:
      return {Opcode::kSum, e.payload};
    case Op::kJoinOf:
      return {Opcode::kJoinOf, e.payload};
    case Op::kSetOf:
      return {Opcode::kSetOf, e.payload};
  }
  return {Opcode::kConst};
}

uint32_t NodeBuilder::Emit(Node node, const std::vector<uint32_t>& args) {
  const auto [it, fresh] = known_nodes_.try_emplace(
      std::make_tuple(static_cast<uint8_t>(node.op), uint32_t{node.type}, node.payload, args),
      static_cast<uint32_t>(out_.nodes.size()));
  if (!fresh) return it->second;
  const uint32_t id = it->second;
  node.flags = FlagsOf(node, args);
  node.first_arg = static_cast<uint32_t>(out_.args.size());
  node.arg_count = static_cast<uint32_t>(args.size());
  out_.args.insert(out_.args.end(), args.begin(), args.end());
  out_.nodes.push_back(node);
  uint32_t depth = 0;
  for (uint32_t arg : args) {
    if (arg != kNone32) depth = std::max(depth, depth_[arg]);
  }
  if (node.op == Opcode::kAncestorQuantifier) {
    depth = std::max(depth, depth_[out_.quantifiers[node.payload].fold]);
  }
  depth_.push_back(depth + 1);
  out_.max_depth = std::max(out_.max_depth, depth + 1);
  return id;
}

NodeBuilder::AttributeTraits NodeBuilder::TraitsOf(uint32_t holder_type,
                                                   uint32_t attribute_ref) const {
  AttributeTraits traits;
  const Schema& schema = program_.schema;
  for (EntityTypeId type : schema.types[TypeId{holder_type}].entities) {
    const uint32_t column = out_.AttributeColumn(attribute_ref, type);
    traits.carried |= schema[type].carried != Carried::kNo;
    if (column == kNone32) continue;
    const Attribute& attribute = schema[type].attributes[column];
    traits.inherited |= attribute.inherit != Inherit::kNo;
    traits.proven |= attribute.rank == Rank::kProven;
    // An ancestor's part may be proven where the heir's is not.
    if (attribute.inherit == Inherit::kNo) continue;
    for (const EntityType& other : schema.entities) {
      const auto part = other.FindAttribute(attribute.name);
      if (part && other.attributes[*part].rank == Rank::kProven) traits.proven = true;
    }
  }
  return traits;
}

uint8_t NodeBuilder::FlagsOf(const Node& node, const std::vector<uint32_t>& args) const {
  uint8_t flags = 0;
  for (uint32_t arg : args) {
    if (arg != kNone32) flags |= out_.nodes[arg].flags;
  }
  switch (node.op) {
    case Opcode::kPrincipal:
    case Opcode::kResource:
    case Opcode::kParam:
    case Opcode::kHasParam:
      flags |= Node::kReadsRequest;
      break;
    case Opcode::kInput:
    case Opcode::kHasInput:
    case Opcode::kInputIssuedAt:
    case Opcode::kInputExpiresAt:
      flags |= Node::kReadsRequest;
      if (program_.schema.inputs[node.payload].rank == Rank::kProven) flags |= Node::kReadsNow;
      break;
    case Opcode::kVar:
      flags |= static_cast<uint8_t>(1u << node.payload);
      break;
    case Opcode::kNowCompare:
    case Opcode::kNowWithin:
      flags |= Node::kReadsNow;
      break;
    case Opcode::kAttr:
    case Opcode::kHasAttr:
    case Opcode::kAttrIssuedAt:
    case Opcode::kAttrExpiresAt: {
      const AttributeTraits traits = TraitsOf(out_.nodes[args[0]].type, node.payload);
      if (traits.proven) flags |= Node::kReadsNow;
      if (traits.carried || (traits.inherited && has_carried_)) flags |= Node::kReadsRequest;
      break;
    }
    case Opcode::kBoundEntity:
    case Opcode::kIn:
    case Opcode::kInAny:
    case Opcode::kDerivesFrom:
    case Opcode::kDerivesFromAny:
    case Opcode::kAncestors:
    case Opcode::kAncestorQuantifier:
      // What a request carries may close a path between stored entities.
      if (has_carried_) flags |= Node::kReadsRequest;
      break;
    case Opcode::kAny:
    case Opcode::kAll:
    case Opcode::kCount:
    case Opcode::kSum:
    case Opcode::kJoinOf:
    case Opcode::kSetOf: {
      const uint8_t own = static_cast<uint8_t>(1u << node.payload);
      flags = static_cast<uint8_t>(flags & ~own);
      flags |= out_.nodes[args[0]].flags;  // the collection is outside of the fold
      break;
    }
    default:
      break;
  }
  return flags;
}

uint32_t NodeBuilder::MaybeQuantifier(const Expr& e, uint32_t fold) {
  const Expr& collection = ArgOf(e, 0);
  if (collection.op != Op::kAncestors) return fold;
  const uint32_t filter = NodeOf(program_.Arg(e, 1));
  const uint32_t body = NodeOf(program_.Arg(e, 2));
  const uint8_t own = static_cast<uint8_t>(1u << e.payload);
  for (uint32_t part : {filter, body}) {
    if (part != kNone32 && (out_.nodes[part].flags & ~own) != 0) return fold;
  }
  QuantifierRecord record;
  record.ancestor_type = collection.payload;
  record.filter = filter;
  record.body = body;
  record.fold = fold;
  record.is_all = e.op == Op::kAll;
  record.slot = static_cast<uint8_t>(e.payload);
  const auto [it, fresh] =
      quantifiers_.try_emplace(fold, static_cast<uint32_t>(out_.quantifiers.size()));
  const uint32_t index = it->second;
  if (fresh) out_.quantifiers.push_back(record);
  Node node;
  node.op = Opcode::kAncestorQuantifier;
  node.type = e.type.index;
  node.payload = index;
  return Emit(node, {NodeOf(program_.Arg(collection, 0))});
}

// Where a guard narrows (`x is User and x.level > 3`), the read is still evaluated of the other
// types, which may have an attribute of that name and another type: for those there is no column,
// and so no value.
uint32_t NodeBuilder::AttributeRefOf(uint32_t name, TypeId type) {
  const auto [it, fresh] = attribute_refs_.try_emplace(
      uint64_t{name} << 32 | type.index, static_cast<uint32_t>(out_.attribute_refs.size()));
  if (fresh) {
    out_.attribute_refs.push_back({cells_.AddText(program_.names[name]),
                                   static_cast<uint32_t>(out_.attribute_columns.size())});
    TypeMatcher matcher(program_.schema);
    for (const EntityType& entity : program_.schema.entities) {
      const std::optional<uint32_t> column = entity.FindAttribute(program_.names[name]);
      const bool fits =
          column && (type.index == 0 || matcher.Fits(entity.attributes[*column].type, type));
      out_.attribute_columns.push_back(fits ? *column : kNone32);
    }
  }
  return it->second;
}

// The same of actions that give one name to parameters of different types.
uint32_t NodeBuilder::ParamRefOf(uint32_t name, TypeId type) {
  const auto [it, fresh] = param_refs_.try_emplace(uint64_t{name} << 32 | type.index,
                                                   static_cast<uint32_t>(out_.param_refs.size()));
  if (fresh) {
    out_.param_refs.push_back(
        {cells_.AddText(program_.names[name]), static_cast<uint32_t>(out_.param_columns.size())});
    TypeMatcher matcher(program_.schema);
    for (const Action& action : program_.schema.actions) {
      const std::optional<uint32_t> column = action.FindParam(program_.names[name]);
      const bool fits =
          column && (type.index == 0 || matcher.Fits(action.params[*column].type, type));
      out_.param_columns.push_back(fits ? *column : kNone32);
    }
  }
  return it->second;
}

uint32_t NodeBuilder::TextOf(uint32_t name, Table<TextRef>* list,
                             absl::flat_hash_map<uint32_t, uint32_t>* known) {
  const auto [it, fresh] = known->try_emplace(name, static_cast<uint32_t>(list->size()));
  if (fresh) list->push_back(cells_.AddText(program_.names[name]));
  return it->second;
}

uint32_t NodeBuilder::ConstantOf(uint32_t constant) {
  const auto [it, fresh] =
      constants_.try_emplace(constant, static_cast<uint32_t>(out_.constants.size()));
  if (fresh) AddConstant(program_.constants[constant], program_.constant_types[constant]);
  return it->second;
}

uint32_t NodeBuilder::AddConstant(const Value& value, TypeId type) {
  out_.constants.push_back(cells_.Encode(value));
  out_.constant_types.push_back(type.index);
  return static_cast<uint32_t>(out_.constants.size() - 1);
}

}  // namespace ztp::ir
