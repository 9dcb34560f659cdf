// Constant folding over Values.
#include "engine/sema/fold.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/scalar_text.h"
#include "engine/core/checked.h"
#include "engine/core/glob.h"
#include "engine/core/ip.h"
#include "engine/core/label.h"
#include "engine/core/spiffe.h"
#include "re2/re2.h"

namespace ztp::sema {
namespace {

using State = Folded::State;

Folded Not() { return {}; }
Folded Missing() { return {State::kMissing, {}}; }
Folded Overflow() { return {State::kOverflow, {}}; }
Folded Bool(bool b) { return Folded::Of(Value::Bool(b)); }

Folded FromInt(Checked<int64_t> n) { return n ? Folded::Of(Value::Int(*n)) : Overflow(); }
Folded FromDecimal(Checked<Decimal> d) { return d ? Folded::Of(Value::OfDecimal(*d)) : Overflow(); }
Folded FromTime(Checked<Time> t) { return t ? Folded::Of(Value::OfTime(*t)) : Overflow(); }
Folded FromDuration(Checked<Duration> d) {
  return d ? Folded::Of(Value::OfDuration(*d)) : Overflow();
}

bool Contains(const Value& collection, const Value& element) {
  const std::vector<Value>& items = collection.items();
  if (collection.kind() == TypeKind::kSet) {
    return std::binary_search(items.begin(), items.end(), element);
  }
  return std::find(items.begin(), items.end(), element) != items.end();
}

Folded Add(const Value& a, const Value& b) {
  switch (a.kind()) {
    case TypeKind::kInt:
      return FromInt(CheckedAdd(a.integer(), b.integer()));
    case TypeKind::kDecimal:
      return FromDecimal(CheckedAdd(a.decimal(), b.decimal()));
    case TypeKind::kTime:
      return FromTime(CheckedAdd(a.time(), b.duration()));
    case TypeKind::kDuration:
      if (b.kind() == TypeKind::kTime) return FromTime(CheckedAdd(b.time(), a.duration()));
      return FromDuration(CheckedAdd(a.duration(), b.duration()));
    default:
      return Not();
  }
}

Folded Sub(const Value& a, const Value& b) {
  switch (a.kind()) {
    case TypeKind::kInt:
      return FromInt(CheckedSub(a.integer(), b.integer()));
    case TypeKind::kDecimal:
      return FromDecimal(CheckedSub(a.decimal(), b.decimal()));
    case TypeKind::kDuration:
      return FromDuration(CheckedSub(a.duration(), b.duration()));
    case TypeKind::kTime:
      if (b.kind() == TypeKind::kTime) return FromDuration(CheckedSub(a.time(), b.time()));
      return FromTime(CheckedSub(a.time(), b.duration()));
    default:
      return Not();
  }
}

Folded Mul(const Value& a, const Value& b) {
  switch (a.kind()) {
    case TypeKind::kInt:
      if (b.kind() == TypeKind::kDuration)
        return FromDuration(CheckedMul(b.duration(), a.integer()));
      return FromInt(CheckedMul(a.integer(), b.integer()));
    case TypeKind::kDecimal:
      return FromDecimal(CheckedMul(a.decimal(), b.decimal()));
    case TypeKind::kDuration:
      return FromDuration(CheckedMul(a.duration(), b.integer()));
    default:
      return Not();
  }
}

Folded Neg(const Value& a) {
  switch (a.kind()) {
    case TypeKind::kInt:
      return FromInt(CheckedNeg(a.integer()));
    case TypeKind::kDecimal:
      return FromDecimal(CheckedNeg(a.decimal()));
    case TypeKind::kDuration:
      return FromDuration(CheckedNeg(a.duration()));
    default:
      return Not();
  }
}

// `<` of chains is their order as labels; of everything else the Value's own.
bool Less(const Value& a, const Value& b, bool or_equal) {
  if (a.kind() == TypeKind::kLattice) {
    return FlowsTo(a.label(), b.label()) && (or_equal || !(a.label() == b.label()));
  }
  return or_equal ? a <= b : a < b;
}

bool IpIn(const Value& ip, const Value& networks) {
  if (networks.kind() == TypeKind::kCidr) return Contains(networks.cidr(), ip.ip());
  return std::any_of(networks.items().begin(), networks.items().end(),
                     [&](const Value& cidr) { return Contains(cidr.cidr(), ip.ip()); });
}

Folded SpiffePart(const Value& id, bool path) {
  return Folded::Of(
      Value::String(std::string(path ? SpiffePath(id.text()) : SpiffeTrustDomain(id.text()))));
}

constexpr size_t kLargeConstant = 1024;

// How many values it holds, at whatever depth.
size_t Items(const Value& value) {
  size_t items = value.items().size();
  for (const Value& item : value.items()) items += Items(item);
  return items;
}

class Folder {
 public:
  Folder(const Schema& schema, const ProgramBuilder& builder, std::span<const Value> vars,
         size_t* steps)
      : schema_(schema), builder_(builder), vars_(vars.begin(), vars.end()), steps_(*steps) {}

