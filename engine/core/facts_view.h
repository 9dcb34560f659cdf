// The stored facts as they are read: rows of cells, and the pools that cells point into. Plain data
// whose references are all numbers (of an entity, a word, a byte), so that a file can hold it and
// be read in place.
//
// Boundary: reading only. facts/ makes what this looks at (facts/README.md says why it is laid out
// so), owns it and never changes it while anyone reads. Freestanding: no allocation, no exception,
// no standard container. An index out of range is the caller's mistake; what came from a file has
// been checked (facts/snapshot_file.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ztp {

struct Val;  // the evaluator's values, of which the items of collections are kept

// When a proven value counts: issued_at <= now < expires_at (microseconds), as far as there are
// bounds.
struct EvidenceWindow {
  int64_t issued_at = 0;
  int64_t expires_at = 0;
  bool has_issued = false;
  bool has_expires = false;
  bool any() const { return has_issued || has_expires; }
};
static_assert(sizeof(EvidenceWindow) == 24);

// What is known of a cell. Pinned: it reaches files.
enum class FactsState : uint8_t {
  kMissing = 0,
  kUnknown = 1,  // the cell: the list of entities that it is unknown for (0: the entity itself)
  kPresent = 2,
  kLate = 3,  // inherited, and some part is evidence with times: to be worked out for each request
};

// How a cell of 64 bits holds its value.
enum class FactsForm : uint8_t {
  kNumber = 0,   // Bool, Int, Decimal, Time, Duration, enum; a label of at most 64 bits
  kText = 1,     // FactsText
  kAddress = 2,  // Ip: a FactsText of 16 bytes
  kNetwork = 3,  // Cidr: a FactsText of 16 bytes that says the prefix where others say their size
  kEntity = 4,   // its number; the upper 32 bits: its type
  kItems = 5,    // Set, List, Map, record: FactsItems
  kWide = 6,     // a label of more than 64 bits: four words of the pool of words
};

// A text in a cell: bits 0 to 38 where it is in the pool of texts, bit 39 kNoted, bits 40 to 63 its
// size. Before the bytes of a noted text stand notes on it: what patterns it matches, a bit each
// (bit 0 in the byte furthest to the right), its class (16 bits: which patterns those are) and its
// number (16 bits: 1 + its number among the texts that the program's constants name, or 0).
struct FactsText {
  static constexpr unsigned kOffsetBits = 39;
  static constexpr uint64_t kNoted = uint64_t{1} << kOffsetBits;
  static constexpr unsigned kSizeShift = 40;
  static constexpr size_t kMaxSize = (size_t{1} << 24) - 1;
  static constexpr size_t kNoteBytes = 4;
  static constexpr unsigned kSegmentBits = 24;  // a segment of the pool: 16 MiB

  static uint64_t Offset(uint64_t cell) { return cell & (kNoted - 1); }
  static bool IsNoted(uint64_t cell) { return (cell & kNoted) != 0; }
  static uint32_t Size(uint64_t cell) { return static_cast<uint32_t>(cell >> kSizeShift); }
};

// A collection in a cell: bits 0 to 39 the place of its first item, bits 40 to 63 how many it has.
// Equal collections are kept once while a snapshot is made.
struct FactsItems {
  static constexpr unsigned kCountShift = 40;
  static constexpr size_t kMaxCount = (size_t{1} << 24) - 1;
  static constexpr unsigned kSegmentBits = 20;  // 2^20 values of 16 bytes: 16 MiB

  static uint64_t First(uint64_t cell) { return cell & ((uint64_t{1} << kCountShift) - 1); }
  static uint32_t Count(uint64_t cell) { return static_cast<uint32_t>(cell >> kCountShift); }
};

// Lists of entity numbers are pieces of a pool of 32-bit words: their size, then the numbers,
// ascending. A list is named by the place of its size; list 0 is the empty one.
struct FactsLists {
  static constexpr unsigned kSegmentBits = 22;     // 2^22 words: 16 MiB
  static constexpr uint32_t kMaxWords = 1u << 30;  // a list's name has to fit beside two more bits
};
struct FactsWords {
  static constexpr unsigned kSegmentBits = 21;  // 2^21 words of 64 bits: 16 MiB
};

struct FactsCell {
  static constexpr uint32_t kNoWindow = UINT32_MAX;
  uint8_t kind = 0;  // TypeKind's number
  FactsForm form = FactsForm::kNumber;
  uint16_t reserved = 0;
  uint32_t own = 0;             // the cell with the own part; itself where nothing is inherited
  uint32_t window = kNoWindow;  // of a proven attribute: which of the row's windows is its
};

