// See probes.h.
#include "engine/core/probes.h"

#include <algorithm>
#include <string_view>

#include "engine/core/facts_read.h"
#include "engine/core/glob.h"

namespace ztp {

ProbeReader::ProbeReader(const RequestView& request, Workspace& workspace, Machine& machine)
    : request_(request),
      policy_(*request.policy),
      index_(policy_.index),
      facts_(*request.facts),
      request_readings_(request.readings),
      request_probes_(index_.request_probes),
      readings_(workspace.readings_),
      machine_(machine),
      quick_(request),
      use_quick_(!request.carries_any() && !workspace.machine_only_) {
  // Long before the stamps run out, all begin anew.
  if (++workspace.reading_stamp_ == 0) {
    for (size_t i = 0; i < workspace.probe_capacity_; ++i) readings_[i] = Reading();
    workspace.reading_stamp_ = 1;
  }
  stamp_ = workspace.reading_stamp_;
}

Result ProbeReader::OfNode(uint32_t node) {
  if (use_quick_ && (policy_.nodes[node].flags & Node::kReadsNow) == 0) {
    Val val;
    const bool plain = quick_.Value(node, &val);
    machine_.Charge(static_cast<uint64_t>(quick_.steps()));
    if (plain) return Result::Of(val);
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
  }
  return Result::Unknown(0);
}

// A stored attribute whose value does not depend on anything else. False: the machine has to read
// it.
inline bool ProbeReader::LoadAttribute(const Probe& probe, const Val& holder, const uint64_t* row,
                                       Reading* reading) const {
  if (row == nullptr) return false;
  const uint32_t column = policy_.AttributeColumn(probe.index, holder.size);
  if (column == kNone32) return false;
  const FactsType& type = facts_.types[holder.size];
  if (FactsView::State(row, type, column) != FactsState::kPresent ||
      FactsView::WindowOf(row, type, column) != 0) {
    return false;
  }
  reading->stamp = stamp_;
  reading->valid_until = kForEver;
  if (probe.form <= Probe::Form::kLabel && type.cells[column].form == FactsForm::kNumber) {
    reading->value = static_cast<int64_t>(row[FactsRow::kCells + column]);
    reading->known = reading->plain = 1;
  } else {
    TakeValue(policy_, probe,
              ReadPresent(facts_, type.cells[column], row[FactsRow::kCells + column]), reading);
  }
  return true;
}

// The plain value of a node that is a number.
inline bool ProbeReader::LoadNode(const Probe& probe, Reading* reading) {
  const Node& node = policy_.nodes[probe.node];
  if (!use_quick_ || (node.flags & Node::kReadsNow) != 0) return false;
  if (policy_.KindOf(node) == TypeKind::kBool) {
    const Tri truth = quick_.Truth(probe.node);
    reading->value = truth == Tri::kTrue;
    if (truth == Tri::kUnknown) return false;
  } else {
    Val val;
    if (!quick_.Value(probe.node, &val)) return false;
    reading->value = val.number;
  }
  machine_.Charge(static_cast<uint64_t>(quick_.steps()));
  reading->stamp = stamp_;
  reading->valid_until = kForEver;
  reading->known = reading->plain = 1;
  return true;
}

void ProbeReader::Load(uint32_t number, Reading* reading) {
  const Probe& probe = index_.probes[number];
  if (probe.source == Probe::Source::kNode && probe.form == Probe::Form::kNumber &&
      LoadNode(probe, reading)) {
    return;
  }
  if (probe.form != Probe::Form::kEntity) {
    if (probe.source == Probe::Source::kPrincipalAttribute &&
        LoadAttribute(probe, request_.principal, request_.principal_row, reading)) {
      return;
    }
    if (probe.source == Probe::Source::kResourceAttribute &&
        LoadAttribute(probe, request_.resource, request_.resource_row, reading)) {
      return;
    }
  }
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

ProbeReader::Outcome ProbeReader::Try(const Test& test, const Reading& r) {
  if (!r.known) return {};
  if (IsQuick(test)) return {ToTri(TryQuick(test, r)), r.valid_until};
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
    default:
      break;
  }
  return {ToTri(holds != (test.negated != 0)), r.valid_until};
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
