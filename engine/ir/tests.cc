// See tests.h.
#include "engine/ir/tests.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace ztp::ir {
namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();
// A set test with more values than this is left to the program.
constexpr size_t kMaxValues = 4096;

uint64_t Low(unsigned bits) { return bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1; }

}  // namespace

TestBuilder::TestBuilder(const DecisionProgram& program, const ConstantNames& names,
                         DecisionIndex* out)
    : program_(program), names_(names), out_(*out) {}

void TestBuilder::Run() {
  for (RuleRecord::Kind kind :
       {RuleRecord::Kind::kForbid, RuleRecord::Kind::kPermit, RuleRecord::Kind::kDuty}) {
    for (uint32_t r = 0; r < program_.rules.size(); ++r) {
      if (program_.rules[r].kind == kind) AddRule(r);
    }
    const uint32_t ranks = static_cast<uint32_t>(out_.rules.size());
    if (kind == RuleRecord::Kind::kForbid) out_.forbids = ranks;
    if (kind == RuleRecord::Kind::kPermit) out_.permits = ranks - out_.forbids;
  }
  for (auto& [key, texts] : probe_texts_) {
    std::sort(texts.begin(), texts.end(), TextOrder(key));
    texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  }
  for (const bool from_request : {true, false}) {
    for (const std::vector<Draft>& drafts : drafts_) {
      for (const Draft& draft : drafts) {
        ForEachProbe(draft, [&](const ProbeKey& key) {
          const Probe probe{.source = key.source};
          if (probe.FromRequest() == from_request) NumberProbe(key);
        });
      }
    }
    if (from_request) out_.request_probes = static_cast<uint32_t>(out_.probes.size());
  }
  std::vector<std::vector<uint32_t>> tests_of(drafts_.size());
  for (uint32_t rank = 0; rank < drafts_.size(); ++rank) {
    for (const Draft& draft : drafts_[rank]) tests_of[rank].push_back(NumberTest(draft));
  }
  CountConstants();
  for (uint32_t rank = 0; rank < out_.rules.size(); ++rank) {
    std::vector<uint32_t>& tests = tests_of[rank];
    // Those of nodes last; among the others, what leaves out most for its cost first.
    auto place = [&](uint32_t t) {
      return std::make_pair(NeedsNode(out_.tests[t]), Price(out_.tests[t]));
    };
    std::stable_sort(tests.begin(), tests.end(),
                     [&](uint32_t a, uint32_t b) { return place(a) < place(b); });
    IndexedRule& rule = out_.rules[rank];
    rule.first_test = static_cast<uint32_t>(out_.rule_tests.size());
    // The tests only leave rules out: what does not fit into the number is worked out by the
    // condition as a whole, as a dear test would be.
    const size_t most = std::numeric_limits<uint16_t>::max();
    rule.tests = static_cast<uint16_t>(std::min(tests.size(), most));
    for (uint32_t test : tests) {
      if (!NeedsNode(out_.tests[test]) && rule.cheap_tests < rule.tests) ++rule.cheap_tests;
    }
    out_.rule_tests.insert(out_.rule_tests.end(), tests.begin(), tests.begin() + rule.tests);
  }
}

void TestBuilder::AddRule(uint32_t index) {
  const RuleRecord& rule = program_.rules[index];
  std::vector<Draft> drafts;
  AddScope(rule, &drafts);
  AddConjuncts(rule.condition, false, &drafts);
  FuseFresh(false, &drafts);
  std::sort(drafts.begin(), drafts.end());
  drafts.erase(std::unique(drafts.begin(), drafts.end(),
                           [](const Draft& a, const Draft& b) { return !(a < b) && !(b < a); }),
               drafts.end());
  for (const Draft& draft : drafts) CollectTexts(draft);
  out_.rules.push_back({.rule = index});
  drafts_.push_back(std::move(drafts));
}

