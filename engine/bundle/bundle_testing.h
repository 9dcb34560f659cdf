// Programs by hand, for tests of what holds of any: one that has a bit of everything, and one with
// an index of everything that an index may have.
#pragma once

#include <string>
#include <vector>

#include "engine/bundle/constant_names.h"
#include "engine/bundle/decision_program.h"
#include "engine/bundle/kernel_tables.h"

namespace ztp {

// entity Doc { size: Int = 3, names: Set<String> }, by User; action read with { n: Int }; one
// permit
//   when resource.size < 7 and any(s in resource.names: s == "x")
// that obliges audit(7), and one never.
inline DecisionProgram SmallProgram() {
  DecisionProgram p;
  Schema& s = p.schema;
  s.root_package = "p";
  const TypeId boolean = s.types.Scalar(TypeKind::kBool);
  const TypeId integer = s.types.Scalar(TypeKind::kInt);
  const TypeId string = s.types.Scalar(TypeKind::kString);
  const TypeId names = s.types.Set(string);
  s.enums = {{"p", "Level", {"low", "high"}}};
  LatticeType level;
  level.package = "p";
  level.name = "Level";
  level.elements = EnumId{0};
  level.bits = 1;
  s.lattices = {level};
  EntityType user;
  user.package = "p";
  user.name = user.json_name = "User";
  EntityType doc;
  doc.package = "p";
  doc.name = doc.json_name = "Doc";
  Attribute size;
  size.name = "size";
  size.type = integer;
  size.default_value = Value::Int(3);
  Attribute tags;
  tags.name = "names";
  tags.type = names;
  doc.attributes = {size, tags};
  s.entities = {user, doc};
  const TypeId user_type = s.types.Entity(EntityTypeId{0}),
               doc_type = s.types.Entity(EntityTypeId{1});
  s.types.Record({Field{.name = "a", .type = integer, .default_value = Value::Int(1)},
                  Field{.name = "l", .type = s.types.Lattice(LatticeId{0}), .optional = true}});
  Action read{"p", "read", "read", {EntityTypeId{0}}, {EntityTypeId{1}}, {}};
  read.params = {Param{"n", integer, Rank::kClaimed, false, std::nullopt}};
  s.actions = {read};
  s.obligations = {
      {"p", "audit", "audit", {Param{"level", integer, Rank::kVouched, false, std::nullopt}}}};
  (void)user_type;

  CellWriter writer(&p.pool);
  auto constant = [&](const Value& value, TypeId type) {
    p.constants.push_back(writer.Encode(value));
    p.constant_types.push_back(type.index);
    return static_cast<uint32_t>(p.constants.size() - 1);
  };
  const uint32_t seven = constant(Value::Int(7), integer);
  const uint32_t x = constant(Value::String("x"), string);
  constant(Value::Set({Value::String("a"), Value::String("b")}), names);
  auto node = [&](Opcode op, TypeId type, uint32_t payload, std::vector<uint32_t> args,
                  uint8_t flags) {
    Node n;
    n.op = op;
    n.type = type.index;
    n.payload = payload;
    n.flags = flags;
    n.first_arg = static_cast<uint32_t>(p.args.size());
    n.arg_count = static_cast<uint32_t>(args.size());
    p.args.insert(p.args.end(), args.begin(), args.end());
    p.nodes.push_back(n);
    return static_cast<uint32_t>(p.nodes.size() - 1);
  };
  p.attribute_refs = {{writer.AddText("size"), 0}, {writer.AddText("names"), 2}};
  p.attribute_columns = {kNone32, 0, kNone32, 1};
  p.param_refs = {{writer.AddText("n"), 0}};
  p.param_columns = {0};
  constexpr uint8_t kRequest = Node::kReadsRequest;
  const uint32_t resource = node(Opcode::kResource, doc_type, 0, {}, kRequest);
  const uint32_t size_read = node(Opcode::kAttr, integer, 0, {resource}, kRequest);
  const uint32_t limit = node(Opcode::kConst, integer, seven, {}, 0);
  const uint32_t less = node(Opcode::kLtNumber, boolean, 0, {size_read, limit}, kRequest);
  const uint32_t names_read = node(Opcode::kAttr, names, 1, {resource}, kRequest);
  const uint32_t var = node(Opcode::kVar, string, 0, {}, Node::kFreeSlot0);
  const uint32_t text = node(Opcode::kConst, string, x, {}, 0);
  const uint32_t equal = node(Opcode::kEqText, boolean, 0, {var, text}, Node::kFreeSlot0);
  const uint32_t fold = node(Opcode::kAny, boolean, 0, {names_read, kNone32, equal}, kRequest);
  const uint32_t all = node(Opcode::kAnd, boolean, 0, {less, fold}, kRequest);
  p.max_depth = 4;

  p.sources = {{writer.AddText("p.ztp"), writer.AddText("p"), writer.AddText("sha256:00")}};
  p.scope_actions = {0};
  p.type_sets = {0b01, 0b10};
  p.clauses.resize(1);
  p.clauses[0].node = all;
  p.clauses[0].pos.source = 0;
  p.clauses[0].text = writer.AddText("all of it");
  p.obliges.resize(1);
  p.obliges[0].obligation = 0;
  p.obliges[0].first_arg = static_cast<uint32_t>(p.args.size());
  p.obliges[0].arg_count = 1;
  p.args.push_back(limit);
  RuleRecord rule;
  rule.package = writer.AddText("p");
  rule.name = writer.AddText("small");
  rule.has_because = 1;
  rule.because = writer.AddText("it is small");
  rule.pos = SourcePos{.source = 0, .column = 8, .line = 3};
  rule.principals = 0;
  rule.resources = 1;
  rule.action_count = 1;
  rule.condition = all;
  rule.clause_count = 1;
  rule.oblige_count = 1;
  RuleRecord never;
  never.kind = RuleRecord::Kind::kNever;
  never.name = writer.AddText("not_big");
  p.rules = {rule, never};
  p.guarantees.resize(1);
  p.guarantees[0].rule = 1;
  ActionPlan plan;
  plan.permit_count = 1;
  plan.worst_atoms = 2;
  plan.scratch_bytes = 64;
  p.plans = {plan};
  p.candidates = {0};
  NameConstants(&p);
  p.kernel = MakeKernelTables(p);
  return p;
}

// Puts a key where a search finds it.
inline void PutKey(IndexKey* table, uint32_t slots, const IndexKey& key) {
  uint32_t at = KeyHash(key.key, slots);
  while (table[at].kind != IndexKey::kFree) at = (at + 1) & (slots - 1);
  table[at] = key;
}

// The small program's Doc with { level: Level, until: Time, title: String } besides, and with two
// forbids, seven more permits and a duty, all on the one condition. Ranks: 0 and 1 the forbids, 2
// to 9 the permits, 10 the duty. The roots are groups 2 to 4:
//   2  by what the principal is a member of: User::"ann" → groups 0 and 1, User::"bob" → rule 2;
//      postings are filtered by the action and by the title
//        0  rules 2 and 3
//        1  rules 4 to 9 by rows: of size, of title, of level
//   3  rules 0 and 1
//   4  by the resource's names: "x" → rule 10
inline DecisionProgram IndexedProgram() {
  DecisionProgram p = SmallProgram();
  Schema& s = p.schema;
  auto scalar = [&](TypeKind kind) { return s.types.Scalar(kind); };
  const TypeId level = s.types.Lattice(LatticeId{0}), time = scalar(TypeKind::kTime),
               string = scalar(TypeKind::kString), user = s.types.Entity(EntityTypeId{0});
  CellWriter writer(&p.pool);
  auto constant = [&](const Value& value, TypeId type) {
    p.constants.push_back(writer.Encode(value));
    p.constant_types.push_back(type.index);
    return static_cast<int64_t>(p.constants.size() - 1);
  };
  // Texts that constants name: 0 "x", 1 "a", 2 "b", 3 "a*". Entities: 0 ann, 1 bob.
  constexpr int64_t kX = 1;  // the constant
  constant(Value::Entity(EntityTypeId{0}, "ann"), user);
  constant(Value::Entity(EntityTypeId{0}, "bob"), user);
  const int64_t glob = constant(Value::Glob("a*"), scalar(TypeKind::kGlob));
  auto node = [&](Opcode op, TypeId type, uint32_t payload, std::vector<uint32_t> args) {
    Node n;
    n.op = op;
    n.type = type.index;
    n.payload = payload;
    n.flags = Node::kReadsRequest;
    n.first_arg = static_cast<uint32_t>(p.args.size());
    n.arg_count = static_cast<uint32_t>(args.size());
    p.args.insert(p.args.end(), args.begin(), args.end());
    p.nodes.push_back(n);
    return static_cast<uint32_t>(p.nodes.size() - 1);
  };
  constexpr uint32_t kResource = 0, kSizeRead = 1, kLess = 3, kNamesRead = 4;  // SmallProgram's
  auto read = [&](const char* name, TypeId type) {
    Attribute attribute;
    attribute.name = name;
    attribute.type = type;
    const uint32_t column = static_cast<uint32_t>(s.entities[1].attributes.size());
    s.entities[1].attributes.push_back(attribute);
    p.attribute_refs.push_back(
        {writer.AddText(name), static_cast<uint32_t>(p.attribute_columns.size())});
    p.attribute_columns.push_back(kNone32);
    p.attribute_columns.push_back(column);
    return node(Opcode::kAttr, type, static_cast<uint32_t>(p.attribute_refs.size() - 1),
                {kResource});
  };
  const uint32_t level_read = read("level", level), until_read = read("until", time),
                 title_read = read("title", string);
  const uint32_t principal = node(Opcode::kPrincipal, user, 0, {});

  auto add = [&](RuleRecord::Kind kind, const std::string& name) {
    RuleRecord rule = p.rules[0];
    rule.kind = kind;
    rule.name = writer.AddText(name);
    rule.first_action = static_cast<uint32_t>(p.scope_actions.size());
    rule.first_clause = rule.clause_count = rule.first_oblige = rule.oblige_count = 0;
    p.scope_actions.push_back(0);
    p.rules.push_back(rule);
  };
  for (int i = 0; i < 2; ++i) add(RuleRecord::Kind::kForbid, "f" + std::to_string(i));
  for (int i = 0; i < 7; ++i) add(RuleRecord::Kind::kPermit, "p" + std::to_string(i));
  add(RuleRecord::Kind::kDuty, "d");
  // By kind, in source order: 0 small, 1 not_big, 2 and 3 forbids, 4 to 10 permits, 11 the duty.
  p.candidates = {2, 3, 0, 4, 5, 6, 7, 8, 9, 10, 11};
  ActionPlan& plan = p.plans[0];
  plan.first_forbid = 0;
  plan.forbid_count = plan.first_permit = 2;
  plan.permit_count = 8;
  plan.first_duty = 10;
  plan.duty_count = 1;

  NameConstants(&p);
  DecisionIndex& x = p.index;
  using Form = Probe::Form;
  using Source = Probe::Source;
  x.texts = {0, 2, 1, 2, 0};  // of a title: { "x", "b" }; in order: "a" < "b" < "x"
  auto attribute = [](uint32_t of, uint32_t ref, Form form, uint32_t first = 0,
                      uint32_t count = 0) {
    return Probe{.node = of,
                 .form = form,
                 .source = Source::kResourceAttribute,
                 .field = 0,
                 .index = ref,
                 .first = first,
                 .count = count};
  };
  Probe action;
  action.node = kNone32;
  action.source = Source::kAction;
  Probe member;
  member.node = principal;
  member.form = Form::kEntity;
  member.source = Source::kPrincipal;
  Probe condition;
  condition.node = kLess;
  x.request_probes = 2;
  x.probes = {action,
              member,
              attribute(kSizeRead, 0, Form::kNumber),
              attribute(kNamesRead, 1, Form::kItems),
              attribute(title_read, 4, Form::kText, 0, 2),
              attribute(title_read, 4, Form::kRank, 2, 3),
              attribute(title_read, 4, Form::kChars),
              attribute(level_read, 2, Form::kLabel),
              attribute(until_read, 3, Form::kNumber),
              condition};
  x.values = {1, 5, 9, 0, 1, 0, 10};
  auto test = [](Test::Op op, uint32_t probe, int64_t a, int64_t b) {
    Test t;
    t.op = op;
    t.probe = probe;
    t.a = a;
    t.b = b;
    return t;
  };
  using Op = Test::Op;
  x.tests = {test(Op::kRange, 0, 0, 0), test(Op::kMask, 4, 1, 0),    test(Op::kAmong, 2, 0, 3),
             test(Op::kBits, 7, 1, 0),  test(Op::kMember, 1, 0, 0),  test(Op::kMemberAny, 1, 3, 2),
             test(Op::kHas, 3, kX, 0),  test(Op::kLike, 6, glob, 0), test(Op::kNow, 8, -5, 1),
             test(Op::kRange, 9, 1, 1), test(Op::kRange, 5, 0, 3),   test(Op::kAnyOf, 0, 5, 2),
             test(Op::kBelow, 2, 2, 0), test(Op::kWithin, 7, 7, 0)};
  x.tests[8].now_op = Test::NowOp::kLe;
  x.tests[9].negated = 1;
  auto indexed = [&](uint32_t rule, std::vector<uint32_t> tests, uint16_t cheap) {
    x.rules.push_back({.rule = rule,
                       .first_test = static_cast<uint32_t>(x.rule_tests.size()),
                       .cheap_tests = cheap,
                       .tests = static_cast<uint16_t>(tests.size())});
    x.rule_tests.insert(x.rule_tests.end(), tests.begin(), tests.end());
  };
  indexed(2, {0, 9}, 1);
  indexed(3, {11, 12, 13}, 3);
  indexed(0, {5, 8}, 2);
  indexed(4, {4, 10}, 2);
  for (uint32_t rule = 5; rule <= 10; ++rule) indexed(rule, {4, 2, 1, 3, 7}, 5);
  indexed(11, {6}, 1);
  x.forbids = 2;
  x.permits = 8;

  auto ranks = [&](std::vector<uint32_t> list) {
    const uint32_t first = static_cast<uint32_t>(x.ranks.size());
    x.ranks.insert(x.ranks.end(), list.begin(), list.end());
    return first;
  };
  auto postings = [&](std::vector<IndexPosting> list) {
    const uint32_t first = static_cast<uint32_t>(x.postings.size());
    x.postings.insert(x.postings.end(), list.begin(), list.end());
    return first;
  };
  auto group = [&](IndexGroup::Kind kind, uint32_t probe, uint32_t first, uint32_t count,
                   std::vector<uint32_t> list) {
    IndexGroup g;
    g.kind = kind;
    g.probe = probe;
    g.first = first;
    g.count = count;
    if (kind == IndexGroup::Kind::kAll) {
      std::vector<IndexPosting> all;
      for (const uint32_t rank : list) all.push_back({.rank = rank});
      g.first = postings(all);
      g.count = static_cast<uint32_t>(list.size());
    } else {
      g.first_rank = ranks(list);
      g.rank_count = static_cast<uint32_t>(list.size());
    }
    x.groups.push_back(g);
  };
  group(IndexGroup::Kind::kAll, 0, 0, 0, {2, 3});
  IndexColumn sizes, titles, levels;
  sizes.probe = 2;
  sizes.count = 3;
  x.cuts = {1, 5, 6};
  titles.kind = IndexColumn::Kind::kCodes;
  titles.probe = 4;
  titles.count = 2;
  titles.first_row = 4;
  levels.kind = IndexColumn::Kind::kBits;
  levels.probe = 7;
  levels.count = 1;
  levels.first_row = 7;
  x.columns = {sizes, titles, levels};
  x.rows = {0, 0b111111, 0, 0b111111, 0b111111, 0, 0, 0b111111, 0};
  group(IndexGroup::Kind::kRows, 0, 0, 3, {4, 5, 6, 7, 8, 9});
  x.keys.resize(6);
  PutKey(&x.keys[0], 4, {.key = 0, .first = 0, .count = 2, .kind = IndexKey::kGroups});
  PutKey(&x.keys[0], 4,
         {.key = 1, .first = postings({{2, 1, 0b1100}}), .count = 1, .kind = IndexKey::kPostings});
  group(IndexGroup::Kind::kMember, 1, 0, 4, {2, 3, 4, 5, 6, 7, 8, 9});
  IndexGroup& filtered = x.groups.back();
  filtered.filter_kind = IndexGroup::Kind::kValue;
  filtered.filter_probe = 4;
  group(IndexGroup::Kind::kAll, 0, 0, 0, {0, 1});
  PutKey(&x.keys[4], 2,
         {.key = 0, .first = postings({{.rank = 10}}), .count = 1, .kind = IndexKey::kPostings});
  group(IndexGroup::Kind::kElement, 3, 4, 2, {10});
  // Of the action, and of the size: below 10, below 20, and the others.
  x.cuts.push_back(10);
  x.cuts.push_back(20);
  IndexMark acts, size_marks;
  acts.kind = IndexMark::Kind::kCodes;
  acts.count = 1;
  size_marks.probe = 2;
  size_marks.first_cut = 3;
  size_marks.shift = 2;
  size_marks.count = 2;
  x.marks = {acts, size_marks};
  x.request_marks = 1;
  x.first_root = 2;
  x.root_count = 3;
  p.kernel = MakeKernelTables(p);
  return p;
}

}  // namespace ztp
