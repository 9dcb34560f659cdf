// See probes.h.
#include "engine/core/probes.h"

#include <algorithm>
#include <string_view>

#include "engine/core/facts_read.h"
#include "engine/core/glob.h"

namespace ztp {

Result ProbeReader::OfNode(uint32_t node) {
  if (IsForQuick(policy_.nodes[node])) {
    Val val;
    Quick quick(request_, s_);
    const bool plain = quick.Value(node, &val);
    machine_.Charge(static_cast<uint64_t>(quick.steps()));
    if (plain) return Result::Of(val, quick.until());
  }
  if (machine_.Run(node)) return machine_.At(node);
  spent_ = true;
  return Result::Unknown(0);
}

Result ProbeReader::ResultOf(const Probe& probe) {
  using Source = Probe::Source;
  switch (probe.source) {
    case Source::kNode:
      return OfNode(probe.node);
    case Source::kAction:
      return Result::Of(Val::Number(TypeKind::kInt, request_.action));
    case Source::kPrincipalType:
      return Result::Of(Val::Number(TypeKind::kInt, request_.principal.size));
    case Source::kResourceType:
      return Result::Of(Val::Number(TypeKind::kInt, request_.resource.size));
    case Source::kPrincipal:
      return Result::Of(request_.principal);
    case Source::kResource:
      return Result::Of(request_.resource);
    case Source::kParam:
      return machine_.Param(probe.index);
    case Source::kInput:
      return machine_.Input(probe.index);
    case Source::kInputField: {
      Result record = machine_.Input(probe.index);
      if (!record.known()) return record;
      const Val& field = record.val.list[probe.field];
      return field.is_none() ? Result::Missing(record.valid_until)
                             : Result::Of(field, record.valid_until);
    }
    case Source::kPrincipalAttribute:
      return machine_.AttrOf(request_.principal.entity(), probe.index);
    case Source::kResourceAttribute:
      return machine_.AttrOf(request_.resource.entity(), probe.index);
    case Source::kHasPrincipalAttribute:
      return machine_.HasAttrOf(request_.principal.entity(), probe.index);
    case Source::kHasResourceAttribute:
      return machine_.HasAttrOf(request_.resource.entity(), probe.index);
    case Source::kPrincipalQuantifier:
    case Source::kResourceQuantifier: {
      const uint32_t entity = probe.source == Source::kPrincipalQuantifier
                                  ? request_.principal.entity()
                                  : request_.resource.entity();
      if (!machine_.QuantifierApplies(entity)) return OfNode(probe.node);
      const Tri answer = QuantifiedOf(facts_, probe.index, entity).value;
      return answer == Tri::kUnknown ? Result::Unknown(0) : Result::Bool(answer == Tri::kTrue);
    }
    case Source::kInputIssuedAt:
      return machine_.InputTime(probe.index, true);
    case Source::kInputExpiresAt:
      return machine_.InputTime(probe.index, false);
    case Source::kInputFresh:
      break;  // as LoadInput says
  }
  return Result::Unknown(0);
}

// A stored attribute whose value does not depend on anything else: its column, or kNone32.
inline uint32_t ProbeReader::PlainColumn(const Probe& probe, const Stored& stored) const {
  if (stored.row == nullptr) return kNone32;
  const uint32_t column = policy_.AttributeColumn(probe.index, stored.type);
  if (column == kNone32) return kNone32;
  const FactsType& type = *stored.layout;
  const bool plain = FactsView::State(stored.row, type, column) == FactsState::kPresent &&
                     (type.first_window == 0 || FactsView::WindowOf(stored.row, type, column) == 0);
  return plain ? column : kNone32;
}

// Its number as the probe's form has it. False: it is none.
inline bool ProbeReader::PlainNumber(const Probe& probe, const Stored& stored, uint32_t column,
                                     int64_t* number) const {
  const uint64_t bits = stored.row[FactsRow::kCells + column];
  const FactsForm form = stored.layout->cells[column].form;
  if (form == FactsForm::kNumber) {
    *number = static_cast<int64_t>(bits);
    return probe.form <= Probe::Form::kLabel;
  }
  if (form != FactsForm::kText || probe.form != Probe::Form::kText) return false;
  // The text's number stands before it, so its bytes are not looked at.
  const uint32_t text =
      FactsText::IsNoted(bits) ? FactsView::NumberOf(facts_.Text(bits)) : uint32_t{0};
  *number = PlaceOf(index_.texts.data() + probe.first, probe.count, text);
  return true;
}

// False: the machine has to read it.
[[gnu::always_inline]] inline bool ProbeReader::LoadAttribute(const Probe& probe,
                                                              const Stored& stored,
                                                              Reading* reading) const {
  if (probe.form == Probe::Form::kEntity) return false;
  const uint32_t column = PlainColumn(probe, stored);
  if (column == kNone32) return false;
  int64_t number;
  if (PlainNumber(probe, stored, column, &number)) {
    *reading = Reading::Plain(stamp_, number);
    return true;
  }
  *reading = Reading{.stamp = stamp_, .valid_until = kForEver};
  const uint64_t bits = stored.row[FactsRow::kCells + column];
  TakeValue(policy_, probe, ReadPresent(facts_, stored.layout->cells[column], bits), reading);
  return true;
}

// What a quantifier over the ancestors of a stored entity came to when the facts were loaded.
inline bool ProbeReader::LoadQuantified(const Probe& probe, const Stored& stored,
                                        Reading* reading) const {
  if (stored.row == nullptr || !facts_.has_quantifiers) return false;
  const Tri answer = QuantifiedOf(facts_, probe.index, stored.entity).value;
  if (answer == Tri::kUnknown) return false;
  *reading = Reading::Plain(stamp_, answer == Tri::kTrue);
  return true;
}

// An input that is there now, so that nothing is missing that would have to be named. False: the
// machine has to read it.
inline bool ProbeReader::LoadInput(const Probe& probe, Reading* reading) const {
  const BoundFact& fact = request_.inputs[probe.index];
  const EvidenceWindow& window = fact.window;
  const int64_t now = request_.now;
  const bool there = !fact.val.is_none() && !(window.has_issued && now < window.issued_at) &&
                     !(window.has_expires && now >= window.expires_at);
  *reading =
      Reading{.stamp = stamp_, .valid_until = window.has_expires ? window.expires_at : kForEver};
  switch (probe.source) {
    case Probe::Source::kInputFresh:
      reading->value = window.issued_at;
      reading->known = there && window.has_issued && window.has_expires;
      reading->plain = reading->known && reading->valid_until == kForEver;
      return true;
    case Probe::Source::kInputField: {
      if (!there) return false;
      const Val& field = fact.val.list[probe.field];
      if (field.is_none() || probe.form == Probe::Form::kEntity) return false;
      TakeValue(policy_, probe, field, reading);
      return true;
    }
    default:
      if (!there || probe.form == Probe::Form::kEntity) return false;
      TakeValue(policy_, probe, fact.val, reading);
      return true;
  }
}

// The plain value of a node that is a number.
inline bool ProbeReader::LoadNode(const Probe& probe, Reading* reading) {
  const Node& node = policy_.nodes[probe.node];
  if (!IsForQuick(node)) return false;
  Quick quick(request_, s_);
  if (policy_.KindOf(node) == TypeKind::kBool) {
    const Tri truth = quick.Truth(probe.node);
    reading->value = truth == Tri::kTrue;
    if (truth == Tri::kUnknown) return false;
  } else {
    Val val;
    if (!quick.Value(probe.node, &val)) return false;
    reading->value = val.number;
  }
  machine_.Charge(static_cast<uint64_t>(quick.steps()));
  reading->stamp = stamp_;
  reading->valid_until = quick.until();
  reading->known = 1;
  reading->plain = reading->valid_until == kForEver;
  return true;
}

void ProbeReader::Load(uint32_t number, Reading* reading) {
  const Probe& probe = index_.probes[number];
  switch (probe.source) {
    case Probe::Source::kNode:
      if (probe.form == Probe::Form::kNumber && LoadNode(probe, reading)) return;
      break;
    case Probe::Source::kPrincipalAttribute:
    case Probe::Source::kResourceAttribute: {
      const bool of_principal = probe.source == Probe::Source::kPrincipalAttribute;
      if (LoadAttribute(probe, of_principal ? Principal() : Resource(), reading)) return;
      break;
    }
    case Probe::Source::kPrincipalQuantifier:
      if (LoadQuantified(probe, Principal(), reading)) return;
      break;
    case Probe::Source::kResourceQuantifier:
      if (LoadQuantified(probe, Resource(), reading)) return;
      break;
    case Probe::Source::kInput:
    case Probe::Source::kInputField:
    case Probe::Source::kInputFresh:
      if (LoadInput(probe, reading)) return;
      break;
    default:
      break;
  }
  LoadAny(probe, reading);
}

void ProbeReader::LoadAny(const Probe& probe, Reading* reading) {
  const Result result = ResultOf(probe);
  *reading = Reading{.stamp = stamp_, .valid_until = result.valid_until};
  if (!result.known()) return;
  if (probe.form != Probe::Form::kEntity) {
    return TakeValue(policy_, probe, result.val, reading);
  }
  const uint32_t entity = result.val.entity();
  const Machine::Reached reached = machine_.Reach(entity, false);
  TakeEntity(entity, reached.members, reached.absent == 0, facts_.named_count, reading);
}

uint64_t ProbeReader::ReadMark(uint32_t number) {
  const IndexMark& mark = index_.marks[number];
  const Reading& reading = Read(mark.probe);
  return reading.plain ? BitsOf(mark, index_.cuts.data(), reading.value) : 0;
}

// Of a stored row they were read when the request was bound; else one by one.
uint64_t ProbeReader::MarksOf(const RequestMarks& bound, const MarkRow& row, bool* known) {
  if (bound.read) {
    *known &= bound.known;
    return bound.bits;
  }
  *known &= row.all != 0 && row.cell_count == 0;
  uint64_t out = 0;
  for (uint32_t i = 0; i < row.cell_count; ++i) {
    out |= ReadMark(policy_.mark_cells[row.first_cell + i].mark);
  }
  return out;
}

uint64_t ProbeReader::ReadStoredMarksOneByOne(bool* known) {
  uint64_t marks =
      MarksOf(request_.principal_marks, policy_.principal_marks[request_.principal.size], known) |
      MarksOf(request_.resource_marks, policy_.resource_marks[request_.resource.size], known);
  *known &= policy_.other_marks.empty();
  for (const uint32_t mark : policy_.other_marks) marks |= ReadMark(mark);
  return marks;
}

ProbeReader::Outcome ProbeReader::TryOther(const Test& test, const Reading& r) {
  if (test.op == Test::Op::kAnyOf) return AnyOf(test);
  if (!r.known) return {};
  bool holds = false;
  switch (test.op) {
    case Test::Op::kAmong: {
      const int64_t* first = index_.values.data() + test.a;
      holds = std::binary_search(first, first + test.b, r.value);
      break;
    }
    case Test::Op::kMember:
      holds = IsMember(r, test.a);
      if (!holds && !r.complete) return {};
      break;
    case Test::Op::kMemberAny: {
      const int64_t* first = index_.values.data() + test.a;
      holds = std::any_of(first, first + test.b, [&](int64_t g) { return IsMember(r, g); });
      if (!holds && !r.complete && test.b != 0) return {};
      break;
    }
    case Test::Op::kHas:
      holds = ContainsItem(
          Val::Items(static_cast<TypeKind>(r.value), {static_cast<const Val*>(r.data), r.size}),
          facts_.constants[test.a]);
      break;
    case Test::Op::kLike:
      holds =
          GlobMatches(facts_.constants[test.a].text(), {static_cast<const char*>(r.data), r.size});
      break;
    case Test::Op::kNow:
      return Now(test, r);
    case Test::Op::kBelow:
    case Test::Op::kNotAbove:
    case Test::Op::kEqual:
    case Test::Op::kWithin:
      return Two(test, r);
    default:
      break;
  }
  return {ToTri(holds != (test.negated != 0)), r.valid_until};
}

// Kleene's `or`: a true one holds as long as the longest of its true operands, a false one as long
// as the shortest of all.
ProbeReader::Outcome ProbeReader::AnyOf(const Test& test) {
  bool is_true = false, open = false;
  int64_t true_until = INT64_MIN, false_until = kForEver;
  const int64_t* numbers = index_.values.data() + test.a;
  for (int64_t i = 0; i < test.b; ++i) {
    const Outcome one = Try(index_.tests[static_cast<size_t>(numbers[i])]);
    if (one.value == Tri::kTrue) {
      is_true = true;
      true_until = std::max(true_until, one.valid_until);
      if (true_until == kForEver) break;
    } else if (one.value == Tri::kFalse) {
      false_until = std::min(false_until, one.valid_until);
    } else {
      open = true;
    }
  }
  if (is_true) return {ToTri(test.negated == 0), true_until};
  if (open) return {};
  return {ToTri(test.negated != 0), false_until};
}

// Of two facts; the first has been read and is known.
ProbeReader::Outcome ProbeReader::Two(const Test& test, const Reading& first) {
  const int64_t v = first.value;
  const int64_t until = first.valid_until;
  const Reading& other = Read(static_cast<uint32_t>(test.a));
  if (!other.known) return {};
  const int64_t w = other.value;
  const bool holds = test.op == Test::Op::kBelow      ? v < w
                     : test.op == Test::Op::kNotAbove ? v <= w
                     : test.op == Test::Op::kEqual    ? v == w
                                                      : (v & ~w) == 0;
  return {ToTri(holds != (test.negated != 0)), std::min(until, other.valid_until)};
}

// As the operator now_compare; what 64 bits do not hold is left to it.
ProbeReader::Outcome ProbeReader::Now(const Test& test, const Reading& reading) const {
  int64_t limit;
  const bool overflow = test.b != 0 ? __builtin_sub_overflow(test.a, reading.value, &limit)
                                    : __builtin_add_overflow(test.a, reading.value, &limit);
  if (overflow || limit == kForEver) return {};
  const int64_t now = request_.now;
  bool holds = false;
  int64_t flip = limit;  // from then on the answer may be another
  switch (test.now_op) {
    case Test::NowOp::kLt:
      holds = now < limit;
      break;
    case Test::NowOp::kGe:
      holds = now >= limit;
      break;
    case Test::NowOp::kLe:
      holds = now <= limit;
      flip = limit + 1;
      break;
    case Test::NowOp::kGt:
      holds = now > limit;
      flip = limit + 1;
      break;
    case Test::NowOp::kEq:
      holds = now == limit;
      if (now >= limit) flip = limit + 1;
      break;
  }
  const int64_t until = flip > now ? flip : kForEver;
  return {ToTri(holds != (test.negated != 0)), std::min(until, reading.valid_until)};
}

}  // namespace ztp
