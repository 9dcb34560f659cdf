// See ring.h. A record is a word that says what it is and how long, then its bytes, up to a
// multiple of eight. The word is written last, so that one that is not zero has its record behind
// it; the reader leaves zeros. Places count up for ever and start behind zero.
#include "engine/audit/ring.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace ztp::audit {
namespace {

constexpr size_t kWord = sizeof(uint64_t);
constexpr uint64_t kPadding = uint64_t{1} << 63;  // nothing up to the ring's end
constexpr uint64_t kLarge = uint64_t{1} << 62;    // a pointer to a string
constexpr uint64_t kThere = uint64_t{1} << 61;
constexpr uint64_t kSize = kThere - 1;

size_t RoundUp(size_t size) { return (size + kWord - 1) / kWord * kWord; }

size_t SizeOf(std::span<const std::string_view> pieces) {
  size_t size = 0;
  for (const std::string_view piece : pieces) size += piece.size();
  return size;
}

void CopyTo(char* to, std::span<const std::string_view> pieces) {
  for (const std::string_view piece : pieces) {
    if (!piece.empty()) std::memcpy(to, piece.data(), piece.size());
    to += piece.size();
  }
}

}  // namespace

RecordRing::RecordRing(size_t bytes)
    : capacity_(std::bit_ceil(std::max<size_t>(bytes, 4096))),
      words_(new uint64_t[capacity_ / kWord]()),
      tail_(capacity_),
      head_(capacity_),
      at_(capacity_) {}

RecordRing::~RecordRing() {
  while (Next()) Release();
}

uint64_t RecordRing::Reserve(size_t size) {
  uint64_t tail = tail_.load(std::memory_order_relaxed);
  for (;;) {
    const uint64_t to_end = capacity_ - (tail & (capacity_ - 1));
    const uint64_t padding = to_end < size ? to_end : 0;
    const uint64_t head = head_.load(std::memory_order_acquire);
    if (tail + padding + size - head > capacity_) return 0;
    if (tail_.compare_exchange_weak(tail, tail + padding + size, std::memory_order_acq_rel,
                                    std::memory_order_relaxed)) {
      if (padding > 0) WordAt(tail).store(kPadding | padding, std::memory_order_release);
      return tail + padding;
    }
  }
}

uint64_t RecordRing::Put(std::span<const std::string_view> pieces) {
  const size_t size = SizeOf(pieces);
  if (kWord + size < capacity_ / 8) {
    const uint64_t place = Reserve(kWord + RoundUp(size));
    if (place == 0) return 0;
    CopyTo(BytesAt(place) + kWord, pieces);
    WordAt(place).store(kThere | size, std::memory_order_release);
    return place;
  }
  // One that is alone is taken whatever its size.
  const size_t before = large_bytes_.fetch_add(size, std::memory_order_relaxed);
  uint64_t place = 0;
  if (before == 0 || before + size <= capacity_) place = Reserve(2 * kWord);
  if (place == 0) {
    large_bytes_.fetch_sub(size, std::memory_order_relaxed);
    return 0;
  }
  auto* record = new std::string(size, '\0');
  CopyTo(record->data(), pieces);
  std::memcpy(BytesAt(place) + kWord, &record, sizeof(record));
  WordAt(place).store(kThere | kLarge | size, std::memory_order_release);
  return place;
}

std::optional<RecordRing::Record> RecordRing::Next() {
  for (;;) {
    if (at_ == tail_.load(std::memory_order_acquire)) return std::nullopt;
    const uint64_t word = WordAt(at_).load(std::memory_order_acquire);
    if (word == 0) return std::nullopt;
    if ((word & kPadding) != 0) {
      at_ += word & ~kPadding;
      continue;
    }
    const uint64_t place = at_;
    const size_t size = word & kSize;
    if ((word & kLarge) == 0) {
      at_ += kWord + RoundUp(size);
      return Record{.bytes = {BytesAt(place) + kWord, size}, .place = place};
    }
    const std::string* record = nullptr;
    std::memcpy(&record, BytesAt(place) + kWord, sizeof(record));
    at_ += 2 * kWord;
    return Record{.bytes = *record, .place = place};
  }
}

void RecordRing::Release() {
  uint64_t from = head_.load(std::memory_order_relaxed);
  if (from == at_) return;
  for (uint64_t place = from; place != at_;) {
    const uint64_t word = WordAt(place).load(std::memory_order_relaxed);
    if ((word & kPadding) != 0) {
      place += word & ~kPadding;
      continue;
    }
    if ((word & kLarge) == 0) {
      place += kWord + RoundUp(word & kSize);
      continue;
    }
    const std::string* record = nullptr;
    std::memcpy(&record, BytesAt(place) + kWord, sizeof(record));
    large_bytes_.fetch_sub(record->size(), std::memory_order_relaxed);
    delete record;
    place += 2 * kWord;
  }
  // Zeros, for whoever writes there next.
  while (from != at_) {
    const size_t size = std::min<size_t>(at_ - from, capacity_ - (from & (capacity_ - 1)));
    std::memset(BytesAt(from), 0, size);
    from += size;
  }
  head_.store(at_, std::memory_order_release);
}

}  // namespace ztp::audit
