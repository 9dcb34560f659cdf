// flatbuffers' tables, as far as they are needed: a table begins with the distance back to its
// vtable, which says where each field is (16 bits each, 0: absent); a vector is named by the
// distance to it and begins with its count. The fields' numbers are those of bundle.fbs, in its
// order; eval/kernel_test.cc compares what is found with what the reader finds.
#include "engine/core/bundle_view.h"

#include <cstring>

namespace ztp {
namespace {

constexpr size_t kFrameBytes = 12;  // size, offset of the root, identifier

enum BundleField : uint32_t {
  kFormatField = 0,
  kSchema = 1,
  kPool = 2,
  kNodes = 5,
  kArgs = 6,
  kMaxDepth = 7,
  kAttributeRefs = 8,
  kAttributeColumns = 9,
  kParamRefs = 10,
  kParamColumns = 11,
  kRules = 14,
  kObliges = 16,
  kTypeSets = 18,
  kPlans = 20,
  kCandidates = 21,
  kQuantifiers = 22,
  kStepLimit = 26,
  kNames = 27,
  kIndex = 28,
  kKernel = 29,
};
constexpr uint32_t kPoolText = 0;
constexpr uint32_t kSchemaObligations = 7;

class Bytes {
 public:
  Bytes(const char* bytes, size_t size) : bytes_(bytes), size_(size) {}

  // Nothing outside was asked for so far.
  bool ok() const { return ok_; }

  template <typename T>
  T Load(size_t at) {
    T value = {};
    if (at > size_ || size_ - at < sizeof(T)) {
      ok_ = false;
      return value;
    }
    std::memcpy(&value, bytes_ + at, sizeof(T));
    return value;
  }
  // Where a field of a table is; 0: it is absent.
  size_t Field(size_t table, uint32_t field) {
    if (table == 0) return 0;
    const size_t vtable = table - static_cast<size_t>(static_cast<int64_t>(Load<int32_t>(table)));
    const size_t slot = 4 + 2 * size_t{field};
    if (slot + 2 > Load<uint16_t>(vtable)) return 0;
    const uint16_t distance = Load<uint16_t>(vtable + slot);
    return distance == 0 ? 0 : table + distance;
  }
  template <typename T>
  T Number(size_t table, uint32_t field, T otherwise) {
    const size_t at = Field(table, field);
    return at == 0 ? otherwise : Load<T>(at);
  }
  size_t Follow(size_t at) { return at == 0 ? 0 : at + Load<uint32_t>(at); }
  size_t Table(size_t table, uint32_t field) { return Follow(Field(table, field)); }
  template <typename T>
  std::span<const T> Vector(size_t table, uint32_t field) {
    const size_t at = Table(table, field);
    if (at == 0) return {};
    const size_t count = Load<uint32_t>(at);
    const size_t begin = at + sizeof(uint32_t);
    if (!ok_ || count > (size_ - begin) / sizeof(T)) {
      ok_ = false;
      return {};
    }
    if (count == 0) return {};
    const char* data = bytes_ + begin;
    if (reinterpret_cast<uintptr_t>(data) % alignof(T) != 0) ok_ = false;
    return {reinterpret_cast<const T*>(data), count};
  }

