// Forbids, then permits, then duties; see decide.h. The order of evaluation is free, since rules
// have no effects: only what can change the verdict is evaluated.
#include "engine/core/decide.h"

#include <algorithm>

namespace ztp {

bool Decider::Run(uint32_t node) {
  if (!machine_.Run(node)) spent_ = true;
  return !spent_;
}

bool Decider::InScope(uint32_t rule) const {
  const RuleRecord& r = policy_.rules[rule];
  return policy_.InTypeSet(r.principals, request_.principal.size) &&
         policy_.InTypeSet(r.resources, request_.resource.size);
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
  if (request_.now >= request_.valid_until) [[unlikely]]
    return verdict;
  candidates_.Find();
  const bool decided =
      !Spent() &&
      (Forbids(&verdict) || (!Spent() && (Permits(&verdict) || (!Spent() && Duties(&verdict)))));
  if (decided && verdict.rests_on_unknown) CollectUnknown(&verdict);
  if (!decided || Spent()) return Limit();
  verdict.rules = s_.rules_.span();
  verdict.obligations = s_.obligations_.span();
  verdict.valid_until = std::min(verdict.valid_until, request_.valid_until);
  return verdict;
}

// Each returns whether the verdict is made. Rules that are no candidates are false for ever.
bool Decider::Forbids(Verdict* verdict) {
  bool known = false;
  int64_t until = 0;
  candidates_.ForEachForbid([&](uint32_t rank) {
    const Candidates::Outcome condition = candidates_.Check(rank, INT64_MIN);
    if (condition.value == Tri::kFalse) {
      if (condition.valid_until == kForEver) return;
      passing_floor_ = std::min(passing_floor_, condition.valid_until);
      if (passing_count_ < kMostPassing) passing_[passing_count_] = {rank, condition.valid_until};
      ++passing_count_;
      return;
    }
    until = s_.rules_.empty() ? condition.valid_until : std::max(until, condition.valid_until);
    known |= condition.value == Tri::kTrue;
    s_.rules_.push_back(rank);
  });
  if (s_.rules_.empty()) return false;
  if (s_.rules_.size() > 1) {
    s_.rules_.set_size(SortUniqueRanks(s_.rules_.data(), s_.rules_.size()));
  }
  for (uint32_t& rule : s_.rules_) rule = candidates_.RuleOf(rule);
  verdict->valid_until = until;
  verdict->rests_on_unknown = !known;
  return true;
}

// Shortens an allow's lease by those of the forbids that do not apply.
void Decider::AskPassingForbids(int64_t* until) {
  if (passing_floor_ < *until) {
    auto ask = [&](uint32_t rank) {
      *until = std::min(*until, candidates_.Check(rank, *until).valid_until);
    };
    if (passing_count_ > kMostPassing) {
      candidates_.ForEachAgain(0, candidates_.first_permit(), ask);
    } else {
      for (size_t i = 0; i < passing_count_; ++i) {
        if (passing_[i].floor < *until) ask(passing_[i].rank);
      }
    }
  }
  Shorten(0, candidates_.first_permit(), until);
}

bool Decider::Permits(Verdict* verdict) {
  bool unknown = false;
  Runs::InOrder permits = candidates_.Permits();
  for (uint32_t rank; (rank = permits.Next()) != kNoRank;) {
    const Candidates::Outcome condition = candidates_.Check(rank, permits_until_);
    permits_until_ = std::min(permits_until_, condition.valid_until);
    if (condition.value != Tri::kTrue) {
      unknown |= condition.value == Tri::kUnknown;
      continue;
    }
    const uint32_t rule = candidates_.RuleOf(rank);
    const RuleRecord& record = policy_.rules[rule];
    if (record.oblige_count != 0) {
      const Result args = Args(record);
      permits_until_ = std::min(permits_until_, args.valid_until);
      unknown |= !args.known();
      if (!args.known() || !CanCarryOut(record)) continue;
    }
    s_.rules_.push_back(rule);
    Shorten(candidates_.first_permit(), rank, &permits_until_);
    return false;
  }
  Shorten(candidates_.first_permit(), candidates_.first_duty(), &permits_until_);
  verdict->valid_until = permits_until_;
  verdict->rests_on_unknown = unknown;
  return true;
}

// Adds what the duties that apply oblige to; those that cannot be carried out are the rules that
// decide. Returns whether one of these is unknown.
bool Decider::CarryOutDuties(int64_t* until) {
  bool failed_unknown = false;
  Runs::InOrder duties = candidates_.Duties();
  for (uint32_t rank; (rank = duties.Next()) != kNoRank;) {
    const Candidates::Outcome condition = candidates_.Check(rank);
    *until = std::min(*until, condition.valid_until);
    if (condition.value == Tri::kFalse) continue;
    const uint32_t rule = candidates_.RuleOf(rank);
    const Result args = Args(policy_.rules[rule]);
    *until = std::min(*until, args.valid_until);
    if (args.known() && CanCarryOut(policy_.rules[rule])) {
      AddObligations(policy_.rules[rule]);
      continue;
    }
    failed_unknown |= condition.value == Tri::kUnknown || !args.known();
    s_.rules_.push_back(rule);
  }
  Shorten(candidates_.first_duty(), candidates_.last_rank(), until);
  return failed_unknown;
}

// Some permit applies, and no forbid does: the duties say the rest.
bool Decider::Duties(Verdict* verdict) {
  const uint32_t permit = s_.rules_[0];
  int64_t until = kForEver;
  bool failed_unknown = false;
  s_.rules_.clear();
  AddObligations(policy_.rules[permit]);
  if (candidates_.has_duties()) failed_unknown = CarryOutDuties(&until);
  if (!s_.rules_.empty()) {
    s_.obligations_.clear();
    // The lease of this denial counts the condition of every permit in scope, also of those behind
    // the one that applied. Their arguments do not count: without them no permit would apply, and
    // the answer is deny either way.
    candidates_.ForEachAgain(candidates_.first_permit(), candidates_.first_duty(),
                             [&](uint32_t rank) {
                               until = std::min(until, candidates_.Check(rank, until).valid_until);
                             });
    Shorten(candidates_.first_permit(), candidates_.first_duty(), &until);
    verdict->valid_until = until;
    verdict->rests_on_unknown = failed_unknown;
    return true;
  }
  verdict->allow = true;
  verdict->valid_until = std::min(permits_until_, until);
  AskPassingForbids(&verdict->valid_until);
  s_.rules_.push_back(permit);
  return true;
}

// The union over every rule in scope; those that are no candidates are known.
void Decider::CollectUnknown(Verdict* verdict) {
  auto add = [&](uint32_t rank) {
    const RuleRecord& record = policy_.rules[candidates_.RuleOf(rank)];
    const Candidates::Outcome outcome = candidates_.Check(rank);
    if (outcome.value == Tri::kUnknown) s_.unknown_.push_back(candidates_.Condition(rank).facts);
    const bool args_count = record.kind == RuleRecord::Kind::kPermit ? outcome.value == Tri::kTrue
                                                                     : outcome.value != Tri::kFalse;
    if (!args_count) return;
    const Result args = Args(record);
    if (!args.known()) s_.unknown_.push_back(args.facts);
  };
  candidates_.ForEachAgain(0, candidates_.last_rank(), add);
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
