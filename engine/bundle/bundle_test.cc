// A small program by hand: written, read back, and refused as soon as one thing about it is not as
// it should be.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/str.h"
#include "engine/bundle/bundle_testing.h"
#include "engine/bundle/constant_names.h"
#include "engine/bundle/decision_program.h"
#include "engine/bundle/read.h"
#include "engine/bundle/verify.h"
#include "engine/bundle/write.h"
#include "engine/core/text_hash.h"

namespace ztp {
namespace {

TEST(Bundle, RoundTrip) {
  const DecisionProgram p = SmallProgram();
  ASSERT_EQ(CheckProgram(p), absl::OkStatus());
  const std::string bytes = WriteBundle(p);
  EXPECT_EQ(bytes, WriteBundle(SmallProgram())) << "equal programs, equal bytes";
  EXPECT_EQ(bytes.substr(8, 4), "ZTPB");
  absl::StatusOr<DecisionProgram> read = ReadBundle(bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(WriteBundle(*read), bytes);
  EXPECT_EQ(DescribeBundle(*read, bytes.size()), DescribeBundle(p, bytes.size()));
  EXPECT_EQ(read->nodes, p.nodes);
  EXPECT_EQ(read->args, p.args);
  EXPECT_EQ(read->rules, p.rules);
  EXPECT_EQ(read->clauses, p.clauses);
  EXPECT_EQ(read->plans, p.plans);
  EXPECT_EQ(read->constants, p.constants);
  EXPECT_EQ(read->pool.text, p.pool.text);
  EXPECT_EQ(read->schema.types.size(), p.schema.types.size());
  EXPECT_EQ(read->schema.entities[1].attributes[0].default_value, Value::Int(3));
  EXPECT_EQ(read->step_limit, kDefaultStepBudget);
  EXPECT_EQ(read->RuleName(0), "p.small");
  EXPECT_EQ(read->index, DecisionIndex());
}

TEST(Bundle, RoundTripWithAnIndex) {
  const DecisionProgram p = IndexedProgram();
  ASSERT_EQ(CheckProgram(p), absl::OkStatus());
  const std::string bytes = WriteBundle(p);
  absl::StatusOr<DecisionProgram> read = ReadBundle(bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->index, p.index);
  EXPECT_EQ(WriteBundle(*read), bytes);
}

TEST(Bundle, Described) {
  EXPECT_EQ(DescribeBundle(SmallProgram(), 1000),
            "bundle format 2, 1000 bytes\n"
            "package p\n"
            "  entity types        2\n"
            "  inputs              0\n"
            "  actions             1\n"
            "  obligations         1\n"
            "  types               19\n"
            "  rules               2\n"
            "  nodes               10\n"
            "  deepest             4\n"
            "  constants           3\n"
            "  bytes of text       60\n"
            "  patterns            0\n"
            "  schedules           0\n"
            "  quantifiers         0\n"
            "step limit 10000000\n"
            "sources\n"
            "  p.ztp (p) sha256:00\n"
            "rules\n"
            "  0 permit p.small p.ztp:3:8 node 9, 1 clauses, 1 obligations\n"
            "  1 never not_big\n"
            "actions\n"
            "  read: 0 forbids, 1 permits, 0 duties, worst case 2 tests, 64 bytes\n"
            "guarantees\n"
            "  not_big: not proven\n");
}

TEST(Bundle, WhatIsNoBundle) {
  const std::string bytes = WriteBundle(SmallProgram());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ReadBundle(bytes.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(ReadBundle(bytes + "x").ok());
  EXPECT_FALSE(ReadBundle("ztp 1\npackage p\n").ok());
  EXPECT_FALSE(LooksLikeBundle("ztp 1\npackage p\n"));
  EXPECT_TRUE(LooksLikeBundle(bytes));
  // Where the bytes lie in memory does not matter.
  const std::string shifted = "abc" + bytes;
  EXPECT_TRUE(ReadBundle(std::string_view(shifted).substr(3)).ok());
}

// Every byte replaced by others: refused, or a program that CheckProgram passes and that can be
// written again.
TEST(Bundle, EveryByteFlipped) {
  const std::string bytes = WriteBundle(IndexedProgram());
  int refused = 0, read = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const uint8_t mask : {0x01, 0x02, 0x10, 0x80, 0xff}) {
      std::string flipped = bytes;
      flipped[i] = static_cast<char>(flipped[i] ^ mask);
      absl::StatusOr<DecisionProgram> program = ReadBundle(flipped);
      if (!program.ok()) {
        ++refused;
        continue;
      }
      ++read;
      EXPECT_EQ(CheckProgram(*program), absl::OkStatus());
      const std::string again = WriteBundle(*program);
      EXPECT_TRUE(ReadBundle(again).ok()) << i;
      EXPECT_FALSE(DescribeBundle(*program, again.size()).empty());
    }
  }
  EXPECT_GT(refused, 0);
  EXPECT_GT(read, 0);
}

struct Fault {
  const char* what;
  std::function<void(DecisionProgram&)> make;
};

TEST(CheckProgram, OneThingWrong) {
  const Fault kFaults[] = {
      {"an operator that is none", [](auto& p) { p.nodes[3].op = static_cast<Opcode>(255); }},
      {"an argument out of range", [](auto& p) { p.args[p.nodes[1].first_arg] = 99; }},
      {"an argument that is the node itself", [](auto& p) { p.args[p.nodes[1].first_arg] = 1; }},
      {"an argument that comes later", [](auto& p) { p.args[p.nodes[3].first_arg] = 9; }},
      {"arguments beyond the vector", [](auto& p) { p.nodes[9].arg_count = 1000; }},
      {"arguments that wrap around", [](auto& p) { p.nodes[9].first_arg = kNone32; }},
      {"too few arguments", [](auto& p) { p.nodes[3].arg_count = 1; }},
      {"an argument left out", [](auto& p) { p.args[p.nodes[3].first_arg] = kNone32; }},
      {"a type out of range", [](auto& p) { p.nodes[0].type = 1000; }},
      {"no type", [](auto& p) { p.nodes[0].type = 0; }},
      {"a result of another type", [](auto& p) { p.nodes[3].type = 2; }},
      {"an attribute read as another type", [](auto& p) { p.nodes[1].type = 4; }},
      {"an operator for another type", [](auto& p) { p.nodes[3].op = Opcode::kLtText; }},
      {"a constant out of range", [](auto& p) { p.nodes[2].payload = 17; }},
      {"a constant of another type", [](auto& p) { p.constant_types[0] = 4; }},
      {"an attribute out of range", [](auto& p) { p.nodes[1].payload = 2; }},
      {"an unknown flag", [](auto& p) { p.nodes[1].flags |= 128; }},
      {"a flag that is missing", [](auto& p) { p.nodes[3].flags = 0; }},
      {"a free variable that is not said", [](auto& p) { p.nodes[7].flags = 0; }},
      {"a variable in no slot", [](auto& p) { p.nodes[5].payload = 3; }},
      {"a variable in another slot",
       [](auto& p) {
         p.nodes[5].payload = 1;
         p.nodes[5].flags = p.nodes[7].flags = Node::kFreeSlot1;
       }},
      {"a variable of another type",
       [](auto& p) {
         p.nodes[5].type = 2;
         p.nodes[6].type = 2;
         p.nodes[6].payload = 0;
         p.nodes[7].op = Opcode::kEqScalar;
       }},
      {"a fold over no collection", [](auto& p) { p.args[p.nodes[8].first_arg] = 1; }},
      {"a fold without a body", [](auto& p) { p.args[p.nodes[8].first_arg + 2] = kNone32; }},
      {"a condition with a free variable", [](auto& p) { p.rules[0].condition = 7; }},
      {"a condition that is no Bool", [](auto& p) { p.rules[0].condition = 1; }},
      {"a condition out of range", [](auto& p) { p.rules[0].condition = 10; }},
      {"a clause out of range", [](auto& p) { p.clauses[0].node = kNone32; }},
      {"a clause of no kind",
       [](auto& p) { p.clauses[0].kind = static_cast<ClauseRecord::Kind>(9); }},
      {"a rule of no kind", [](auto& p) { p.rules[0].kind = static_cast<RuleRecord::Kind>(5); }},
      {"clauses beyond the vector", [](auto& p) { p.rules[0].clause_count = 2; }},
      {"a text beyond the pool", [](auto& p) { p.rules[0].name.size = 100'000; }},
      {"a text that wraps around", [](auto& p) { p.rules[0].name.offset = kNone32; }},
      {"a source out of range", [](auto& p) { p.rules[0].pos.source = 1; }},
      {"a set of types out of range", [](auto& p) { p.rules[0].resources = 2; }},
      {"an action out of range", [](auto& p) { p.scope_actions[0] = 1; }},
      {"a never with a condition", [](auto& p) { p.rules[1].condition = 9; }},
      {"an obligation's argument left out", [](auto& p) { p.args.back() = kNone32; }},
      {"an obligation's argument of another type", [](auto& p) { p.args.back() = 6; }},
      {"an obligation out of range", [](auto& p) { p.obliges[0].obligation = 1; }},
      {"too many arguments of an obligation", [](auto& p) { p.obliges[0].arg_count = 0; }},
      {"a guarantee of a permit", [](auto& p) { p.guarantees[0].rule = 0; }},
      {"no plan", [](auto& p) { p.plans.clear(); }},
      {"a plan's rules out of range", [](auto& p) { p.plans[0].permit_count = 2; }},
      {"a permit among the forbids", [](auto& p) { p.plans[0].forbid_count = 1; }},
      {"a rule that is not about the action", [](auto& p) { p.rules[0].action_count = 0; }},
      {"an attribute's column of another name", [](auto& p) { p.attribute_columns[1] = 1; }},
      {"an attribute's column out of range", [](auto& p) { p.attribute_columns[1] = 5; }},
      {"columns beyond the vector", [](auto& p) { p.attribute_refs[1].first_column = 3; }},
      {"a parameter's column out of range", [](auto& p) { p.param_columns[0] = 1; }},
      {"a cell beyond the text", [](auto& p) { p.constants[1].bits = 1'000'000; }},
      {"a cell of no kind", [](auto& p) { p.constants[1].kind = 77; }},
      {"items beyond the pool", [](auto& p) { p.constants[2].size = 3; }},
      {"a set out of order", [](auto& p) { std::swap(p.pool.cells[0], p.pool.cells[1]); }},
      {"two sets of the same items",
       [](auto& p) {
         p.constants.push_back(p.constants[2]);
         p.constant_types.push_back(p.constant_types[2]);
       }},
      {"a set that holds itself", [](auto& p) { p.pool.cells[0] = p.constants[2]; }},
      {"a depth that is too small", [](auto& p) { p.max_depth = 1; }},
      {"a depth that is too big", [](auto& p) { p.max_depth = kNone32; }},
      {"no step limit", [](auto& p) { p.step_limit = 0; }},
      {"a lattice of more bits", [](auto& p) { p.schema.lattices[0].bits = 2; }},
      {"an enum that is not there", [](auto& p) { p.schema.lattices[0].elements = EnumId{4}; }},
      {"an attribute of no type",
       [](auto& p) { p.schema.entities[1].attributes[0].type = TypeId{99}; }},
      {"a default of another type",
       [](auto& p) { p.schema.entities[1].attributes[0].default_value = Value::Bool(true); }},
      {"an attribute twice", [](auto& p) { p.schema.entities[1].attributes[1].name = "size"; }},
      {"a union of an Int",
       [](auto& p) { p.schema.entities[1].attributes[0].inherit = Inherit::kUnion; }},
      {"a principal that is not there",
       [](auto& p) { p.schema.actions[0].principals[0] = EntityTypeId{7}; }},
      {"a stored match out of range",
       [](auto& p) {
         p.stored_matches.push_back({0, 1, 0});
       }},
      {"a quantifier out of range", [](auto& p) { p.quantifiers.resize(1); }},
      {"a named text out of range", [](auto& p) { p.names.texts[0].size = 100'000; }},
      {"one text with two numbers", [](auto& p) { p.names.texts[1] = p.names.texts[0]; }},
      {"a text more than slots say", [](auto& p) { p.names.texts.push_back(p.rules[0].name); }},
      {"a text fewer than slots say", [](auto& p) { p.names.texts.resize(2); }},
      {"a table of names that is none", [](auto& p) { p.names.text_slots.resize(7); }},
      {"no table of names", [](auto& p) { p.names.text_slots.clear(); }},
      {"a table of names without a free slot",
       [](auto& p) {
         for (uint32_t& slot : p.names.text_slots) slot = 1;
       }},
      {"a name where no search finds it",
       [](auto& p) {
         std::rotate(p.names.text_slots.begin(), p.names.text_slots.begin() + 1,
                     p.names.text_slots.end());
       }},
      {"a named entity of no type",
       [](auto& p) {
         p.names.entities.push_back({7, {}});
       }},
      {"a named entity without a slot",
       [](auto& p) {
         p.names.entities.push_back({0, {}});
       }},
      {"slots for no entity", [](auto& p) { p.names.entity_slots.resize(4); }},
  };
  for (const Fault& fault : kFaults) {
    DecisionProgram p = SmallProgram();
    fault.make(p);
    EXPECT_FALSE(CheckProgram(p).ok()) << fault.what;
    // The file is refused too, unless there is no way to say it in one.
    EXPECT_FALSE(ReadBundle(WriteBundle(p)).ok()) << fault.what;
  }
}

// A fold within a fold in the same slot would overwrite the outer one's variable, unless it does
// not depend on it: then it is worked out before.
TEST(CheckProgram, FoldsThatDependOnEachOtherDoNotShareASlot) {
  DecisionProgram p = SmallProgram();
  auto add = [&](Opcode op, uint32_t type, uint32_t payload, std::vector<uint32_t> args,
                 uint8_t flags) {
    Node n;
    n.op = op;
    n.type = type;
    n.payload = payload;
    n.flags = flags;
    n.first_arg = static_cast<uint32_t>(p.args.size());
    n.arg_count = static_cast<uint32_t>(args.size());
    p.args.insert(p.args.end(), args.begin(), args.end());
    p.nodes.push_back(n);
    return static_cast<uint32_t>(p.nodes.size() - 1);
  };
  p.max_depth = 10;
  auto check = [&] {
    p.kernel = MakeKernelTables(p);
    return CheckProgram(p);
  };
  // any(s in names: any(s in names: s == "x")), where 8 is the inner one.
  const uint32_t outer = add(Opcode::kAny, 1, 0, {4, kNone32, 8}, Node::kReadsRequest);
  EXPECT_EQ(check(), absl::OkStatus());
  p.nodes[outer].payload = 1;
  EXPECT_EQ(check(), absl::OkStatus());

  // any(t in names: any(s in names: s == t)): here the inner one's slot must be the higher.
  const uint32_t string = p.nodes[5].type;
  auto nest = [&](uint32_t t_slot, uint32_t s_slot) {
    const uint8_t t_free = static_cast<uint8_t>(1u << t_slot);
    const uint8_t s_free = static_cast<uint8_t>(1u << s_slot);
    const uint32_t t = add(Opcode::kVar, string, t_slot, {}, t_free);
    const uint32_t s = add(Opcode::kVar, string, s_slot, {}, s_free);
    const uint32_t equal =
        add(Opcode::kEqText, 1, 0, {s, t}, static_cast<uint8_t>(t_free | s_free));
    const uint32_t inner = add(Opcode::kAny, 1, s_slot, {4, kNone32, equal},
                               static_cast<uint8_t>(Node::kReadsRequest | (t_free & ~s_free)));
    add(Opcode::kAny, 1, t_slot, {4, kNone32, inner}, Node::kReadsRequest);
  };
  nest(0, 1);
  EXPECT_EQ(check(), absl::OkStatus());
  nest(1, 0);
  EXPECT_FALSE(check().ok());

  // The collection of the inner fold is looked for before its variable is there, so it may depend
  // on a lower slot's variable, and not on one of its own slot.
  p = SmallProgram();
  p.max_depth = 10;
  const uint32_t list_of_names = p.nodes[4].type;
  const uint32_t t = add(Opcode::kVar, string, 0, {}, Node::kFreeSlot0);
  const uint32_t made = add(Opcode::kMakeSet, list_of_names, 0, {t}, Node::kFreeSlot0);
  add(Opcode::kAny, 1, 0, {made, kNone32, 7}, Node::kFreeSlot0);
  const uint32_t tied = static_cast<uint32_t>(p.nodes.size() - 1);
  EXPECT_EQ(check(), absl::OkStatus()) << "by itself";
  add(Opcode::kAny, 1, 0, {4, kNone32, tied}, Node::kReadsRequest);
  EXPECT_FALSE(check().ok());
}

TEST(ConstantNames, AreFoundByName) {
  DecisionProgram p = SmallProgram();
  CellWriter writer(&p.pool);
  for (uint32_t i = 0; i < 1000; ++i) {
    for (const Value& value : {Value::String(Cat("text-", i % 900)),
                               Value::Entity(EntityTypeId{i % 2}, Cat("id-", i / 3))}) {
      p.constants.push_back(writer.Encode(value));
    }
  }
  NameConstants(&p);
  const ConstantNames names(p);
  // SmallProgram's own come first: "x", and { "a", "b" }.
  ASSERT_EQ(names.texts().size(), 903u);
  EXPECT_EQ(names.Text("x"), 0u);
  EXPECT_EQ(names.Text("b"), 2u);
  EXPECT_EQ(names.Text("text-0"), 3u);
  EXPECT_EQ(names.Text("text-900"), std::nullopt);
  EXPECT_EQ(names.Text(""), std::nullopt);
  uint32_t number = 0;
  for (std::string_view text : names.texts()) EXPECT_EQ(names.Text(text), number++);
  number = 0;
  for (const ConstantNames::Entity& entity : names.entities()) {
    EXPECT_EQ(names.EntityNumber(entity.type, entity.id), number++);
  }
  EXPECT_EQ(number, 667u);
  EXPECT_EQ(names.EntityNumber(EntityTypeId{1}, "id-0"), 1u);
  EXPECT_EQ(names.EntityNumber(EntityTypeId{2}, "id-0"), std::nullopt);
  EXPECT_EQ(ConstantNames(DecisionProgram()).Text("x"), std::nullopt);
}

// The hash reaches files.
TEST(ConstantNames, TheHashDoesNotChange) {
  const std::string text = "The quick brown fox jumps over the lazy dog";
  EXPECT_EQ(TextHash(nullptr, 0, 0), 1240548846944876420u);
  EXPECT_EQ(TextHash(text.data(), 5, 0), 10548255407703364389u);
  EXPECT_EQ(TextHash(text.data(), 8, 1), 10818561696483113286u);
  EXPECT_EQ(TextHash(text.data(), text.size(), 2), 18065277050531250190u);
}

TEST(CheckProgram, DepthIsBounded) {
  DecisionProgram p = SmallProgram();
  for (uint32_t i = 0; i < kMaxProgramDepth; ++i) {
    Node n;
    n.op = Opcode::kNot;
    n.type = 1;
    n.flags = Node::kReadsRequest;
    n.first_arg = static_cast<uint32_t>(p.args.size());
    n.arg_count = 1;
    p.args.push_back(static_cast<uint32_t>(p.nodes.size() - 1));
    p.nodes.push_back(n);
  }
  p.max_depth = kMaxProgramDepth;
  EXPECT_FALSE(CheckProgram(p).ok());
}

TEST(CheckProgram, TypesOfTypesAreBounded) {
  DecisionProgram p = SmallProgram();
  TypeId deep = p.schema.types.Scalar(TypeKind::kInt);
  for (uint32_t i = 0; i < kMaxTypeDepth; ++i) deep = p.schema.types.List(deep);
  EXPECT_FALSE(CheckProgram(p).ok());
  p = SmallProgram();
  // Each is made of two of those before: written out, two to the thirtieth.
  TypeId wide = p.schema.types.Scalar(TypeKind::kInt);
  for (int i = 0; i < 30; ++i) {
    wide =
        p.schema.types.Record({Field{.name = "a", .type = wide}, Field{.name = "b", .type = wide}});
  }
  EXPECT_FALSE(CheckProgram(p).ok());
}

TEST(CheckValue, OnlyCanonicalOnes) {
  Schema s = SmallProgram().schema;
  TypeTable& t = s.types;
  auto ok = [&](TypeKind kind, const Value& value) {
    return CheckValue(s, t.Scalar(kind), value).ok();
  };
  EXPECT_TRUE(ok(TypeKind::kVersion, Value::Version(std::string("\x03\x01\x03\x02\x01", 5))));
  EXPECT_FALSE(ok(TypeKind::kVersion, Value::Version("")));
  EXPECT_FALSE(ok(TypeKind::kVersion, Value::Version(std::string("\x03\x01", 2))));
  EXPECT_FALSE(ok(TypeKind::kVersion, Value::Version(std::string("\x0b\x01\x01", 3))));
  EXPECT_FALSE(ok(TypeKind::kSpiffeId, Value::SpiffeId("http://a/b")));
  EXPECT_TRUE(ok(TypeKind::kSpiffeId, Value::SpiffeId("spiffe://a/b")));
  EXPECT_FALSE(ok(TypeKind::kGlob, Value::Glob("a\\")));
  EXPECT_FALSE(ok(TypeKind::kInt, Value::Bool(true)));
  const TypeId level = t.Lattice(LatticeId{0});
  EXPECT_TRUE(CheckValue(s, level, Value::OfLabel(s.ChainLabel(LatticeId{0}, 1))).ok());
  EXPECT_FALSE(CheckValue(s, level, Value::OfLabel(LowBits(2))).ok());
  EXPECT_FALSE(CheckValue(s, t.Enum(EnumId{0}), Value::Enum(2)).ok());
}

}  // namespace
}  // namespace ztp
