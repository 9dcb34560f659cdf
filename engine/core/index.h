// The index of a decision program: what finds the few rules that can matter to a request without
// trying each. Plain data of fixed size with indices for references, so that a file can hold it and
// be read in place; ir/ makes it, bundle/ checks it, eval/ walks it.
//
// A rule's condition is a conjunction. Each conjunct is a Test: one value that is read from the
// request or the facts (a Probe, read at most once a decision, whatever number of rules tests it)
// against constants. Rules that a known test rules out for ever contribute nothing to a decision,
// its lease or its list of unknown facts, so it is always right not to look at them, and always
// right to look at one too many. The index does nothing else: it leaves rules out.
//
// Boundary: freestanding. Meaning and checks of every field: bundle/FORMAT.md, "Index".
#pragma once

#include <cstdint>

namespace ztp {

// What rules compare with constants.
struct Probe {
  // How the value looks to a test.
  enum class Form : uint8_t {
    kNumber = 0,  // Bool, Int, Decimal, Time, Duration, enum, entity type, action: the number
    kText = 1,  // its place among the texts that tests compare it with: index_texts[first, +count);
                // count if it is none of them
    kRank = 2,  // its place in the order of those texts (they ascend): 2i + 1 for the i-th itself,
                // 2i for what lies before it and behind the one before
    kLabel = 3,   // the bits of a label of at most 64
    kEntity = 4,  // the entity's number; entities that constants name have the first ones
    kItems = 5,   // a set or list: to be looked into
    kChars = 6,   // a text: its bytes
  };
  // Where it comes from. kNode can be worked out for any; the others are the same, faster.
  enum class Source : uint8_t {
    kNode = 0,
    kAction = 1,
    kPrincipalType = 2,
    kResourceType = 3,
    kPrincipal = 4,
    kResource = 5,
    kParam = 6,               // index: parameter reference
    kInput = 7,               // index: input
    kInputField = 8,          // index: input; field: of its record
    kPrincipalAttribute = 9,  // index: attribute reference
    kResourceAttribute = 10,  // index: attribute reference
    // `has` of these: Bool
    kHasPrincipalAttribute = 11,
    kHasResourceAttribute = 12,
    // What was worked out of its ancestors when facts were loaded: Bool. index: quantifier
    kPrincipalQuantifier = 13,
    kResourceQuantifier = 14,
    kInputIssuedAt = 15,   // index: input
    kInputExpiresAt = 16,  // index: input
    // When an input was issued, if it is also known when it expires, so that its being fresh is a
    // matter of its age: kNow says `now < v + a`, and the value lasts until it expires.
    kInputFresh = 17,  // index: input
  };
  uint32_t node = 0;  // whose value it is; absent of the sources that no node stands for
  Form form = Form::kNumber;
  Source source = Source::kNode;
  uint16_t field = 0;
  uint32_t index = 0;
  uint32_t first = 0;  // kText, kRank: in DecisionIndex::texts
  uint32_t count = 0;
  bool operator==(const Probe&) const = default;

