// Membership, derivation, ancestors, inherited attributes, with entities that are not there.
#include <gtest/gtest.h>

#include "engine/reference/test_program.h"

namespace ztp::reference {
namespace {

const ExprId kNone;

class Hierarchy : public testing::Test, public TestProgram {
 protected:
  Hierarchy() {
    team = Entity("Team");
    group = Entity("Group", {}, {});
    p.schema.entities[group.index].parents = {group, team};
    user = Entity("User", {}, {group});
    Store(group, "inner", {}, {{group, "middle"}});
    Store(group, "middle", {}, {{group, "outer"}, {team, "t"}});
    Store(group, "outer");
    Store(group, "leaky", {}, {{group, "gone"}, {group, "outer"}});
    Store(user, "ann", {}, {{group, "inner"}});
    Store(user, "bob", {}, {{group, "leaky"}});
  }
  std::string Of(ExprId id) const { return Show(*this, id); }
  std::string In(ExprId a, ExprId b) { return Of(Make(Op::kIn, boolean, {a, b})); }
  ExprId Groups(std::vector<std::string> ids) {
    std::vector<Value> items;
    for (std::string& id : ids) items.push_back(Value::Entity(group, std::move(id)));
    return Const(p.schema.types.Set(p.schema.types.Entity(group)), Value::Set(std::move(items)));
  }
  EntityTypeId team, group, user;
};

TEST_F(Hierarchy, InIsReflexiveAndTransitive) {
  EXPECT_EQ(In(Ref(user, "ann"), Ref(user, "ann")), "true for ever");
  EXPECT_EQ(In(Ref(user, "ann"), Ref(group, "outer")), "true for ever");
  EXPECT_EQ(In(Ref(user, "ann"), Ref(team, "t")), "true for ever");
  EXPECT_EQ(In(Ref(user, "ann"), Ref(group, "leaky")), "false for ever");
  EXPECT_EQ(In(Ref(group, "outer"), Ref(group, "inner")), "false for ever");
}

TEST_F(Hierarchy, AnAbsentEntityOnTheWayMakesItUnknown) {
  EXPECT_EQ(In(Ref(user, "bob"), Ref(group, "outer")), "true for ever");
  EXPECT_EQ(In(Ref(user, "bob"), Ref(group, "gone")), "true for ever");
  EXPECT_EQ(In(Ref(user, "bob"), Ref(group, "inner")), "unknown {Group::\"gone\"} for ever");
  EXPECT_EQ(In(Ref(user, "eve"), Ref(group, "inner")), "unknown {User::\"eve\"} for ever");
  EXPECT_EQ(In(Ref(user, "eve"), Ref(user, "eve")), "true for ever");
  // A type without attributes and edges is always there.
  EXPECT_EQ(In(Ref(team, "new"), Ref(group, "inner")), "false for ever");
}

TEST_F(Hierarchy, InASetIsInAnyElement) {
  auto in = [&](const char* id, std::vector<std::string> groups) {
    return Of(Make(Op::kInAny, boolean, {Ref(user, id), Groups(std::move(groups))}));
  };
  EXPECT_EQ(in("ann", {"leaky", "outer"}), "true for ever");
  EXPECT_EQ(in("ann", {"leaky"}), "false for ever");
  EXPECT_EQ(in("bob", {"inner", "outer"}), "true for ever");
  EXPECT_EQ(in("bob", {"inner"}), "unknown {Group::\"gone\"} for ever");
  EXPECT_EQ(in("eve", {}), "false for ever");
  EXPECT_EQ(in("eve", {"inner"}), "unknown {User::\"eve\"} for ever");
}

TEST_F(Hierarchy, CarriedEntitiesComeWithTheRequestOnly) {
  const EntityTypeId guest = Entity("Guest", {}, {group});
  p.schema.entities[guest.index].carried = Carried::kClaimed;
  EXPECT_EQ(In(Ref(guest, "g"), Ref(group, "outer")), "unknown {Guest::\"g\"} for ever");
  request.carried.push_back({{guest, "g"}, {}, {{group, "inner"}}, {}});
  EXPECT_EQ(In(Ref(guest, "g"), Ref(group, "outer")), "true for ever");
  EXPECT_EQ(Of(Make(Op::kBoundEntity, boolean, {Ref(guest, "g")})), "true for ever");
  EXPECT_EQ(Of(Make(Op::kBoundEntity, boolean, {Ref(guest, "h")})), "false for ever");
}

class Lineage : public testing::Test, public TestProgram {
 protected:
  Lineage() {
    const TypeId level_type =
        p.schema.types.Lattice(Lattice("Level", LatticeType::Kind::kChain, {"low", "mid", "high"}));
    level = level_type;
    dataset = Entity("Dataset", {Declare("level", level, false, Inherit::kJoin)});
    model = Entity("Model",
                   {Declare("level", level, false, Inherit::kJoin),
                    Declare("tags", ints, true, Inherit::kUnion),
                    Declare("held", boolean, false, Inherit::kAny),
                    Declare("clean", boolean, false, Inherit::kAll), Declare("score", integer)});
    p.schema.entities[model.index].derives = {model, dataset};
    Store(dataset, "d", {Level(1)});
    Store(model, "base", {Level(0), Ints2({1}), Flag(false), Flag(true), Fact::Of(Value::Int(5))});
    Store(model, "mid",
          {Fact::Missing(), Fact::Missing(), Flag(true), Flag(true), Fact::Of(Value::Int(7))}, {},
          {{model, "base"}, {dataset, "d"}});
    Store(model, "leaf",
          {Level(0), Ints2({2, 3}), Flag(false), Flag(false), Fact::Of(Value::Int(9))}, {},
          {{model, "mid"}});
    Store(model, "torn",
          {Level(2), Fact::Missing(), Flag(true), Flag(true), Fact::Of(Value::Int(1))}, {},
          {{model, "base"}, {model, "lost"}, {dataset, "dl"}});
  }
  Fact Level(uint32_t k) const {
    return Fact::Of(Value::OfLabel(p.schema.ChainLabel(LatticeId{0}, k)));
  }
  static Fact Flag(bool b) { return Fact::Of(Value::Bool(b)); }
  static Fact Ints2(std::vector<int64_t> values) {
    std::vector<Value> items;
    for (int64_t v : values) items.push_back(Value::Int(v));
    return Fact::Of(Value::Set(std::move(items)));
  }
  std::string Of(ExprId id) const { return Show(*this, id); }
  ExprId Ancestors(const char* id, EntityTypeId type) {
    return Make(Op::kAncestors, p.schema.types.Set(p.schema.types.Entity(type)), {Ref(model, id)},
                type.index);
  }
  std::string Derives(const char* id, ExprId from) {
    return Of(Make(Op::kDerivesFrom, boolean, {Ref(model, id), from}));
  }
  std::string Read(const char* id, const char* name, TypeId type) {
    return Of(Attr(Ref(model, id), type, name));
  }
  EntityTypeId dataset, model;
  TypeId level;
};

constexpr char kLost[] = R"(unknown {Dataset::"dl", Model::"lost"} for ever)";

TEST_F(Lineage, DerivationIsStrictAndTransitive) {
  EXPECT_EQ(Derives("leaf", Ref(model, "base")), "true for ever");
  EXPECT_EQ(Derives("leaf", Ref(dataset, "d")), "true for ever");
  EXPECT_EQ(Derives("leaf", Ref(model, "leaf")), "false for ever");
  EXPECT_EQ(Derives("base", Ref(model, "leaf")), "false for ever");
  EXPECT_EQ(Derives("torn", Ref(model, "lost")), "true for ever");
  EXPECT_EQ(Derives("torn", Ref(model, "mid")), kLost);
  EXPECT_EQ(Derives("lost", Ref(model, "mid")), "unknown {Model::\"lost\"} for ever");
  EXPECT_EQ(Derives("leaf", Ancestors("mid", model)), "true for ever");
  EXPECT_EQ(Derives("base", Ancestors("mid", model)), "false for ever");
  // A set that may have more elements: only `in`, `contains`, `any` and `all` see into it.
  EXPECT_EQ(Derives("leaf", Ancestors("torn", model)), kLost);
}

TEST_F(Lineage, AncestorsAreOfOneTypeAndStrict) {
  EXPECT_EQ(Eval(Ancestors("leaf", model)).value,
            Value::Set({Value::Entity(model, "base"), Value::Entity(model, "mid")}));
  EXPECT_EQ(Eval(Ancestors("leaf", dataset)).value, Value::Set({Value::Entity(dataset, "d")}));
  EXPECT_EQ(Eval(Ancestors("base", model)).value, Value::Set({}));
  const Result torn = Eval(Ancestors("torn", model));
  EXPECT_EQ(torn.value, Value::Set({Value::Entity(model, "base"), Value::Entity(model, "lost")}));
  EXPECT_EQ(torn.absent, (Facts{"Dataset::\"dl\"", "Model::\"lost\""}));
}

TEST_F(Lineage, QuantifiersSeeBehindAnAbsentAncestor) {
  const ExprId a = Var(p.schema.types.Entity(model), 0);
  auto score = [&](Op op, const char* id, int64_t floor) {
    const ExprId low = Make(Op::kLt, boolean, {Attr(a, integer, "score"), Int(floor)});
    return Of(Make(op, boolean, {Ancestors(id, model), kNone, low}));
  };
  EXPECT_EQ(score(Op::kAny, "leaf", 6), "true for ever");
  EXPECT_EQ(score(Op::kAny, "leaf", 5), "false for ever");
  EXPECT_EQ(score(Op::kAll, "leaf", 8), "true for ever");
  EXPECT_EQ(score(Op::kAny, "torn", 6), "true for ever");
  EXPECT_EQ(score(Op::kAny, "torn", 5), kLost);
  EXPECT_EQ(score(Op::kAll, "torn", 5), "false for ever");
  EXPECT_EQ(score(Op::kAll, "torn", 6), kLost);
  // Not even one that is absent of the type, but the set may have more.
  EXPECT_EQ(Of(Make(Op::kAll, boolean, {Ancestors("lost", model), kNone, Bool(true)})),
            "unknown {Model::\"lost\"} for ever");
}

TEST_F(Lineage, AllElseIsUnknownBehindAnAbsentAncestor) {
  const ExprId torn = Ancestors("torn", model);
  const TypeId models = p[torn].type;
  EXPECT_EQ(Of(Make(Op::kContains, boolean, {torn, Ref(model, "base")})), "true for ever");
  EXPECT_EQ(Of(Make(Op::kContains, boolean, {torn, Ref(model, "leaf")})), kLost);
  EXPECT_EQ(Of(Make(Op::kInAny, boolean, {Ref(model, "base"), torn})), "true for ever");
  EXPECT_EQ(Of(Make(Op::kInAny, boolean, {Ref(model, "leaf"), torn})), kLost);
  EXPECT_EQ(Of(Make(Op::kSize, integer, {torn})), kLost);
  EXPECT_EQ(Of(Make(Op::kIsEmpty, boolean, {torn})), kLost);
  EXPECT_EQ(Of(Make(Op::kCount, integer, {torn, kNone, Bool(true)}, 0)), kLost);
  EXPECT_EQ(Of(Make(Op::kContainsAny, boolean, {torn, torn})), kLost);
  EXPECT_EQ(Of(Eq(torn, torn)), kLost);
  const ExprId chosen = Make(Op::kIf, models, {Bool(true), torn, Ancestors("leaf", model)});
  EXPECT_EQ(Of(Make(Op::kContains, boolean, {chosen, Ref(model, "base")})), "true for ever");
  EXPECT_EQ(Of(Make(Op::kContains, boolean, {chosen, Ref(model, "leaf")})), kLost);
}

TEST_F(Lineage, InheritedAttributesCoverAllAncestors) {
  EXPECT_EQ(Read("base", "level", level), "low for ever");
  EXPECT_EQ(Read("mid", "level", level), "mid for ever");  // no own part, the dataset's counts
  EXPECT_EQ(Read("leaf", "level", level), "mid for ever");
  EXPECT_EQ(Eval(Attr(Ref(model, "leaf"), ints, "tags")).value, Eval(Ints({1, 2, 3})).value);
  EXPECT_EQ(Eval(Attr(Ref(model, "mid"), ints, "tags")).value, Eval(Ints({1})).value);
  EXPECT_EQ(Read("base", "held", boolean), "false for ever");
  EXPECT_EQ(Read("leaf", "held", boolean), "true for ever");
  EXPECT_EQ(Read("mid", "clean", boolean), "true for ever");
  EXPECT_EQ(Read("leaf", "clean", boolean), "false for ever");
  EXPECT_EQ(Read("leaf", "score", integer), "9 for ever");
}

TEST_F(Lineage, AnAbsentAncestorMakesAnInheritedAttributeUnknown) {
  EXPECT_EQ(Read("torn", "level", level), kLost);
  EXPECT_EQ(Read("torn", "held", boolean), kLost);  // even where it is decided already
  EXPECT_EQ(Read("torn", "tags", ints), kLost);
  EXPECT_EQ(Of(Make(Op::kHasAttr, boolean, {Ref(model, "torn")}, Name("tags"))), kLost);
  EXPECT_EQ(Read("torn", "score", integer), "1 for ever");
  EXPECT_EQ(Read("lost", "level", level), "unknown {Model::\"lost\"} for ever");
}

TEST_F(Lineage, NothingToInheritIsMissingOrUnknown) {
  Store(model, "bare",
        {Fact::Missing(), Fact::Missing(), Fact::Missing(), Fact::Unknown(),
         Fact::Of(Value::Int(1))});
  EXPECT_EQ(Read("bare", "tags", ints), "missing for ever");
  EXPECT_EQ(Of(Make(Op::kHasAttr, boolean, {Ref(model, "bare")}, Name("tags"))), "false for ever");
  EXPECT_EQ(Read("bare", "level", level), "unknown {Model::\"bare\"} for ever");
  EXPECT_EQ(Read("bare", "clean", boolean), "unknown {Model::\"bare\"} for ever");
  Store(model, "child",
        {Fact::Missing(), Ints2({8}), Flag(true), Flag(true), Fact::Of(Value::Int(1))}, {},
        {{model, "bare"}, {dataset, "d"}});
  EXPECT_EQ(Read("child", "level", level), "mid for ever");
  EXPECT_EQ(Read("child", "clean", boolean), "unknown {Model::\"bare\"} for ever");
  EXPECT_EQ(Of(Make(Op::kHasAttr, boolean, {Ref(model, "child")}, Name("tags"))), "true for ever");
}

}  // namespace
}  // namespace ztp::reference
