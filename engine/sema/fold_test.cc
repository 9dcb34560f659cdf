// The shared graph, and folding on nodes made by hand.
#include "engine/sema/fold.h"

#include <gtest/gtest.h>

namespace ztp::sema {
namespace {

class FoldTest : public ::testing::Test {
 protected:
  TypeId Scalar(TypeKind kind) { return schema_.types.Scalar(kind); }
  ExprId Int(int64_t n) { return builder_.Const(Scalar(TypeKind::kInt), Value::Int(n)); }
  ExprId Bool(bool b) { return builder_.Const(Scalar(TypeKind::kBool), Value::Bool(b)); }
  ExprId List(std::vector<int64_t> items) {
    std::vector<Value> values;
    for (int64_t i : items) values.push_back(Value::Int(i));
    return builder_.Const(schema_.types.List(Scalar(TypeKind::kInt)), Value::List(values));
  }
  ExprId Var(uint32_t slot) { return builder_.Make(Op::kVar, Scalar(TypeKind::kInt), {}, slot); }
  Folded Fold(ExprId id) {
    size_t steps = 1000;
    return FoldClosed(schema_, builder_, id, {}, &steps);
  }

  Schema schema_;
  ProgramBuilder builder_;
};

TEST_F(FoldTest, EqualNodesAreOne) {
  EXPECT_EQ(Int(1), Int(1));
  EXPECT_NE(Int(1), Int(2));
  EXPECT_NE(Int(1), Bool(true));
  const TypeId type = Scalar(TypeKind::kInt);
  EXPECT_EQ(builder_.Make(Op::kAdd, type, {Int(1), Int(2)}),
            builder_.Make(Op::kAdd, type, {Int(1), Int(2)}));
  EXPECT_NE(builder_.Make(Op::kAdd, type, {Int(1), Int(2)}),
            builder_.Make(Op::kAdd, type, {Int(2), Int(1)}));
}

TEST_F(FoldTest, ArithmeticIsExactOrOverflows) {
  const TypeId type = Scalar(TypeKind::kInt);
  EXPECT_EQ(Fold(builder_.Make(Op::kAdd, type, {Int(2), Int(3)})).value, Value::Int(5));
  EXPECT_EQ(Fold(builder_.Make(Op::kAdd, type, {Int(INT64_MAX), Int(1)})).state,
            Folded::State::kOverflow);
  EXPECT_EQ(Fold(builder_.Make(Op::kNeg, type, {Int(INT64_MIN)})).state, Folded::State::kOverflow);
}

TEST_F(FoldTest, SumIsCheckedOnceAtTheEnd) {
  const TypeId type = Scalar(TypeKind::kInt);
  const ExprId sum = builder_.Make(Op::kSum, type, {List({INT64_MAX, 1, -2}), ExprId{}, Var(0)}, 0);
  EXPECT_TRUE(builder_.IsClosed(sum));
  EXPECT_EQ(builder_.FreeVars(sum), 0);
  EXPECT_EQ(Fold(sum).value, Value::Int(INT64_MAX - 1));
  const ExprId over = builder_.Make(Op::kSum, type, {List({INT64_MAX, 1}), ExprId{}, Var(0)}, 0);
  EXPECT_EQ(Fold(over).state, Folded::State::kOverflow);
}

TEST_F(FoldTest, NestedFoldsSeeTheirOwnVariables) {
  const TypeId boolean = Scalar(TypeKind::kBool);
  const ExprId less = builder_.Make(Op::kLt, boolean, {Var(0), Var(1)});
  EXPECT_EQ(builder_.FreeVars(less), 3);
  const ExprId inner = builder_.Make(Op::kAny, boolean, {List({5, 7}), ExprId{}, less}, 1);
  EXPECT_EQ(builder_.FreeVars(inner), 1);
  const ExprId all = builder_.Make(Op::kAll, boolean, {List({1, 6}), ExprId{}, inner}, 0);
  EXPECT_EQ(Fold(all).value, Value::Bool(true));
  const ExprId not_all = builder_.Make(Op::kAll, boolean, {List({1, 7}), ExprId{}, inner}, 0);
  EXPECT_EQ(Fold(not_all).value, Value::Bool(false));
}

TEST_F(FoldTest, AMissingEntryLeavesItsDefault) {
  const TypeId type = Scalar(TypeKind::kInt);
  const ExprId map =
      builder_.Const(schema_.types.Map(type, type), Value::Map({{Value::Int(1), Value::Int(10)}}));
  const ExprId there = builder_.Make(Op::kIndex, type, {map, Int(1)});
  const ExprId missing = builder_.Make(Op::kIndex, type, {map, Int(2)});
  EXPECT_EQ(Fold(missing).state, Folded::State::kMissing);
  EXPECT_EQ(Fold(builder_.Make(Op::kCoalesce, type, {there, Int(7)})).value, Value::Int(10));
  EXPECT_EQ(Fold(builder_.Make(Op::kCoalesce, type, {missing, Int(7)})).value, Value::Int(7));
}

TEST_F(FoldTest, WhatReadsTheWorldIsLeftAlone) {
  const TypeId boolean = Scalar(TypeKind::kBool);
  const ExprId input = builder_.Make(Op::kInput, boolean, {}, 0);
  EXPECT_FALSE(builder_.IsClosed(builder_.Make(Op::kNot, boolean, {input})));
}

TEST_F(FoldTest, ACostlyFoldIsLeftToTheEvaluator) {
  std::vector<int64_t> many(600, 1);
  const TypeId type = Scalar(TypeKind::kInt);
  EXPECT_EQ(Fold(builder_.Make(Op::kSum, type, {List(many), ExprId{}, Var(0)}, 0)).value,
            Value::Int(600));
  std::vector<int64_t> more(2000, 1);
  EXPECT_EQ(Fold(builder_.Make(Op::kSum, type, {List(more), ExprId{}, Var(0)}, 0)).state,
            Folded::State::kNot);
}

TEST_F(FoldTest, FinishKeepsWhatRulesReach) {
  const TypeId boolean = Scalar(TypeKind::kBool);
  const TypeId integer = Scalar(TypeKind::kInt);
  const ExprId garbage = builder_.Make(Op::kNeg, integer, {Int(99)});
  const ExprId a = builder_.Make(Op::kParam, integer, {}, builder_.Name("used"));
  builder_.Name("unused");
  const ExprId root = builder_.Make(Op::kLt, boolean, {Int(3), a});
  EXPECT_NE(garbage, root);
  Program program;
  Rule rule;
  rule.clauses.push_back({Clause::Kind::kWhen, root, {}});
  rule.clauses.push_back({Clause::Kind::kWhen, ExprId{}, {}});
  program.rules.push_back(rule);
  builder_.Finish(&program);
  ASSERT_EQ(program.exprs.size(), 3u);
  ASSERT_EQ(program.constants.size(), 1u);
  EXPECT_EQ(program.constants[0], Value::Int(3));
  ASSERT_EQ(program.names.size(), 1u);
  EXPECT_EQ(program.names[0], "used");
  EXPECT_EQ(PrintExpr(program, program.rules[0].clauses[0].condition), "3 < action.used");
  EXPECT_FALSE(program.rules[0].clauses[1].condition.valid());
  EXPECT_EQ(builder_.size(), 0u);
}

}  // namespace
}  // namespace ztp::sema
