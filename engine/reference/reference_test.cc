// Expressions: three-valued logic, defaults, arithmetic, labels, text, folds.
#include <gtest/gtest.h>

#include <limits>

#include "engine/reference/test_program.h"

namespace ztp::reference {
namespace {

class Expressions : public testing::Test, public TestProgram {
 protected:
  std::string Of(ExprId id) const { return Show(*this, id); }
  ExprId Dec(int64_t units) { return Const(decimal, Value::OfDecimal(Decimal{units})); }
  ExprId Fold(Op op, TypeId type, ExprId set, ExprId filter, ExprId body, uint32_t slot = 0) {
    return Make(op, type, {set, filter, body}, slot);
  }
  ExprId Mul(ExprId a, ExprId b) { return Make(Op::kMul, p[a].type, {a, b}); }
  ExprId Add(ExprId a, ExprId b) { return Make(Op::kAdd, p[a].type, {a, b}); }
};

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
const ExprId kNone;

TEST_F(Expressions, AndIsKleenes) {
  EXPECT_EQ(Of(And({})), "true for ever");
  EXPECT_EQ(Of(And({Until(true, 5), Until(true, 3), Bool(true)})), "true +3");
  // A false one lasts as long as any of the operands that make it so.
  EXPECT_EQ(Of(And({Until(false, 5), Until(false, 9), Until(true, 1)})), "false +9");
  EXPECT_EQ(Of(And({Until(false, 5), Bool(false)})), "false for ever");
  EXPECT_EQ(Of(And({Unknown("a"), Until(false, 5)})), "false +5");
  EXPECT_EQ(Of(And({Unknown("a"), Until(true, 5), Unknown("b")})), "unknown {a, b} +5");
  EXPECT_EQ(Of(And({UnknownUntil("c", 2), Until(true, 5)})), "unknown {c} +2");
}

TEST_F(Expressions, OrIsKleenes) {
  EXPECT_EQ(Of(Or({})), "false for ever");
  EXPECT_EQ(Of(Or({Until(false, 5), Until(false, 3)})), "false +3");
  EXPECT_EQ(Of(Or({Until(true, 5), Until(true, 9), Until(false, 1), Unknown("a")})), "true +9");
  EXPECT_EQ(Of(Or({Until(false, 5), Unknown("b"), Bool(false)})), "unknown {b} +5");
}

TEST_F(Expressions, NotKeepsValidityAndFacts) {
  EXPECT_EQ(Of(Not(Until(true, 5))), "false +5");
  EXPECT_EQ(Of(Not(UnknownUntil("a", 4))), "unknown {a} +4");
}

TEST_F(Expressions, NothingIsFoldedThatAnUnknownReaches) {
  const ExprId a = Unknown("a");
  EXPECT_EQ(Of(Or({a, Not(a)})), "unknown {a} for ever");
  EXPECT_EQ(Of(Eq(a, a)), "unknown {a} for ever");
}

TEST_F(Expressions, IfNeedsItsConditionAndTheChosenBranch) {
  auto choose = [&](ExprId c, ExprId a, ExprId b) { return Make(Op::kIf, boolean, {c, a, b}); };
  EXPECT_EQ(Of(choose(Until(true, 5), Until(false, 3), Unknown("a"))), "false +3");
  EXPECT_EQ(Of(choose(Until(false, 2), Unknown("b"), Until(true, 3))), "true +2");
  EXPECT_EQ(Of(choose(UnknownUntil("c", 7), Until(true, 3), Unknown("d"))), "unknown {c} +7");
  EXPECT_EQ(Of(choose(Until(true, 5), Unknown("e"), Bool(true))), "unknown {e} +5");
}

TEST_F(Expressions, OtherOperatorsAreUnknownIfAnOperandIs) {
  const ExprId x = Input("x", integer, Fact::Missing());
  const ExprId y = Input("y", integer, Fact::Unknown());
  EXPECT_EQ(Of(Make(Op::kLt, boolean, {x, y})), "unknown {x, y} for ever");
  EXPECT_EQ(Of(Make(Op::kLt, boolean, {Int(1), Add(Int(1), Int(1))})), "true for ever");
}

TEST_F(Expressions, ADefaultServesWhatIsKnownToBeMissing) {
  auto or_else = [&](ExprId a, ExprId d) { return Make(Op::kCoalesce, boolean, {a, d}); };
  const ExprId there = Input("there", boolean, Fact::Of(Value::Bool(false)), true);
  const ExprId missing = Input("missing", boolean, Fact::Missing(), true);
  const ExprId also = Input("also", boolean, Fact::Missing(), true);
  EXPECT_EQ(Of(or_else(there, Until(true, 3))), "false for ever");
  EXPECT_EQ(Of(or_else(missing, Until(true, 3))), "true +3");
  EXPECT_EQ(Of(or_else(missing, or_else(also, Bool(true)))), "true for ever");
  EXPECT_EQ(Of(or_else(or_else(missing, also), Bool(true))), "true for ever");
  EXPECT_EQ(Of(or_else(missing, Unknown("d"))), "unknown {d} for ever");
  EXPECT_EQ(Of(or_else(Unknown("a"), Bool(true))), "unknown {a} for ever");
  // Evidence that comes later: until then the default, and then no longer.
  Fact later = Fact::Of(Value::Bool(false));
  later.issued_at = Time{kNow + 6};
  EXPECT_EQ(Of(or_else(Input("later", boolean, later, true), Until(true, 9))), "true +6");
}

TEST_F(Expressions, WhatIsMissingUnderAFailedGuardIsSkipped) {
  const ExprId x = Input("x", integer, Fact::Missing(), true);
  const ExprId test = Eq(x, Int(1));
  EXPECT_EQ(Of(test), "unknown {} for ever");
  EXPECT_EQ(Of(And({Make(Op::kHasInput, boolean, {}, 0), test})), "false for ever");
}

TEST_F(Expressions, OptionalReadsOfCollections) {
  const TypeId list = p.schema.types.List(integer);
  const TypeId map = p.schema.types.Map(string, integer);
  const ExprId empty = Const(list, Value::List({}));
  const ExprId two = Const(list, Value::List({Value::Int(4), Value::Int(3)}));
  EXPECT_EQ(Of(Make(Op::kFirst, integer, {empty})), "missing for ever");
  EXPECT_EQ(Of(Make(Op::kFirst, integer, {two})), "4 for ever");
  EXPECT_EQ(Of(Make(Op::kLast, integer, {two})), "3 for ever");
  const ExprId m = Make(Op::kMakeMap, map, {String("a"), Int(1), String("b"), Int(2)});
  EXPECT_EQ(Of(Make(Op::kIndex, integer, {m, String("b")})), "2 for ever");
  const ExprId none = Make(Op::kIndex, integer, {m, String("c")});
  EXPECT_EQ(Of(none), "missing for ever");
  EXPECT_EQ(Of(Make(Op::kCoalesce, integer, {none, Int(9)})), "9 for ever");
  EXPECT_EQ(Of(Make(Op::kSize, integer, {m})), "2 for ever");
  EXPECT_EQ(Eval(Make(Op::kKeys, p.schema.types.Set(string), {m})).value,
            Value::Set({Value::String("a"), Value::String("b")}));
  EXPECT_EQ(Eval(Make(Op::kValues, list, {m})).value, Value::List({Value::Int(1), Value::Int(2)}));
}

TEST_F(Expressions, RecordsHaveTheirOptionalFieldsOrNot) {
  const TypeId record = p.schema.types.Record(
      {{.name = "a", .type = integer}, {.name = "b", .type = integer, .optional = true}});
  const ExprId r = Make(Op::kMakeRecord, record, {Int(1), kNone});
  EXPECT_EQ(Of(Make(Op::kField, integer, {r}, 0)), "1 for ever");
  EXPECT_EQ(Of(Make(Op::kField, integer, {r}, 1)), "missing for ever");
  EXPECT_EQ(Of(Make(Op::kHasField, boolean, {r}, 0)), "true for ever");
  EXPECT_EQ(Of(Make(Op::kHasField, boolean, {r}, 1)), "false for ever");
}

TEST_F(Expressions, OverflowIsUnknown) {
  EXPECT_EQ(Of(Add(Int(kMax), Int(1))), "unknown {overflow} for ever");
  EXPECT_EQ(Of(Add(Int(kMax - 1), Int(1))), std::to_string(kMax) + " for ever");
  EXPECT_EQ(Of(Make(Op::kNeg, integer, {Int(kMin)})), "unknown {overflow} for ever");
  EXPECT_EQ(Of(Make(Op::kSub, integer, {Int(kMin), Int(1)})), "unknown {overflow} for ever");
  EXPECT_EQ(Of(Mul(Int(kMin), Int(-1))), "unknown {overflow} for ever");
  EXPECT_EQ(Of(Mul(Dec(kMax), Dec(kMax))), "unknown {overflow} for ever");
  const ExprId day = Const(duration, Value::OfDuration(Duration{kMax / 2}));
  EXPECT_EQ(Of(Make(Op::kMul, duration, {day, Int(3)})), "unknown {overflow} for ever");
  EXPECT_EQ(Of(Make(Op::kAdd, time, {At(kMax), day})), "unknown {overflow} for ever");
}

TEST_F(Expressions, DecimalProductsRoundHalfToEven) {
  auto product = [&](int64_t a, int64_t b) {
    return Eval(Mul(Dec(a), Dec(b))).value.decimal().units;
  };
  const int64_t half = 500'000'000;
  EXPECT_EQ(product(1, half), 0);  // 0.5 to 0
  EXPECT_EQ(product(3, half), 2);  // 1.5 to 2
  EXPECT_EQ(product(5, half), 2);  // 2.5 to 2
  EXPECT_EQ(product(-1, half), 0);
  EXPECT_EQ(product(-3, half), -2);
  EXPECT_EQ(product(-5, half), -2);
  EXPECT_EQ(product(1, half + 1), 1);
  EXPECT_EQ(product(-1, half + 1), -1);
  EXPECT_EQ(product(3, half - 1), 1);
  EXPECT_EQ(product(1'500'000'000, 2'000'000'000), 3'000'000'000);
}

TEST_F(Expressions, LabelsByWhatTheyMean) {
  using Kind = LatticeType::Kind;
  const LatticeId level = Lattice("Level", Kind::kChain, {"low", "mid", "high"});
  const LatticeId tags = Lattice("Tags", Kind::kPowerSet, {"pii", "phi"});
  const LatticeId regions = Lattice("Regions", Kind::kDual, {"eu", "us"});
  const LatticeId label =
      Product("Label", {{"level", level}, {"tags", tags}, {"regions", regions}});
  const Schema& s = p.schema;
  const TypeId type = p.schema.types.Lattice(label);
  auto make = [&](uint32_t k, std::vector<uint32_t> t, std::vector<uint32_t> r) {
    return Const(
        type, Value::OfLabel(s.ProductLabel(
                  label, {s.ChainLabel(level, k), s.SetLabel(tags, t), s.SetLabel(regions, r)})));
  };
  auto flows = [&](ExprId a, ExprId b) { return Of(Make(Op::kFlowsTo, boolean, {a, b})); };
  const ExprId a = make(0, {0}, {0, 1});
  EXPECT_EQ(flows(a, make(1, {0, 1}, {0})), "true for ever");
  EXPECT_EQ(flows(a, make(1, {1}, {0})), "false for ever");  // pii is in a only
  EXPECT_EQ(flows(make(2, {}, {}), make(1, {}, {})), "false for ever");
  EXPECT_EQ(flows(make(0, {}, {0}), make(0, {}, {0, 1})), "false for ever");  // b allows more
  const ExprId b = make(2, {1}, {1});
  EXPECT_EQ(Eval(Make(Op::kJoin, type, {a, b})).value, Eval(make(2, {0, 1}, {1})).value);
  EXPECT_EQ(Eval(Make(Op::kMeet, type, {a, b})).value, Eval(make(0, {}, {0, 1})).value);

  const ExprId part = Make(Op::kPart, p.schema.types.Lattice(regions), {b}, 2);
  const TypeId region = p.schema.types.Enum(s[regions].elements);
  EXPECT_EQ(Of(Make(Op::kInLabel, boolean, {Const(region, Value::Enum(1)), part})),
            "true for ever");
  EXPECT_EQ(Of(Make(Op::kInLabel, boolean, {Const(region, Value::Enum(0)), part})),
            "false for ever");
  const ExprId made =
      Make(Op::kSetLabel, p.schema.types.Lattice(regions), {Const(region, Value::Enum(1))});
  EXPECT_EQ(Eval(made).value, Eval(part).value);
  const ExprId lv = Make(Op::kPart, p.schema.types.Lattice(level), {b}, 0);
  const ExprId la = Make(Op::kPart, p.schema.types.Lattice(level), {a}, 0);
  EXPECT_EQ(Of(Make(Op::kLt, boolean, {la, lv})), "true for ever");
  EXPECT_EQ(Of(Make(Op::kLe, boolean, {lv, la})), "false for ever");
  const ExprId whole =
      Make(Op::kProduct, type, {lv, Make(Op::kPart, p.schema.types.Lattice(tags), {b}, 1), part});
  EXPECT_EQ(Eval(whole).value, Eval(b).value);
  // Joining nothing gives what flows everywhere.
  const TypeId labels = p.schema.types.Set(type);
  EXPECT_EQ(Eval(Fold(Op::kJoinOf, type, Const(labels, Value::Set({})), kNone, Var(type, 0))).value,
            Eval(make(0, {}, {0, 1})).value);
  const ExprId both = Make(Op::kMakeSet, labels, {a, b});
  EXPECT_EQ(Eval(Fold(Op::kJoinOf, type, both, kNone, Var(type, 0))).value,
            Eval(make(2, {0, 1}, {1})).value);
}

TEST_F(Expressions, SetsAndLists) {
  auto is = [&](Op op, ExprId a, ExprId b) { return Of(Make(op, boolean, {a, b})); };
  EXPECT_EQ(is(Op::kEq, Ints({1, 2}), Ints({2, 1})), "true for ever");
  EXPECT_EQ(is(Op::kContains, Ints({1, 2}), Int(2)), "true for ever");
  EXPECT_EQ(is(Op::kContains, Ints({1, 2}), Int(3)), "false for ever");
  EXPECT_EQ(is(Op::kContainsAll, Ints({1, 2}), Ints({2})), "true for ever");
  EXPECT_EQ(is(Op::kContainsAll, Ints({1}), Ints({})), "true for ever");
  EXPECT_EQ(is(Op::kContainsAll, Ints({1}), Ints({1, 2})), "false for ever");
  EXPECT_EQ(is(Op::kContainsAny, Ints({1, 3}), Ints({2, 3})), "true for ever");
  EXPECT_EQ(is(Op::kContainsAny, Ints({1}), Ints({})), "false for ever");
  EXPECT_EQ(Of(Make(Op::kIsEmpty, boolean, {Ints({})})), "true for ever");
  const ExprId x = Input("x", integer, Fact::Missing());
  EXPECT_EQ(is(Op::kContains, Ints({}), x), "unknown {x} for ever");
}

TEST_F(Expressions, Addresses) {
  const TypeId ip = p.schema.types.Scalar(TypeKind::kIp);
  const TypeId cidr = p.schema.types.Scalar(TypeKind::kCidr);
  const ExprId address = Const(ip, Value::OfIp(Ip::V4(10, 1, 2, 131)));
  auto network = [&](uint8_t a, uint8_t b, uint8_t c, uint8_t d, int bits) {
    return Value::OfCidr(Cidr{Ip::V4(a, b, c, d), static_cast<uint8_t>(96 + bits)});
  };
  auto in = [&](const Value& v) { return Of(Make(Op::kIpIn, boolean, {address, Const(cidr, v)})); };
  EXPECT_EQ(in(network(10, 0, 0, 0, 8)), "true for ever");
  EXPECT_EQ(in(network(10, 1, 2, 128, 25)), "true for ever");
  EXPECT_EQ(in(network(10, 1, 2, 0, 25)), "false for ever");
  EXPECT_EQ(in(network(10, 1, 2, 131, 32)), "true for ever");
  EXPECT_EQ(in(Value::OfCidr(Cidr{})), "true for ever");
  const TypeId networks = p.schema.types.Set(cidr);
  const ExprId set =
      Const(networks, Value::Set({network(11, 0, 0, 0, 8), network(10, 1, 0, 0, 16)}));
  EXPECT_EQ(Of(Make(Op::kIpIn, boolean, {address, set})), "true for ever");
}

TEST_F(Expressions, TextIsMatchedAsAWhole) {
  EXPECT_TRUE(GlobMatches("github/*", "github/issues"));
  EXPECT_FALSE(GlobMatches("github/*", "github/issues/1"));
  EXPECT_TRUE(GlobMatches("github/**", "github/issues/1"));
  EXPECT_TRUE(GlobMatches("**@refs/tags/v*", "https://x/y@refs/tags/v1"));
  EXPECT_FALSE(GlobMatches("**@refs/tags/v*", "https://x/y@refs/tags/v1/2"));
  EXPECT_TRUE(GlobMatches("*", ""));
  EXPECT_TRUE(GlobMatches("a***b", "a/x/b"));
  EXPECT_TRUE(GlobMatches(R"(a\*b)", "a*b"));
  EXPECT_FALSE(GlobMatches(R"(a\*b)", "axb"));
  EXPECT_TRUE(GlobMatches(R"(a\\*)", R"(a\b)"));
  EXPECT_FALSE(GlobMatches("a", "ab"));
  EXPECT_FALSE(GlobMatches("", "a"));
  EXPECT_TRUE(GlobMatches("", ""));

  EXPECT_EQ(Of(Make(Op::kMatches, boolean, {String("v1.2")}, Name(R"(v\d+\.\d+)"))),
            "true for ever");
  EXPECT_EQ(Of(Make(Op::kMatches, boolean, {String("v1.2.3")}, Name(R"(v\d+\.\d+)"))),
            "false for ever");
  const TypeId spiffe = p.schema.types.Scalar(TypeKind::kSpiffeId);
  const ExprId id = Const(spiffe, Value::SpiffeId("spiffe://acme.org/ns/bot"));
  EXPECT_EQ(Eval(Make(Op::kTrustDomain, string, {id})).value.text(), "acme.org");
  EXPECT_EQ(Eval(Make(Op::kPath, string, {id})).value.text(), "/ns/bot");
  const ExprId bare = Const(spiffe, Value::SpiffeId("spiffe://acme.org"));
  EXPECT_EQ(Eval(Make(Op::kTrustDomain, string, {bare})).value.text(), "acme.org");
  EXPECT_EQ(Eval(Make(Op::kPath, string, {bare})).value.text(), "");
}

TEST_F(Expressions, QuantifiersAreOrAndAndOverTheElements) {
  const ExprId x = Var(integer, 0);
  const ExprId is_two = Eq(x, Int(2));
  EXPECT_EQ(Of(Fold(Op::kAny, boolean, Ints({}), kNone, Unknown("a"))), "false for ever");
  EXPECT_EQ(Of(Fold(Op::kAll, boolean, Ints({}), kNone, Unknown("b"))), "true for ever");
  EXPECT_EQ(Of(Fold(Op::kAny, boolean, Ints({1, 2}), kNone, is_two)), "true for ever");
  EXPECT_EQ(Of(Fold(Op::kAll, boolean, Ints({1, 2}), kNone, is_two)), "false for ever");
  // any: p and q; all: not p or q
  EXPECT_EQ(Of(Fold(Op::kAny, boolean, Ints({1, 2}), is_two, Until(true, 5))), "true +5");
  EXPECT_EQ(Of(Fold(Op::kAny, boolean, Ints({1, 3}), is_two, Until(true, 5))), "false for ever");
  EXPECT_EQ(Of(Fold(Op::kAll, boolean, Ints({1, 2}), is_two, Until(true, 5))), "true +5");
  EXPECT_EQ(Of(Fold(Op::kAll, boolean, Ints({1, 2}), is_two, Until(false, 5))), "false +5");
  EXPECT_EQ(Of(Fold(Op::kAll, boolean, Ints({1, 2}), is_two, Unknown("c"))),
            "unknown {c} for ever");
  EXPECT_EQ(Of(Fold(Op::kAll, boolean, Ints({1, 3}), is_two, Unknown("d"))), "true for ever");
  // now < kNow + x: the elements flip one after the other
  const ExprId later = Make(
      Op::kNowCompare, boolean,
      {At(kNow), Make(Op::kMul, duration, {Const(duration, Value::OfDuration(Duration{1})), x})},
      static_cast<uint32_t>(sema::NowCmp::kLt));
  EXPECT_EQ(Of(Fold(Op::kAny, boolean, Ints({3, 8}), kNone, later)), "true +8");
  EXPECT_EQ(Of(Fold(Op::kAll, boolean, Ints({3, 8}), kNone, later)), "true +3");
}

TEST_F(Expressions, ACollectionIsAnOperandOfItsFold) {
  Fact evidence = Fact::Of(Value::Set({Value::Int(1)}));
  evidence.expires_at = Time{kNow + 4};
  const ExprId set = Input("set", ints, evidence);
  EXPECT_EQ(Of(Fold(Op::kAny, boolean, set, kNone, Bool(true))), "true +4");
  EXPECT_EQ(Of(Fold(Op::kAny, boolean, set, kNone, Until(false, 9))), "false +4");
  EXPECT_EQ(Of(Fold(Op::kCount, integer, set, kNone, Bool(true))), "1 +4");
  const ExprId gone = Input("gone", ints, Fact::Missing());
  EXPECT_EQ(Of(Fold(Op::kAny, boolean, gone, kNone, Bool(true))), "unknown {gone} for ever");
  EXPECT_EQ(Of(Fold(Op::kSum, integer, gone, kNone, Var(integer, 0))), "unknown {gone} for ever");
}

TEST_F(Expressions, FoldsReadTheBodyWhereTheFilterHolds) {
  const ExprId x = Var(integer, 0);
  const ExprId is_two = Eq(x, Int(2));
  EXPECT_EQ(Of(Fold(Op::kCount, integer, Ints({1, 2, 3}), kNone, Not(is_two))), "2 for ever");
  EXPECT_EQ(Of(Fold(Op::kCount, integer, Ints({1, 2, 3}), Not(is_two), Bool(true))), "2 for ever");
  EXPECT_EQ(Of(Fold(Op::kSum, integer, Ints({1, 2, 3}), Not(is_two), x)), "4 for ever");
  EXPECT_EQ(Of(Fold(Op::kSum, integer, Ints({}), kNone, x)), "0 for ever");
  EXPECT_EQ(Eval(Fold(Op::kSetOf, ints, Ints({1, 2, 3}), Not(is_two), Mul(x, Int(0)))).value,
            Value::Set({Value::Int(0)}));
  // The body of an element that is filtered out is not read, an unknown filter makes all unknown.
  const ExprId bad = Make(Op::kIf, integer, {is_two, Input("bad", integer, Fact::Missing()), x});
  EXPECT_EQ(Of(Fold(Op::kSum, integer, Ints({1, 2}), Not(is_two), bad)), "1 for ever");
  EXPECT_EQ(Of(Fold(Op::kSum, integer, Ints({1, 2}), kNone, bad)), "unknown {bad} for ever");
  EXPECT_EQ(Of(Fold(Op::kCount, integer, Ints({1, 2}), Unknown("f"), Unknown("g"))),
            "unknown {f} for ever");
  // `now` in a filter: the minimum over the parts that were evaluated.
  EXPECT_EQ(Of(Fold(Op::kSum, integer, Ints({1, 2}), Until(true, 7), x)), "3 +7");
  EXPECT_EQ(Of(Fold(Op::kCount, integer, Ints({1, 2}), Until(false, 7), Until(true, 1))), "0 +7");
}

TEST_F(Expressions, SumsAreExactAndThenChecked) {
  const ExprId x = Var(integer, 0);
  EXPECT_EQ(Of(Fold(Op::kSum, integer, Ints({kMax, 1, -2}), kNone, x)),
            std::to_string(kMax - 1) + " for ever");
  EXPECT_EQ(Of(Fold(Op::kSum, integer, Ints({kMax, 1}), kNone, x)), "unknown {overflow} for ever");
  EXPECT_EQ(Of(Fold(Op::kSum, integer, Ints({kMin, -1}), kNone, x)), "unknown {overflow} for ever");
}

TEST_F(Expressions, FoldsNest) {
  const ExprId x = Var(integer, 0);
  const ExprId y = Var(integer, 1);
  const ExprId z = Var(integer, 2);
  const ExprId inner = Fold(Op::kSum, integer, Ints({1, 2}), kNone, Add(Mul(x, y), z), 2);
  const ExprId middle = Fold(Op::kSum, integer, Ints({10, 20}), kNone, inner, 1);
  // sum over x of sum over y of (2xy + 3) = sum over x of (60x + 6)
  EXPECT_EQ(Of(Fold(Op::kSum, integer, Ints({1, 2, 3}), kNone, middle, 0)), "378 for ever");
  // The outer variable is itself again after the inner fold.
  EXPECT_EQ(Of(Fold(Op::kSum, integer, Ints({1, 2}), kNone, Add(middle, x), 0)), "195 for ever");
}

TEST_F(Expressions, TypesAndPresenceOfEntities) {
  const EntityTypeId user = Entity("User", {Declare("age", integer)});
  const EntityTypeId team = Entity("Team");
  Store(user, "ann", {Fact::Of(Value::Int(30))});
  EXPECT_EQ(Of(Make(Op::kIsType, boolean, {Ref(user, "x")}, user.index)), "true for ever");
  EXPECT_EQ(Of(Make(Op::kIsType, boolean, {Ref(user, "x")}, team.index)), "false for ever");
  EXPECT_EQ(Of(Make(Op::kBoundEntity, boolean, {Ref(user, "ann")})), "true for ever");
  EXPECT_EQ(Of(Make(Op::kBoundEntity, boolean, {Ref(user, "bob")})), "false for ever");
  EXPECT_EQ(Of(Make(Op::kBoundEntity, boolean, {Ref(team, "any")})), "true for ever");
  EXPECT_EQ(Of(Attr(Ref(user, "ann"), integer, "age")), "30 for ever");
  EXPECT_EQ(Of(Attr(Ref(user, "bob"), integer, "age")), "unknown {User::\"bob\"} for ever");
}

TEST_F(Expressions, AttributesAreThereMissingOrUnknown) {
  const EntityTypeId user =
      Entity("User", {Declare("age", integer, true), Declare("name", string)});
  Store(user, "ann", {Fact::Of(Value::Int(30)), Fact::Of(Value::String("a"))});
  Store(user, "bob", {Fact::Missing(), Fact::Unknown()});
  auto has = [&](const char* id, const char* name) {
    return Of(Make(Op::kHasAttr, boolean, {Ref(user, id)}, Name(name)));
  };
  EXPECT_EQ(has("ann", "age"), "true for ever");
  EXPECT_EQ(has("bob", "age"), "false for ever");
  EXPECT_EQ(has("bob", "name"), "unknown {User::\"bob\"} for ever");
  EXPECT_EQ(has("eve", "age"), "unknown {User::\"eve\"} for ever");
  auto age_or_zero = [&](const char* id) {
    return Of(Make(Op::kCoalesce, integer, {Attr(Ref(user, id), integer, "age"), Int(0)}));
  };
  EXPECT_EQ(age_or_zero("ann"), "30 for ever");
  EXPECT_EQ(age_or_zero("bob"), "0 for ever");
  EXPECT_EQ(age_or_zero("eve"), "unknown {User::\"eve\"} for ever");
}

}  // namespace
}  // namespace ztp::reference
