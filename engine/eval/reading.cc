// See reading.h.
#include "engine/eval/reading.h"

#include <algorithm>
#include <string_view>

namespace ztp {
namespace {

// More items or bytes than a reading counts are left to the machine.
constexpr uint32_t kMaxSize = (1u << 28) - 1;

int64_t TextPlace(const Policy& policy, const Probe& probe, const Val& text) {
  const uint32_t* numbers = policy.program().index.texts.data() + probe.first;
  if (text.flags & Val::kNumbered) return PlaceOf(numbers, probe.count, text.prefix);
  const auto found = policy.names().Text(text.text());
  return PlaceOf(numbers, probe.count, found ? *found + 1 : 0);
}

int64_t RankOf(const Policy& policy, const Probe& probe, const Val& text) {
  const auto& texts = policy.names().texts();
  const uint32_t* first = policy.program().index.texts.data() + probe.first;
  const uint32_t* last = first + probe.count;
  const std::string_view own = text.text();
  const uint32_t* at = std::lower_bound(
      first, last, own, [&](uint32_t number, std::string_view t) { return texts[number] < t; });
  return 2 * (at - first) + (at != last && texts[*at] == own ? 1 : 0);
}

}  // namespace

void TakeValue(const Policy& policy, const Probe& probe, const Val& val, Reading* reading) {
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

}  // namespace ztp