// A rule is out of scope for other actions and types; that is never unknown.
void TestBuilder::AddScope(const RuleRecord& rule, std::vector<Draft>* out) const {
  const Schema& schema = program_.schema;
  auto among = [&](Probe::Source source, std::vector<int64_t> values) {
    Draft draft;
    draft.probe.source = source;
    draft.kind = Draft::Kind::kSet;
    draft.values = std::move(values);
    std::sort(draft.values.begin(), draft.values.end());
    out->push_back(std::move(draft));
  };
  std::vector<int64_t> actions;
  bool all_principals = true, all_resources = true;
  for (uint32_t i = 0; i < rule.action_count; ++i) {
    const uint32_t action = program_.scope_actions[rule.first_action + i];
    actions.push_back(action);
    for (EntityTypeId type : schema.actions[action].principals) {
      all_principals &= program_.InTypeSet(rule.principals, type);
    }
    for (EntityTypeId type : schema.actions[action].resources) {
      all_resources &= program_.InTypeSet(rule.resources, type);
    }
  }
  std::sort(actions.begin(), actions.end());
  actions.erase(std::unique(actions.begin(), actions.end()), actions.end());
  if (actions.size() != schema.actions.size()) among(Probe::Source::kAction, actions);
  auto types = [&](uint32_t set) {
    std::vector<int64_t> values;
    for (uint32_t t = 0; t < schema.entities.size(); ++t) {
      if (program_.InTypeSet(set, EntityTypeId{t})) values.push_back(t);
    }
    return values;
  };
  if (!all_principals) among(Probe::Source::kPrincipalType, types(rule.principals));
  if (!all_resources) among(Probe::Source::kResourceType, types(rule.resources));
}

// `not (a or b)` is `not a and not b`, in values, validities and missing facts alike.
void TestBuilder::AddConjuncts(uint32_t id, bool negated, std::vector<Draft>* out) const {
  // A condition may be thousands of nodes deep, so the walk has a stack of its own.
  std::vector<std::pair<uint32_t, bool>> waiting = {{id, negated}};
  while (!waiting.empty()) {
    const auto [at, opposite] = waiting.back();
    waiting.pop_back();
    const Node& node = program_.nodes[at];
    if (node.op == Opcode::kNot) {
      waiting.emplace_back(program_.Args(node)[0], !opposite);
      continue;
    }
    if (node.op == (opposite ? Opcode::kOr : Opcode::kAnd)) {
      for (uint32_t arg : program_.Args(node)) waiting.emplace_back(arg, opposite);
      continue;
    }
    Draft draft;
    if (std::optional<Draft> fitting = Classify(at)) {
      draft = *std::move(fitting);
    } else {
      draft.probe = ProbeOf(at, Probe::Form::kNumber);
      draft.kind = Draft::Kind::kSet;
      draft.values = {1};
    }
    if (opposite) draft.negated = !draft.negated;
    out->push_back(std::move(draft));
  }
}

std::optional<TestBuilder::Draft> TestBuilder::Classify(uint32_t id) const {
  const Node& node = program_.nodes[id];
  switch (node.op) {
    case Opcode::kConst: {
      Draft draft;
      draft.probe.source = Probe::Source::kAction;
      draft.kind = Draft::Kind::kRange;
      draft.values = {kLeast, kGreatest};
      draft.negated = Constant(id)->bits == 0;
      return draft;
    }
    case Opcode::kEqScalar:
    case Opcode::kLtNumber:
    case Opcode::kLeNumber:
      if (std::optional<Draft> two = TwoFacts(node)) return two;
      return Comparison(node);
    case Opcode::kEqText:
    case Opcode::kEqEntity:
      return Comparison(node);
    case Opcode::kLtText:
    case Opcode::kLeText:
      return OrderOfTexts(node);
    case Opcode::kFlowsTo:
      if (std::optional<Draft> two = TwoFacts(node)) return two;
      return LabelTest(node);
    case Opcode::kEqLabel:
    case Opcode::kLtLabel:
    case Opcode::kInPowerSet:
    case Opcode::kInDual:
      return LabelTest(node);
    case Opcode::kIn:
    case Opcode::kInAny:
    case Opcode::kContains:
    case Opcode::kIsType:
    case Opcode::kLike:
      return Membership(node);
    case Opcode::kNowCompare:
      return NowTest(node);
    case Opcode::kOr:
      if (std::optional<Draft> values = Alternatives(node)) return values;
      return OneOf(node);
    case Opcode::kAnd:
      return OneOf(node);
    default:
      return std::nullopt;
  }
}

const Cell* TestBuilder::Constant(uint32_t id) const {
  const Node& node = program_.nodes[id];
  return node.op == Opcode::kConst ? &program_.constants[node.payload] : nullptr;
}

