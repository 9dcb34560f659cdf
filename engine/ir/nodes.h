// Expressions to nodes: specialised by type, shared, flagged with what they depend on.
//
// Boundary: the graph only; rules, plans and positions are lower.cc's.
#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/bundle/decision_program.h"
#include "engine/sema/program.h"

namespace ztp::ir {

class NodeBuilder {
 public:
  // Fills nodes, args, constants and the tables that payloads refer to. All must outlive it.
  NodeBuilder(const sema::Program& program, CellWriter* cells, DecisionProgram* out);

  // Lowers every expression that `roots` lead to.
  void Lower(const std::vector<sema::ExprId>& roots);
  // Of an expression that was lowered; kNone32 of an invalid id.
  uint32_t NodeOf(sema::ExprId id) const { return id.valid() ? node_of_[id.index] : kNone32; }
  // The conjunction; of nothing it is true.
  uint32_t And(const std::vector<uint32_t>& nodes);
  uint32_t Depth(uint32_t node) const { return depth_[node]; }

 private:
  using Expr = sema::Expr;
  struct Draft {
    Opcode op;
    uint32_t payload = 0;
  };

  uint32_t LowerExpr(const Expr& e);
  // The expression itself; of an evidence time, the input or attribute whose evidence is meant
  // (that of a field is its record's).
  const Expr& ReadOf(const Expr& e) const;
  Draft Specialise(const Expr& e);
  uint32_t Emit(Node node, const std::vector<uint32_t>& args);
  uint8_t FlagsOf(const Node& node, const std::vector<uint32_t>& args) const;
  uint32_t MaybeQuantifier(const Expr& e, uint32_t fold);
  uint32_t AttributeRefOf(uint32_t name, TypeId type);
  uint32_t ParamRefOf(uint32_t name, TypeId type);
  uint32_t ConstantOf(uint32_t constant);
  uint32_t AddConstant(const Value& value, TypeId type);
  uint32_t TextOf(uint32_t name, Table<TextRef>* list,
                  absl::flat_hash_map<uint32_t, uint32_t>* known);
  TypeKind KindOf(const Expr& e, size_t arg) const {
    return program_.schema.types.kind(program_[program_.Arg(e, arg)].type);
  }
  const Expr& ArgOf(const Expr& e, size_t arg) const { return program_[program_.Arg(e, arg)]; }
  Opcode MatchOpcode(const Expr& e, uint32_t pattern);
  bool CollectStored(const Expr& e, std::vector<std::pair<uint32_t, uint32_t>>* found,
                     std::vector<uint32_t>* visited_slots) const;
  // Of any type that the attribute can be read from: is it carried, proven, inherited?
  struct AttributeTraits {
    bool carried = false;
    bool proven = false;
    bool inherited = false;
  };
  AttributeTraits TraitsOf(uint32_t holder_type, uint32_t attribute_ref) const;

  const sema::Program& program_;
  CellWriter& cells_;
  DecisionProgram& out_;
  bool has_carried_ = false;
  std::vector<bool> reachable_;
  std::vector<uint32_t> node_of_;
  std::vector<uint32_t> depth_;
  absl::flat_hash_map<std::tuple<uint8_t, uint32_t, uint32_t, std::vector<uint32_t>>, uint32_t>
      known_nodes_;
  absl::flat_hash_map<uint64_t, uint32_t> attribute_refs_, param_refs_;  // by name and type
  absl::flat_hash_map<uint32_t, uint32_t> patterns_, schedules_, constants_, quantifiers_;
  std::optional<uint32_t> true_constant_;
};

}  // namespace ztp::ir
