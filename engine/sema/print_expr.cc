// Expressions of a typed program as an author would write them.
//
// Boundary: for people. What was a definition's call shows expanded, and a fold's variable is
// called x, y or z by its slot; the text need not compile.
#include <algorithm>
#include <string>
#include <vector>

#include "engine/base/str.h"
#include "engine/sema/program.h"

namespace ztp::sema {
namespace {

// A shared graph can be a tree of any size, so what is shown is bounded.
constexpr size_t kMaxText = 2000;
constexpr int kMaxDepth = 100;

enum Precedence {
  kIfLevel = 1,
  kOrLevel,
  kAndLevel,
  kNotLevel,
  kCompareLevel,
  kAddLevel,
  kMulLevel,
  kMinusLevel,
  kCoalesceLevel,
  kPostfixLevel,
};

class Printer {
 public:
  explicit Printer(const Program& program) : p_(program) {}

  std::string Print(ExprId id) { return At(id, kIfLevel); }

 private:
  // The text, in parentheses if it binds less tightly than `level`.
  std::string At(ExprId id, int level) {
    if (!id.valid()) return "..";
    if (spent_ > kMaxText || depth_ > kMaxDepth) return "…";
    ++depth_;
    int own = kPostfixLevel;
    std::string text = Text(p_[id], &own);
    --depth_;
    spent_ += text.size() / 4;
    return own < level ? Cat("(", text, ")") : text;
  }

  std::string Arg(const Expr& e, size_t i, int level = kPostfixLevel) {
    return At(p_.Arg(e, i), level);
  }

  std::string Binary(const Expr& e, std::string_view op, int level, int* own) {
    *own = level;
    return Cat(Arg(e, 0, level), " ", op, " ", Arg(e, 1, level + 1));
  }

  std::string Compare(const Expr& e, std::string_view op, int* own, bool swap = false) {
    *own = kCompareLevel;
    return Cat(Arg(e, swap ? 1 : 0, kAddLevel), " ", op, " ", Arg(e, swap ? 0 : 1, kAddLevel));
  }

  std::string Listed(const Expr& e, std::string_view open, std::string_view close) {
    std::vector<std::string> parts;
    for (uint32_t i = 0; i < e.arg_count; ++i) parts.push_back(Arg(e, i, kIfLevel));
    if (parts.empty()) return open.front() == '[' ? "[]" : "{}";
    return Cat(open, Join(parts, ", "), close);
  }

  std::string Logic(const Expr& e, std::string_view word, int level, int* own) {
    *own = level;
    std::vector<std::string> parts;
    for (uint32_t i = 0; i < e.arg_count; ++i) parts.push_back(Arg(e, i, level + 1));
    return Join(parts, Cat(" ", word, " "));
  }

  std::string Member(const Expr& e, std::string_view name) { return Cat(Arg(e, 0), ".", name); }

  std::string Method(const Expr& e, std::string_view name) {
    return Cat(Arg(e, 0), ".", name, "(", Arg(e, 1, kIfLevel), ")");
  }

  std::string Has(const Expr& e, std::string_view name, int* own) {
    *own = kCompareLevel;
    return Cat(Arg(e, 0, kAddLevel), " has ", name);
  }

  const std::string& Name(uint32_t index) const { return p_.names[index]; }
  const std::string& InputName(const Expr& e) const { return p_.schema.inputs[e.payload].name; }
  const std::string& EntityName(const Expr& e) const {
    return p_.schema.entities[e.payload].json_name;
  }
  const std::string& FieldName(const Expr& e) const {
    return p_.schema.types[p_[p_.Arg(e, 0)].type].fields[e.payload].name;
  }
  const LatticeType& LatticeOf(TypeId type) const {
    return p_.schema[LatticeId{p_.schema.types[type].decl}];
  }
  static const char* Variable(uint32_t slot) {
    static constexpr const char* kNames[] = {"x", "y", "z"};
    return slot < 3 ? kNames[slot] : "p";
  }

