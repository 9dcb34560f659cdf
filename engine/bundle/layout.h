// The structs of the file are the structs of the program: the same bytes (layout_test.cc compares
// them field by field), so that a table is read where it lies and written as it is.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "absl/status/statusor.h"
#include "engine/base/status.h"
#include "engine/bundle/bundle_generated.h"
#include "engine/bundle/cell.h"
#include "engine/bundle/decision_program.h"
#include "engine/bundle/table.h"
#include "engine/core/index.h"

namespace ztp {

static_assert(std::endian::native == std::endian::little,
              "a bundle is read in place, and its numbers are little endian");

// The file's struct of a record of the program.
template <typename T>
struct FileStruct {
  using Type = T;  // numbers
};
#define ZTP_FILE_STRUCT(type, name)                                                      \
  template <>                                                                            \
  struct FileStruct<type> {                                                              \
    using Type = fb::name;                                                               \
  };                                                                                     \
  static_assert(sizeof(type) == sizeof(fb::name) && alignof(type) == alignof(fb::name)); \
  static_assert(std::is_trivially_copyable_v<type> && std::is_standard_layout_v<type>);  \
  static_assert(std::has_unique_object_representations_v<type>, "equal programs, equal bytes")
ZTP_FILE_STRUCT(TextRef, TextRef);
ZTP_FILE_STRUCT(Cell, Cell);
ZTP_FILE_STRUCT(Label, WideLabel);
ZTP_FILE_STRUCT(SourcePos, SourcePos);
ZTP_FILE_STRUCT(Node, Node);
ZTP_FILE_STRUCT(ClauseRecord, Clause);
ZTP_FILE_STRUCT(ObligeRecord, Oblige);
ZTP_FILE_STRUCT(RuleRecord, Rule);
ZTP_FILE_STRUCT(GuaranteeRecord, Guarantee);
ZTP_FILE_STRUCT(ActionPlan, ActionPlan);
ZTP_FILE_STRUCT(AttributeRef, NameRef);
ZTP_FILE_STRUCT(ParamRef, NameRef);
ZTP_FILE_STRUCT(QuantifierRecord, Quantifier);
ZTP_FILE_STRUCT(StoredMatch, StoredMatch);
ZTP_FILE_STRUCT(SourceRecord, Source);
ZTP_FILE_STRUCT(NamedEntity, NamedEntity);
ZTP_FILE_STRUCT(EntityKind, EntityKind);
ZTP_FILE_STRUCT(AttributeKind, AttributeKind);
ZTP_FILE_STRUCT(EarlierFold, EarlierFold);
ZTP_FILE_STRUCT(MarkCell, MarkCell);
ZTP_FILE_STRUCT(MarkRow, MarkRow);
ZTP_FILE_STRUCT(Probe, Probe);
ZTP_FILE_STRUCT(Test, Test);
ZTP_FILE_STRUCT(IndexedRule, IndexedRule);
ZTP_FILE_STRUCT(IndexMark, IndexMark);
ZTP_FILE_STRUCT(IndexGroup, IndexGroup);
ZTP_FILE_STRUCT(IndexKey, IndexKey);
ZTP_FILE_STRUCT(IndexPosting, IndexPosting);
ZTP_FILE_STRUCT(IndexColumn, IndexColumn);
#undef ZTP_FILE_STRUCT

// A vector of the file as a table, in place; one that is not there is empty. InvalidArgument: its
// elements lie where they cannot be read in place. (flatbuffers verifies where a vector begins, not
// where its elements do.)
template <typename T, typename V>
absl::Status ViewVector(const V* vector, Table<T>* out) {
  *out = Table<T>();
  if (vector == nullptr || vector->size() == 0) return absl::OkStatus();
  const uint8_t* data = vector->Data();
  if (reinterpret_cast<uintptr_t>(data) % alignof(T) != 0) {
    return InvalidArgument("a table does not begin where it may");
  }
  *out = Table<T>::View(reinterpret_cast<const T*>(data), vector->size());
  return absl::OkStatus();
}

inline absl::StatusOr<CellPool> ViewPool(const fb::Pool* pool) {
  CellPool out;
  if (pool == nullptr) return out;
  ZTP_RETURN_IF_ERROR(ViewVector(pool->text(), &out.text));
  ZTP_RETURN_IF_ERROR(ViewVector(pool->cells(), &out.cells));
  ZTP_RETURN_IF_ERROR(ViewVector(pool->wide_labels(), &out.wide_labels));
  return out;
}

}  // namespace ztp
