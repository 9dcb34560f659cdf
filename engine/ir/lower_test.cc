#include "engine/ir/lower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/base/str.h"
#include "engine/ir/dump.h"
#include "engine/sema/check_testing.h"

namespace ztp::ir {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What every policy here is about.
constexpr std::string_view kDeclarations = R"(ztp 1
package p
enum Stage { draft, live }
lattice Level { public < internal < secret }
lattice Tags of { pii, phi }
lattice Regions dual of { eu, us, ap }
lattice Label { level: Level, tags: Tags, regions: Regions }
type Gpu = { driver: Version, confidential: Bool }
entity Tenant
entity User in Tenant { name: String, age: Int, label: Label, stage: Stage, joined: Time }
entity Session carried claimed { tool: String }
entity Dataset { hold: Bool, owner: User, names: Set<String>, nets: Set<Cidr>, from: Ip, net: Cidr,
                 label: Label, quotas: Map<String, Int> }
entity Model derives Model, Dataset { hold: Bool = false, label: Label inherited, quality: Decimal }
input device: { gpu: Gpu } proven
input when_seen: Time
obligation audit(level: String)
action read, write on Dataset by User with { purpose: String }
action call on Model by User, Session
)";

struct Lowered {
  std::unique_ptr<sema::Checked> checked;
  DecisionProgram program;

  const RuleRecord& Rule(std::string_view name) const {
    for (const RuleRecord& rule : program.rules) {
      if (program.Text(rule.name) == name) return rule;
    }
    ADD_FAILURE() << "no rule " << name;
    static const RuleRecord kNobody;
    return kNobody;
  }
  // The opcodes below a rule's condition, each once, in the order of the nodes.
  std::vector<Opcode> Opcodes(std::string_view rule) const {
    std::vector<bool> reached(program.nodes.size(), false);
    reached.at(Rule(rule).condition) = true;
    for (size_t i = program.nodes.size(); i-- > 0;) {
      if (!reached[i]) continue;
      for (uint32_t arg : program.Args(program.nodes[i])) {
        if (arg != kNone32) reached[arg] = true;
      }
    }
    std::vector<Opcode> ops;
    for (size_t i = 0; i < reached.size(); ++i) {
      const Opcode op = program.nodes[i].op;
      if (reached[i] && std::find(ops.begin(), ops.end(), op) == ops.end()) ops.push_back(op);
    }
    return ops;
  }
  bool Has(std::string_view rule, Opcode op) const {
    const std::vector<Opcode> ops = Opcodes(rule);
    return std::find(ops.begin(), ops.end(), op) != ops.end();
  }
};

Lowered LowerText(std::string_view rules) {
  Lowered lowered;
  lowered.checked = sema::CheckText(Cat(kDeclarations, rules));
  if (lowered.checked->program == nullptr) {
    ADD_FAILURE() << lowered.checked->Shown();
    return lowered;
  }
  lowered.program = Lower(*lowered.checked->program, lowered.checked->sources);
  EXPECT_EQ(CheckProgram(lowered.program), absl::OkStatus());
  return lowered;
}

// A forbid on reading with one clause, which is what most of these tests look at.
Lowered LowerClause(std::string_view clause) {
  return LowerText(
      Cat("forbid f { principal u: User action read resource d: Dataset when ", clause, " }\n"));
}

TEST(Lower, AConditionIsTheConjunctionOfItsClauses) {
  const Lowered l = LowerText(R"(
permit none { principal User action read resource Dataset }
permit one { principal User action read resource d: Dataset when d.hold }
permit two { principal u: User action read resource d: Dataset when d.hold when u.age < 3 }
)");
  const DecisionProgram& p = l.program;
  const Node& none = p.nodes[l.Rule("none").condition];
  EXPECT_EQ(none.op, Opcode::kConst);
  EXPECT_TRUE(p.pool.ToValue(p.constants[none.payload]).boolean());
  const RuleRecord& one = l.Rule("one");
  EXPECT_EQ(one.condition, p.clauses[one.first_clause].node);
  const RuleRecord& two = l.Rule("two");
  EXPECT_EQ(p.nodes[two.condition].op, Opcode::kAnd);
  EXPECT_THAT(p.Args(p.nodes[two.condition]),
              ElementsAre(p.clauses[two.first_clause].node, p.clauses[two.first_clause + 1].node));
  EXPECT_EQ(p.clauses[two.first_clause].node, one.condition) << "equal expressions are one node";
}

