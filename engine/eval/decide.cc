// Forbids, then permits, then duties; see decide.h. The order of evaluation is free, since rules
// have no effects: only what can change the verdict is evaluated.
#include "engine/eval/decide.h"

#include <algorithm>

#include "engine/eval/decider.h"

namespace ztp {

Decider::Decider(const BoundRequest& request, Scratch& scratch)
    : request_(request),
      program_(request.policy().program()),
      plan_(program_.plans[request.action().index]),
      s_(scratch),
      machine_(request, scratch),
      candidates_(request, scratch, machine_) {
  s_.rules_.clear();
  s_.obligations_.clear();
  s_.unknown_.clear();
}

bool Decider::Run(uint32_t node) {
  if (!machine_.Run(node)) spent_ = true;
  return !spent_;
}

bool Decider::InScope(uint32_t rule) const {
  const RuleRecord& r = program_.rules[rule];
  return program_.InTypeSet(r.principals, EntityTypeId{request_.principal().size}) &&
         program_.InTypeSet(r.resources, EntityTypeId{request_.resource().size});
}

std::vector<uint32_t> Decider::RulesInScope() const {
  std::vector<uint32_t> rules;
  const uint32_t end = plan_.first_duty + plan_.duty_count;
  for (uint32_t i = plan_.first_forbid; i < end; ++i) {
    if (InScope(program_.candidates[i])) rules.push_back(program_.candidates[i]);
  }
  std::sort(rules.begin(), rules.end());
  return rules;
}

template <typename Visit>
bool Decider::ForEach(RuleRecord::Kind kind, const Visit& visit) {
  for (Scratch::Candidate& candidate : s_.candidates_) {
    if (candidate.kind != kind) continue;
    rank_ = candidate.rank;
    const Result condition = candidates_.Condition(candidate);
    if (candidates_.spent()) spent_ = true;
    if (spent_) return false;
    const uint32_t rule = candidates_.RuleOf(candidate);
    if (!visit(rule, program_.rules[rule], condition)) return !spent_;
  }
  return true;
}

bool Decider::Shorten(uint32_t first_rank, uint32_t last_rank, int64_t* until) {
  if (!candidates_.Shorten(first_rank, last_rank, until)) spent_ = true;
  return !spent_;
}

Result Decider::Args(const RuleRecord& rule) {
  KleeneFold all(false);
  for (uint32_t o = 0; o < rule.oblige_count; ++o) {
    const ObligeRecord& oblige = program_.obliges[rule.first_oblige + o];
    for (uint32_t a = 0; a < oblige.arg_count; ++a) {
      const uint32_t node = program_.args[oblige.first_arg + a];
      if (node == kNone32) continue;
      if (!Run(node)) return Result::Unknown(0);
      const Result& arg = machine_.At(node);
      all.Add(arg.known() ? Result::Bool(true, arg.valid_until)
                          : Result::Unknown(arg.facts, arg.valid_until),
              s_.facts_);
    }
  }
  return all.Finish();
}

bool Decider::CanCarryOut(const RuleRecord& rule) const {
  for (uint32_t o = 0; o < rule.oblige_count; ++o) {
    const uint32_t id = program_.obliges[rule.first_oblige + o].obligation;
    if (!request_.Can(ObligationId{id})) return false;
  }
  return true;
}

Verdict Decider::Limit() {
  Verdict verdict;
  verdict.limit = true;
  return verdict;
}

Verdict Decider::Decide() {
  Verdict verdict;
  candidates_.Find();
  spent_ = candidates_.spent();
  if (spent_) return Limit();
  const bool decided =
      Forbids(&verdict) || (!spent_ && Permits(&verdict)) || (!spent_ && Duties(&verdict));
  (void)decided;
  if (!spent_ && verdict.rests_on_unknown) CollectUnknown(&verdict);
  if (spent_) return Limit();
  verdict.rules = s_.rules_;
  verdict.obligations = s_.obligations_;
  return verdict;
}

// Each returns whether the verdict is made.
bool Decider::Forbids(Verdict* verdict) {
  bool known = false;
  int64_t until = 0;
  ForEach(
      RuleRecord::Kind::kForbid, [&](uint32_t rule, const RuleRecord&, const Result& condition) {
        if (condition.Is(false)) return true;
        until = s_.rules_.empty() ? condition.valid_until : std::max(until, condition.valid_until);
        known |= condition.known();
        s_.rules_.push_back(rule);
        return true;
      });
  if (s_.rules_.empty() || spent_) return false;
  verdict->valid_until = until;
  verdict->rests_on_unknown = !known;
  return true;
}

bool Decider::Permits(Verdict* verdict) {
  bool found = false;
  ForEach(RuleRecord::Kind::kPermit,
          [&](uint32_t rule, const RuleRecord& record, const Result& condition) {
            permits_until_ = std::min(permits_until_, condition.valid_until);
            if (!condition.Is(true)) {
              permit_unknown_ |= !condition.known();
              return true;
            }
            const Result args = Args(record);
            if (spent_) return false;
            permits_until_ = std::min(permits_until_, args.valid_until);
            permit_unknown_ |= !args.known();
            if (!args.known() || !CanCarryOut(record)) return true;
            found = true;
            s_.rules_.push_back(rule);
            return false;
          });
  if (spent_) return false;
  Shorten(candidates_.first_permit(), found ? rank_ : candidates_.first_duty(), &permits_until_);
  if (found || spent_) return false;
  verdict->valid_until = permits_until_;
  verdict->rests_on_unknown = permit_unknown_;
  return true;
}

// Some permit applies, and no forbid does: the duties say the rest.
bool Decider::Duties(Verdict* verdict) {
  const uint32_t permit = s_.rules_[0];
  int64_t duties_until = kForEver;
  bool failed_unknown = false;
  s_.rules_.clear();
  ForEach(RuleRecord::Kind::kDuty,
          [&](uint32_t rule, const RuleRecord& record, const Result& condition) {
            duties_until = std::min(duties_until, condition.valid_until);
            if (condition.Is(false)) return true;
            const bool condition_known = condition.known();
            const Result args = Args(record);
            if (spent_) return false;
            duties_until = std::min(duties_until, args.valid_until);
            if (args.known() && CanCarryOut(record)) return true;
            failed_unknown |= !condition_known || !args.known();
            s_.rules_.push_back(rule);
            return true;
          });
  if (spent_ || !Shorten(candidates_.first_duty(), candidates_.last_rank(), &duties_until)) {
    return false;
  }
  if (!s_.rules_.empty()) {
    // The lease of this denial counts the condition of every permit in scope, also of those behind
    // the one that applied. Their arguments do not count: without them no permit would apply, and
    // the answer is deny either way.
    int64_t until = duties_until;
    ForEach(RuleRecord::Kind::kPermit, [&](uint32_t, const RuleRecord&, const Result& condition) {
      until = std::min(until, condition.valid_until);
      return true;
    });
    if (spent_ || !Shorten(candidates_.first_permit(), candidates_.first_duty(), &until)) {
      return false;
    }
    verdict->valid_until = until;
    verdict->rests_on_unknown = failed_unknown;
    return true;
  }
  verdict->allow = true;
  verdict->valid_until = std::min(permits_until_, duties_until);
  ForEach(RuleRecord::Kind::kForbid, [&](uint32_t, const RuleRecord&, const Result& condition) {
    verdict->valid_until = std::min(verdict->valid_until, condition.valid_until);
    return true;
  });
  if (!Shorten(0, candidates_.first_permit(), &verdict->valid_until)) return false;
  s_.rules_.push_back(permit);
  AddObligations(program_.rules[permit]);
  ForEach(RuleRecord::Kind::kDuty,
          [&](uint32_t, const RuleRecord& record, const Result& condition) {
            if (!condition.Is(false)) AddObligations(record);
            return true;
          });
  return true;
}

// The union over every rule in scope; those that are no candidates are known.
void Decider::CollectUnknown(Verdict* verdict) {
  auto add_args = [&](const RuleRecord& record) {
    const Result args = Args(record);
    if (!spent_ && !args.known()) s_.unknown_.push_back(args.facts);
    return !spent_;
  };
  auto add = [&](uint32_t, const RuleRecord& record, const Result& condition) {
    const bool args_count =
        record.kind == RuleRecord::Kind::kPermit ? condition.Is(true) : !condition.Is(false);
    if (!condition.known()) s_.unknown_.push_back(condition.facts);
    return args_count ? add_args(record) : true;
  };
  ForEach(RuleRecord::Kind::kForbid, add) && ForEach(RuleRecord::Kind::kPermit, add) &&
      ForEach(RuleRecord::Kind::kDuty, add);
  verdict->facts = s_.unknown_;
}

// Equal calls once.
void Decider::AddObligations(const RuleRecord& rule) {
  for (uint32_t o = 0; o < rule.oblige_count; ++o) {
    const ObligeRecord& oblige = program_.obliges[rule.first_oblige + o];
    Val* args = s_.arena_.NewArray<Val>(oblige.arg_count);
    for (uint32_t a = 0; a < oblige.arg_count; ++a) {
      const uint32_t node = program_.args[oblige.first_arg + a];
      args[a] = node == kNone32 ? Val() : machine_.At(node).val;
    }
    const std::span<const Val> call(args, oblige.arg_count);
    const bool known = std::any_of(
        s_.obligations_.begin(), s_.obligations_.end(), [&](const Verdict::Obligation& other) {
          return other.obligation.index == oblige.obligation &&
                 std::equal(call.begin(), call.end(), other.args.begin(), other.args.end(), Equal);
        });
    if (!known) s_.obligations_.push_back({ObligationId{oblige.obligation}, call});
  }
}

std::vector<std::string> Decider::Names(const BoundRequest& request, const Scratch& scratch,
                                        std::span<const FactSet> sets) {
  const Schema& schema = request.policy().schema();
  std::vector<std::string> names;
  auto add_entity = [&](uint32_t entity) {
    names.push_back(entity == kNone32 ? "overflow" : FormatUid(schema, request.Uid(entity)));
  };
  for (FactSet set : sets) {
    scratch.facts_.ForEach(set, [&](MissingFacts::Kind kind, uint32_t index) {
      switch (kind) {
        case MissingFacts::kUnion:
          break;
        case MissingFacts::kInput:
          names.push_back(index == MissingFacts::kIndexMask ? "overflow"
                                                            : schema.inputs[index].name);
          break;
        case MissingFacts::kEntity:
          add_entity(index);
          break;
        case MissingFacts::kList:
          for (uint32_t entity : request.snapshot().List(index)) add_entity(entity);
          break;
      }
    });
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Verdict Evaluate(const BoundRequest& request, Scratch& scratch) {
  return Decider(request, scratch).Decide();
}

Decision ToDecision(const BoundRequest& request, const Verdict& verdict, const Scratch& scratch) {
  const DecisionProgram& program = request.policy().program();
  Decision decision;
  decision.allow = verdict.allow;
  decision.limit = verdict.limit;
  decision.rules.assign(verdict.rules.begin(), verdict.rules.end());
  if (verdict.limit) {
    decision.reason = "limit";
  } else if (!decision.rules.empty()) {
    const RuleRecord& rule = program.rules[decision.rules[0]];
    if (rule.has_because) decision.reason = std::string(program.Text(rule.because));
  }
  for (const Verdict::Obligation& obligation : verdict.obligations) {
    ObligationCall& call = decision.obligations.emplace_back();
    call.obligation = obligation.obligation;
    for (const Val& arg : obligation.args) call.args.push_back(Decode(arg, request));
  }
  if (verdict.valid_until != kForEver) decision.valid_until = Time{verdict.valid_until};
  decision.unknown = Decider::Names(request, scratch, verdict.facts);
  return decision;
}

Decision Decide(const Policy& policy, const Snapshot& snapshot, const Request& request,
                Scratch& scratch) {
  BoundRequest& bound = scratch.bound_;
  if (!bound.Bind(policy, snapshot, request).ok()) return Decision();
  return ToDecision(bound, Evaluate(bound, scratch), scratch);
}

}  // namespace ztp