// The layout of the rows of one entity type.
struct FactsType {
  const FactsCell* cells = nullptr;  // one for each attribute, then the own parts
  uint32_t attributes = 0;
  uint32_t cell_count = 0;
  uint32_t stride = 0;        // 64-bit words of a row
  uint32_t first_window = 0;  // word of the row; 0: the type has none. 32 bits a window
  uint32_t more_states = 0;   // word of the row, where there are more than kHeadStates cells
  uint32_t reserved = 0;
};

// A row:
//   word 0    the entity's id, a FactsText
//   word 1    where its closures are in the pool of lists: membership in the lower 32 bits, lineage
//   word 2    bits 0 to 15 its type, bit 16 kUsed, bit 17 kStored, from bit 18 on the states of the
//             first kHeadStates cells, 2 bits each
//   word 3…   cells; then windows: words of the pool of words, 0 for none; then more states
struct FactsRow {
  static constexpr uint32_t kCells = 3;
  static constexpr uint64_t kTypeMask = 0xffff;
  static constexpr uint64_t kUsed = 1u << 16;
  static constexpr uint64_t kStored = 1u << 17;
  static constexpr unsigned kStateShift = 18;
  static constexpr uint32_t kHeadStates = 23;
};

// 64 rows, whose entities have consecutive numbers.
struct FactsPage {
  static constexpr unsigned kBits = 6;
  static constexpr uint32_t kRows = 1u << kBits;
  static constexpr uint32_t kMixed = UINT32_MAX;
  const uint64_t* rows = nullptr;
  uint32_t stride = 0;  // words
  uint32_t type = 0;    // of all of them; kMixed: each row says its own
};
static_assert(sizeof(FactsPage) == 16);

// Twelve entities of the table by type and id, in one cache line. A bucket that was full when an
// entity came has `passed` set, and the search goes on with the next.
struct alignas(64) FactsBucket {
  static constexpr uint32_t kEntries = 12;
  static constexpr unsigned kPageBits = 6;  // 64 buckets a page
  uint8_t count = 0;
  uint8_t passed = 0;
  uint8_t reserved[2] = {};
  uint8_t tags[kEntries] = {};  // the lowest byte of the hash
  uint32_t entities[kEntries] = {};
};
static_assert(sizeof(FactsBucket) == 64);

__extension__ typedef unsigned __int128 FactsUint128;

// Of an entity's type and id. `salt` is the snapshot's own and not known to who chooses the ids.
inline uint64_t FactsHash(const uint64_t salt[2], uint32_t type, const char* id, size_t size) {
  auto mix = [](uint64_t a, uint64_t b) {
    const FactsUint128 product = static_cast<FactsUint128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  };
  auto load = [](const char* at, size_t bytes) {
    uint64_t word = 0;
    std::memcpy(&word, at, bytes);
    return word;
  };
  uint64_t state = salt[0] ^ (uint64_t{size} << 32 | type);
  const char* at = id;
  size_t left = size;
  for (; left > 16; left -= 16, at += 16) {
    state = mix(load(at, 8) ^ salt[1], load(at + 8, 8) ^ state);
  }
  const uint64_t low = load(at, left < 8 ? left : 8);
  const uint64_t high = left > 8 ? load(at + 8, left - 8) : 0;
  state = mix(low ^ salt[1], high ^ state);
  return mix(state ^ 0x9e3779b97f4a7c15u, salt[1] | 1);
}

struct FactsView {
  static constexpr uint32_t kNone = UINT32_MAX;

  const FactsPage* pages = nullptr;
  const FactsType* types = nullptr;
  const char* const* texts = nullptr;  // segments of the pools
  const uint32_t* const* lists = nullptr;
  const uint64_t* const* words = nullptr;
  const Val* const* items = nullptr;
  const FactsBucket* const* buckets = nullptr;  // pages of them
  const uint16_t* match_places = nullptr;       // by class of text, pattern: its bit; 0xffff: none
  const Val* constants = nullptr;               // the program's, by their number
  uint64_t bucket_count = 0;
  uint64_t salt[2] = {};
  // Entity numbers are below this. Not every number is used; those that are not are not asked for.
  uint32_t entity_count = 0;
  uint32_t named_count = 0;  // the first so many are those that the program's constants name
  uint32_t pattern_count = 0;
  uint32_t quantifier_count = 0;  // words with answers of quantifiers in a closure of lineage
  bool has_quantifiers = false;   // those answers were worked out