TEST(Lower, ArgumentsComeBeforeTheirNodes) {
  const Lowered l = LowerClause("any(n in d.names: n == u.name or n == \"x\") and u.age + 1 < 5");
  for (uint32_t i = 0; i < l.program.nodes.size(); ++i) {
    for (uint32_t arg : l.program.Args(l.program.nodes[i])) {
      if (arg != kNone32) {
        EXPECT_LT(arg, i);
      }
    }
  }
}

struct OpcodeCase {
  const char* clause;
  Opcode op;
};
class Opcodes : public ::testing::TestWithParam<OpcodeCase> {};

TEST_P(Opcodes, KnowTheirOperands) {
  const Lowered l = LowerClause(GetParam().clause);
  EXPECT_TRUE(l.Has("f", GetParam().op)) << Dump(l.program);
}

INSTANTIATE_TEST_SUITE_P(
    Lower, Opcodes,
    ::testing::Values(OpcodeCase{"u.age == 3", Opcode::kEqScalar},
                      OpcodeCase{"u.stage == live", Opcode::kEqScalar},
                      OpcodeCase{"u.name == \"a\"", Opcode::kEqText},
                      OpcodeCase{"d.owner == u", Opcode::kEqEntity},
                      OpcodeCase{"u.label == d.label", Opcode::kEqLabel},
                      OpcodeCase{"d.names == { \"a\" }", Opcode::kEqDeep},
                      OpcodeCase{"u.age < 3", Opcode::kLtNumber},
                      OpcodeCase{"u.age <= 3", Opcode::kLeNumber},
                      OpcodeCase{"device.gpu.driver < \"550\"", Opcode::kLtText},
                      OpcodeCase{"device.gpu.driver >= \"550\"", Opcode::kLeText},
                      OpcodeCase{"u.label.level < d.label.level", Opcode::kLtLabel},
                      OpcodeCase{"u.label.level <= d.label.level", Opcode::kFlowsTo},
                      OpcodeCase{"d.label flows to u.label", Opcode::kFlowsTo},
                      OpcodeCase{"pii in d.label.tags", Opcode::kInPowerSet},
                      OpcodeCase{"eu in d.label.regions", Opcode::kInDual},
                      OpcodeCase{"d.from in d.net", Opcode::kIpInCidr},
                      OpcodeCase{"d.from in d.nets", Opcode::kIpInAny},
                      OpcodeCase{"d.names.size > 2", Opcode::kSize},
                      OpcodeCase{"d.quotas.size > 2", Opcode::kMapSize},
                      OpcodeCase{"u.age * 2 > 4", Opcode::kMulInt},
                      OpcodeCase{"device.issued_at < when_seen", Opcode::kInputIssuedAt},
                      OpcodeCase{"device.gpu.fresh(10m)", Opcode::kInputExpiresAt}));

TEST(Lower, LatticesBecomeBits) {
  const Lowered l = LowerClause("d.label.regions flows to u.label.regions");
  const auto part = std::find_if(l.program.nodes.begin(), l.program.nodes.end(),
                                 [](const Node& node) { return node.op == Opcode::kPart; });
  ASSERT_NE(part, l.program.nodes.end());
  const uint32_t offset = part->payload >> 16, bits = part->payload & 0xffff;
  EXPECT_EQ(bits, 3u);
  const LatticeType* label = nullptr;
  for (const LatticeType& lattice : l.program.schema.lattices) {
    if (lattice.name == "Label") label = &lattice;
  }
  ASSERT_NE(label, nullptr);
  EXPECT_TRUE(std::any_of(label->parts.begin(), label->parts.end(), [&](const auto& p) {
    return p.name == "regions" && p.offset == offset;
  }));
}

TEST(Lower, AttributesHaveAColumnForEachTypeThatDeclaresThem) {
  const Lowered l = LowerClause("d.hold");
  const DecisionProgram& p = l.program;
  ASSERT_EQ(p.attribute_refs.size(), 1u);
  EXPECT_EQ(p.Text(p.attribute_refs[0].name), "hold");
  for (uint32_t t = 0; t < p.schema.entities.size(); ++t) {
    EXPECT_EQ(p.AttributeColumn(0, EntityTypeId{t}),
              p.schema.entities[t].FindAttribute("hold").value_or(kNone32))
        << p.schema.entities[t].name;
  }
}

TEST(Lower, ParametersHaveAColumnForEachAction) {
  const Lowered l = LowerClause("trust(action.purpose) == \"x\"");
  const DecisionProgram& p = l.program;
  ASSERT_EQ(p.param_refs.size(), 1u);
  EXPECT_EQ(p.ParamColumn(0, *p.schema.FindAction("read")), 0u);
  EXPECT_EQ(p.ParamColumn(0, *p.schema.FindAction("call")), kNone32);
}

