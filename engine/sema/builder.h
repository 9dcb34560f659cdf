// Makes the shared graph of a Program: equal expressions, constants and names are one.
//
// Boundary: no typing and no folding; whoever asks for a node has decided what it is. Nodes that no
// rule reaches (those of definitions checked on their own, of guards that were only asked for) are
// left behind by Finish.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/base/schema.h"
#include "engine/sema/program.h"

namespace ztp::sema {

class ProgramBuilder {
 public:
  // A kVar of this payload or above stands for a parameter of a definition that is being checked on
  // its own; no rule ever reaches one.
  static constexpr uint32_t kFirstPlaceholder = 1u << 16;

  ProgramBuilder() = default;
  ProgramBuilder(const ProgramBuilder&) = delete;
  ProgramBuilder& operator=(const ProgramBuilder&) = delete;

  // The one node of these contents. Arguments are of this builder; an invalid one is allowed where
  // ops.def says so.
  ExprId Make(Op op, TypeId type, std::span<const ExprId> args, uint32_t payload = 0);
  ExprId Make(Op op, TypeId type, std::initializer_list<ExprId> args, uint32_t payload = 0) {
    return Make(op, type, std::span<const ExprId>(args.begin(), args.size()), payload);
  }
  ExprId Const(TypeId type, Value value);
  // The index of a name, schedule or pattern.
  uint32_t Name(std::string_view text);

  const Expr& operator[](ExprId id) const { return exprs_[id.index]; }
  std::span<const ExprId> Args(ExprId id) const {
    const Expr& e = exprs_[id.index];
    return std::span<const ExprId>(args_).subspan(e.first_arg, e.arg_count);
  }
  ExprId Arg(ExprId id, size_t i) const { return args_[exprs_[id.index].first_arg + i]; }
  bool IsConst(ExprId id) const { return id.valid() && exprs_[id.index].op == Op::kConst; }
  // Of a kConst. Valid until the next constant is made.
  const Value& ConstValue(ExprId id) const { return constants_[exprs_[id.index].payload]; }
  const std::string& NameText(uint32_t name) const { return names_[name]; }

  // Does its value follow from constants and the variables of folds around it alone?
  bool IsClosed(ExprId id) const { return infos_[id.index].closed; }
  // Bit i: it depends on the variable of slot i.
  uint8_t FreeVars(ExprId id) const { return infos_[id.index].free_vars; }

  // Nodes made since the last call of BeginRule: what a rule adds to the graph.
  void BeginRule() { rule_start_ = exprs_.size(); }
  size_t nodes_of_rule() const { return exprs_.size() - rule_start_; }
  size_t size() const { return exprs_.size(); }

  // Moves what the program's rules reach into it and renames their ids. The builder is empty then.
  void Finish(Program* program);

 private:
  struct Info {
    bool closed = false;
    uint8_t free_vars = 0;
  };
  Info InfoOf(Op op, uint32_t payload, std::span<const ExprId> args) const;

  std::vector<Expr> exprs_;
  std::vector<ExprId> args_;
  std::vector<Info> infos_;
  std::vector<Value> constants_;
  std::vector<TypeId> constant_types_;
  std::vector<std::string> names_;
  absl::flat_hash_map<uint64_t, std::vector<uint32_t>> by_hash_;
  absl::flat_hash_map<std::pair<uint32_t, Value>, uint32_t> constant_index_;
  absl::flat_hash_map<std::string, uint32_t> name_index_;
  size_t rule_start_ = 0;
};

}  // namespace ztp::sema