  std::string Negation(const Expr& e, int* own) {
    const Expr& inner = p_[p_.Arg(e, 0)];
    switch (inner.op) {
      case Op::kEq:
        return Compare(inner, "!=", own);
      case Op::kIn:
      case Op::kInAny:
      case Op::kInLabel:
      case Op::kIpIn:
        return Compare(inner, "not in", own);
      default:
        break;
    }
    *own = kNotLevel;
    return Cat("not ", Arg(e, 0, kNotLevel));
  }

  std::string Now(const Expr& e, int* own) {
    static constexpr const char* kOps[] = {"<", "<=", ">", ">=", "=="};
    *own = kCompareLevel;
    std::string text = Cat("now ", kOps[e.payload & 7], " ");
    for (uint32_t i = 0; i < e.arg_count; ++i) {
      const bool minus = (e.payload >> (3 + i) & 1) != 0;
      text += i == 0 ? (minus ? "-" : "") : (minus ? " - " : " + ");
      text += Arg(e, i, kMulLevel);
    }
    return text;
  }

  std::string Fold(const Expr& e, std::string_view name) {
    const ExprId filter = p_.Arg(e, 1);
    const Expr& body = p_[p_.Arg(e, 2)];
    std::string text = Cat(name, "(", Variable(e.payload), " in ", Arg(e, 0, kIfLevel));
    if (filter.valid()) Append(text, " where ", At(filter, kIfLevel));
    const bool plain = body.op == Op::kConst && p_.constants[body.payload] == Value::Bool(true) &&
                       e.op != Op::kSetOf && e.op != Op::kAll;
    if (!plain) Append(text, ": ", Arg(e, 2, kIfLevel));
    return text + ")";
  }

  std::string Record(const Expr& e) {
    const std::vector<Field>& fields = p_.schema.types[e.type].fields;
    std::vector<std::string> parts;
    for (uint32_t i = 0; i < e.arg_count; ++i) {
      if (!p_.Arg(e, i).valid()) continue;
      parts.push_back(Cat(fields[i].name, ": ", Arg(e, i, kIfLevel)));
    }
    return parts.empty() ? "{}" : Cat("{ ", Join(parts, ", "), " }");
  }