 private:
  const char* bytes_;
  size_t size_;
  bool ok_ = true;
};

void ViewKernel(Bytes& b, size_t table, PolicyView* v) {
  v->type_kinds = b.Vector<uint8_t>(table, 0);
  v->entities = b.Vector<EntityKind>(table, 1);
  v->attributes = b.Vector<AttributeKind>(table, 2);
  v->ancestor_columns = b.Vector<uint32_t>(table, 3);
  v->optional_inputs = b.Vector<uint8_t>(table, 4);
  v->product_first = b.Vector<uint32_t>(table, 5);
  v->product_offsets = b.Vector<uint32_t>(table, 6);
  v->earlier_folds = b.Vector<EarlierFold>(table, 7);
  v->principal_marks = b.Vector<MarkRow>(table, 8);
  v->resource_marks = b.Vector<MarkRow>(table, 9);
  v->mark_cells = b.Vector<MarkCell>(table, 10);
  v->other_marks = b.Vector<uint32_t>(table, 11);
}

void ViewIndex(Bytes& b, size_t table, IndexView* x) {
  x->probes = b.Vector<Probe>(table, 0);
  x->request_probes = b.Number<uint32_t>(table, 1, 0);
  x->texts = b.Vector<uint32_t>(table, 2);
  x->tests = b.Vector<Test>(table, 3);
  x->values = b.Vector<int64_t>(table, 4);
  x->rules = b.Vector<IndexedRule>(table, 5);
  x->forbids = b.Number<uint32_t>(table, 6, 0);
  x->permits = b.Number<uint32_t>(table, 7, 0);
  x->rule_tests = b.Vector<uint32_t>(table, 8);
  x->groups = b.Vector<IndexGroup>(table, 9);
  x->first_root = b.Number<uint32_t>(table, 10, 0);
  x->root_count = b.Number<uint32_t>(table, 11, 0);
  x->keys = b.Vector<IndexKey>(table, 12);
  x->postings = b.Vector<IndexPosting>(table, 13);
  x->ranks = b.Vector<uint32_t>(table, 14);
  x->columns = b.Vector<IndexColumn>(table, 15);
  x->cuts = b.Vector<int64_t>(table, 16);
  x->rows = b.Vector<uint64_t>(table, 17);
  x->marks = b.Vector<IndexMark>(table, 18);
  x->request_marks = b.Number<uint32_t>(table, 19, 0);
}

}  // namespace

bool ViewBundleBytes(const void* bytes, size_t size, PolicyView* out) {
  if (size < kFrameBytes || reinterpret_cast<uintptr_t>(bytes) % 8 != 0) return false;
  Bytes b(static_cast<const char*>(bytes), size);
  if (b.Load<uint32_t>(0) != size - 4 ||
      std::memcmp(static_cast<const char*>(bytes) + 8, "ZTPB", 4) != 0) {
    return false;
  }
  const size_t root = b.Follow(4);
  if (b.Number<uint32_t>(root, kFormatField, 0) != kBundleFormat) return false;
  PolicyView v;
  v.nodes = b.Vector<Node>(root, kNodes);
  v.args = b.Vector<uint32_t>(root, kArgs);
  v.max_depth = b.Number<uint32_t>(root, kMaxDepth, 0);
  v.attribute_refs = b.Vector<AttributeRef>(root, kAttributeRefs);
  v.attribute_columns = b.Vector<uint32_t>(root, kAttributeColumns);
  v.param_refs = b.Vector<ParamRef>(root, kParamRefs);
  v.param_columns = b.Vector<uint32_t>(root, kParamColumns);
  v.rules = b.Vector<RuleRecord>(root, kRules);
  v.obliges = b.Vector<ObligeRecord>(root, kObliges);
  v.type_sets = b.Vector<uint64_t>(root, kTypeSets);
  v.plans = b.Vector<ActionPlan>(root, kPlans);
  v.candidates = b.Vector<uint32_t>(root, kCandidates);
  v.quantifiers = b.Vector<QuantifierRecord>(root, kQuantifiers);
  v.step_limit = b.Number<uint64_t>(root, kStepLimit, 0);
  // Offsets to tables: all that is asked of them is how many there are.
  v.obligation_count =
      static_cast<uint32_t>(b.Vector<uint32_t>(b.Table(root, kSchema), kSchemaObligations).size());
  v.pool_text = b.Vector<char>(b.Table(root, kPool), kPoolText).data();
  const size_t names = b.Table(root, kNames);
  v.name_texts = b.Vector<TextRef>(names, 0);
  v.text_slots = b.Vector<uint32_t>(names, 1);
  ViewKernel(b, b.Table(root, kKernel), &v);
  ViewIndex(b, b.Table(root, kIndex), &v.index);
  if (!b.ok()) return false;
  *out = v;
  return true;
}

}  // namespace ztp
