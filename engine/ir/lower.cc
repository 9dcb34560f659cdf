// Rules, positions, plans and sources; the nodes are nodes.cc's.
#include "engine/ir/lower.h"
#include "engine/bundle/constant_names.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "engine/base/limits.h"
#include "engine/base/schedule.h"
#include "engine/base/sha256.h"
#include "engine/bundle/kernel_tables.h"
#include "engine/core/workspace.h"
#include "engine/ir/index.h"
#include "engine/ir/nodes.h"

namespace ztp::ir {
namespace {

using sema::ExprId;

// What one node may take of a workspace's arena: its missing facts, put together with others, and
// what growing arrays leave behind.
constexpr uint64_t kBytesPerNode = 16;
// What a rule may: its rank where many are found, its number among the deciding ones, the facts
// that it misses; and an obligation beside its arguments.
constexpr uint64_t kBytesPerRule = 32;
constexpr uint64_t kBytesPerObligation = 48;
static_assert(kMaxSourceFiles < SourcePos::kNoSource - 1'000, "with the standard packages' files");
constexpr uint64_t kBytesPerItem = 16;  // of a set, list, map or record that an operator makes

RuleRecord::Kind KindOf(sema::RuleKind kind) {
  switch (kind) {
    case sema::RuleKind::kPermit:
      return RuleRecord::Kind::kPermit;
    case sema::RuleKind::kForbid:
      return RuleRecord::Kind::kForbid;
    case sema::RuleKind::kDuty:
      return RuleRecord::Kind::kDuty;
    case sema::RuleKind::kNever:
      return RuleRecord::Kind::kNever;
    case sema::RuleKind::kAlways:
      return RuleRecord::Kind::kAlways;
  }
  return RuleRecord::Kind::kNever;
}

ClauseRecord::Kind KindOf(sema::Clause::Kind kind) {
  switch (kind) {
    case sema::Clause::Kind::kPrincipal:
      return ClauseRecord::Kind::kPrincipal;
    case sema::Clause::Kind::kResource:
      return ClauseRecord::Kind::kResource;
    case sema::Clause::Kind::kWhen:
      return ClauseRecord::Kind::kWhen;
    case sema::Clause::Kind::kUnless:
      return ClauseRecord::Kind::kUnless;
    case sema::Clause::Kind::kDelegate:
      return ClauseRecord::Kind::kDelegate;
  }
  return ClauseRecord::Kind::kWhen;
}

bool IsGuarantee(sema::RuleKind kind) {
  return kind == sema::RuleKind::kNever || kind == sema::RuleKind::kAlways;
}

// A test of its own: what the logic around it and the making of values are not.
bool IsAtom(const Schema& schema, const Node& node) {
  if (schema.types.kind(TypeId{node.type}) != TypeKind::kBool) return false;
  switch (node.op) {
    case Opcode::kConst:
    case Opcode::kAnd:
    case Opcode::kOr:
    case Opcode::kNot:
    case Opcode::kIf:
    case Opcode::kCoalesce:
    case Opcode::kAny:
    case Opcode::kAll:
      return false;
    default:
      return true;
  }
}

bool MakesItems(Opcode op) {
  switch (op) {
    case Opcode::kMakeSet:
    case Opcode::kMakeList:
    case Opcode::kMakeMap:
    case Opcode::kMakeRecord:
      return true;
    default:
      return false;
  }
}

class Lowering {
 public:
  Lowering(const sema::Program& program, const SourceManager& sources, DecisionProgram* out)
      : program_(program),
        sources_(sources),
        out_(*out),
        cells_(&out->pool),
        nodes_(program, &cells_, out) {}

  void Run() {
    LowerExpressions();
    LowerSources();
    for (uint32_t i = 0; i < program_.rules.size(); ++i) LowerRule(i);
    for (uint32_t a = 0; a < program_.schema.actions.size(); ++a) PlanAction(ActionId{a});
    if (!out_.schedules.empty()) out_.tz_version = cells_.AddText(TimeZoneDataVersion());
    NameConstants(&out_);
    SetIndex(&out_, BuildIndex(out_));
    // What every decision needs of a workspace; the least arena that this counts may be enough.
    const uint64_t fixed = Workspace::BytesFor(ViewOf(out_)) - Workspace::kLeastArenaBytes;
    for (ActionPlan& plan : out_.plans) {
      plan.scratch_bytes =
          fixed + std::max<uint64_t>(Workspace::kLeastArenaBytes, plan.scratch_bytes);
    }
  }

 private:
  void LowerExpressions() {
    std::vector<ExprId> roots;
    for (const sema::Rule& rule : program_.rules) {
      if (IsGuarantee(rule.kind)) continue;
      for (const sema::Clause& clause : rule.clauses) roots.push_back(clause.condition);
      for (const sema::Oblige& oblige : rule.obliges) {
        roots.insert(roots.end(), oblige.args.begin(), oblige.args.end());
      }
    }
    nodes_.Lower(roots);
  }

  void LowerSources() {
    // A file's package is known from the rules in it; one with declarations alone is named by its
    // path.
    std::map<uint32_t, std::string> packages;
    for (const sema::Rule& rule : program_.rules) {
      if (rule.span.valid()) packages.emplace(rule.span.file.index, rule.package);
    }
    for (uint32_t f = 0; f < sources_.file_count(); ++f) {
      const SourceFile& file = sources_.file(FileId{f});
      SourceRecord record;
      record.path = cells_.AddText(file.name());
      if (auto it = packages.find(f); it != packages.end())
        record.package = cells_.AddText(it->second);
      record.sha256 = cells_.AddText(Sha256Digest(file.text()));
      out_.sources.push_back(record);
    }
  }

  SourcePos Position(Span span) const {
    if (!span.valid() || span.file.index >= sources_.file_count()) return {};
    const LineColumn at = sources_.Locate(span);
    return {static_cast<uint16_t>(span.file.index),
            static_cast<uint16_t>(std::min<uint32_t>(at.column, SourcePos::kFarColumn)), at.line};
  }

  std::string_view TextAt(Span span) const {
    if (!span.valid() || span.file.index >= sources_.file_count()) return {};
    return sources_.Text(span);
  }

  uint32_t TypeSet(const std::vector<EntityTypeId>& types) {
    std::vector<uint64_t> row(out_.type_set_words(), 0);
    for (EntityTypeId type : types) row[type.index / 64] |= uint64_t{1} << (type.index % 64);
    const auto [it, fresh] = type_sets_.try_emplace(row, static_cast<uint32_t>(type_sets_.size()));
    if (fresh) out_.type_sets.insert(out_.type_sets.end(), row.begin(), row.end());
    return it->second;
  }

  void LowerRule(uint32_t index) {
    const sema::Rule& rule = program_.rules[index];
    RuleRecord record;
    record.kind = KindOf(rule.kind);
    record.package = cells_.AddText(rule.package);
    record.name = cells_.AddText(rule.name);
    record.doc = cells_.AddText(rule.doc);
    record.has_because = rule.because.has_value();
    if (rule.because) record.because = cells_.AddText(*rule.because);
    record.pos = Position(rule.name_span.valid() ? rule.name_span : rule.span);
    record.principals = TypeSet(rule.principals);
    record.resources = TypeSet(rule.resources);
    record.first_action = static_cast<uint32_t>(out_.scope_actions.size());
    record.action_count = static_cast<uint32_t>(rule.actions.size());
    for (ActionId action : rule.actions) out_.scope_actions.push_back(action.index);
    record.first_clause = static_cast<uint32_t>(out_.clauses.size());
    record.first_oblige = static_cast<uint32_t>(out_.obliges.size());
    if (IsGuarantee(rule.kind)) {
      out_.guarantees.push_back({.rule = index});
    } else {
      LowerClauses(rule, &record);
      LowerObliges(rule, &record);
    }
    out_.rules.push_back(record);
  }

  void LowerClauses(const sema::Rule& rule, RuleRecord* record) {
    std::vector<uint32_t> conditions;
    for (const sema::Clause& clause : rule.clauses) {
      ClauseRecord c;
      c.node = nodes_.NodeOf(clause.condition);
      c.kind = KindOf(clause.kind);
      c.pos = Position(clause.span);
      c.text = cells_.AddText(TextAt(clause.span));
      out_.clauses.push_back(c);
      conditions.push_back(c.node);
    }
    record->clause_count = static_cast<uint32_t>(rule.clauses.size());
    record->condition = nodes_.And(conditions);
  }

  void LowerObliges(const sema::Rule& rule, RuleRecord* record) {
    for (const sema::Oblige& oblige : rule.obliges) {
      ObligeRecord o;
      o.obligation = oblige.obligation.index;
      o.first_arg = static_cast<uint32_t>(out_.args.size());
      o.arg_count = static_cast<uint32_t>(oblige.args.size());
      for (ExprId arg : oblige.args) out_.args.push_back(nodes_.NodeOf(arg));
      o.pos = Position(oblige.span);
      out_.obliges.push_back(o);
    }
    record->oblige_count = static_cast<uint32_t>(rule.obliges.size());
  }

  void PlanAction(ActionId action) {
    ActionPlan plan;
    std::vector<bool> reached(out_.nodes.size(), false);
    auto list = [&](RuleRecord::Kind kind, uint32_t* first, uint32_t* count) {
      *first = static_cast<uint32_t>(out_.candidates.size());
      for (uint32_t i = 0; i < out_.rules.size(); ++i) {
        const RuleRecord& rule = out_.rules[i];
        const auto begin = out_.scope_actions.begin() + rule.first_action;
        if (rule.kind != kind) continue;
        if (std::find(begin, begin + rule.action_count, action.index) ==
            begin + rule.action_count) {
          continue;
        }
        out_.candidates.push_back(i);
        ++*count;
        Mark(rule, &reached);
        plan.scratch_bytes += kBytesPerRule + rule.oblige_count * kBytesPerObligation;
        for (uint32_t o = 0; o < rule.oblige_count; ++o) {
          plan.scratch_bytes += kBytesPerItem * out_.obliges[rule.first_oblige + o].arg_count;
        }
      }
    };
    list(RuleRecord::Kind::kForbid, &plan.first_forbid, &plan.forbid_count);
    list(RuleRecord::Kind::kPermit, &plan.first_permit, &plan.permit_count);
    list(RuleRecord::Kind::kDuty, &plan.first_duty, &plan.duty_count);
    Measure(&reached, &plan);
    out_.plans.push_back(plan);
  }

  void Mark(const RuleRecord& rule, std::vector<bool>* reached) const {
    if (rule.condition != kNone32) (*reached)[rule.condition] = true;
    for (uint32_t o = 0; o < rule.oblige_count; ++o) {
      const ObligeRecord& oblige = out_.obliges[rule.first_oblige + o];
      for (uint32_t i = 0; i < oblige.arg_count; ++i) {
        const uint32_t arg = out_.args[oblige.first_arg + i];
        if (arg != kNone32) (*reached)[arg] = true;
      }
    }
  }

  // Arguments come before what uses them: one pass down reaches all.
  void Measure(std::vector<bool>* reached, ActionPlan* plan) const {
    for (size_t i = out_.nodes.size(); i-- > 0;) {
      if (!(*reached)[i]) continue;
      const Node& node = out_.nodes[i];
      for (uint32_t arg : out_.Args(node)) {
        if (arg != kNone32) (*reached)[arg] = true;
      }
      // Where what was worked out at load cannot serve, the fold itself is evaluated.
      if (node.op == Opcode::kAncestorQuantifier) {
        (*reached)[out_.quantifiers[node.payload].fold] = true;
      }
      if (IsAtom(out_.schema, node)) ++plan->worst_atoms;
      if (node.op == Opcode::kMatches) plan->flags |= ActionPlan::kNotFreestanding;
      plan->scratch_bytes += kBytesPerNode;
      if (MakesItems(node.op)) plan->scratch_bytes += kBytesPerItem * node.arg_count;
    }
  }

  const sema::Program& program_;
  const SourceManager& sources_;
  DecisionProgram& out_;
  CellWriter cells_;
  NodeBuilder nodes_;
  std::map<std::vector<uint64_t>, uint32_t> type_sets_;
};

}  // namespace

DecisionProgram Lower(const sema::Program& program, const SourceManager& sources) {
  DecisionProgram out;
  out.schema = program.schema;
  Lowering(program, sources, &out).Run();
  return out;
}

}  // namespace ztp::ir