  std::string Text(const Expr& e, int* own) {
    switch (e.op) {
      case Op::kConst: {
        const Value& value = p_.constants[e.payload];
        if (value.is_none()) return "..";
        std::string text = FormatValue(p_.schema, e.type, value);
        if (!text.empty() && text[0] == '-') *own = kMinusLevel;
        return text;
      }
      case Op::kPrincipal:
        return "principal";
      case Op::kResource:
        return "resource";
      case Op::kParam:
        return Cat("action.", Name(e.payload));
      case Op::kHasParam:
        *own = kCompareLevel;
        return Cat("action has ", Name(e.payload));
      case Op::kInput:
        return InputName(e);
      case Op::kHasInput:
        *own = kCompareLevel;
        return Cat("has ", InputName(e));
      case Op::kBoundInput:
        return Cat("bound(", InputName(e), ")");
      case Op::kVar:
        return Variable(e.payload);
      case Op::kBoundEntity:
        return Cat("bound(", Arg(e, 0, kIfLevel), ")");
      case Op::kAttr:
        return Member(e, Name(e.payload));
      case Op::kHasAttr:
        return Has(e, Name(e.payload), own);
      case Op::kField:
        return Member(e, FieldName(e));
      case Op::kHasField:
        return Has(e, FieldName(e), own);
      case Op::kIssuedAt:
        return Member(e, "issued_at");
      case Op::kExpiresAt:
        return Member(e, "expires_at");
      case Op::kIndex:
        return Cat(Arg(e, 0), "[", Arg(e, 1, kIfLevel), "]");
      case Op::kFirst:
        return Member(e, "first");
      case Op::kLast:
        return Member(e, "last");
      case Op::kCoalesce:
        *own = kCoalesceLevel;
        return Cat(Arg(e, 0, kPostfixLevel), " ?? ", Arg(e, 1, kCoalesceLevel));
      case Op::kIsType:
        *own = kCompareLevel;
        return Cat(Arg(e, 0, kAddLevel), " is ", EntityName(e));
      case Op::kAnd:
        return Logic(e, "and", kAndLevel, own);
      case Op::kOr:
        return Logic(e, "or", kOrLevel, own);
      case Op::kNot:
        return Negation(e, own);
      case Op::kIf:
        *own = kIfLevel;
        return Cat("if ", Arg(e, 0, kOrLevel), " then ", Arg(e, 1, kOrLevel), " else ",
                   Arg(e, 2, kIfLevel));
      case Op::kEq:
        return Compare(e, "==", own);
      case Op::kLt:
        return Compare(e, "<", own);
      case Op::kLe:
        return Compare(e, "<=", own);
      case Op::kFlowsTo:
        return Compare(e, "flows to", own);
      case Op::kNowCompare:
        return Now(e, own);
      case Op::kNowWithin:
        *own = kCompareLevel;
        return Cat("now within \"", Name(e.payload), "\"");
      case Op::kNeg:
        *own = kMinusLevel;
        return Cat("-", Arg(e, 0, kMinusLevel));
      case Op::kAdd:
        return Binary(e, "+", kAddLevel, own);
      case Op::kSub:
        return Binary(e, "-", kAddLevel, own);
      case Op::kMul:
        return Binary(e, "*", kMulLevel, own);
      case Op::kJoin:
        return Binary(e, "join", kAddLevel, own);
      case Op::kMeet:
        return Binary(e, "meet", kAddLevel, own);
      case Op::kPart:
        return Member(e, LatticeOf(p_[p_.Arg(e, 0)].type).parts[e.payload].name);
      case Op::kSetLabel:
      case Op::kMakeSet:
        return Listed(e, "{ ", " }");
      case Op::kMakeList:
        return Listed(e, "[", "]");
      case Op::kProduct: {
        std::vector<std::string> parts;
        for (uint32_t i = 0; i < e.arg_count; ++i) {
          parts.push_back(Cat(LatticeOf(e.type).parts[i].name, ": ", Arg(e, i, kIfLevel)));
        }
        return Cat("{ ", Join(parts, ", "), " }");
      }
      case Op::kMakeMap: {
        std::vector<std::string> parts;
        for (uint32_t i = 0; i + 1 < e.arg_count; i += 2) {
          parts.push_back(Cat(Arg(e, i, kIfLevel), ": ", Arg(e, i + 1, kIfLevel)));
        }
        return parts.empty() ? "{}" : Cat("{ ", Join(parts, ", "), " }");
      }
      case Op::kMakeRecord:
        return Record(e);
      case Op::kIn:
      case Op::kInAny:
      case Op::kInLabel:
      case Op::kIpIn:
        return Compare(e, "in", own);
      case Op::kDerivesFrom:
        return Compare(e, "derives from", own);
      case Op::kAncestors:
        return Cat(Arg(e, 0), ".ancestors(", EntityName(e), ")");
      case Op::kContains:
        return Method(e, "contains");
      case Op::kContainsAll:
        return Method(e, "containsAll");
      case Op::kContainsAny:
        return Method(e, "containsAny");
      case Op::kSize:
        return Member(e, "size");
      case Op::kIsEmpty:
        return Member(e, "isEmpty");
      case Op::kKeys:
        return Member(e, "keys");
      case Op::kValues:
        return Member(e, "values");
      case Op::kLike:
        return Compare(e, "like", own);
      case Op::kMatches:
        *own = kCompareLevel;
        return Cat(Arg(e, 0, kAddLevel), " matches \"", Name(e.payload), "\"");
      case Op::kTrustDomain:
        return Member(e, "trust_domain");
      case Op::kPath:
        return Member(e, "path");
      case Op::kAny:
        return Fold(e, "any");
      case Op::kAll:
        return Fold(e, "all");
      case Op::kCount:
        return Fold(e, "count");
      case Op::kSum:
        return Fold(e, "sum");
      case Op::kJoinOf:
        return Fold(e, "join");
      case Op::kSetOf:
        return Fold(e, "set");
    }
    return OpName(e.op);
  }

  const Program& p_;
  size_t spent_ = 0;
  int depth_ = 0;
};

}  // namespace

std::string PrintExpr(const Program& program, ExprId id) {
  if (!id.valid()) return "(error)";
  return Printer(program).Print(id);
}

}  // namespace ztp::sema