Lowered LowerModelClause(std::string_view clause) {
  return LowerText(
      Cat("forbid f { principal u: User action call resource m: Model when ", clause, " }\n"));
}

TEST(Lower, QuantifiersOverAncestorsAreWorkedOutAtLoad) {
  const Lowered l = LowerModelClause("any(a in m.ancestors(Dataset): a.hold)");
  const DecisionProgram& p = l.program;
  ASSERT_EQ(p.quantifiers.size(), 1u);
  const QuantifierRecord& q = p.quantifiers[0];
  EXPECT_EQ(p.nodes[l.Rule("f").condition].op, Opcode::kAncestorQuantifier);
  EXPECT_EQ(p.schema.entities[q.ancestor_type].name, "Dataset");
  EXPECT_EQ(q.is_all, 0);
  EXPECT_EQ(q.filter, kNone32);
  EXPECT_EQ(p.nodes[q.body].op, Opcode::kAttr);
  EXPECT_EQ(p.nodes[q.fold].op, Opcode::kAny);
}

TEST(Lower, QuantifiersThatReadMoreThanTheAncestorAreNot) {
  for (std::string_view clause :
       {"any(a in m.ancestors(Dataset): a.owner == u)",
        "any(a in m.ancestors(Model): now < when_seen)",
        "count(a in m.ancestors(Dataset): a.hold) > 1", "any(n in { 1, 2 }: n < u.age)"}) {
    const Lowered l = LowerModelClause(clause);
    EXPECT_THAT(l.program.quantifiers, IsEmpty()) << clause;
  }
}

TEST(Lower, PatternsOnStoredTextsAreTriedAtLoad) {
  const Lowered stored = LowerClause("any(n in d.names: n matches \"a+\") or u.name matches \"b\"");
  EXPECT_TRUE(stored.Has("f", Opcode::kMatchesStored));
  EXPECT_FALSE(stored.Has("f", Opcode::kMatches));
  EXPECT_EQ(stored.program.patterns.size(), 2u);
  EXPECT_EQ(stored.program.stored_matches.size(), 2u);
  const ActionId read = *stored.program.schema.FindAction("read");
  EXPECT_EQ(stored.program.plans[read.index].flags & ActionPlan::kNotFreestanding, 0u);
}

TEST(Lower, PatternsOnARequestsTextsAreNotFreestanding) {
  const Lowered l = LowerClause("trust(action.purpose) matches \"a+\"");
  EXPECT_TRUE(l.Has("f", Opcode::kMatches));
  EXPECT_THAT(l.program.stored_matches, IsEmpty());
  const DecisionProgram& p = l.program;
  EXPECT_NE(p.plans[p.schema.FindAction("read")->index].flags & ActionPlan::kNotFreestanding, 0u);
  EXPECT_EQ(p.plans[p.schema.FindAction("call")->index].flags & ActionPlan::kNotFreestanding, 0u);
}

TEST(Lower, PlansListAnActionsRulesByKindInSourceOrder) {
  const Lowered l = LowerText(R"(
permit b { principal User action read resource Dataset }
duty c { principal User action read resource Dataset oblige audit("x") }
forbid a { principal User action read, write resource Dataset }
permit d { principal User action read, write resource Dataset }
never e { principal User action read resource d: Dataset when d.hold }
)");
  const DecisionProgram& p = l.program;
  auto names = [&](uint32_t first, uint32_t count) {
    std::vector<std::string> list;
    for (uint32_t i = 0; i < count; ++i) {
      list.emplace_back(p.Text(p.rules[p.candidates[first + i]].name));
    }
    return list;
  };
  const ActionPlan& read = p.plans[p.schema.FindAction("read")->index];
  EXPECT_THAT(names(read.first_permit, read.permit_count), ElementsAre("b", "d"));
  EXPECT_THAT(names(read.first_forbid, read.forbid_count), ElementsAre("a"));
  EXPECT_THAT(names(read.first_duty, read.duty_count), ElementsAre("c"));
  const ActionPlan& write = p.plans[p.schema.FindAction("write")->index];
  EXPECT_THAT(names(write.first_permit, write.permit_count), ElementsAre("d"));
  EXPECT_EQ(write.duty_count, 0u);
  EXPECT_EQ(p.plans[p.schema.FindAction("call")->index].permit_count, 0u);
}