  Folded Run(ExprId id) {
    if (!Spend(1)) return Not();
    const Expr e = builder_[id];
    switch (e.op) {
      case Op::kConst: {
        const Value& value = builder_.ConstValue(id);
        // Copying one is work as well, and memory where it is large: constants made of constants
        // grow by doubling.
        const size_t items = Items(value);
        if (!Spend(items < kLargeConstant ? items / 16 : items)) return Not();
        return value.is_none() ? Missing() : Folded::Of(value);
      }
      case Op::kVar:
        if (e.payload >= vars_.size() || !Spend(vars_[e.payload].items().size() / 16)) return Not();
        return Folded::Of(vars_[e.payload]);
      case Op::kAnd:
        return Logic(id, false);
      case Op::kOr:
        return Logic(id, true);
      case Op::kIf: {
        const Folded condition = Run(builder_.Arg(id, 0));
        if (condition.state != State::kValue) return condition;
        return Run(builder_.Arg(id, condition.value.boolean() ? 1 : 2));
      }
      case Op::kCoalesce: {
        Folded first = Run(builder_.Arg(id, 0));
        return first.state == State::kMissing ? Run(builder_.Arg(id, 1)) : first;
      }
      case Op::kMakeRecord:
        return Record(id);
      case Op::kAny:
      case Op::kAll:
      case Op::kCount:
      case Op::kSum:
      case Op::kJoinOf:
      case Op::kSetOf:
        return Fold(id);
      default:
        break;
    }
    std::vector<Value> args;
    args.reserve(e.arg_count);
    for (uint32_t i = 0; i < e.arg_count; ++i) {
      Folded arg = Run(builder_.Arg(id, i));
      if (arg.state != State::kValue) return arg;
      args.push_back(std::move(arg.value));
    }
    return Apply(e, id, args);
  }

 private:
  bool Spend(size_t steps) {
    if (steps_ < steps) {
      steps_ = 0;
      return false;
    }
    steps_ -= steps;
    return true;
  }

  Folded Logic(ExprId id, bool decides) {
    Folded result = Bool(!decides);
    const uint32_t count = builder_[id].arg_count;
    for (uint32_t i = 0; i < count; ++i) {
      Folded arg = Run(builder_.Arg(id, i));
      if (arg.state == State::kValue) {
        if (arg.value.boolean() == decides) return arg;
      } else {
        // An overflow counts only if no later operand decides.
        result = arg;
      }
    }
    return result;
  }

  Folded Record(ExprId id) {
    std::vector<Value> fields;
    const uint32_t count = builder_[id].arg_count;
    for (uint32_t i = 0; i < count; ++i) {
      const ExprId arg = builder_.Arg(id, i);
      if (!arg.valid()) {
        fields.emplace_back();
        continue;
      }
      Folded field = Run(arg);
      if (field.state != State::kValue) return field;
      fields.push_back(std::move(field.value));
    }
    return Folded::Of(Value::Record(std::move(fields)));
  }

