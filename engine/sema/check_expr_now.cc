// `now`: sums in which it occurs once, their comparison, schedules, and the freshness of evidence.
#include <algorithm>

#include "engine/base/schedule.h"
#include "engine/base/str.h"
#include "engine/sema/check_expr.h"
#include "engine/sema/literals.h"

namespace ztp::sema {

using syntax::BinaryOp;
using syntax::ExprKind;

namespace {

// The payload has a bit for each term.
constexpr size_t kMaxNowTerms = 29;

// The operator with its sides swapped.
NowCmp Mirror(NowCmp cmp) {
  switch (cmp) {
    case NowCmp::kLt:
      return NowCmp::kGt;
    case NowCmp::kLe:
      return NowCmp::kGe;
    case NowCmp::kGt:
      return NowCmp::kLt;
    case NowCmp::kGe:
      return NowCmp::kLe;
    case NowCmp::kEq:
      return NowCmp::kEq;
  }
  return cmp;
}

NowCmp FromBinary(BinaryOp op) {
  switch (op) {
    case BinaryOp::kLt:
      return NowCmp::kLt;
    case BinaryOp::kLe:
      return NowCmp::kLe;
    case BinaryOp::kGt:
      return NowCmp::kGt;
    case BinaryOp::kGe:
      return NowCmp::kGe;
    default:
      return NowCmp::kEq;
  }
}

}  // namespace

void ExprChecker::Flatten(ExprId id, bool subtracted, std::vector<NowTerm>* terms) const {
  // Only as far as the comparison can hold: the rest stays one term.
  const bool room = terms->size() + 2 <= kMaxNowTerms;
  switch (builder_[id].op) {
    case Op::kAdd:
    case Op::kSub: {
      if (!room) break;
      const bool minus = builder_[id].op == Op::kSub;
      Flatten(builder_.Arg(id, 0), subtracted, terms);
      Flatten(builder_.Arg(id, 1), subtracted != minus, terms);
      return;
    }
    case Op::kNeg:
      Flatten(builder_.Arg(id, 0), !subtracted, terms);
      return;
    default:
      break;
  }
  terms->push_back({id, subtracted});
}

Typed ExprChecker::AddWithNow(ExprRef e, const Typed& a, const Typed& b, bool subtract,
                              TypeId result) {
  if (a.now_sign != 0 && b.now_sign != 0) {
    Report(Diagnostic(DiagKind::kNowNotLinear, e->span,
                      "'now' may occur once in a comparison, not twice")
               .Mark("two of them"));
    return Failed(e);
  }
  Typed t;
  t.span = e->span;
  t.type = result;
  Lowest lowest;
  for (const Typed* side : {&a, &b}) {
    const bool minus = side == &b && subtract;
    lowest.Add(*side);
    if (side->now_sign == 0) {
      Flatten(side->id, minus, &t.terms);
      continue;
    }
    t.now_sign = static_cast<int8_t>(minus ? -side->now_sign : side->now_sign);
    for (const NowTerm& term : side->terms) {
      t.terms.push_back({term.id, term.subtracted != minus});
    }
  }
  t.rank = lowest.rank;
  t.claimed_span = lowest.claimed;
  return t;
}

Typed ExprChecker::CompareWithNow(ExprRef e, BinaryOp op, const Typed& a, const Typed& b) {
  if (a.now_sign != 0 && b.now_sign != 0) {
    Report(Diagnostic(DiagKind::kNowNotLinear, e->span,
                      "'now' may occur once in a comparison, not twice")
               .Mark("on both sides"));
    return Failed(e);
  }
  const bool on_right = b.now_sign != 0;
  const Typed& with = on_right ? b : a;
  const Typed& without = on_right ? a : b;
  NowCmp cmp = FromBinary(op);
  if (on_right) cmp = Mirror(cmp);
  // sign * now + with.terms OP without  <=>  now OP sign * (without - with.terms).
  const bool negate = with.now_sign < 0;
  if (negate) cmp = Mirror(cmp);
  std::vector<NowTerm> terms;
  Flatten(without.id, negate, &terms);
  for (const NowTerm& term : with.terms) terms.push_back({term.id, term.subtracted == negate});
  Lowest lowest;
  lowest.Add(a);
  lowest.Add(b);
  ExprId id = NowCompare(e->span, cmp, std::move(terms));
  if (id.valid() && op == BinaryOp::kNe) id = Not(id);
  return Result(e, id, bool_, lowest);
}

ExprId ExprChecker::NowCompare(Span span, NowCmp cmp, std::vector<NowTerm> terms) {
  if (terms.size() > kMaxNowTerms) {
    Report(Diagnostic(DiagKind::kExpansionTooLarge, span,
                      Cat("a comparison with 'now' has more than ", kMaxNowTerms, " terms"))
               .Mark("too many terms"));
    return {};
  }
  // Sums are equal whatever their order; one order makes them one node.
  std::stable_sort(terms.begin(), terms.end(), [this](const NowTerm& a, const NowTerm& b) {
    const bool x = builder_.IsConst(a.id), y = builder_.IsConst(b.id);
    if (a.subtracted != b.subtracted) return b.subtracted;
    return x != y ? y : a.id < b.id;
  });
  uint32_t payload = static_cast<uint32_t>(cmp);
  std::vector<ExprId> args;
  for (size_t i = 0; i < terms.size(); ++i) {
    args.push_back(terms[i].id);
    if (terms[i].subtracted) payload |= 1u << (3 + i);
  }
  return builder_.Make(Op::kNowCompare, bool_, args, payload);
}

Typed ExprChecker::CheckWithin(Context& c, ExprRef e) {
  const ExprRef left = Child(e, 0), right = Child(e, 1);
  if (left->kind == ExprKind::kError || right->kind == ExprKind::kError) return Failed(e);
  if (left->kind != ExprKind::kNow) {
    Report(Diagnostic(DiagKind::kNowNotLinear, left->span,
                      "a schedule is asked about 'now' alone: 'now within \"…\"'")
               .Mark("must be 'now'"));
    return Failed(e);
  }
  if (right->kind != ExprKind::kString) {
    Report(Diagnostic(DiagKind::kNotConstant, right->span, "a schedule is a string literal")
               .Mark("not a literal")
               .Expected("\"Mon-Fri 08:00-18:00 Europe/Berlin\""));
    return Failed(e);
  }
  const Typed now = CheckKeyword(c, left);
  const Typed text = CheckString(right, string_);
  if (!now.ok() || !text.ok()) return Failed(e);
  const std::string schedule = builder_.ConstValue(text.id).text();
  if (const std::string error = CheckScheduleText(schedule); !error.empty()) {
    Report(Diagnostic(DiagKind::kBadSchedule, right->span, Cat("not a valid schedule: ", error))
               .Mark("not a schedule")
               .Expected("days, times and a zone: \"Mon-Fri 08:00-18:00 Europe/Berlin\""));
    return Failed(e);
  }
  if (now.id.valid()) {
    const auto parsed = Schedule::Parse(schedule);
    return Constant(bool_, Value::Bool(parsed->Contains(builder_.ConstValue(now.id).time())),
                    e->span);
  }
  return Result(e, builder_.Make(Op::kNowWithin, bool_, {}, builder_.Name(schedule)), bool_, {});
}

Typed ExprChecker::CheckFresh(Context& c, ExprRef e, const Typed& base) {
  if (!ArgumentCount(e, 1, 1, "fresh")) return Failed(e);
  const Typed age = Check(c, Child(e, 1), duration_);
  const ExprId root = DemandEvidence(e, base);
  if (!age.ok() || !root.valid()) return Failed(e);
  const ExprId issued = builder_.Make(Op::kIssuedAt, time_, {root});
  const ExprId expires = builder_.Make(Op::kExpiresAt, time_, {root});
  std::vector<NowTerm> limit = {{issued, false}};
  Flatten(age.id, false, &limit);
  Lowest lowest;
  lowest.Add(base);
  lowest.Add(age);
  return Result(e,
                Make(e->span, Op::kAnd, bool_,
                     {NowCompare(e->span, NowCmp::kGe, {{issued, false}}),
                      NowCompare(e->span, NowCmp::kLt, std::move(limit)),
                      NowCompare(e->span, NowCmp::kLt, {{expires, false}})}),
                bool_, lowest);
}

}  // namespace ztp::sema
