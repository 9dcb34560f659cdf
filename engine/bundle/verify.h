// The parts of CheckProgram (decision_program.h): what must hold before a program from a file is
// run.
//
// Boundary: nothing here trusts anything but the sizes of the vectors that it is given. A check
// costs time linear in the program, and stack bounded by kMaxTypeDepth, whatever the bytes were.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "engine/base/schema.h"
#include "engine/bundle/decision_program.h"

namespace ztp {

inline constexpr uint32_t kMaxTypeDepth = 64;       // types within types
inline constexpr uint32_t kMaxTypeParts = 65'536;   // of one type, written out
inline constexpr uint32_t kMaxLatticeParts = 1024;  // of one lattice, written out
// Bytes of all texts that cells refer to, each as often as it is referred to: what parsing and
// comparing them costs. (A pool that has more is its own limit.)
inline constexpr uint64_t kMaxCellTextBytes = uint64_t{256} << 20;
inline constexpr uint32_t kMaxProgramDepth = 4'000;  // nodes from a rule down to a leaf
// Groups of an index within groups, one that has none being 1: what a walk needs of the stack.
inline constexpr uint32_t kMaxIndexDepth = 8;
inline constexpr uint32_t kMaxDeclarations =
    65'535;  // of one kind: entity types have 16 bits in a cell

// [first, first + count) within `size`.
inline bool InRange(uint32_t first, uint32_t count, size_t size) {
  return first <= size && count <= size - first;
}

// Is the schema well formed: every reference in range, types after what they are made of, lattices
// laid out as schema.h says, defaults of their types.
absl::Status CheckSchema(const Schema& schema);

// Is it a value of the type, canonical as value.h says? The schema has passed CheckSchema's checks
// of types, enums and lattices.
absl::Status CheckValue(const Schema& schema, TypeId type, const Value& value);
// The same of a cell of a pool that CheckPool has passed.
absl::Status CheckCell(const Schema& schema, TypeId type, const CellPool& pool, const Cell& cell);

// Are the pool's cells within bounds, sets and maps in order, and each cell the item of at most one
// other, so that a value has a size linear in the file's? `roots` are the cells outside of the pool
// that point into it.
absl::Status CheckPool(const CellPool& pool, std::span<const Cell> roots);

// Decides whether a value of one type may stand where another is expected: the types are the same,
// but for which entities they may be (an evaluator looks at an entity's type when it reads it).
class TypeMatcher {
 public:
  explicit TypeMatcher(const Schema& schema) : schema_(schema) {}
  bool Fits(TypeId actual, TypeId expected);

 private:
  const Schema& schema_;
  absl::flat_hash_map<uint64_t, bool> known_;
};

// The nodes: arguments, types, fold variables, depth. The schema, constants and tables that nodes
// refer to have been checked. Rules' and quantifiers' own references into the nodes are checked
// here too.
absl::Status CheckNodes(const DecisionProgram& program);

// The numbers of texts and entities: in range, and each found by its name. The schema has been
// checked.
absl::Status CheckNames(const DecisionProgram& program);

// The index: core/index.h and FORMAT.md say what must hold. Everything else has been checked.
absl::Status CheckIndex(const DecisionProgram& program);

}  // namespace ztp