TEST(Lower, GuaranteesAreListedAndHaveNoNodes) {
  const Lowered l =
      LowerText("never e { principal u: User action read resource d: Dataset when d.hold }\n");
  ASSERT_EQ(l.program.guarantees.size(), 1u);
  EXPECT_EQ(l.program.guarantees[0].rule, 0u);
  EXPECT_EQ(l.program.guarantees[0].status, GuaranteeRecord::Status::kNotProven);
  EXPECT_THAT(l.program.nodes, IsEmpty());
  EXPECT_EQ(l.program.rules[0].condition, kNone32);
}

TEST(Lower, ScopesAreSetsOfTypes) {
  const Lowered l = LowerText("permit s { principal Session action call resource Model }\n");
  const DecisionProgram& p = l.program;
  const RuleRecord& rule = l.Rule("s");
  EXPECT_TRUE(p.InTypeSet(rule.principals, *p.schema.FindEntityType("Session")));
  EXPECT_FALSE(p.InTypeSet(rule.principals, *p.schema.FindEntityType("User")));
  EXPECT_TRUE(p.InTypeSet(rule.resources, *p.schema.FindEntityType("Model")));
}

TEST(Lower, ClausesAndRulesKnowTheirSource) {
  const Lowered l = LowerClause("u.age < 3");
  const DecisionProgram& p = l.program;
  const RuleRecord& rule = l.Rule("f");
  ASSERT_EQ(rule.clause_count, 1u);
  const ClauseRecord& clause = p.clauses[rule.first_clause];
  EXPECT_EQ(p.Text(clause.text), "u.age < 3");
  EXPECT_EQ(p.Text(p.sources[clause.pos.source].path), "policy.ztp");
  const uint32_t line =
      static_cast<uint32_t>(std::count(kDeclarations.begin(), kDeclarations.end(), '\n') + 1);
  EXPECT_EQ(clause.pos.line, line);
  EXPECT_EQ(rule.pos.line, line);
  EXPECT_EQ(rule.pos.column, 8u) << "of the name";
}

TEST(Lower, SourcesAreNamedByTheirDigests) {
  SourceManager sources;
  sources.Add("abc", "abc");
  sema::Program empty;
  const DecisionProgram p = Lower(empty, sources);
  ASSERT_EQ(p.sources.size(), 1u);
  EXPECT_EQ(p.Text(p.sources[0].sha256),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Lower, DependenceOnTimeAndRequestIsMarked) {
  const Lowered l = LowerText(R"(
forbid stored { principal u: User action read resource d: Dataset when Dataset::"x".hold }
forbid asks { principal u: User action read resource d: Dataset when d.hold }
forbid clock { principal u: User action read resource d: Dataset when now < u.joined }
forbid evidence { principal u: User action read resource d: Dataset when device.gpu.confidential }
)");
  auto flags = [&](std::string_view rule) {
    return l.program.nodes[l.Rule(rule).condition].flags & (Node::kReadsNow | Node::kReadsRequest);
  };
  EXPECT_EQ(flags("stored"), 0);
  EXPECT_EQ(flags("asks"), Node::kReadsRequest);
  EXPECT_EQ(flags("clock"), Node::kReadsNow | Node::kReadsRequest);
  EXPECT_EQ(flags("evidence"), Node::kReadsNow | Node::kReadsRequest);
}

TEST(Lower, AFoldsVariableIsFreeOnlyInsideOfIt) {
  const Lowered l = LowerClause("any(n in d.names: n == u.name)");
  for (const Node& node : l.program.nodes) {
    if (node.op == Opcode::kVar || node.op == Opcode::kEqText) {
      EXPECT_EQ(node.flags & Node::kFreeSlots, Node::kFreeSlot0);
    } else {
      EXPECT_EQ(node.flags & Node::kFreeSlots, 0) << OpcodeName(node.op);
    }
  }
}

TEST(Dump, ShowsRulesPlansAndNodes) {
  const Lowered l = LowerText(
      "permit young { principal u: User action read resource Dataset when u.age < 18 "
      "oblige audit(\"full\") }\n");
  const std::string text = Dump(l.program);
  EXPECT_THAT(text, HasSubstr("permit p.young #0\n"
                              "  principal User\n"
                              "  action    read\n"
                              "  resource  Dataset\n"
                              "  when %"));
  EXPECT_THAT(text, HasSubstr("// u.age < 18\n"));
  EXPECT_THAT(text, HasSubstr("  oblige audit(%"));
  EXPECT_THAT(text, HasSubstr("action read\n  permit #0\n"));
  EXPECT_THAT(text, HasSubstr("= lt_number %"));
  EXPECT_THAT(text, HasSubstr("= attr .age %"));
  EXPECT_THAT(text, HasSubstr("= const 18 : Int\n"));
}

}  // namespace
}  // namespace ztp::ir