// What a number, text or entity is compared by.
std::optional<int64_t> TestBuilder::NumberOf(const Cell& cell) const {
  const TypeKind kind = static_cast<TypeKind>(cell.kind);
  if (IsNumberKind(kind)) return static_cast<int64_t>(cell.bits);
  if (!IsTextKind(kind) && kind != TypeKind::kEntity) return std::nullopt;
  const std::string_view text = program_.Text({static_cast<uint32_t>(cell.bits), cell.size});
  if (IsTextKind(kind)) return names_.Text(text);
  return names_.EntityNumber(EntityTypeId{cell.extra}, text);
}

TypeKind TestBuilder::KindOf(uint32_t node) const {
  return program_.schema.types.kind(TypeId{program_.nodes[node].type});
}

TestBuilder::ProbeKey TestBuilder::ProbeOf(uint32_t id, Probe::Form form) const {
  using Source = Probe::Source;
  const Node& node = program_.nodes[id];
  ProbeKey key;
  key.form = form;
  key.node = id;
  auto from = [&](Source source, uint32_t index) {
    key.source = source;
    key.index = index;
  };
  auto holder = [&] { return program_.nodes[program_.Args(node)[0]]; };
  switch (node.op) {
    case Opcode::kPrincipal:
      from(Source::kPrincipal, 0);
      break;
    case Opcode::kResource:
      from(Source::kResource, 0);
      break;
    case Opcode::kParam:
      from(Source::kParam, node.payload);
      break;
    case Opcode::kInput:
      from(Source::kInput, node.payload);
      break;
    case Opcode::kField:
      if (holder().op == Opcode::kInput && node.payload <= UINT16_MAX) {
        from(Source::kInputField, holder().payload);
        key.field = static_cast<uint16_t>(node.payload);
      }
      break;
    case Opcode::kAttr:
      if (holder().op == Opcode::kPrincipal) from(Source::kPrincipalAttribute, node.payload);
      if (holder().op == Opcode::kResource) from(Source::kResourceAttribute, node.payload);
      break;
    case Opcode::kInputIssuedAt:
      from(Source::kInputIssuedAt, node.payload);
      break;
    case Opcode::kInputExpiresAt:
      from(Source::kInputExpiresAt, node.payload);
      break;
    case Opcode::kAncestorQuantifier:
      if (holder().op == Opcode::kPrincipal) from(Source::kPrincipalQuantifier, node.payload);
      if (holder().op == Opcode::kResource) from(Source::kResourceQuantifier, node.payload);
      break;
    case Opcode::kHasAttr:
      if (holder().op == Opcode::kPrincipal) from(Source::kHasPrincipalAttribute, node.payload);
      if (holder().op == Opcode::kResource) from(Source::kHasResourceAttribute, node.payload);
      break;
    default:
      break;
  }
  return key;
}

// x == c, x < c, c < x and the like.
std::optional<TestBuilder::Draft> TestBuilder::Comparison(const Node& node) const {
  const auto args = program_.Args(node);
  const bool flipped = Constant(args[0]) != nullptr;
  const Cell* constant = Constant(args[flipped ? 0 : 1]);
  const uint32_t operand = args[flipped ? 1 : 0];
  if (constant == nullptr || Constant(operand) != nullptr) return std::nullopt;
  const std::optional<int64_t> c = NumberOf(*constant);
  if (!c) return std::nullopt;
  Draft draft;
  const TypeKind kind = KindOf(operand);
  draft.probe = ProbeOf(operand, IsTextKind(kind)            ? Probe::Form::kText
                                 : kind == TypeKind::kEntity ? Probe::Form::kEntity
                                                             : Probe::Form::kNumber);
  if (node.op != Opcode::kLtNumber && node.op != Opcode::kLeNumber) {
    draft.kind = Draft::Kind::kSet;
    draft.values = {*c};
    return draft;
  }
  const bool strict = node.op == Opcode::kLtNumber;
  draft.kind = Draft::Kind::kRange;
  if (strict && *c == (flipped ? kGreatest : kLeast)) {
    draft.values = {kLeast, kGreatest};
    draft.negated = true;  // nothing is beyond the last
  } else if (flipped) {
    draft.values = {strict ? *c + 1 : *c, kGreatest};
  } else {
    draft.values = {kLeast, strict ? *c - 1 : *c};
  }
  return draft;
}

