// First the file's frame (size, identifier, format), then flatbuffers' own verification, then
// tables as views of the bytes, then CheckProgram.
#include "engine/bundle/read.h"

#include <cstring>
#include <new>
#include <utility>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/bundle/bundle_generated.h"
#include "engine/bundle/layout.h"
#include "engine/bundle/read_schema.h"

namespace ztp {
namespace {

constexpr size_t kFrameBytes = 12;  // size, offset of the root, identifier
// Types, fields, attributes, names … of a schema; each visit of one that is referred to more than
// once counts, so this bounds the time that flatbuffers' verification takes.
constexpr uint32_t kMaxTables = 2'000'000;
constexpr std::align_val_t kCopyAlignment{64};  // a cache line

absl::Status ViewIndex(const fb::Index& in, DecisionIndex* out) {
  ZTP_RETURN_IF_ERROR(ViewVector(in.probes(), &out->probes));
  out->request_probes = in.request_probes();
  ZTP_RETURN_IF_ERROR(ViewVector(in.texts(), &out->texts));
  ZTP_RETURN_IF_ERROR(ViewVector(in.tests(), &out->tests));
  ZTP_RETURN_IF_ERROR(ViewVector(in.values(), &out->values));
  ZTP_RETURN_IF_ERROR(ViewVector(in.rules(), &out->rules));
  out->forbids = in.forbids();
  out->permits = in.permits();
  ZTP_RETURN_IF_ERROR(ViewVector(in.rule_tests(), &out->rule_tests));
  ZTP_RETURN_IF_ERROR(ViewVector(in.groups(), &out->groups));
  out->first_root = in.first_root();
  out->root_count = in.root_count();
  ZTP_RETURN_IF_ERROR(ViewVector(in.keys(), &out->keys));
  ZTP_RETURN_IF_ERROR(ViewVector(in.postings(), &out->postings));
  ZTP_RETURN_IF_ERROR(ViewVector(in.ranks(), &out->ranks));
  ZTP_RETURN_IF_ERROR(ViewVector(in.columns(), &out->columns));
  ZTP_RETURN_IF_ERROR(ViewVector(in.cuts(), &out->cuts));
  ZTP_RETURN_IF_ERROR(ViewVector(in.rows(), &out->rows));
  out->request_marks = in.request_marks();
  return ViewVector(in.marks(), &out->marks);
}

absl::Status ViewKernel(const fb::Kernel& in, KernelTables* out) {
  ZTP_RETURN_IF_ERROR(ViewVector(in.type_kinds(), &out->type_kinds));
  ZTP_RETURN_IF_ERROR(ViewVector(in.entities(), &out->entities));
  ZTP_RETURN_IF_ERROR(ViewVector(in.attributes(), &out->attributes));
  ZTP_RETURN_IF_ERROR(ViewVector(in.ancestor_columns(), &out->ancestor_columns));
  ZTP_RETURN_IF_ERROR(ViewVector(in.optional_inputs(), &out->optional_inputs));
  ZTP_RETURN_IF_ERROR(ViewVector(in.product_first(), &out->product_first));
  ZTP_RETURN_IF_ERROR(ViewVector(in.product_offsets(), &out->product_offsets));
  ZTP_RETURN_IF_ERROR(ViewVector(in.earlier_folds(), &out->earlier_folds));
  ZTP_RETURN_IF_ERROR(ViewVector(in.principal_marks(), &out->principal_marks));
  ZTP_RETURN_IF_ERROR(ViewVector(in.resource_marks(), &out->resource_marks));
  ZTP_RETURN_IF_ERROR(ViewVector(in.mark_cells(), &out->mark_cells));
  return ViewVector(in.other_marks(), &out->other_marks);
}

absl::Status ViewNames(const fb::Names& in, NameTables* out) {
  ZTP_RETURN_IF_ERROR(ViewVector(in.texts(), &out->texts));
  ZTP_RETURN_IF_ERROR(ViewVector(in.text_slots(), &out->text_slots));
  ZTP_RETURN_IF_ERROR(ViewVector(in.entities(), &out->entities));
  return ViewVector(in.entity_slots(), &out->entity_slots);
}

absl::Status ViewTables(const fb::Bundle& b, DecisionProgram* out) {
  DecisionProgram& p = *out;
  if (b.schema() == nullptr || b.pool() == nullptr) {
    return InvalidArgument("there is no schema or no pool");
  }
  ZTP_ASSIGN_OR_RETURN(p.schema, ReadSchema(*b.schema(), p.bundle.size()));
  ZTP_ASSIGN_OR_RETURN(p.pool, ViewPool(b.pool()));
  ZTP_RETURN_IF_ERROR(ViewVector(b.constants(), &p.constants));
  ZTP_RETURN_IF_ERROR(ViewVector(b.constant_types(), &p.constant_types));
  ZTP_RETURN_IF_ERROR(ViewVector(b.nodes(), &p.nodes));
  ZTP_RETURN_IF_ERROR(ViewVector(b.args(), &p.args));
  p.max_depth = b.max_depth();
  ZTP_RETURN_IF_ERROR(ViewVector(b.attribute_refs(), &p.attribute_refs));
  ZTP_RETURN_IF_ERROR(ViewVector(b.attribute_columns(), &p.attribute_columns));
  ZTP_RETURN_IF_ERROR(ViewVector(b.param_refs(), &p.param_refs));
  ZTP_RETURN_IF_ERROR(ViewVector(b.param_columns(), &p.param_columns));
  ZTP_RETURN_IF_ERROR(ViewVector(b.patterns(), &p.patterns));
  ZTP_RETURN_IF_ERROR(ViewVector(b.schedules(), &p.schedules));
  ZTP_RETURN_IF_ERROR(ViewVector(b.rules(), &p.rules));
  ZTP_RETURN_IF_ERROR(ViewVector(b.clauses(), &p.clauses));
  ZTP_RETURN_IF_ERROR(ViewVector(b.obliges(), &p.obliges));
  ZTP_RETURN_IF_ERROR(ViewVector(b.scope_actions(), &p.scope_actions));
  ZTP_RETURN_IF_ERROR(ViewVector(b.type_sets(), &p.type_sets));
  ZTP_RETURN_IF_ERROR(ViewVector(b.guarantees(), &p.guarantees));
  ZTP_RETURN_IF_ERROR(ViewVector(b.plans(), &p.plans));
  ZTP_RETURN_IF_ERROR(ViewVector(b.candidates(), &p.candidates));
  ZTP_RETURN_IF_ERROR(ViewVector(b.quantifiers(), &p.quantifiers));
  ZTP_RETURN_IF_ERROR(ViewVector(b.stored_matches(), &p.stored_matches));
  ZTP_RETURN_IF_ERROR(ViewVector(b.sources(), &p.sources));
  if (b.tz_version() != nullptr) p.tz_version = {b.tz_version()->offset(), b.tz_version()->size()};
  p.step_limit = b.step_limit();
  if (b.names() != nullptr) ZTP_RETURN_IF_ERROR(ViewNames(*b.names(), &p.names));
  if (b.kernel() != nullptr) ZTP_RETURN_IF_ERROR(ViewKernel(*b.kernel(), &p.kernel));
  if (b.index() != nullptr) ZTP_RETURN_IF_ERROR(ViewIndex(*b.index(), &p.index));
  return absl::OkStatus();
}

}  // namespace

bool LooksLikeBundle(std::string_view bytes) {
  return bytes.size() >= kFrameBytes && bytes.substr(8, 4) == fb::BundleIdentifier();
}

absl::StatusOr<DecisionProgram> ViewBundle(std::string_view bytes,
                                           std::shared_ptr<const void> storage) {
  if (!LooksLikeBundle(bytes)) return InvalidArgument("this is no policy bundle");
  if (bytes.size() > kMaxBundleBytes) {
    return ResourceExhausted("the bundle has ", bytes.size(), " bytes; at most ", kMaxBundleBytes,
                             " are read");
  }
  if (reinterpret_cast<uintptr_t>(bytes.data()) % kBundleAlignment != 0) {
    return absl::FailedPreconditionError(
        Cat("a bundle is read in place only where it begins at a multiple of ", kBundleAlignment,
            " bytes"));
  }
  uint32_t size = 0;
  std::memcpy(&size, bytes.data(), sizeof(size));
  if (size != bytes.size() - 4) {
    return InvalidArgument("the bundle should have ", uint64_t{size} + 4, " bytes and has ",
                           bytes.size(), ": it is cut off, or something follows it");
  }
  const uint8_t* data = reinterpret_cast<const uint8_t*>(bytes.data());
  flatbuffers::Verifier verifier(data, bytes.size(), /*max_depth=*/16, kMaxTables);
  if (!fb::VerifySizePrefixedBundleBuffer(verifier)) {
    return InvalidArgument("the bundle is damaged");
  }
  const fb::Bundle& bundle = *fb::GetSizePrefixedBundle(data);
  if (bundle.format() != kBundleFormat) {
    return absl::UnimplementedError(Cat("the bundle is of format ", bundle.format(),
                                        "; this version reads format ", kBundleFormat));
  }
  DecisionProgram program;
  program.bundle = bytes;
  program.storage = std::move(storage);
  absl::Status status = ViewTables(bundle, &program);
  if (status.ok()) status = CheckProgram(program);
  if (!status.ok()) return InvalidArgument("the bundle is not well formed: ", Message(status));
  return program;
}

absl::StatusOr<DecisionProgram> ReadBundle(std::string_view bytes) {
  if (!LooksLikeBundle(bytes) || bytes.size() > kMaxBundleBytes) {
    return ViewBundle(bytes, nullptr);  // which says so
  }
  std::shared_ptr<void> copy(operator new(bytes.size(), kCopyAlignment),
                             [](void* memory) { operator delete(memory, kCopyAlignment); });
  std::memcpy(copy.get(), bytes.data(), bytes.size());
  return ViewBundle({static_cast<const char*>(copy.get()), bytes.size()}, copy);
}

}  // namespace ztp
