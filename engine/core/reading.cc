// See reading.h.
#include "engine/core/reading.h"

#include <algorithm>
#include <string_view>

#include "engine/core/facts_read.h"
#include "engine/core/request_view.h"
#include "engine/core/result.h"

namespace ztp {
namespace {

// More items or bytes than a reading counts are left to the machine.
constexpr uint32_t kMaxSize = (1u << 28) - 1;

int64_t TextPlace(const PolicyView& policy, const Probe& probe, const Val& text) {
  const uint32_t* numbers = policy.index.texts.data() + probe.first;
  if (text.flags & Val::kNumbered) return PlaceOf(numbers, probe.count, text.prefix);
  return PlaceOf(numbers, probe.count, policy.NumberOf(text.bytes, text.size) + 1);
}

int64_t RankOf(const PolicyView& policy, const Probe& probe, const Val& text) {
  auto named = [&](uint32_t number) { return policy.Text(policy.name_texts[number]); };
  const uint32_t* first = policy.index.texts.data() + probe.first;
  const uint32_t* last = first + probe.count;
  const std::string_view own = text.text();
  const uint32_t* at = std::lower_bound(
      first, last, own, [&](uint32_t number, std::string_view t) { return named(number) < t; });
  return 2 * (at - first) + (at != last && named(*at) == own ? 1 : 0);
}

}  // namespace

void TakeValue(const PolicyView& policy, const Probe& probe, const Val& val, Reading* reading) {
  reading->known = 1;
  switch (probe.form) {
    case Probe::Form::kNumber:
    case Probe::Form::kEntity:
      reading->value = val.number;
      break;
    case Probe::Form::kText:
      reading->value = TextPlace(policy, probe, val);
      break;
    case Probe::Form::kRank:
      reading->value = RankOf(policy, probe, val);
      break;
    case Probe::Form::kLabel:
      reading->value = val.number;
      reading->known = (val.flags & Val::kWideLabel) == 0;
      break;
    case Probe::Form::kItems:
      reading->value = static_cast<int64_t>(val.kind);
      reading->data = val.list;
      reading->size = val.size & kMaxSize;
      reading->known = val.size <= kMaxSize;
      break;
    case Probe::Form::kChars:
      reading->data = val.bytes;
      reading->size = val.size & kMaxSize;
      reading->known = val.size <= kMaxSize;
      break;
  }
  reading->plain = reading->known && reading->valid_until == kForEver;
}

void TakeEntity(uint32_t entity, std::span<const uint32_t> members, bool complete,
                uint32_t named_count, Reading* reading) {
  uint32_t count = 0;
  while (count < members.size() && members[count] < named_count) ++count;
  reading->value = entity;
  reading->data = members.data();
  reading->known = count <= kMaxSize;
  reading->size = count & kMaxSize;
  reading->complete = complete;
  reading->plain = reading->known && reading->valid_until == kForEver;
}

namespace {

void TakeFromRequest(const RequestView& request, const Probe& probe, Reading* reading) {
  using Source = Probe::Source;
  const PolicyView& policy = *request.policy;
  const FactsView& facts = *request.facts;
  auto number = [&](uint32_t n) {
    TakeValue(policy, probe, Val::Number(TypeKind::kInt, n), reading);
    reading->settled = 1;
  };
  auto take_fact = [&](const BoundFact& fact) {
    // Evidence comes and goes with the time.
    if (fact.window.any()) return;
    reading->settled = 1;
    if (fact.val.is_none()) return;
    if (probe.source != Source::kInputField) return TakeValue(policy, probe, fact.val, reading);
    const Val& field = fact.val.list[probe.field];
    if (!field.is_none()) TakeValue(policy, probe, field, reading);
  };
  auto take_entity = [&](uint32_t entity) {
    if (request.carries_any()) return;
    reading->settled = 1;
    const bool there = request.IsStored(entity) || policy.AlwaysPresent(request.TypeOf(entity));
    if (entity >= facts.entity_count || !there) {
      return TakeEntity(entity, {}, there, 0, reading);
    }
    const FactsClosure closure = MembershipsOf(facts, entity);
    TakeEntity(entity, ListOf(facts, closure.members), closure.absent == 0, facts.named_count,
               reading);
  };
  switch (probe.source) {
    case Source::kAction:
      return number(request.action);
    case Source::kPrincipalType:
      return number(request.principal.size);
    case Source::kResourceType:
      return number(request.resource.size);
    case Source::kPrincipal:
      return take_entity(request.principal.entity());
    case Source::kResource:
      return take_entity(request.resource.entity());
    case Source::kParam: {
      const uint32_t column = policy.ParamColumn(probe.index, request.action);
      if (column != kNone32) return take_fact(request.params[column]);
      reading->settled = 1;
      return;
    }
    case Source::kInput:
    case Source::kInputField:
      return take_fact(request.inputs[probe.index]);
    default:
      return;
  }
}

// The commonest, as TakeFromRequest has it: a number or a text of a parameter or input that is
// there, without times. False: it is something else.
inline bool TakePlain(const RequestView& request, const Probe& probe, Reading* reading) {
  using Source = Probe::Source;
  const PolicyView& policy = *request.policy;
  const BoundFact* fact;
  switch (probe.source) {
    case Source::kInput:
    case Source::kInputField:
      fact = &request.inputs[probe.index];
      break;
    case Source::kParam: {
      const uint32_t column = policy.ParamColumn(probe.index, request.action);
      if (column == kNone32) return false;
      fact = &request.params[column];
      break;
    }
    default:
      return false;
  }
  if (fact->window.any() || fact->val.is_none()) return false;
  const Val& val = probe.source == Source::kInputField ? fact->val.list[probe.field] : fact->val;
  if (val.is_none()) return false;
  int64_t number = val.number;
  if (probe.form == Probe::Form::kText && (val.flags & Val::kNumbered) != 0) {
    number = PlaceOf(policy.index.texts.data() + probe.first, probe.count, val.prefix);
  } else if (probe.form != Probe::Form::kNumber) {
    return false;
  }
  *reading = Reading::Plain(0, number);
  reading->settled = 1;
  return true;
}

inline void ReadProbe(const RequestView& request, uint32_t number, Reading* readings) {
  const Probe& probe = request.policy->index.probes[number];
  Reading* const reading = &readings[number];
  if (TakePlain(request, probe, reading)) return;
  *reading = Reading{.valid_until = kForEver};
  TakeFromRequest(request, probe, reading);
}

void ReadMarks(RequestView* request) {
  const IndexView& index = request->policy->index;
  const IndexMark* const marks = index.marks.data();
  const int64_t* const cuts = index.cuts.data();
  const Reading* const readings = request->readings;
  uint64_t bits = 0;
  bool known = true;
  for (uint32_t m = 0; m < index.request_marks; ++m) {
    const Reading& reading = readings[marks[m].probe];
    known &= reading.plain != 0;
    if (reading.plain) bits |= BitsOf(marks[m], cuts, reading.value);
  }
  request->marks = {bits, true, known};
}

// Of a row all of whose cells are simply there, straight from them. Facts do not change under a
// request that is bound to them.
RequestMarks MarksOfRow(const RequestView& request, std::span<const MarkRow> rows, uint32_t type,
                        const uint64_t* row) {
  const PolicyView& policy = *request.policy;
  const FactsView& facts = *request.facts;
  const MarkRow& marks = rows[type];
  if (row == nullptr || facts.types[type].first_window != 0 ||
      (row[2] & marks.states) != marks.present) {
    return {};
  }
  const IndexMark* const all_marks = policy.index.marks.data();
  const int64_t* const cuts = policy.index.cuts.data();
  const MarkCell* const cells = policy.mark_cells.data() + marks.first_cell;
  RequestMarks out{0, true, marks.all != 0};
  for (uint32_t i = 0; i < marks.cell_count; ++i) {
    const MarkCell& cell = cells[i];
    const IndexMark& mark = all_marks[cell.mark];
    uint64_t bits = row[FactsRow::kCells + cell.column];
    if (cell.is_text != 0) {
      const Probe& probe = policy.index.probes[mark.probe];
      const uint32_t text = FactsText::IsNoted(bits) ? FactsView::NumberOf(facts.Text(bits)) : 0u;
      bits = static_cast<uint64_t>(
          PlaceOf(policy.index.texts.data() + probe.first, probe.count, text));
    }
    out.bits |= BitsOf(mark, cuts, static_cast<int64_t>(bits));
  }
  return out;
}

void ReadPrincipalMarks(RequestView* request) {
  if (request->policy->index.rules.empty()) return;
  request->principal_marks = MarksOfRow(*request, request->policy->principal_marks,
                                        request->principal.size, request->principal_row);
}

void ReadResourceMarks(RequestView* request) {
  if (request->policy->index.rules.empty()) return;
  request->resource_marks = MarksOfRow(*request, request->policy->resource_marks,
                                       request->resource.size, request->resource_row);
}

}  // namespace

uint8_t DependsOn(const Probe& probe) {
  using Source = Probe::Source;
  switch (probe.source) {
    case Source::kPrincipal:
    case Source::kPrincipalType:
    case Source::kPrincipalAttribute:
    case Source::kHasPrincipalAttribute:
    case Source::kPrincipalQuantifier:
      return kOnPrincipal;
    case Source::kResource:
    case Source::kResourceType:
    case Source::kResourceAttribute:
    case Source::kHasResourceAttribute:
    case Source::kResourceQuantifier:
      return kOnResource;
    case Source::kAction:
      return 0;
    case Source::kNode:
      return kOnPrincipal | kOnResource | kOnValues;
    default:
      return kOnValues;
  }
}

void ReadChangedProbes(uint8_t changed, Reading* readings, RequestView* request) {
  const IndexView& index = request->policy->index;
  for (uint32_t i = 0; i < index.request_probes; ++i) {
    if (DependsOn(index.probes[i]) & changed) ReadProbe(*request, i, readings);
  }
  ReadChangedMarks(changed, request);
}

void ReadTheseProbes(std::span<const uint32_t> probes, Reading* readings, RequestView* request) {
  for (const uint32_t probe : probes) ReadProbe(*request, probe, readings);
}

void ReadChangedMarks(uint8_t changed, RequestView* request) {
  ReadMarks(request);
  if (changed & kOnPrincipal) ReadPrincipalMarks(request);
  if (changed & kOnResource) ReadResourceMarks(request);
}

void ReadProbes(Reading* readings, RequestView* request) {
  for (uint32_t i = 0; i < request->policy->index.request_probes; ++i) {
    ReadProbe(*request, i, readings);
  }
  request->readings = readings;
  ReadMarks(request);
  ReadPrincipalMarks(request);
  ReadResourceMarks(request);
}

}  // namespace ztp
