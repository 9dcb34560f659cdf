// See lints.h.
#include "engine/sema/lints.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "engine/base/str.h"

namespace ztp::sema {
namespace {

template <typename T>
bool Includes(const std::vector<T>& sorted, const std::vector<T>& part) {
  return std::includes(sorted.begin(), sorted.end(), part.begin(), part.end());
}

bool ScopeIncludes(const Rule& wide, const Rule& narrow) {
  return Includes(wide.actions, narrow.actions) && Includes(wide.principals, narrow.principals) &&
         Includes(wide.resources, narrow.resources);
}

std::vector<ExprId> ConditionsOf(const Rule& rule) {
  std::vector<ExprId> conditions;
  for (const Clause& clause : rule.clauses) conditions.push_back(clause.condition);
  std::sort(conditions.begin(), conditions.end());
  conditions.erase(std::unique(conditions.begin(), conditions.end()), conditions.end());
  return conditions;
}

bool ObligesAtMost(const Rule& rule, const Rule& other) {
  return std::all_of(rule.obliges.begin(), rule.obliges.end(), [&](const Oblige& a) {
    return std::any_of(other.obliges.begin(), other.obliges.end(), [&](const Oblige& b) {
      return a.obligation == b.obligation && a.args == b.args;
    });
  });
}

// Finds, for a rule, an earlier one that holds whenever it does. A wider rule is listed under its
// rarest condition, which a narrower one must have too, so that thousands of rules with a common
// first clause are not compared with each other.
class Shadows {
 public:
  explicit Shadows(const std::vector<Rule>& rules) : rules_(rules) {
    for (const Rule& rule : rules) {
      conditions_.push_back(ConditionsOf(rule));
      for (ExprId condition : conditions_.back()) ++frequency_[condition.index];
    }
  }

  void Add(uint32_t rule) {
    ExprId rarest;
    for (ExprId condition : conditions_[rule]) {
      if (!rarest.valid() || frequency_[condition.index] < frequency_[rarest.index]) {
        rarest = condition;
      }
    }
    by_condition_[rarest.index].push_back(rule);
  }

  // The first earlier rule of that kind that covers it; `any_obligations`: whatever it obliges to.
  const Rule* Covering(uint32_t narrow, RuleKind kind, bool any_obligations) const {
    if (const Rule* found = CoveringIn(UINT32_MAX, narrow, kind, any_obligations)) return found;
    for (ExprId condition : conditions_[narrow]) {
      if (const Rule* found = CoveringIn(condition.index, narrow, kind, any_obligations)) {
        return found;
      }
    }
    return nullptr;
  }

 private:
  // Of a list of rules that all share one condition only so many are compared: a lint may miss one.
  static constexpr size_t kMaxCompared = 256;

  const Rule* CoveringIn(uint32_t condition, uint32_t narrow, RuleKind kind,
                         bool any_obligations) const {
    const auto it = by_condition_.find(condition);
    if (it == by_condition_.end()) return nullptr;
    size_t compared = 0;
    for (uint32_t wide : it->second) {
      if (++compared > kMaxCompared) return nullptr;
      const Rule& rule = rules_[wide];
      if (wide == narrow || rule.kind != kind || !ScopeIncludes(rule, rules_[narrow])) continue;
      if (!Includes(conditions_[narrow], conditions_[wide])) continue;
      if (any_obligations || ObligesAtMost(rule, rules_[narrow])) return &rule;
    }
    return nullptr;
  }

