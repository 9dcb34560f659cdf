// The typed program as text: its rules, then the nodes of their graph.
//
// Boundary: what `ztp dump --print=typed` shows and golden tests compare; read by nobody but
// people.
#include <string>
#include <vector>

#include "engine/base/str.h"
#include "engine/sema/program.h"

namespace ztp::sema {
namespace {

std::string NodeName(ExprId id) { return id.valid() ? Cat("%", id.index) : std::string("_"); }

std::string_view ClauseWord(Clause::Kind kind) {
  switch (kind) {
    case Clause::Kind::kPrincipal:
      return "principal";
    case Clause::Kind::kResource:
      return "resource";
    case Clause::Kind::kWhen:
      return "when";
    case Clause::Kind::kUnless:
      return "unless";
    case Clause::Kind::kDelegate:
      return "delegate";
  }
  return "clause";
}

template <typename Ids, typename NameOf>
std::string Names(const Ids& ids, NameOf name_of) {
  std::vector<std::string> names;
  for (auto id : ids) names.push_back(name_of(id));
  return names.empty() ? "nothing" : Join(names, ", ");
}

void PrintObliges(const Program& p, std::string_view word, const std::vector<Oblige>& obliges,
                  std::string& out) {
  for (const Oblige& oblige : obliges) {
    std::vector<std::string> args;
    for (ExprId arg : oblige.args) args.push_back(PrintExpr(p, arg));
    Append(out, "  ", word, " ", p.schema[oblige.obligation].json_name, "(", Join(args, ", "),
           ")\n");
  }
}

void PrintRule(const Program& p, const Rule& rule, std::string& out) {
  const auto entity = [&](EntityTypeId id) { return p.schema[id].json_name; };
  Append(out, RuleKindName(rule.kind), " ", rule.full_name(), "\n");
  Append(out, "  principal: ", Names(rule.principals, entity), "\n");
  Append(out, "  action: ", Names(rule.actions, [&](ActionId id) { return p.schema[id].name; }),
         "\n");
  Append(out, "  resource: ", Names(rule.resources, entity), "\n");
  for (const Clause& clause : rule.clauses) {
    Append(out, "  ", ClauseWord(clause.kind), " ", NodeName(clause.condition), ": ",
           PrintExpr(p, clause.condition), "\n");
  }
  PrintObliges(p, "oblige", rule.obliges, out);
  PrintObliges(p, "unless obliged", rule.unless_obliged, out);
  if (rule.because) Append(out, "  because \"", *rule.because, "\"\n");
}

std::string Payload(const Program& p, const Expr& e) {
  switch (e.op) {
    case Op::kConst:
      return p.constants[e.payload].is_none()
                 ? std::string(" missing")
                 : Cat(" ", FormatValue(p.schema, e.type, p.constants[e.payload]));
    case Op::kParam:
    case Op::kHasParam:
    case Op::kAttr:
    case Op::kHasAttr:
      return Cat(" ", p.names[e.payload]);
    case Op::kMatches:
    case Op::kNowWithin:
      return Cat(" \"", p.names[e.payload], "\"");
    case Op::kInput:
    case Op::kHasInput:
    case Op::kBoundInput:
      return Cat(" ", p.schema.inputs[e.payload].name);
    case Op::kIsType:
    case Op::kAncestors:
      return Cat(" ", p.schema.entities[e.payload].json_name);
    case Op::kField:
    case Op::kHasField:
    case Op::kPart:
    case Op::kVar:
    case Op::kAny:
    case Op::kAll:
    case Op::kCount:
    case Op::kSum:
    case Op::kJoinOf:
    case Op::kSetOf:
      return Cat(" #", e.payload);
    case Op::kNowCompare: {
      static constexpr const char* kOps[] = {"<", "<=", ">", ">=", "=="};
      std::string text = Cat(" ", kOps[e.payload & 7], " ");
      for (uint32_t i = 0; i < e.arg_count; ++i) {
        text += (e.payload >> (3 + i) & 1) != 0 ? '-' : '+';
      }
      return text;
    }
    default:
      return {};
  }
}

}  // namespace

std::string Print(const Program& p) {
  std::string out;
  for (const Rule& rule : p.rules) {
    PrintRule(p, rule, out);
    out += '\n';
  }
  for (const Route& route : p.schema.routes) Append(out, FormatRoute(p.schema, route), "\n");
  Append(out, "nodes: ", p.exprs.size(), "\n");
  for (uint32_t i = 0; i < p.exprs.size(); ++i) {
    const Expr& e = p.exprs[i];
    Append(out, "  %", i, " = ", OpName(e.op), Payload(p, e));
    for (ExprId arg : p.Args(e)) Append(out, " ", NodeName(arg));
    Append(out, ": ", p.schema.TypeName(e.type), "\n");
  }
  return out;
}

}  // namespace ztp::sema
