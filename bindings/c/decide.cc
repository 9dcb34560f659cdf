// Decisions, and what may be asked about them.
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "bindings/c/error.h"
#include "bindings/c/objects.h"
#include "bindings/c/request.h"
#include "bindings/c/rule.h"
#include "bindings/c/values.h"
#include "engine/base/str.h"
#include "engine/eval/decide.h"
#include "engine/eval/json_decision.h"

using ztp::EpochPage;
using ztp::c::Alive;
using ztp::c::Decided;
using ztp::c::Guarded;
using ztp::c::Misuse;
using ztp::c::NewError;
using ztp::c::NullOutput;
using ztp::c::Text;
using ztp::c::View;

static_assert(ZTP_FOREVER == ztp::kForEver);

namespace ztp::c {

void FillRule(const DecisionProgram& program, uint32_t index, RuleTexts* texts, ztp_rule* rule) {
  const RuleRecord& record = program.rules[index];
  const bool placed = record.pos.source < program.sources.size();
  texts->name = program.RuleName(index);
  texts->because = record.has_because ? program.Text(record.because) : std::string_view();
  texts->file = placed ? program.Text(program.sources[record.pos.source].path) : std::string_view();
  rule->name = Text(texts->name);
  rule->because = Text(texts->because);
  rule->file = Text(texts->file);
  rule->line = record.pos.line;
  rule->forbid = record.kind == RuleRecord::Kind::kForbid;
}

namespace {

void Deny(ztp_decision* decision) {
  const size_t size = decision->struct_size;
  *decision = ZTP_DECISION_INIT;
  decision->struct_size = size;
}

// The epoch that a decision is made at; kClosed: it must be a denial.
uint64_t EpochAt(const ztp_session& session, int64_t now) {
  return session.page == nullptr ? 0 : EpochPage::Read(*session.page, now);
}

// Puts the session's verdict, which session.last has, into the caller's decision.
void Answer(ztp_session& session, const BoundRequest& bound, const Request* plain,
            const ztp_request* request, uint64_t epoch, int64_t now, ztp_decision* out) {
  const Verdict& verdict = session.last.verdict;
  session.last.bound = &bound;
  session.last.plain = plain;
  session.last.request = request;
  session.last.halted = epoch == EpochPage::kClosed;
  out->allow = verdict.allow;
  out->on_unknown = verdict.rests_on_unknown;
  out->limit = verdict.limit;
  out->halted = session.last.halted;
  out->rules = static_cast<uint32_t>(verdict.rules.size());
  out->obligations = static_cast<uint32_t>(verdict.obligations.size());
  out->reserved = 0;
  out->decided_at = now;
  out->valid_until = verdict.valid_until;
  out->generation = session.reader.generation();
  out->session = &session;
  out->serial = session.serial;
  if (verdict.allow) {
    TakeLease(session, out->generation, epoch, now, verdict.valid_until, &out->lease);
  } else {
    VoidLease(&out->lease);
  }
  if (session.on_decision != nullptr) [[unlikely]] {
    session.on_decision(session.state->context, out);
  }
}

// A denial because nobody may be allowed now. It may be another at any time.
Verdict HaltedVerdict(int64_t now) {
  Verdict verdict;
  verdict.valid_until = now;
  return verdict;
}

Decided* LastOf(const ztp_decision* decision, std::string_view function, ztp_error** error) {
  if (decision == nullptr) {
    *error = NullOutput(function, "decision");
    return nullptr;
  }
  // The session is the caller's, and comes back as it was given out.
  auto* session = const_cast<ztp_session*>(decision->session);
  if (!Alive(session)) {
    *error = session == nullptr ? Misuse(function, "the decision was not made by ztp_decide")
                                : NotAlive(session, Tag::kSession, function, "decision->session");
    return nullptr;
  }
  if (session->serial != decision->serial || session->last.bound == nullptr) {
    *error = NewError(ZTP_STALE, Cat(function,
                                     ": the session has decided again, or was moved to "
                                     "another policy or facts, since this decision"));
    return nullptr;
  }
  return &session->last;
}

const Decision& PlainOf(const ztp_session& session, Decided& last) {
  if (!last.decision) {
    last.decision = ToDecision(*last.bound, last.verdict, session.scratch);
    if (last.halted) last.decision->reason = "halted";
  }
  return *last.decision;
}

const DecisionProgram& ProgramOf(const Decided& last) { return last.bound->policy().program(); }

DecisionOrigin OriginOf(const ztp_session& session) {
  return {session.world->named->digest, session.world->facts->version()};
}

bool Fits(const ztp_decision* decision) { return decision->struct_size >= sizeof(ztp_decision); }

}  // namespace
}  // namespace ztp::c

using ztp::c::Answer;
using ztp::c::Deny;

