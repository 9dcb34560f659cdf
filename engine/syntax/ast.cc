// The spellings of the syntax tree's enumerations. See ast.h.
#include "engine/syntax/ast.h"

namespace ztp::syntax {

std::string_view Spelling(BinaryOp op) {
  switch (op) {
    case BinaryOp::kMul:
      return "*";
    case BinaryOp::kAdd:
      return "+";
    case BinaryOp::kSub:
      return "-";
    case BinaryOp::kJoin:
      return "join";
    case BinaryOp::kMeet:
      return "meet";
    case BinaryOp::kCoalesce:
      return "??";
    case BinaryOp::kEq:
      return "==";
    case BinaryOp::kNe:
      return "!=";
    case BinaryOp::kLt:
      return "<";
    case BinaryOp::kLe:
      return "<=";
    case BinaryOp::kGt:
      return ">";
    case BinaryOp::kGe:
      return ">=";
    case BinaryOp::kIn:
      return "in";
    case BinaryOp::kNotIn:
      return "not in";
    case BinaryOp::kLike:
      return "like";
    case BinaryOp::kMatches:
      return "matches";
    case BinaryOp::kFlowsTo:
      return "flows to";
    case BinaryOp::kDerivesFrom:
      return "derives from";
    case BinaryOp::kWithin:
      return "within";
  }
  return "";
}

std::string_view Spelling(FoldKind fold) {
  switch (fold) {
    case FoldKind::kAny:
      return "any";
    case FoldKind::kAll:
      return "all";
    case FoldKind::kCount:
      return "count";
    case FoldKind::kSum:
      return "sum";
    case FoldKind::kJoin:
      return "join";
    case FoldKind::kSet:
      return "set";
  }
  return "";
}

std::string_view Describe(DeclKind kind) {
  switch (kind) {
    case DeclKind::kEnum:
      return "enum";
    case DeclKind::kLattice:
      return "lattice";
    case DeclKind::kType:
      return "type";
    case DeclKind::kConst:
      return "const";
    case DeclKind::kEntity:
      return "entity";
    case DeclKind::kInput:
      return "input";
    case DeclKind::kAction:
      return "action";
    case DeclKind::kActionGroup:
      return "action group";
    case DeclKind::kObligation:
      return "obligation";
    case DeclKind::kRoute:
      return "route";
    case DeclKind::kCaller:
      return "caller";
    case DeclKind::kDef:
      return "def";
    case DeclKind::kDelegate:
      return "delegate";
    case DeclKind::kRule:
      return "rule";
    case DeclKind::kFixture:
      return "fixture";
    case DeclKind::kTest:
      return "test";
  }
  return "";
}

std::string_view Spelling(RuleKind kind) {
  switch (kind) {
    case RuleKind::kPermit:
      return "permit";
    case RuleKind::kForbid:
      return "forbid";
    case RuleKind::kDuty:
      return "duty";
    case RuleKind::kNever:
      return "never";
    case RuleKind::kAlways:
      return "always";
  }
  return "";
}

}  // namespace ztp::syntax