  Folded Fold(ExprId id) {
    const Expr e = builder_[id];
    const Folded collection = Run(builder_.Arg(id, 0));
    if (collection.state != State::kValue) return collection;
    const ExprId filter = builder_.Arg(id, 1);
    const ExprId body = builder_.Arg(id, 2);
    if (vars_.size() <= e.payload) vars_.resize(e.payload + 1);
    const Value outer = vars_[e.payload];
    Folded result = FoldOver(e, collection.value.items(), filter, body);
    vars_[e.payload] = outer;
    return result;
  }

  Folded FoldOver(const Expr& e, const std::vector<Value>& elements, ExprId filter, ExprId body) {
    Int128 sum = 0;
    int64_t count = 0;
    Label joined;
    std::vector<Value> made;
    Folded failed = Bool(false);
    bool decided = false;
    for (const Value& element : elements) {
      vars_[e.payload] = element;
      if (filter.valid()) {
        const Folded keep = Run(filter);
        if (keep.state != State::kValue) {
          failed = keep;
          continue;
        }
        if (!keep.value.boolean()) continue;
      }
      Folded part = Run(body);
      if (part.state != State::kValue) {
        failed = part;
        continue;
      }
      switch (e.op) {
        case Op::kAny:
          decided = decided || part.value.boolean();
          break;
        case Op::kAll:
          decided = decided || !part.value.boolean();
          break;
        case Op::kCount:
          count += part.value.boolean() ? 1 : 0;
          break;
        case Op::kSum:
          sum += Units(part.value);
          break;
        case Op::kJoinOf:
          joined = Join(joined, part.value.label());
          break;
        default:
          made.push_back(std::move(part.value));
          break;
      }
    }
    if (decided) return Bool(e.op == Op::kAny);
    if (failed.state != State::kValue) return failed;
    switch (e.op) {
      case Op::kAny:
        return Bool(false);
      case Op::kAll:
        return Bool(true);
      case Op::kCount:
        return Folded::Of(Value::Int(count));
      case Op::kSum:
        return Sum(schema_.types.kind(e.type), sum);
      case Op::kJoinOf:
        return Folded::Of(Value::OfLabel(joined));
      default:
        return Folded::Of(Value::Set(std::move(made)));
    }
  }

  static int64_t Units(const Value& v) {
    switch (v.kind()) {
      case TypeKind::kDecimal:
        return v.decimal().units;
      case TypeKind::kDuration:
        return v.duration().micros;
      default:
        return v.integer();
    }
  }

  static Folded Sum(TypeKind kind, Int128 sum) {
    const Checked<int64_t> n = Narrow(sum);
    if (!n) return Overflow();
    switch (kind) {
      case TypeKind::kDecimal:
        return Folded::Of(Value::OfDecimal(Decimal{*n}));
      case TypeKind::kDuration:
        return Folded::Of(Value::OfDuration(Duration{*n}));
      default:
        return Folded::Of(Value::Int(*n));
    }
  }

