// The program's structs and the file's, field by field: every byte of a record differs, so a field
// that lies elsewhere reads another number.
#include "engine/bundle/layout.h"

#include <gtest/gtest.h>

#include <cstring>

namespace ztp {
namespace {

// The same bytes as both.
template <typename T>
struct Both {
  T ours;
  typename FileStruct<T>::Type file;
  Both() {
    uint8_t bytes[sizeof(T)];
    for (size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<uint8_t>(i + 1);
    std::memcpy(static_cast<void*>(&ours), bytes, sizeof(T));
    std::memcpy(static_cast<void*>(&file), bytes, sizeof(T));
  }
};

template <typename T, typename U>
void ExpectSame(const T& ours, const U& file) {
  EXPECT_EQ(static_cast<uint64_t>(ours), static_cast<uint64_t>(file));
}
void ExpectSame(const TextRef& ours, const fb::TextRef& file) {
  ExpectSame(ours.offset, file.offset());
  ExpectSame(ours.size, file.size());
}
void ExpectSame(const SourcePos& ours, const fb::SourcePos& file) {
  ExpectSame(ours.source, file.source());
  ExpectSame(ours.column, file.column());
  ExpectSame(ours.line, file.line());
}

#define SAME(field) ExpectSame(b.ours.field, b.file.field())

TEST(Layout, Cells) {
  {
    const Both<Cell> b;
    SAME(kind);
    SAME(reserved);
    SAME(extra);
    SAME(size);
    SAME(bits);
  }
  const Both<Label> b;
  ExpectSame(b.ours.words[0], b.file.word0());
  ExpectSame(b.ours.words[1], b.file.word1());
  ExpectSame(b.ours.words[2], b.file.word2());
  ExpectSame(b.ours.words[3], b.file.word3());
}

TEST(Layout, Nodes) {
  const Both<Node> b;
  ExpectSame(b.ours.op, b.file.op_and_type() & 0xff);
  ExpectSame(b.ours.type, b.file.op_and_type() >> 8);
  ExpectSame(b.ours.flags, b.file.flags_and_arg_count() & 0xff);
  ExpectSame(b.ours.arg_count, b.file.flags_and_arg_count() >> 8);
  SAME(first_arg);
  SAME(payload);
}

TEST(Layout, Rules) {
  {
    const Both<RuleRecord> b;
    SAME(kind);
    SAME(has_because);
    SAME(reserved);
    SAME(package);
    SAME(name);
    SAME(because);
    SAME(doc);
    SAME(pos);
    SAME(principals);
    SAME(resources);
    SAME(first_action);
    SAME(action_count);
    SAME(condition);
    SAME(first_clause);
    SAME(clause_count);
    SAME(first_oblige);
    SAME(oblige_count);
  }
  {
    const Both<ClauseRecord> b;
    SAME(node);
    SAME(kind);
    for (uint16_t i = 0; i < 3; ++i) ExpectSame(b.ours.reserved[i], b.file.reserved()->Get(i));
    SAME(pos);
    SAME(text);
  }
  {
    const Both<ObligeRecord> b;
    SAME(obligation);
    SAME(first_arg);
    SAME(arg_count);
    SAME(pos);
  }
  const Both<GuaranteeRecord> b;
  SAME(rule);
  SAME(status);
  for (uint16_t i = 0; i < 3; ++i) ExpectSame(b.ours.reserved[i], b.file.reserved()->Get(i));
}

TEST(Layout, Plans) {
  const Both<ActionPlan> b;
  SAME(flags);
  SAME(first_forbid);
  SAME(forbid_count);
  SAME(first_permit);
  SAME(permit_count);
  SAME(first_duty);
  SAME(duty_count);
  SAME(worst_atoms);
  SAME(scratch_bytes);
}

TEST(Layout, References) {
  {
    const Both<AttributeRef> b;
    SAME(name);
    SAME(first_column);
  }
  {
    const Both<ParamRef> b;
    SAME(name);
    SAME(first_column);
  }
  {
    const Both<QuantifierRecord> b;
    SAME(ancestor_type);
    SAME(filter);
    SAME(body);
    SAME(fold);
    SAME(is_all);
    SAME(slot);
    SAME(reserved);
  }
  {
    const Both<StoredMatch> b;
    SAME(pattern);
    SAME(entity_type);
    SAME(index);
  }
  const Both<SourceRecord> b;
  SAME(path);
  SAME(package);
  SAME(sha256);
}

TEST(Layout, Index) {
  {
    const Both<NamedEntity> b;
    SAME(type);
    SAME(id);
  }
  {
    const Both<Probe> b;
    SAME(node);
    SAME(form);
    SAME(source);
    SAME(field);
    SAME(index);
    SAME(first);
    SAME(count);
  }
  {
    const Both<ztp::Test> b;
    SAME(op);
    SAME(negated);
    SAME(now_op);
    SAME(reserved);
    SAME(probe);
    SAME(a);
    SAME(b);
  }
  {
    const Both<IndexedRule> b;
    SAME(rule);
    SAME(first_test);
    SAME(cheap_tests);
    SAME(tests);
    SAME(marked_tests);
    SAME(reserved);
    SAME(out);
  }
  {
    const Both<IndexMark> b;
    SAME(probe);
    SAME(first_cut);
    SAME(kind);
    SAME(shift);
    SAME(count);
    SAME(reserved);
  }
  {
    const Both<IndexGroup> b;
    SAME(kind);
    SAME(filter_kind);
    for (uint16_t i = 0; i < 2; ++i) ExpectSame(b.ours.reserved[i], b.file.reserved()->Get(i));
    SAME(filter_probe);
    SAME(probe);
    SAME(first);
    SAME(count);
    SAME(first_rank);
    SAME(rank_count);
  }
  {
    const Both<IndexKey> b;
    SAME(key);
    SAME(first);
    ExpectSame(b.ours.count, b.file.count_and_kind() & 0x3fffffff);
    ExpectSame(b.ours.kind, b.file.count_and_kind() >> 30);
  }
  {
    const Both<IndexPosting> b;
    SAME(rank);
    SAME(any);
    SAME(out);
  }
  const Both<IndexColumn> b;
  SAME(kind);
  for (uint16_t i = 0; i < 3; ++i) ExpectSame(b.ours.reserved[i], b.file.reserved()->Get(i));
  SAME(probe);
  SAME(first_cut);
  SAME(count);
  SAME(first_row);
}

}  // namespace
}  // namespace ztp
