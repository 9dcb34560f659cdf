// The operators that need all of their operands, on plain values.
//
// Boundary: no unknowns and no time here; eval_expr.cc has seen to those.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <set>

#include "absl/numeric/int128.h"
#include "engine/reference/evaluator.h"

namespace ztp::reference {
namespace {

using sema::Op;

// Numbers as whole units: integers, billionths, microseconds.
absl::int128 Units(const Value& v) {
  switch (v.kind()) {
    case TypeKind::kDecimal:
      return v.decimal().units;
    case TypeKind::kTime:
      return v.time().micros;
    case TypeKind::kDuration:
      return v.duration().micros;
    default:
      return v.integer();
  }
}

std::optional<Value> Number(TypeKind kind, absl::int128 units) {
  if (units < std::numeric_limits<int64_t>::min() || units > std::numeric_limits<int64_t>::max()) {
    return std::nullopt;
  }
  const int64_t n = static_cast<int64_t>(units);
  switch (kind) {
    case TypeKind::kDecimal:
      return Value::OfDecimal(Decimal{n});
    case TypeKind::kTime:
      return Value::OfTime(Time{n});
    case TypeKind::kDuration:
      return Value::OfDuration(Duration{n});
    default:
      return Value::Int(n);
  }
}

// The product of two Decimals in billionths, rounded half to even.
absl::int128 DecimalProduct(absl::int128 a, absl::int128 b) {
  const absl::int128 one = 1'000'000'000;
  const absl::int128 product = a * b;
  absl::int128 whole = product / one;  // towards zero
  absl::int128 rest = product % one;
  const bool negative = product < 0;
  if (negative) rest = -rest;
  if (rest * 2 > one || (rest * 2 == one && whole % 2 != 0)) whole += negative ? -1 : 1;
  return whole;
}

std::set<uint32_t> Members(const Schema& schema, LatticeId id, const Label& label) {
  const std::vector<uint32_t> members = schema.SetMembers(id, label);
  return std::set<uint32_t>(members.begin(), members.end());
}

Label FromMembers(const Schema& schema, LatticeId id, const std::set<uint32_t>& members) {
  return schema.SetLabel(id, std::vector<uint32_t>(members.begin(), members.end()));
}

bool Includes(const std::set<uint32_t>& a, const std::set<uint32_t>& b) {
  return std::includes(a.begin(), a.end(), b.begin(), b.end());
}

std::set<uint32_t> Union(const std::set<uint32_t>& a, const std::set<uint32_t>& b) {
  std::set<uint32_t> all = a;
  all.insert(b.begin(), b.end());
  return all;
}

std::set<uint32_t> Intersection(const std::set<uint32_t>& a, const std::set<uint32_t>& b) {
  std::set<uint32_t> both;
  for (uint32_t member : a) {
    if (b.contains(member)) both.insert(member);
  }
  return both;
}

bool FlowsTo(const Schema& schema, LatticeId id, const Label& a, const Label& b) {
  const LatticeType& lattice = schema[id];
  switch (lattice.kind) {
    case LatticeType::Kind::kChain:
      return schema.ChainPosition(id, a) <= schema.ChainPosition(id, b);
    case LatticeType::Kind::kPowerSet:
      return Includes(Members(schema, id, b), Members(schema, id, a));
    case LatticeType::Kind::kDual:
      return Includes(Members(schema, id, a), Members(schema, id, b));
    case LatticeType::Kind::kProduct:
      for (uint32_t i = 0; i < lattice.parts.size(); ++i) {
        if (!FlowsTo(schema, lattice.parts[i].lattice, schema.PartOf(id, i, a),
                     schema.PartOf(id, i, b))) {
          return false;
        }
      }
      return true;
  }
  return false;
}

// The least label that both flow to, or (join = false) the greatest that flows to both.
Label JoinOrMeet(const Schema& schema, LatticeId id, const Label& a, const Label& b, bool join) {
  const LatticeType& lattice = schema[id];
  switch (lattice.kind) {
    case LatticeType::Kind::kChain: {
      const uint32_t x = schema.ChainPosition(id, a);
      const uint32_t y = schema.ChainPosition(id, b);
      return schema.ChainLabel(id, join ? std::max(x, y) : std::min(x, y));
    }
    case LatticeType::Kind::kPowerSet:
    case LatticeType::Kind::kDual: {
      const std::set<uint32_t> x = Members(schema, id, a);
      const std::set<uint32_t> y = Members(schema, id, b);
      const bool grow = join == (lattice.kind == LatticeType::Kind::kPowerSet);
      return FromMembers(schema, id, grow ? Union(x, y) : Intersection(x, y));
    }
    case LatticeType::Kind::kProduct: {
      std::vector<Label> parts;
      for (uint32_t i = 0; i < lattice.parts.size(); ++i) {
        parts.push_back(JoinOrMeet(schema, lattice.parts[i].lattice, schema.PartOf(id, i, a),
                                   schema.PartOf(id, i, b), join));
      }
      return schema.ProductLabel(id, parts);
    }
  }
  return a;
}

bool Less(const Schema& schema, TypeId type, const Value& a, const Value& b) {
  if (a.kind() != TypeKind::kLattice) return a < b;
  const LatticeId id{schema.types[type].decl};
  return schema.ChainPosition(id, a.label()) < schema.ChainPosition(id, b.label());
}

bool Has(const Value& collection, const Value& element) {
  return std::find(collection.items().begin(), collection.items().end(), element) !=
         collection.items().end();
}

bool IpInCidr(const Ip& ip, const Cidr& cidr) {
  for (int bit = 0; bit < cidr.prefix; ++bit) {
    const int mask = 0x80 >> (bit % 8);
    if ((ip.bytes[bit / 8] & mask) != (cidr.base.bytes[bit / 8] & mask)) return false;
  }
  return true;
}

bool IpIn(const Ip& ip, const Value& networks) {
  if (networks.kind() == TypeKind::kCidr) return IpInCidr(ip, networks.cidr());
  return std::any_of(networks.items().begin(), networks.items().end(),
                     [&](const Value& network) { return IpInCidr(ip, network.cidr()); });
}

// `spiffe://trust-domain/path`: the path with its slash, or nothing.
std::string TrustDomain(const std::string& spiffe_id) {
  const std::string rest = spiffe_id.substr(std::string("spiffe://").size());
  return rest.substr(0, rest.find('/'));
}

std::string Path(const std::string& spiffe_id) {
  const std::string rest = spiffe_id.substr(std::string("spiffe://").size());
  const size_t slash = rest.find('/');
  return slash == std::string::npos ? "" : rest.substr(slash);
}

// Every second item of a map, from the first key or the first value on.
std::vector<Value> EverySecond(const Value& map, size_t first) {
  std::vector<Value> items;
  for (size_t i = first; i < map.items().size(); i += 2) items.push_back(map.items()[i]);
  return items;
}

Value Lookup(const Value& map, const Value& key) {
  for (size_t i = 0; i < map.items().size(); i += 2) {
    if (map.items()[i] == key) return map.items()[i + 1];
  }
  return Value();
}

Value MakeMap(std::span<const Value> operands) {
  std::vector<std::pair<Value, Value>> entries;
  for (size_t i = 0; i < operands.size(); i += 2) {
    entries.emplace_back(operands[i], operands[i + 1]);
  }
  return Value::Map(std::move(entries));
}

size_t SizeOf(const Value& collection) {
  return collection.kind() == TypeKind::kMap ? collection.items().size() / 2
                                             : collection.items().size();
}

bool ContainsAll(const Value& a, const Value& b) {
  return std::all_of(b.items().begin(), b.items().end(),
                     [&](const Value& element) { return Has(a, element); });
}

bool ContainsAny(const Value& a, const Value& b) {
  return std::any_of(b.items().begin(), b.items().end(),
                     [&](const Value& element) { return Has(a, element); });
}

}  // namespace

Label JoinLabels(const Schema& schema, LatticeId lattice, const Label& a, const Label& b) {
  return JoinOrMeet(schema, lattice, a, b, /*join=*/true);
}

std::optional<Value> Sum(TypeKind kind, const std::vector<Value>& terms) {
  absl::int128 sum = 0;
  for (const Value& term : terms) sum += Units(term);
  return Number(kind, sum);
}

std::optional<Value> Apply(const sema::Program& program, const sema::Expr& e,
                           std::span<const Value> operands) {
  const Schema& schema = program.schema;
  const TypeKind kind = schema.types.kind(e.type);
  const std::vector<Value> all(operands.begin(), operands.end());
  const Value none;
  const Value& a = operands.empty() ? none : operands[0];
  const Value& b = operands.size() < 2 ? none : operands[1];
  // The type of an operand, and the lattice that it or the result is of.
  auto type = [&](size_t i) { return program[program.Arg(e, i)].type; };
  auto lattice = [&](TypeId id) { return LatticeId{schema.types[id].decl}; };

  switch (e.op) {
    case Op::kField:
      return a.items()[e.payload];
    case Op::kHasField:
      return Value::Bool(!a.items()[e.payload].is_none());
    case Op::kIndex:
      return Lookup(a, b);
    case Op::kFirst:
      return a.items().empty() ? none : a.items().front();
    case Op::kLast:
      return a.items().empty() ? none : a.items().back();
    case Op::kIsType:
      return Value::Bool(a.entity_type().index == e.payload);

    case Op::kNot:
      return Value::Bool(!a.boolean());
    case Op::kEq:
      return Value::Bool(a == b);
    case Op::kLt:
      return Value::Bool(Less(schema, type(0), a, b));
    case Op::kLe:
      return Value::Bool(!Less(schema, type(0), b, a));

    case Op::kNeg:
      return Number(kind, -Units(a));
    case Op::kAdd:
      return Number(kind, Units(a) + Units(b));
    case Op::kSub:
      return Number(kind, Units(a) - Units(b));
    case Op::kMul:
      return Number(kind, kind == TypeKind::kDecimal ? DecimalProduct(Units(a), Units(b))
                                                     : Units(a) * Units(b));

    case Op::kFlowsTo:
      return Value::Bool(FlowsTo(schema, lattice(type(0)), a.label(), b.label()));
    case Op::kJoin:
    case Op::kMeet:
      return Value::OfLabel(
          JoinOrMeet(schema, lattice(e.type), a.label(), b.label(), e.op == Op::kJoin));
    case Op::kPart:
      return Value::OfLabel(schema.PartOf(lattice(type(0)), e.payload, a.label()));
    case Op::kInLabel:
      return Value::Bool(Members(schema, lattice(type(1)), b.label()).contains(a.ordinal()));
    case Op::kSetLabel: {
      std::set<uint32_t> members;
      for (const Value& v : operands) members.insert(v.ordinal());
      return Value::OfLabel(FromMembers(schema, lattice(e.type), members));
    }
    case Op::kProduct: {
      std::vector<Label> parts;
      for (const Value& v : operands) parts.push_back(v.label());
      return Value::OfLabel(schema.ProductLabel(lattice(e.type), parts));
    }

    case Op::kContainsAll:
      return Value::Bool(ContainsAll(a, b));
    case Op::kContainsAny:
      return Value::Bool(ContainsAny(a, b));
    case Op::kIpIn:
      return Value::Bool(IpIn(a.ip(), b));
    case Op::kSize:
      return Value::Int(static_cast<int64_t>(SizeOf(a)));
    case Op::kIsEmpty:
      return Value::Bool(SizeOf(a) == 0);
    case Op::kKeys:
      return Value::Set(EverySecond(a, 0));
    case Op::kValues:
      return Value::List(EverySecond(a, 1));

    case Op::kLike:
      return Value::Bool(GlobMatches(b.text(), a.text()));
    case Op::kMatches:
      return Value::Bool(PatternMatches(program.names[e.payload], a.text()));
    case Op::kTrustDomain:
      return Value::String(TrustDomain(a.text()));
    case Op::kPath:
      return Value::String(Path(a.text()));

    case Op::kMakeSet:
      return Value::Set(all);
    case Op::kMakeList:
      return Value::List(all);
    case Op::kMakeMap:
      return MakeMap(operands);
    case Op::kMakeRecord:
      return Value::Record(all);

    default:
      return none;  // all other operators are eval_expr.cc's
  }
}

}  // namespace ztp::reference