std::optional<TestBuilder::Draft> TestBuilder::OrderOfTexts(const Node& node) const {
  const auto args = program_.Args(node);
  const bool flipped = Constant(args[0]) != nullptr;
  const Cell* constant = Constant(args[flipped ? 0 : 1]);
  const uint32_t operand = args[flipped ? 1 : 0];
  if (constant == nullptr || Constant(operand) != nullptr) return std::nullopt;
  const std::optional<int64_t> c = NumberOf(*constant);
  if (!c) return std::nullopt;
  const bool strict = node.op == Opcode::kLtText;
  Draft draft;
  draft.probe = ProbeOf(operand, Probe::Form::kRank);
  draft.kind = Draft::Kind::kBelow;
  // c < x is not x <= c.
  draft.negated = flipped;
  draft.values = {*c, strict == flipped ? 1 : 0};
  return draft;
}

std::optional<uint64_t> TestBuilder::LabelOf(const Cell& cell) const {
  if (static_cast<TypeKind>(cell.kind) != TypeKind::kLattice || cell.extra != 0) {
    return std::nullopt;
  }
  return cell.bits;
}

unsigned TestBuilder::LabelBits(uint32_t node) const {
  const Type& type = program_.schema.types[TypeId{program_.nodes[node].type}];
  if (type.kind != TypeKind::kLattice) return 0;
  const unsigned bits = program_.schema.lattices[type.decl].bits;
  return bits <= 64 ? bits : 0;
}

// Of a label, and of a part of one, as bits that must be set and bits that must not.
std::optional<TestBuilder::Draft> TestBuilder::LabelTest(const Node& node) const {
  const auto args = program_.Args(node);
  const bool element = node.op == Opcode::kInPowerSet || node.op == Opcode::kInDual;
  const bool flipped = Constant(args[0]) != nullptr;
  const Cell* constant = Constant(args[flipped ? 0 : 1]);
  uint32_t operand = args[flipped ? 1 : 0];
  if (constant == nullptr || Constant(operand) != nullptr || (element && !flipped)) {
    return std::nullopt;
  }
  unsigned bits = LabelBits(operand);
  unsigned shift = 0;
  if (bits == 0) return std::nullopt;
  const uint64_t all = Low(bits);
  const Node& part = program_.nodes[operand];
  if (part.op == Opcode::kPart && LabelBits(program_.Args(part)[0]) != 0) {
    shift = part.payload >> 16;
    operand = program_.Args(part)[0];
  }
  uint64_t mask = 0, value = 0;
  if (element) {
    if (constant->bits >= 64) return std::nullopt;
    mask = uint64_t{1} << constant->bits;
    value = node.op == Opcode::kInPowerSet ? mask : 0;
  } else {
    const std::optional<uint64_t> c = LabelOf(*constant);
    if (!c || (*c & ~all) != 0) return std::nullopt;
    switch (node.op) {
      case Opcode::kEqLabel:
        mask = all;
        value = *c;
        break;
      case Opcode::kFlowsTo:
        mask = flipped ? *c : all & ~*c;
        value = flipped ? *c : 0;
        break;
      case Opcode::kLtLabel: {
        // A thermometer: below c is not to have c's top bit, above c is to have the next one.
        const uint64_t bit = flipped ? *c + 1 : *c ^ (*c >> 1);
        if (bit == 0 || (bit & all) == 0) return std::nullopt;
        mask = bit;
        value = flipped ? bit : 0;
        break;
      }
      default:
        return std::nullopt;
    }
  }
  Draft draft;
  draft.probe = ProbeOf(operand, Probe::Form::kLabel);
  draft.test.op = Test::Op::kBits;
  draft.test.a = static_cast<int64_t>(mask << shift);
  draft.test.b = static_cast<int64_t>(value << shift);
  return draft;
}

