// The operators whose arguments are all known. See machine.h.
#include <algorithm>

#include "engine/core/decimal.h"
#include "engine/core/facts_read.h"
#include "engine/core/glob.h"
#include "engine/core/ip.h"
#include "engine/core/machine.h"
#include "engine/core/spiffe.h"

namespace ztp {
namespace {

// As in the typed program: now OP sum of terms.
enum class NowCmp : uint8_t { kLt, kLe, kGt, kGe, kEq };

Result Truth(bool b) { return Result::Bool(b); }

Result Optional(const Val* val) { return val == nullptr ? Result::Missing() : Result::Of(*val); }

}  // namespace

Result Machine::Number(TypeKind kind, Checked<int64_t> number) {
  if (!number) return Result::Unknown(MissingFacts::Overflow());
  return Result::Of(Val::Number(kind, *number));
}

Result Machine::Apply(const Node& node) {
  const TypeKind kind = policy_.KindOf(node);
  auto arg = [&](uint32_t i) -> const Val& { return ArgVal(node, i); };
  switch (node.op) {
    case Opcode::kAttr:
      return Attr(node);
    case Opcode::kHasAttr:
      return HasAttrOf(arg(0).entity(), node.payload);
    case Opcode::kAttrIssuedAt:
      return AttrTime(node, true);
    case Opcode::kAttrExpiresAt:
      return AttrTime(node, false);
    case Opcode::kBoundEntity:
      return Truth(IsThere(arg(0).entity()));
    case Opcode::kField: {
      const Val& field = arg(0).list[node.payload];
      return Optional(field.is_none() ? nullptr : &field);
    }
    case Opcode::kHasField:
      return Truth(!arg(0).list[node.payload].is_none());
    case Opcode::kIsType:
      return Truth(arg(0).size == node.payload);

    case Opcode::kNot:
      return Truth(!arg(0).boolean());
    case Opcode::kEqScalar:
    case Opcode::kEqEntity:
      return Truth(arg(0).number == arg(1).number);
    case Opcode::kEqText:
      return Truth(arg(0).text() == arg(1).text());
    case Opcode::kEqLabel:
      return Truth(arg(0).label() == arg(1).label());
    case Opcode::kEqDeep:
      return Truth(Equal(arg(0), arg(1)));
    case Opcode::kLtNumber:
      return Truth(arg(0).number < arg(1).number);
    case Opcode::kLeNumber:
      return Truth(arg(0).number <= arg(1).number);
    case Opcode::kLtText:
      return Truth(arg(0).text() < arg(1).text());
    case Opcode::kLeText:
      return Truth(arg(0).text() <= arg(1).text());
    case Opcode::kLtLabel: {
      const Label a = arg(0).label(), b = arg(1).label();
      return Truth(FlowsTo(a, b) && a != b);
    }
    case Opcode::kFlowsTo:
      return Truth(FlowsTo(arg(0).label(), arg(1).label()));
    case Opcode::kNowCompare:
      return NowCompare(node);
    case Opcode::kNowWithin:
      return NowWithin(node);

    case Opcode::kNeg:
      return Number(kind, CheckedNeg(arg(0).number));
    case Opcode::kAdd:
      return Number(kind, CheckedAdd(arg(0).number, arg(1).number));
    case Opcode::kSub:
      return Number(kind, CheckedSub(arg(0).number, arg(1).number));
    case Opcode::kMulInt:
      return Number(kind, CheckedMul(arg(0).number, arg(1).number));
    case Opcode::kMulDecimal: {
      const Checked<Decimal> product = CheckedMul(Decimal{arg(0).number}, Decimal{arg(1).number});
      return Number(kind, product ? Checked<int64_t>(product->units) : Checked<int64_t>());
    }

    case Opcode::kJoin:
      return OfLabel(Join(arg(0).label(), arg(1).label()));
    case Opcode::kMeet:
      return OfLabel(Meet(arg(0).label(), arg(1).label()));
    case Opcode::kPart: {
      const unsigned offset = node.payload >> 16, bits = node.payload & 0xffff;
      return OfLabel(Meet(ShiftDown(arg(0).label(), offset), LowBits(bits)));
    }
    case Opcode::kInPowerSet:
      return Truth(arg(1).label().Has(static_cast<unsigned>(arg(0).number)));
    case Opcode::kInDual:
      return Truth(!arg(1).label().Has(static_cast<unsigned>(arg(0).number)));
    case Opcode::kMakePowerSet:
    case Opcode::kMakeDual:
    case Opcode::kMakeProduct:
    case Opcode::kMakeSet:
    case Opcode::kMakeList:
    case Opcode::kMakeMap:
    case Opcode::kMakeRecord:
      return Make(node);

    case Opcode::kIn:
      return In(arg(0).entity(), arg(1).entity());
    case Opcode::kInAny:
      return InAny(node);
    case Opcode::kDerivesFrom:
    case Opcode::kDerivesFromAny:
      return DerivesFrom(node);
    case Opcode::kAncestors:
      return Ancestors(node);

    case Opcode::kIpInCidr:
      return Truth(Contains(arg(1).cidr(), arg(0).ip()));
    case Opcode::kLike:
      return Truth(GlobMatches(arg(1).text(), arg(0).text()));
    case Opcode::kMatches:
    case Opcode::kMatchesStored:
      return Matches(node);
    case Opcode::kTrustDomain:
      return Result::Of(Val::Text(TypeKind::kString, SpiffeTrustDomain(arg(0).text())));
    case Opcode::kPath:
      return Result::Of(Val::Text(TypeKind::kString, SpiffePath(arg(0).text())));
    default:
      return ApplyCollection(node);
  }
}

Result Machine::ApplyCollection(const Node& node) {
  const Val& collection = ArgVal(node, 0);
  switch (node.op) {
    case Opcode::kIndex:
      return Optional(FindInMap(collection, ArgVal(node, 1)));
    case Opcode::kFirst:
      return Optional(collection.size == 0 ? nullptr : &collection.list[0]);
    case Opcode::kLast:
      return Optional(collection.size == 0 ? nullptr : &collection.list[collection.size - 1]);
    case Opcode::kSize:
      return Result::Of(Val::Number(TypeKind::kInt, collection.size));
    case Opcode::kMapSize:
      return Result::Of(Val::Number(TypeKind::kInt, collection.size / 2));
    case Opcode::kIsEmpty:
      return Truth(collection.size == 0);
    case Opcode::kContains: {
      const Result& set = Arg(node, 0);
      if (ContainsItem(collection, ArgVal(node, 1))) return Truth(true);
      if (set.state == Result::State::kIncomplete) return Result::Unknown(set.facts);
      return Truth(false);
    }
    case Opcode::kContainsAll:
    case Opcode::kContainsAny: {
      const auto items = ArgVal(node, 1).items();
      auto is_in = [&](const Val& item) { return ContainsItem(collection, item); };
      return Truth(node.op == Opcode::kContainsAll
                       ? std::all_of(items.begin(), items.end(), is_in)
                       : std::any_of(items.begin(), items.end(), is_in));
    }
    case Opcode::kIpInAny: {
      const Ip ip = collection.ip();
      const auto networks = ArgVal(node, 1).items();
      return Truth(std::any_of(networks.begin(), networks.end(),
                               [&](const Val& network) { return Contains(network.cidr(), ip); }));
    }
    case Opcode::kKeys:
    case Opcode::kValues: {
      const bool keys = node.op == Opcode::kKeys;
      uint32_t count = collection.size / 2;
      Charge(count);
      Val* items = s_.arena_.NewArray<Val>(count);
      if (items == nullptr) return Result::Unknown(0);
      for (uint32_t i = 0; i < count; ++i) items[i] = collection.list[2 * i + (keys ? 0 : 1)];
      if (keys) count = SortUnique(items, count);
      return Result::Of(Val::Items(keys ? TypeKind::kSet : TypeKind::kList, {items, count}));
    }
    default:
      return Result::Unknown(0);
  }
}

// The sum of a few 64-bit terms is exact in 128 bits; so are the instants at which the answer
// changes.
Result Machine::NowCompare(const Node& node) {
  Int128 sum = 0;
  for (uint32_t i = 0; i < node.arg_count; ++i) {
    const Int128 term = ArgVal(node, i).number;
    sum += (node.payload >> (3 + i) & 1) ? -term : term;
  }
  const Int128 now = now_;
  bool holds = false;
  Int128 flip = sum;  // from then on the answer may be another
  switch (static_cast<NowCmp>(node.payload & 7)) {
    case NowCmp::kLt:
      holds = now < sum;
      break;
    case NowCmp::kGe:
      holds = now >= sum;
      break;
    case NowCmp::kLe:
      holds = now <= sum;
      flip = sum + 1;
      break;
    case NowCmp::kGt:
      holds = now > sum;
      flip = sum + 1;
      break;
    case NowCmp::kEq:
      holds = now == sum;
      if (now >= sum) flip = sum + 1;
      break;
  }
  const bool changes = flip > now && flip < Int128{kForEver};
  return Result::Bool(holds, changes ? static_cast<int64_t>(flip) : kForEver);
}

Result Machine::NowWithin(const Node& node) {
  const HostFunctions* host = request_.host;
  if (host == nullptr || host->within == nullptr) return Result::Unknown(MissingFacts::Host());
  int64_t flip = kForEver;
  const bool holds = host->within(host->context, node.payload, now_, &flip);
  return Result::Bool(holds, flip);
}

Result Machine::Matches(const Node& node) {
  const Val& text = ArgVal(node, 0);
  if (node.op == Opcode::kMatchesStored) {
    const Tri matches = StoredMatches(facts_, node.payload, text);
    if (matches != Tri::kUnknown) return Truth(matches == Tri::kTrue);
  }
  const HostFunctions* host = request_.host;
  if (host == nullptr || host->matches == nullptr) return Result::Unknown(MissingFacts::Host());
  return Truth(host->matches(host->context, node.payload, text.bytes, text.size));
}

Result Machine::Make(const Node& node) {
  switch (node.op) {
    case Opcode::kMakePowerSet:
    case Opcode::kMakeDual: {
      Label label;
      for (uint32_t i = 0; i < node.arg_count; ++i) {
        label.Set(static_cast<unsigned>(ArgVal(node, i).number));
      }
      if (node.op == Opcode::kMakeDual) {
        const Label all = LowBits(node.payload);
        for (unsigned i = 0; i < Label::kWords; ++i)
          label.words[i] = all.words[i] & ~label.words[i];
      }
      return OfLabel(label);
    }
    case Opcode::kMakeProduct: {
      Label label;
      const uint32_t* offsets =
          policy_.product_offsets.data() + policy_.product_first[node.payload];
      for (uint32_t i = 0; i < node.arg_count; ++i) {
        label = Join(label, ShiftUp(ArgVal(node, i).label(), offsets[i]));
      }
      return OfLabel(label);
    }
    default:
      break;
  }
  Charge(node.arg_count);
  Val* items = s_.arena_.NewArray<Val>(node.arg_count);
  if (items == nullptr) return Result::Unknown(0);
  uint32_t count = node.arg_count;
  for (uint32_t i = 0; i < count; ++i) {
    const bool left_out = policy_.args[node.first_arg + i] == kNone32;
    items[i] = left_out ? Val() : ArgVal(node, i);
  }
  TypeKind kind = TypeKind::kRecord;
  if (node.op == Opcode::kMakeSet) {
    kind = TypeKind::kSet;
    count = SortUnique(items, count);
  } else if (node.op == Opcode::kMakeList) {
    kind = TypeKind::kList;
  } else if (node.op == Opcode::kMakeMap) {
    kind = TypeKind::kMap;
  }
  return Result::Of(Val::Items(kind, {items, count}));
}

}  // namespace ztp