extern "C" {

ztp_error* ztp_decide(ztp_request* request, int64_t now, ztp_decision* decision) {
  ZTP_CHECK_OUT(decision);
  if (!ztp::c::Fits(decision)) [[unlikely]] {
    decision->allow = false;  // every version has these
    ztp::c::VoidLease(&decision->lease);
    return Misuse(__func__, "`decision->struct_size` is not set: begin with ZTP_DECISION_INIT");
  }
  if (!Alive(request)) [[unlikely]] {
    Deny(decision);
    ZTP_CHECK_ALIVE(request);
  }
  ztp_session* const session = request->session;
  if (!Alive(session)) [[unlikely]] {
    Deny(decision);
    ZTP_CHECK_ALIVE(session);
  }
  // The decision is written once, when it is made; without one it is a denial.
  ztp_error* const error = Guarded(__func__, [&]() -> ztp_error* {
    const ztp::World& world = session->Refresh();
    session->Begin();
    // Before deciding: what is revoked meanwhile ends the lease.
    const uint64_t epoch = ztp::c::EpochAt(*session, now);
    if (request->bound_serial != world.serial || request->changed || request->evidence.HasMoved()) {
      request->plain.now = ztp::Time{now};
      if (ztp_error* failed = ztp::c::BindTo(request, world)) return failed;
    }
    request->bound.set_now(ztp::Time{now});
    if (epoch == EpochPage::kClosed) [[unlikely]] {
      session->last.verdict = ztp::c::HaltedVerdict(now);
    } else {
      // Made where it stays, without a copy.
      static_assert(std::is_trivially_destructible_v<ztp::Verdict>);
      new (&session->last.verdict) ztp::Verdict(ztp::Evaluate(request->bound, session->scratch));
    }
    Answer(*session, request->bound, &request->plain, request, epoch, now, decision);
    return nullptr;
  });
  if (error != nullptr) [[unlikely]]
    Deny(decision);
  return error;
}

ztp_error* ztp_decision_rule(const ztp_decision* decision, size_t index, ztp_rule* rule) {
  ZTP_CHECK_OUT(rule);
  if (rule->struct_size < sizeof(ztp_rule)) {
    return Misuse(__func__, "`rule->struct_size` is not set: begin with ZTP_RULE_INIT");
  }
  *rule = {rule->struct_size, Text(""), Text(""), Text(""), 0, false};
  return Guarded(__func__, [&]() -> ztp_error* {
    ztp_error* error = nullptr;
    Decided* last = ztp::c::LastOf(decision, "ztp_decision_rule", &error);
    if (last == nullptr) return error;
    // The verdict's own, as long as it is in the scratch: nothing is made for this.
    const auto rules = last->decision ? std::span<const uint32_t>(last->decision->rules)
                                      : std::span<const uint32_t>(last->verdict.rules);
    if (index >= rules.size()) {
      return NewError(ZTP_NOT_FOUND, ztp::Cat("the decision has ", rules.size(), " rules"));
    }
    last->rules.push_back(std::make_unique<ztp::c::RuleTexts>());
    ztp::c::FillRule(ztp::c::ProgramOf(*last), rules[index], last->rules.back().get(), rule);
    return nullptr;
  });
}

ztp_error* ztp_decision_obligation(const ztp_decision* decision, size_t index,
                                   ztp_obligation* obligation) {
  ZTP_CHECK_OUT(obligation);
  if (obligation->struct_size < sizeof(ztp_obligation)) {
    return Misuse(__func__, "`obligation->struct_size` is not set: begin with ZTP_OBLIGATION_INIT");
  }
  *obligation = {obligation->struct_size, Text(""), 0, nullptr, nullptr};
  return Guarded(__func__, [&]() -> ztp_error* {
    ztp_error* error = nullptr;
    Decided* last = ztp::c::LastOf(decision, "ztp_decision_obligation", &error);
    if (last == nullptr) return error;
    const auto& calls = ztp::c::PlainOf(*decision->session, *last).obligations;
    if (index >= calls.size()) {
      return NewError(ZTP_NOT_FOUND, ztp::Cat("the decision has ", calls.size(), " obligations"));
    }
    const ztp::Schema& schema = last->bound->policy().schema();
    const ztp::ObligationType& type = schema[calls[index].obligation];
    const size_t count = calls[index].args.size();
    last->values.push_back(std::make_unique<ztp_value[]>(count));
    ztp_value* values = last->values.back().get();
    last->texts.push_back(std::make_unique<ztp_text[]>(count));
    ztp_text* names = last->texts.back().get();
    for (size_t i = 0; i < count; ++i) {
      names[i] = Text(type.params[i].name);
      values[i] = ztp::c::ToCaller(schema, type.params[i].type, calls[index].args[i], last);
    }
    obligation->name = Text(type.json_name);
    obligation->args = count;
    obligation->arg_names = names;
    obligation->arg_values = values;
    return nullptr;
  });
}

ztp_error* ztp_decision_unknown(const ztp_decision* decision, size_t index, ztp_text* name) {
  ZTP_CHECK_OUT(name);
  *name = Text("");
  return Guarded(__func__, [&]() -> ztp_error* {
    ztp_error* error = nullptr;
    Decided* last = ztp::c::LastOf(decision, "ztp_decision_unknown", &error);
    if (last == nullptr) return error;
    const std::vector<std::string>& unknown = ztp::c::PlainOf(*decision->session, *last).unknown;
    if (index >= unknown.size()) {
      return NewError(ZTP_NOT_FOUND, ztp::Cat("the decision rests on ", unknown.size(),
                                              " facts that are missing"));
    }
    *name = Text(unknown[index]);
    return nullptr;
  });
}

ztp_error* ztp_decision_json(const ztp_decision* decision, bool explain, ztp_text* json) {
  ZTP_CHECK_OUT(json);
  *json = Text("");
  return Guarded(__func__, [&]() -> ztp_error* {
    ztp_error* error = nullptr;
    Decided* last = ztp::c::LastOf(decision, "ztp_decision_json", &error);
    if (last == nullptr) return error;
    auto* session = const_cast<ztp_session*>(decision->session);
    const ztp::Decision& plain = ztp::c::PlainOf(*session, *last);
    std::optional<ztp::Explanation> explanation;
    if (explain && !last->halted) {
      // What was set since counts for the next decision, so it may not explain this one.
      if (last->request != nullptr && last->request->changed) {
        return NewError(ZTP_STALE,
                        "ztp_decision_json: the request was changed since this decision, so it can "
                        "no longer be explained");
      }
      ztp::Request request = *last->plain;
      request.now = ztp::Time{decision->decided_at};
      // The verdict was in the scratch; it is plain data by now.
      explanation =
          ztp::Explain(last->bound->policy(), last->bound->snapshot(), request, session->scratch);
    }
    if (last->request != nullptr) {
      last->evidence.clear();
      if (!last->request->changed) last->evidence = ztp::c::OutcomesOf(*last->request);
    }
    last->json = ztp::WriteDecision(ztp::c::ProgramOf(*last), plain, ztp::c::OriginOf(*session),
                                    explanation ? &*explanation : nullptr, last->evidence);
    *json = Text(last->json);
    return nullptr;
  });
}

ztp_error* ztp_decide_json(ztp_session* session, ztp_text request, int64_t now, bool explain,
                           ztp_decision* decision, ztp_text* answer) {
  ZTP_CHECK_OUT(answer);
  *answer = Text("");
  if (decision != nullptr) {
    if (!ztp::c::Fits(decision)) {
      return Misuse(__func__, "`decision->struct_size` is not set: begin with ZTP_DECISION_INIT");
    }
    Deny(decision);
  }
  ZTP_CHECK_ALIVE(session);
  ZTP_CHECK_TEXT(request);
  ztp_error* const failed = Guarded(__func__, [&]() -> ztp_error* {
    const ztp::World& world = session->Refresh();
    session->Begin();
    const uint64_t epoch = ztp::c::EpochAt(*session, now);
    const bool takes_evidence = world.trust != nullptr;
    if (session->parser_policy != world.named || session->parser_takes_evidence != takes_evidence)
        [[unlikely]] {
      session->parser_policy.reset();
      session->parser.reset();
      ztp::RequestOptions options;
      options.assume_proven = session->state->assume_proven();
      options.accept_now = (session->state->flags & ZTP_ACCEPT_NOW) != 0;
      options.accept_evidence = session->parser_takes_evidence = takes_evidence;
      session->parser = std::make_unique<ztp::RequestParser>(world.schema(), options);
      session->parser_policy = world.named;
    }
    session->parser->set_now(ztp::Time{now});
    session->answer.clear();
    session->last.evidence.clear();
    const auto verified = std::exchange(session->verified, {});
    const ztp::Request* read = session->parser->Read(View(request));
    if (read == nullptr) {
      session->answer = ztp::WriteRefusal(session->parser->errors());
      *answer = Text(session->answer);
      return nullptr;
    }
    if (!session->parser->evidence().empty()) {
      session->last.evidence = world.trust->Prove(session->parser->evidence(), *world.facts,
                                                  session->parser->request(), verified);
    }
    const absl::Status status = session->parsed.Bind(world.policy(), *world.facts, *read);
    if (!status.ok()) return ztp::c::FromStatus(status, ZTP_BAD_REQUEST);
    const bool halted = epoch == EpochPage::kClosed;
    const int64_t at = read->now.micros;
    session->last.verdict =
        halted ? ztp::c::HaltedVerdict(at) : ztp::Evaluate(session->parsed, session->scratch);
    ztp_decision own = ZTP_DECISION_INIT;
    Answer(*session, session->parsed, read, nullptr, epoch, at,
           decision != nullptr ? decision : &own);
    const ztp_decision& made = decision != nullptr ? *decision : own;
    if (explain || halted || session->last.decision || !session->last.evidence.empty()) {
      ztp_text json;
      if (ztp_error* error = ztp_decision_json(&made, explain, &json)) return error;
      session->answer.assign(View(json));
    } else {
      ztp::AppendDecision(session->parsed, session->last.verdict, session->scratch,
                          ztp::c::OriginOf(*session), &session->answer);
    }
    *answer = Text(session->answer);
    return nullptr;
  });
  if (failed != nullptr) {
    if (decision != nullptr) Deny(decision);
    *answer = Text("");
  }
  return failed;
}

}  // extern "C"