  struct Place {
    const uint64_t* row;
    uint32_t type;
  };
  Place At(uint32_t entity) const {
    const FactsPage& page = pages[entity >> FactsPage::kBits];
    const uint64_t* row = page.rows + size_t{entity & (FactsPage::kRows - 1)} * page.stride;
    const uint32_t type = page.type != FactsPage::kMixed
                              ? page.type
                              : static_cast<uint32_t>(row[2] & FactsRow::kTypeMask);
    return {row, type};
  }
  const uint64_t* Row(uint32_t entity) const {
    const FactsPage& page = pages[entity >> FactsPage::kBits];
    return page.rows + size_t{entity & (FactsPage::kRows - 1)} * page.stride;
  }
  uint32_t TypeOf(uint32_t entity) const {
    const FactsPage& page = pages[entity >> FactsPage::kBits];
    return page.type != FactsPage::kMixed
               ? page.type
               : static_cast<uint32_t>(Row(entity)[2] & FactsRow::kTypeMask);
  }
  bool IsUsed(uint32_t entity) const { return (Row(entity)[2] & FactsRow::kUsed) != 0; }
  bool IsStored(uint32_t entity) const { return (Row(entity)[2] & FactsRow::kStored) != 0; }

  static FactsState State(const uint64_t* row, const FactsType& type, uint32_t cell) {
    const uint64_t states = cell < FactsRow::kHeadStates
                                ? row[2] >> (FactsRow::kStateShift + 2 * cell)
                                : row[type.more_states + (cell - FactsRow::kHeadStates) / 32] >>
                                      (2 * ((cell - FactsRow::kHeadStates) % 32));
    return static_cast<FactsState>(states & 3);
  }
  // The window of cell `cell`'s attribute in the pool of words; 0: it has none.
  static uint32_t WindowOf(const uint64_t* row, const FactsType& type, uint32_t attribute) {
    const uint32_t window = type.cells[attribute].window;
    if (window == FactsCell::kNoWindow) return 0;
    return static_cast<uint32_t>(row[type.first_window + window / 2] >> (32 * (window % 2)));
  }

  const char* Text(uint64_t cell) const {
    const uint64_t offset = FactsText::Offset(cell);
    return texts[offset >> FactsText::kSegmentBits] +
           (offset & ((uint64_t{1} << FactsText::kSegmentBits) - 1));
  }
  // Of a noted text.
  static uint16_t NumberOf(const char* noted) { return Load16(noted - 2); }
  static uint16_t ClassOf(const char* noted) { return Load16(noted - 4); }
  // Does a noted text match a pattern that texts of its class are tried on? Negative: it was not.
  int Matches(const char* noted, uint32_t pattern) const {
    const uint16_t place = match_places[size_t{ClassOf(noted)} * pattern_count + pattern];
    if (place == UINT16_MAX) return -1;
    const uint8_t byte = static_cast<uint8_t>(noted[-5 - place / 8]);
    return byte >> (place % 8) & 1;
  }
  const uint64_t* Words(uint64_t place) const {
    return words[place >> FactsWords::kSegmentBits] +
           (place & ((uint64_t{1} << FactsWords::kSegmentBits) - 1));
  }
  // The list's size, and behind it its numbers.
  const uint32_t* List(uint32_t list) const {
    return lists[list >> FactsLists::kSegmentBits] +
           (list & ((1u << FactsLists::kSegmentBits) - 1));
  }

  // A closure in the pool of lists: the list of those of its members that are not there, the list
  // of the targets that it is the closure of; of a lineage the answers of quantifiers; the members,
  // as a list.
  static constexpr uint32_t kClosureHead = 2;
  uint32_t MembershipOf(uint32_t entity) const { return static_cast<uint32_t>(Row(entity)[1]); }
  uint32_t LineageOf(uint32_t entity) const { return static_cast<uint32_t>(Row(entity)[1] >> 32); }

  // kNone: there is no entity of that type and id.
  uint32_t Find(uint32_t type, const char* id, size_t size) const {
    if (bucket_count == 0) return kNone;
    const uint64_t hash = FactsHash(salt, type, id, size);
    const uint8_t tag = static_cast<uint8_t>(hash);
    uint64_t at = HomeBucket(hash, bucket_count);
    for (uint64_t tried = 0; tried < bucket_count; ++tried) {
      const FactsBucket& bucket = BucketAt(at);
      for (uint32_t i = 0; i < bucket.count; ++i) {
        if (bucket.tags[i] != tag) continue;
        const Place place = At(bucket.entities[i]);
        if (place.type == type && FactsText::Size(place.row[0]) == size &&
            std::memcmp(Text(place.row[0]), id, size) == 0) {
          return bucket.entities[i];
        }
      }
      if (!bucket.passed) return kNone;
      if (++at == bucket_count) at = 0;
    }
    return kNone;
  }
  static uint64_t HomeBucket(uint64_t hash, uint64_t bucket_count) {
    return static_cast<uint64_t>(static_cast<FactsUint128>(hash) * bucket_count >> 64);
  }
  const FactsBucket& BucketAt(uint64_t bucket) const {
    return buckets[bucket >> FactsBucket::kPageBits][bucket & ((1u << FactsBucket::kPageBits) - 1)];
  }

 private:
  static uint16_t Load16(const char* at) {
    uint16_t number;
    std::memcpy(&number, at, sizeof(number));
    return number;
  }
};

}  // namespace ztp
