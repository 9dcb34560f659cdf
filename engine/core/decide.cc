// Forbids, then permits, then duties; see decide.h. The order of evaluation is free, since rules
// have no effects: only what can change the verdict is evaluated.
#include "engine/core/decide.h"

#include <algorithm>

namespace ztp {

Decider::Decider(const RequestView& request, Workspace& workspace)
    : request_(request),
      policy_(*request.policy),
      s_(workspace),
      machine_(request, workspace),
      candidates_(request, workspace, machine_) {}

bool Decider::Run(uint32_t node) {
  if (!machine_.Run(node)) spent_ = true;
  return !spent_;
}

bool Decider::InScope(uint32_t rule) const {
  const RuleRecord& r = policy_.rules[rule];
  return policy_.InTypeSet(r.principals, request_.principal.size) &&
         policy_.InTypeSet(r.resources, request_.resource.size);
}

template <typename Visit>
bool Decider::ForEach(RuleRecord::Kind kind, const Visit& visit) {
  for (Workspace::Candidate& candidate : s_.candidates_) {
    if (candidate.kind != kind) continue;
    rank_ = candidate.rank;
    const Result condition = candidates_.Condition(candidate);
    if (candidates_.spent()) spent_ = true;
    if (spent_) return false;
    const uint32_t rule = candidates_.RuleOf(candidate);
    if (!visit(rule, policy_.rules[rule], condition)) return !spent_;
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
    const ObligeRecord& oblige = policy_.obliges[rule.first_oblige + o];
    for (uint32_t a = 0; a < oblige.arg_count; ++a) {
      const uint32_t node = policy_.args[oblige.first_arg + a];
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
    const uint32_t id = policy_.obliges[rule.first_oblige + o].obligation;
    if (!request_.Can(id)) return false;
  }
  return true;
}

Verdict Decider::Limit() {
  Verdict verdict;
  verdict.limit = true;
  verdict.out_of_memory = s_.arena_.full();
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
  if (spent_ || s_.arena_.full()) return Limit();
  verdict.rules = s_.rules_.span();
  verdict.obligations = s_.obligations_.span();
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
  AddObligations(policy_.rules[permit]);
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
  verdict->facts = s_.unknown_.span();
}

// Equal calls once.
void Decider::AddObligations(const RuleRecord& rule) {
  for (uint32_t o = 0; o < rule.oblige_count; ++o) {
    const ObligeRecord& oblige = policy_.obliges[rule.first_oblige + o];
    Val* args = s_.arena_.NewArray<Val>(oblige.arg_count);
    if (args == nullptr) return;
    for (uint32_t a = 0; a < oblige.arg_count; ++a) {
      const uint32_t node = policy_.args[oblige.first_arg + a];
      args[a] = node == kNone32 ? Val() : machine_.At(node).val;
    }
    const bool known = std::any_of(s_.obligations_.begin(), s_.obligations_.end(),
                                   [&](const Verdict::Obligation& other) {
                                     return other.obligation == oblige.obligation &&
                                            std::equal(args, args + oblige.arg_count, other.args,
                                                       other.args + other.arg_count, Equal);
                                   });
    if (!known) s_.obligations_.push_back({oblige.obligation, args, oblige.arg_count});
  }
}

Verdict Decide(const RequestView& request, Workspace& workspace) {
  if (!workspace.Prepare(*request.policy)) {
    Verdict verdict;
    verdict.limit = verdict.out_of_memory = true;
    return verdict;
  }
  return Decider(request, workspace).Decide();
}

}  // namespace ztp