  const std::vector<Rule>& rules_;
  std::vector<std::vector<ExprId>> conditions_;
  absl::flat_hash_map<uint32_t, uint32_t> frequency_;
  absl::flat_hash_map<uint32_t, std::vector<uint32_t>> by_condition_;
};

void ReportShadowed(const Rule& rule, const Rule& by, DiagnosticSink& sink) {
  const bool forbidden = rule.kind == RuleKind::kPermit && by.kind == RuleKind::kForbid;
  sink.Report(
      Diagnostic(DiagKind::kRuleShadowed, rule.name_span,
                 Cat(RuleKindName(rule.kind), " ", Quoted(rule.name),
                     forbidden ? " never decides: " : " adds nothing: ", RuleKindName(by.kind), " ",
                     Quoted(by.name), forbidden ? " forbids all of it" : " holds wherever it does"))
          .Mark("shadowed")
          .Label(by.name_span, Cat(Quoted(by.name), " is declared here")));
}

}  // namespace

void LintUnused(const Names& names, DiagnosticSink& sink) {
  // Actions are what may be asked: a rule for `any` action is about all of them.
  constexpr NameKind kKinds[] = {NameKind::kEnum,   NameKind::kLattice,     NameKind::kAlias,
                                 NameKind::kConst,  NameKind::kEntity,      NameKind::kInput,
                                 NameKind::kDef,    NameKind::kActionGroup, NameKind::kObligation,
                                 NameKind::kFixture};
  for (NameKind kind : kKinds) {
    for (uint32_t i = 0; i < names.Count(kind); ++i) {
      const DeclRef ref{kind, i};
      const Names::Package& package = names.package(names.PackageOf(ref));
      // A package without rules is a vocabulary: who uses it may not be here.
      if (package.library || !package.has_rules || names.IsUsed(ref)) continue;
      // An optional input is an offer to callers; a required one asks them for what nobody reads.
      if (kind == NameKind::kInput && names.schema().inputs[i].optional) continue;
      std::string_view what = DescribeKind(kind);
      what.remove_prefix(what.find(' ') + 1);
      sink.Report(Diagnostic(DiagKind::kUnusedDeclaration, names.SpanOf(ref),
                             Cat(what, " ", Quoted(names.NameOf(ref)), " is never used"))
                      .Mark("not used"));
    }
  }
}

void LintShadowed(const std::vector<Rule>& rules, DiagnosticSink& sink) {
  Shadows shadows(rules);
  Shadows forbids(rules);
  for (uint32_t i = 0; i < rules.size(); ++i) {
    if (rules[i].kind == RuleKind::kForbid && rules[i].clauses.empty()) forbids.Add(i);
  }
  for (uint32_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules[i];
    // One that can never apply was reported as that.
    if (rule.actions.empty() || rule.kind == RuleKind::kNever || rule.kind == RuleKind::kAlways) {
      continue;
    }
    const Rule* by = nullptr;
    if (rule.kind == RuleKind::kPermit) by = forbids.Covering(i, RuleKind::kForbid, true);
    if (by == nullptr && rule.kind == RuleKind::kDuty) {
      by = shadows.Covering(i, rule.kind, true);
      // A duty covers another only where it imposes all that the other does.
      if (by != nullptr && !ObligesAtMost(rule, *by)) by = nullptr;
    } else if (by == nullptr) {
      by = shadows.Covering(i, rule.kind, false);
    }
    if (by != nullptr) ReportShadowed(rule, *by, sink);
    shadows.Add(i);
  }
}

void LintForbidOnMissing(const std::vector<Rule>& rules, const Schema& schema,
                         const ProgramBuilder& builder, DiagnosticSink& sink) {
  for (const Rule& rule : rules) {
    if (rule.kind != RuleKind::kForbid || rule.clauses.empty()) continue;
    if (rule.actions.size() != schema.actions.size()) continue;
    const auto covers_all = [&](auto member, const std::vector<EntityTypeId>& types) {
      return std::all_of(schema.actions.begin(), schema.actions.end(),
                         [&](const Action& action) { return Includes(types, action.*member); });
    };
    if (!covers_all(&Action::principals, rule.principals) ||
        !covers_all(&Action::resources, rule.resources)) {
      continue;
    }
    // Every clause must rest on inputs alone: where one looks at the request, it decides for some.
    std::vector<uint32_t> needed;
    bool about_request = false;
    absl::flat_hash_set<uint32_t> seen, guarded;
    std::vector<ExprId> todo;
    for (const Clause& clause : rule.clauses) todo.push_back(clause.condition);
    while (!todo.empty() && !about_request) {
      const ExprId id = todo.back();
      todo.pop_back();
      if (!id.valid() || !seen.insert(id.index).second) continue;
      const Expr& e = builder[id];
      switch (e.op) {
        case Op::kPrincipal:
        case Op::kResource:
        case Op::kParam:
        case Op::kHasParam:
          about_request = true;
          break;
        case Op::kBoundInput:
        case Op::kHasInput:
          guarded.insert(e.payload);
          break;
        case Op::kInput:
          if (!schema.inputs[e.payload].optional) needed.push_back(e.payload);
          break;
        default:
          break;
      }
      for (ExprId arg : builder.Args(id)) todo.push_back(arg);
    }
    if (about_request) continue;
    std::erase_if(needed, [&](uint32_t input) { return guarded.contains(input); });
    if (needed.empty()) continue;
    std::sort(needed.begin(), needed.end());
    const std::string& input = schema.inputs[needed.front()].name;
    sink.Report(Diagnostic(DiagKind::kForbidOnMissing, rule.name_span,
                           Cat("where input ", Quoted(input), " is missing, forbid ",
                               Quoted(rule.name), " denies everything"))
                    .Mark("covers every request")
                    .Help(Cat("if that is not meant, write 'when bound(", input,
                              ")' before its other clauses")));
  }
}

}  // namespace ztp::sema