  // It is what the request itself says, so that it is known when the request is bound.
  constexpr bool FromRequest() const {
    return source >= Source::kAction && source <= Source::kInputField;
  }
};
static_assert(sizeof(Probe) == 20);

// One comparison; true or false where the probes' values are known.
struct Test {
  enum class Op : uint8_t {
    kRange = 0,      // a <= v <= b
    kMask = 1,       // v < 64 and bit v of a
    kBits = 2,       // (v & a) == b
    kAmong = 3,      // v is one of values[a, a + b), which ascend
    kMember = 4,     // the entity is number a, or a member of it
    kMemberAny = 5,  // the same of one of values[a, a + b), which ascend
    kHas = 6,        // an item of the set or list equals constant a
    kLike = 7,       // the text matches the pattern that constant a is
    kNow = 8,        // now compared with v + a (or -v + a if b is 1), all in microseconds
    kAnyOf = 9,      // one of the tests values[a, a + b) holds; none of them is one of kAnyOf
    // Of two facts: v, and w of probe a.
    kBelow = 10,     // v < w
    kNotAbove = 11,  // v <= w
    kEqual = 12,     // v == w
    kWithin = 13,    // of labels: v has no bit that w has not
  };
  // Of kNow: `now <op> limit`. As in the program's now_compare.
  enum class NowOp : uint8_t { kLt = 0, kLe = 1, kGt = 2, kGe = 3, kEq = 4 };
  Op op = Op::kRange;
  uint8_t negated = 0;  // the opposite counts
  NowOp now_op = NowOp::kLt;
  uint8_t reserved = 0;
  uint32_t probe = 0;
  int64_t a = 0;
  int64_t b = 0;
  bool operator==(const Test&) const = default;
};
static_assert(sizeof(Test) == 24);

// A permit, forbid or duty as the index counts them: first the forbids, then the permits, then the
// duties, each in source order. Its number among them is its rank.
struct IndexedRule {
  uint32_t rule = 0;        // in DecisionProgram::rules
  uint32_t first_test = 0;  // in DecisionIndex::rule_tests
  // The cheap tests come first: those that need no operator of the program to be run.
  uint16_t cheap_tests = 0;
  uint16_t tests = 0;
  // The first of the cheap: where every mark is known, and the decision has none of `out`, they
  // are true.
  uint16_t marked_tests = 0;
  uint16_t reserved = 0;
  uint64_t out = 0;  // marks with which the rule is false for ever
  bool operator==(const IndexedRule&) const = default;
};
static_assert(sizeof(IndexedRule) == 24);

// What a decision knows of a few small values, as 64 bits: each mark has some of them, one for each
// stretch of its probe's values, and the one is set that the value is in; or one for each bit of a
// label. None is, where the value is not known for ever. So `what the request has & what a rule
// cannot have` says in one step that one of many tests is false (IndexPosting::out).
struct IndexMark {
  enum class Kind : uint8_t {
    kStretches = 0,  // bit shift + i: values from cuts[i - 1] on, below cuts[i]; count + 1 bits
    kCodes = 1,      // bit shift + i: value i, never negative; the last: every greater one too
    kSet = 2,        // bit shift + i: bit first_cut + i of the label is set; count + 1 bits
    kClear = 3,      // the same: is not set
  };
  uint32_t probe = 0;
  uint32_t first_cut = 0;  // kStretches: in DecisionIndex::cuts; kSet, kClear: the first bit
  Kind kind = Kind::kStretches;
  uint8_t shift = 0;
  uint8_t count = 0;
  uint8_t reserved = 0;
  bool operator==(const IndexMark&) const = default;
};
static_assert(sizeof(IndexMark) == 12);

// Rules, and how those of them are found that can matter.
struct IndexGroup {
  enum class Kind : uint8_t {
    kAll = 0,      // every one whose marks fit: postings[first, first + count)
    kValue = 1,    // by the probe's value: keys[first, first + count), a hash table
    kMember = 2,   // by what an entity is and is a member of: the same
    kElement = 3,  // by the elements of a set or list of texts: the same
    kRows = 4,     // by rows of bits, one bit a rule: columns[first, first + count) over
                   // ranks[first_rank, first_rank + rank_count)
  };
  Kind kind = Kind::kAll;
  // Of the keyed: what further key its postings are filtered by, of filter_probe: kValue, kMember
  // (which always have a key), or kAll for nothing.
  Kind filter_kind = Kind::kAll;
  uint8_t reserved[2] = {};
  uint32_t probe = 0;
  uint32_t first = 0;
  uint32_t count = 0;
  uint32_t first_rank = 0;  // kRows; of the keyed: where the probe is not known, all of these
  uint32_t rank_count = 0;
  uint32_t filter_probe = 0;
  bool operator==(const IndexGroup&) const = default;
};
static_assert(sizeof(IndexGroup) == 28);

// An entry of a hash table of keys: open addressing, linear probing from KeyHash, never full.
struct IndexKey {
  enum Kind : uint32_t { kFree = 0, kPostings = 1, kGroups = 2 };
  int64_t key = 0;
  uint32_t first = 0;  // kPostings: in DecisionIndex::postings; kGroups: in DecisionIndex::groups
  uint32_t count : 30 = 0;
  uint32_t kind : 2 = kFree;
  bool operator==(const IndexKey&) const = default;
};
static_assert(sizeof(IndexKey) == 16);

// A rule of one key, or of a group of all. It is out where the decision has one of the marks `out`;
// and where its group has a filter, and no key that the request has of it is among those of which
// the rule demands one: bit FilterBit(key) of `any` is set for each; all are, where it demands
// none.
struct IndexPosting {
  uint32_t rank = 0;
  uint32_t any = ~uint32_t{0};
  uint64_t out = 0;
  bool operator==(const IndexPosting&) const = default;
};
static_assert(sizeof(IndexPosting) == 16);

constexpr uint32_t FilterBit(int64_t key) { return uint32_t{1} << (key & 31); }

// A row of bits for each stretch of a probe's values, or for each value of a few bits of a label:
// the rules that none of the values there rules out. As many 64-bit words a row as the
// group's rules need.
struct IndexColumn {
  enum class Kind : uint8_t {
    kIntervals = 0,  // row i: values from cuts[i - 1] on, below cuts[i]; count + 1 rows
    kCodes = 1,      // row i: value i, never negative; row `count`: every greater one
    kAge = 3,        // as kIntervals, of now minus the value; of tests that, once false, stay so
    kBits =
        5,  // row i, where bits first_cut, first_cut + 1 … of the label make the number i: count
            // + 1 rows, a power of two
  };
  Kind kind = Kind::kIntervals;
  uint8_t reserved[3] = {};
  uint32_t probe = 0;
  uint32_t first_cut = 0;  // kIntervals, kAge: in DecisionIndex::cuts; kBits: the first bit
  uint32_t count = 0;
  uint64_t first_row = 0;  // in DecisionIndex::rows
  bool operator==(const IndexColumn&) const = default;
};
static_assert(sizeof(IndexColumn) == 24);

// Which of a mark's bits a value has; without a branch that depends on the value.
inline uint64_t BitsOf(const IndexMark& mark, const int64_t* all_cuts, int64_t value) {
  const uint64_t v = static_cast<uint64_t>(value);
  switch (mark.kind) {
    case IndexMark::Kind::kCodes:
      return uint64_t{1} << (mark.shift + (v < mark.count ? v : mark.count));
    case IndexMark::Kind::kStretches: {
      const int64_t* cuts = all_cuts + mark.first_cut;
      uint64_t place = 0;
      for (uint32_t i = 0; i < mark.count; ++i) place += value >= cuts[i];
      return uint64_t{1} << (mark.shift + place);
    }
    case IndexMark::Kind::kSet:
    case IndexMark::Kind::kClear: {
      const uint64_t bits = mark.kind == IndexMark::Kind::kSet ? v : ~v;
      const uint64_t all = ~uint64_t{0} >> (63 - mark.count);
      return (bits >> mark.first_cut & all) << mark.shift;
    }
  }
  return 0;
}

// The place among numbers that ascend of a text that has number - 1, or `count`; 0 has none.
inline int64_t PlaceOf(const uint32_t* numbers, uint32_t count, uint32_t number_and_one) {
  if (number_and_one == 0) return count;
  const uint32_t number = number_and_one - 1;
  const uint32_t* first = numbers;
  for (uint32_t left = count; left != 0;) {
    const uint32_t half = left / 2;
    const bool behind = first[half] < number;
    first += behind ? half + 1 : 0;
    left = behind ? left - half - 1 : half;
  }
  return first != numbers + count && *first == number ? first - numbers : count;
}

// Where a key's search begins in a table of `slots`, a power of two.
constexpr uint32_t KeyHash(int64_t key, uint32_t slots) {
  const uint64_t mixed = static_cast<uint64_t>(key) * 0x9e3779b97f4a7c15u;
  return static_cast<uint32_t>(mixed >> 32) & (slots - 1);
}

}  // namespace ztp