  Folded Apply(const Expr& e, ExprId id, std::vector<Value>& args) {
    switch (e.op) {
      case Op::kNot:
        return Bool(!args[0].boolean());
      case Op::kEq:
        return Bool(args[0] == args[1]);
      case Op::kLt:
        return Bool(Less(args[0], args[1], false));
      case Op::kLe:
        return Bool(Less(args[0], args[1], true));
      case Op::kFlowsTo:
        return Bool(FlowsTo(args[0].label(), args[1].label()));
      case Op::kNeg:
        return Neg(args[0]);
      case Op::kAdd:
        return Add(args[0], args[1]);
      case Op::kSub:
        return Sub(args[0], args[1]);
      case Op::kMul:
        return Mul(args[0], args[1]);
      case Op::kJoin:
        return Folded::Of(Value::OfLabel(Join(args[0].label(), args[1].label())));
      case Op::kMeet:
        return Folded::Of(Value::OfLabel(Meet(args[0].label(), args[1].label())));
      case Op::kPart:
        return Folded::Of(Value::OfLabel(schema_.PartOf(
            LatticeOf(builder_[builder_.Arg(id, 0)].type), e.payload, args[0].label())));
      case Op::kInLabel: {
        const bool dual =
            schema_[LatticeOf(builder_[builder_.Arg(id, 1)].type)].kind == LatticeType::Kind::kDual;
        return Bool(args[1].label().Has(args[0].ordinal()) != dual);
      }
      case Op::kSetLabel: {
        std::vector<uint32_t> ordinals;
        for (const Value& arg : args) ordinals.push_back(arg.ordinal());
        return Folded::Of(Value::OfLabel(schema_.SetLabel(LatticeOf(e.type), ordinals)));
      }
      case Op::kProduct: {
        std::vector<Label> parts;
        for (const Value& arg : args) parts.push_back(arg.label());
        return Folded::Of(Value::OfLabel(schema_.ProductLabel(LatticeOf(e.type), parts)));
      }
      case Op::kField: {
        const Value& field = args[0].items()[e.payload];
        return field.is_none() ? Missing() : Folded::Of(field);
      }
      case Op::kHasField:
        return Bool(!args[0].items()[e.payload].is_none());
      case Op::kIsType:
        return Bool(args[0].entity_type().index == e.payload);
      case Op::kIndex: {
        const std::vector<Value>& items = args[0].items();
        for (size_t i = 0; i + 1 < items.size(); i += 2) {
          if (items[i] == args[1]) return Folded::Of(items[i + 1]);
        }
        return Missing();
      }
      case Op::kFirst:
        return args[0].items().empty() ? Missing() : Folded::Of(args[0].items().front());
      case Op::kLast:
        return args[0].items().empty() ? Missing() : Folded::Of(args[0].items().back());
      case Op::kContains:
        return Bool(Contains(args[0], args[1]));
      case Op::kContainsAll:
        return Bool(std::all_of(args[1].items().begin(), args[1].items().end(),
                                [&](const Value& v) { return Contains(args[0], v); }));
      case Op::kContainsAny:
        return Bool(std::any_of(args[1].items().begin(), args[1].items().end(),
                                [&](const Value& v) { return Contains(args[0], v); }));
      case Op::kIpIn:
        return Bool(IpIn(args[0], args[1]));
      case Op::kSize:
        return Folded::Of(Value::Int(Size(args[0])));
      case Op::kIsEmpty:
        return Bool(args[0].items().empty());
      case Op::kKeys:
      case Op::kValues: {
        std::vector<Value> picked;
        const std::vector<Value>& items = args[0].items();
        for (size_t i = e.op == Op::kKeys ? 0 : 1; i < items.size(); i += 2) {
          picked.push_back(items[i]);
        }
        return Folded::Of(e.op == Op::kKeys ? Value::Set(std::move(picked))
                                            : Value::List(std::move(picked)));
      }
      case Op::kLike:
        return Bool(GlobMatches(args[1].text(), args[0].text()));
      case Op::kMatches: {
        RE2::Options options;
        options.set_log_errors(false);
        const RE2 pattern(builder_.NameText(e.payload), options);
        return Bool(RE2::FullMatch(args[0].text(), pattern));
      }
      case Op::kTrustDomain:
        return SpiffePart(args[0], false);
      case Op::kPath:
        return SpiffePart(args[0], true);
      case Op::kMakeSet:
        return Folded::Of(Value::Set(std::move(args)));
      case Op::kMakeList:
        return Folded::Of(Value::List(std::move(args)));
      case Op::kMakeMap: {
        std::vector<std::pair<Value, Value>> entries;
        for (size_t i = 0; i + 1 < args.size(); i += 2) {
          entries.emplace_back(std::move(args[i]), std::move(args[i + 1]));
        }
        return Folded::Of(Value::Map(std::move(entries)));
      }
      default:
        return Not();
    }
  }

  LatticeId LatticeOf(TypeId type) const { return LatticeId{schema_.types[type].decl}; }

  static int64_t Size(const Value& v) {
    const size_t n = v.items().size();
    return static_cast<int64_t>(v.kind() == TypeKind::kMap ? n / 2 : n);
  }

  const Schema& schema_;
  const ProgramBuilder& builder_;
  std::vector<Value> vars_;
  size_t& steps_;
};

}  // namespace

Folded FoldClosed(const Schema& schema, const ProgramBuilder& builder, ExprId id,
                  std::span<const Value> vars, size_t* steps) {
  return Folder(schema, builder, vars, steps).Run(id);
}

}  // namespace ztp::sema