std::optional<TestBuilder::Draft> TestBuilder::Membership(const Node& node) const {
  const auto args = program_.Args(node);
  Draft draft;
  auto among = [&](const Cell& set, uint32_t operand, Probe::Form form) -> std::optional<Draft> {
    if (set.size > kMaxValues) return std::nullopt;
    for (uint32_t i = 0; i < set.size; ++i) {
      const auto number = NumberOf(program_.pool.cells[set.bits + i]);
      if (!number) return std::nullopt;
      draft.values.push_back(*number);
    }
    std::sort(draft.values.begin(), draft.values.end());
    draft.probe = ProbeOf(operand, form);
    return draft;
  };
  switch (node.op) {
    case Opcode::kIsType:
      if (program_.nodes[args[0]].op == Opcode::kPrincipal) {
        draft.probe.source = Probe::Source::kPrincipalType;
      } else if (program_.nodes[args[0]].op == Opcode::kResource) {
        draft.probe.source = Probe::Source::kResourceType;
      } else {
        return std::nullopt;
      }
      draft.kind = Draft::Kind::kSet;
      draft.values = {node.payload};
      return draft;
    case Opcode::kIn: {
      const Cell* group = Constant(args[1]);
      if (group == nullptr || Constant(args[0]) != nullptr) return std::nullopt;
      const auto number = NumberOf(*group);
      if (!number) return std::nullopt;
      draft.probe = ProbeOf(args[0], Probe::Form::kEntity);
      draft.test.op = Test::Op::kMember;
      draft.test.a = *number;
      return draft;
    }
    case Opcode::kInAny: {
      const Cell* groups = Constant(args[1]);
      if (groups == nullptr || Constant(args[0]) != nullptr) return std::nullopt;
      draft.test.op = Test::Op::kMemberAny;
      return among(*groups, args[0], Probe::Form::kEntity);
    }
    case Opcode::kContains: {
      const Cell* set = Constant(args[0]);
      if (set != nullptr) {
        if (Constant(args[1]) != nullptr) return std::nullopt;
        const TypeKind kind = KindOf(args[1]);
        if (!IsNumberKind(kind) && !IsTextKind(kind)) return std::nullopt;
        draft.kind = Draft::Kind::kSet;
        return among(*set, args[1], IsTextKind(kind) ? Probe::Form::kText : Probe::Form::kNumber);
      }
      const Cell* item = Constant(args[1]);
      if (item == nullptr) return std::nullopt;
      draft.probe = ProbeOf(args[0], Probe::Form::kItems);
      draft.test.op = Test::Op::kHas;
      draft.test.a = program_.nodes[args[1]].payload;
      return draft;
    }
    case Opcode::kLike:
      if (Constant(args[1]) == nullptr || Constant(args[0]) != nullptr) return std::nullopt;
      draft.probe = ProbeOf(args[0], Probe::Form::kChars);
      draft.test.op = Test::Op::kLike;
      draft.test.a = program_.nodes[args[1]].payload;
      return draft;
    default:
      return std::nullopt;
  }
}

// now <op> one term and constants.
std::optional<TestBuilder::Draft> TestBuilder::NowTest(const Node& node) const {
  const auto args = program_.Args(node);
  int64_t sum = 0;
  std::optional<uint32_t> term;
  bool subtracted = false;
  for (size_t i = 0; i < args.size(); ++i) {
    const bool minus = node.payload >> (3 + i) & 1;
    if (const Cell* constant = Constant(args[i])) {
      const int64_t c = static_cast<int64_t>(constant->bits);
      if (minus ? __builtin_sub_overflow(sum, c, &sum) : __builtin_add_overflow(sum, c, &sum)) {
        return std::nullopt;
      }
    } else if (!term) {
      term = args[i];
      subtracted = minus;
    } else {
      return std::nullopt;
    }
  }
  if (!term) return std::nullopt;
  Draft draft;
  draft.probe = ProbeOf(*term, Probe::Form::kNumber);
  draft.test.op = Test::Op::kNow;
  draft.test.now_op = static_cast<Test::NowOp>(node.payload & 7);
  draft.test.a = sum;
  draft.test.b = subtracted;
  return draft;
}

// x == a or x == b or x in { c, d }.
std::optional<TestBuilder::Draft> TestBuilder::Alternatives(const Node& node) const {
  std::optional<Draft> all;
  for (uint32_t arg : program_.Args(node)) {
    if (program_.nodes[arg].op == Opcode::kOr) return std::nullopt;
    const std::optional<Draft> one = Classify(arg);
    if (!one || one->kind != Draft::Kind::kSet || one->negated) return std::nullopt;
    if (!all) {
      all = one;
    } else if (all->probe != one->probe) {
      return std::nullopt;
    } else {
      all->values.insert(all->values.end(), one->values.begin(), one->values.end());
    }
  }
  if (!all || all->values.size() > kMaxValues) return std::nullopt;
  std::sort(all->values.begin(), all->values.end());
  all->values.erase(std::unique(all->values.begin(), all->values.end()), all->values.end());
  return all;
}

}  // namespace ztp::ir
