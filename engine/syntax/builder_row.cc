// A flat row of operands and operators to a tree, by precedence. See builder.h and the table in
// grammar/ZtpParser.g4.
#include <optional>
#include <utility>
#include <vector>

#include "engine/base/limits.h"
#include "engine/base/str.h"
#include "engine/syntax/builder.h"

namespace ztp::syntax {
namespace {

// How tightly operators bind.
enum Binding : int {
  kOr = 1,
  kAnd = 2,
  kNot = 3,
  kComparison = 4,
  kSum = 5,
  kProduct = 6,
  kMinus = 7,
  kDefault = 8,
};

enum class Form : uint8_t { kBinary, kAnd, kOr, kIs, kHas };

struct Operator {
  Form form = Form::kBinary;
  BinaryOp op = BinaryOp::kEq;
  int level = kComparison;
  Span span;
  Name attribute;  // kHas
};

struct Meaning {
  Form form;
  BinaryOp op;
  int level;
};

// Of operators that are one token.
std::optional<Meaning> MeaningOf(size_t token) {
  switch (token) {
    case P::STAR:
      return Meaning{Form::kBinary, BinaryOp::kMul, kProduct};
    case P::PLUS:
      return Meaning{Form::kBinary, BinaryOp::kAdd, kSum};
    case P::MINUS:
      return Meaning{Form::kBinary, BinaryOp::kSub, kSum};
    case P::JOIN:
      return Meaning{Form::kBinary, BinaryOp::kJoin, kSum};
    case P::MEET:
      return Meaning{Form::kBinary, BinaryOp::kMeet, kSum};
    case P::COALESCE:
      return Meaning{Form::kBinary, BinaryOp::kCoalesce, kDefault};
    case P::EQ:
    case P::ASSIGN:
      return Meaning{Form::kBinary, BinaryOp::kEq, kComparison};
    case P::NE:
      return Meaning{Form::kBinary, BinaryOp::kNe, kComparison};
    case P::LT:
      return Meaning{Form::kBinary, BinaryOp::kLt, kComparison};
    case P::LE:
      return Meaning{Form::kBinary, BinaryOp::kLe, kComparison};
    case P::GT:
      return Meaning{Form::kBinary, BinaryOp::kGt, kComparison};
    case P::GE:
      return Meaning{Form::kBinary, BinaryOp::kGe, kComparison};
    case P::IN:
      return Meaning{Form::kBinary, BinaryOp::kIn, kComparison};
    case P::LIKE:
      return Meaning{Form::kBinary, BinaryOp::kLike, kComparison};
    case P::MATCHES:
      return Meaning{Form::kBinary, BinaryOp::kMatches, kComparison};
    case P::WITHIN:
      return Meaning{Form::kBinary, BinaryOp::kWithin, kComparison};
    case P::IS:
      return Meaning{Form::kIs, BinaryOp::kEq, kComparison};
    case P::AND:
    case P::SLIP_AND:
      return Meaning{Form::kAnd, BinaryOp::kEq, kAnd};
    case P::OR:
    case P::SLIP_OR:
      return Meaning{Form::kOr, BinaryOp::kEq, kOr};
    default:
      return std::nullopt;
  }
}

}  // namespace

// One row. Operand i stands before operator i; an operator `has` brings its own right side.
class RowParser {
 public:
  explicit RowParser(Builder& builder) : builder_(builder) {}

  void Take(const std::vector<antlr4::tree::ParseTree*>& children) {
    for (size_t i = 0; i < children.size(); ++i) {
      if (auto* operand = dynamic_cast<P::OperandContext*>(children[i])) {
        operands_.push_back(Operand{operand, 0});
        continue;
      }
      const antlr4::Token* token = TokenOf(children[i]);
      if (token == nullptr) continue;
      Operator op;
      op.span = builder_.SpanOf(token);
      const size_t type = token->getType();
      if (type == P::NOT || type == P::FLOWS || type == P::DERIVES) {
        op.op = type == P::NOT     ? BinaryOp::kNotIn
                : type == P::FLOWS ? BinaryOp::kFlowsTo
                                   : BinaryOp::kDerivesFrom;
        op.span = Cover(op.span, builder_.SpanOf(TokenOf(children[++i])));
      } else if (type == P::HAS) {
        op.form = Form::kHas;
        op.attribute = builder_.NameOf(static_cast<antlr4::ParserRuleContext*>(children[++i]));
      } else if (const auto meaning = MeaningOf(type)) {
        op.form = meaning->form;
        op.op = meaning->op;
        op.level = meaning->level;
        Slip(type, op.span);
      } else {
        const std::string_view text = builder_.TextOf(token);
        builder_.Error(DiagKind::kUnexpectedToken, op.span,
                       text == "/" ? std::string("there is no division")
                                   : Cat("there is no operator ", Quoted(text)),
                       text == "/"     ? "multiply the other side: a * 2 > b"
                       : text == "=>"  ? "an implication is written: not a or b"
                       : text == "->"  ? "an implication is written: not a or b"
                       : text == "<>"  ? "inequality is written !="
                       : text == "===" ? "equality is written =="
                                       : "");
        op.level = kProduct;
        op.op = BinaryOp::kMul;
      }
      operators_.push_back(op);
    }
  }

  Builder::Piece Parse() { return Level(kOr, 0); }

 private:
  struct Operand {
    P::OperandContext* ctx;
    size_t prefix;  // how many of its prefix operators were taken
  };

  void Slip(size_t type, Span span) {
    std::string_view right;
    std::string_view wrong;
    if (type == P::ASSIGN) {
      wrong = "=";
      right = "==";
    } else if (type == P::SLIP_AND) {
      wrong = "&&";
      right = "and";
    } else if (type == P::SLIP_OR) {
      wrong = "||";
      right = "or";
    } else {
      return;
    }
    builder_.sink_.Report(Diagnostic(DiagKind::kUnexpectedToken, span,
                                     Cat(Quoted(wrong), " is written ", Quoted(right)))
                              .Fix(span, std::string(right)));
  }

  bool Next(int level) const {
    return next_operator_ < operators_.size() && operators_[next_operator_].level == level;
  }

  // An expression of operators that bind at least as tightly as `min`.
  Builder::Piece Level(int min, int depth) {
    if (depth > kMaxNestingDepth || next_operand_ >= operands_.size()) return GiveUp();
    bool compared = false;
    Builder::Piece left = Prefix(min, depth, compared);
    while (next_operator_ < operators_.size()) {
      const Operator op = operators_[next_operator_];
      if (op.level < min) break;
      if (op.form == Form::kAnd || op.form == Form::kOr) {
        left = Chain(left, op, depth);
        continue;
      }
      if (op.level == kComparison && compared) {
        builder_.sink_.Report(
            Diagnostic(DiagKind::kChainedComparison, op.span, "comparisons do not chain")
                .Label(left.span, "this is a comparison already")
                .Help("compare twice: a < b and b < c; or put one in parentheses"));
      }
      ++next_operator_;
      compared = compared || op.level == kComparison;
      left = Binary(left, op, depth);
    }
    return left;
  }

  // `a and b and c` is one node.
  Builder::Piece Chain(Builder::Piece left, const Operator& op, int depth) {
    std::vector<ExprId> children{left.id};
    Span span = left.span;
    while (Next(op.level)) {
      ++next_operator_;
      const Builder::Piece right = Level(op.level + 1, depth + 1);
      children.push_back(right.id);
      span = Cover(span, right.span);
    }
    Expr expr;
    expr.kind = op.form == Form::kAnd ? ExprKind::kAnd : ExprKind::kOr;
    expr.span = span;
    expr.name_span = op.span;
    return Builder::Piece{builder_.Add(expr, children), span};
  }

  Builder::Piece Binary(Builder::Piece left, const Operator& op, int depth) {
    Expr expr;
    expr.name_span = op.span;
    if (op.form == Form::kHas) {
      expr.kind = ExprKind::kHas;
      expr.name = op.attribute.text;
      expr.name_span = op.attribute.span;
      expr.span = Cover(left.span, op.attribute.span.valid() ? op.attribute.span : op.span);
      return Builder::Piece{builder_.Add(expr, {left.id}), expr.span};
    }
    // `??` groups to the right and takes a unary expression; the others group to the left.
    const Builder::Piece right = Level(op.level == kDefault ? kMinus : op.level + 1, depth + 1);
    expr.span = Cover(left.span, right.span);
    if (op.form == Form::kIs) {
      const std::optional<Path> type = builder_.AsPath(right.id);
      if (!type) {
        if (builder_.ast_[right.id].kind != ExprKind::kError) {
          builder_.Error(DiagKind::kUnexpectedToken, right.span,
                         "after 'is' stands an entity type");
        }
        return Builder::Piece{builder_.ErrorExpr(expr.span), expr.span};
      }
      expr.kind = ExprKind::kIs;
      builder_.ast_.paths.push_back(*type);
      expr.path = static_cast<uint32_t>(builder_.ast_.paths.size() - 1);
      expr.name_span = type->span;
      return Builder::Piece{builder_.Add(expr, {left.id}), expr.span};
    }
    expr.kind = ExprKind::kBinary;
    expr.binary_op = op.op;
    return Builder::Piece{builder_.Add(expr, {left.id, right.id}), expr.span};
  }

  // The next operand with its prefix operators.
  Builder::Piece Prefix(int min, int depth, bool& compared) {
    if (depth > kMaxNestingDepth) return GiveUp();
    Operand& operand = operands_[next_operand_];
    const antlr4::Token* token = operand.prefix < operand.ctx->children.size()
                                     ? TokenOf(operand.ctx->children[operand.prefix])
                                     : nullptr;
    if (token == nullptr) {
      ++next_operand_;
      return builder_.Postfix(operand.ctx);
    }
    ++operand.prefix;
    const Span span = builder_.SpanOf(token);
    switch (token->getType()) {
      case P::MINUS:
        return Minus(span, depth);
      case P::HAS:
        compared = true;
        if (min > kComparison) NeedsParentheses(span, "has");
        return HasInput(span, depth);
      default:
        if (token->getType() == P::SLIP_NOT) {
          builder_.sink_.Report(Diagnostic(DiagKind::kUnexpectedToken, span, "'!' is written 'not'")
                                    .Fix(span, "not "));
        } else if (min > kNot) {
          NeedsParentheses(span, "not");
        }
        Expr expr;
        expr.kind = ExprKind::kUnary;
        expr.unary_op = UnaryOp::kNot;
        expr.name_span = span;
        const Builder::Piece right = Level(kNot, depth + 1);
        expr.span = Cover(span, right.span);
        return Builder::Piece{builder_.Add(expr, {right.id}), expr.span};
    }
  }

  Builder::Piece Minus(Span span, int depth) {
    const Builder::Piece right = Level(kMinus, depth + 1);
    const Span all = Cover(span, right.span);
    Expr& literal = builder_.ast_.exprs[right.id.index];
    const bool number = literal.kind == ExprKind::kInt || literal.kind == ExprKind::kDecimal ||
                        literal.kind == ExprKind::kDuration;
    if (number && !literal.parens && !builder_.interner_.Text(literal.name).starts_with('-')) {
      literal.name = builder_.interner_.Intern(Cat('-', builder_.interner_.Text(literal.name)));
      literal.span = literal.name_span = all;
      return Builder::Piece{right.id, all};
    }
    Expr expr;
    expr.kind = ExprKind::kUnary;
    expr.unary_op = UnaryOp::kMinus;
    expr.span = all;
    expr.name_span = span;
    return Builder::Piece{builder_.Add(expr, {right.id}), all};
  }

  Builder::Piece HasInput(Span span, int depth) {
    bool compared = false;
    const Builder::Piece right = Prefix(kDefault, depth + 1, compared);
    Expr expr;
    expr.kind = ExprKind::kHasInput;
    expr.span = Cover(span, right.span);
    expr.name_span = span;
    const ExprKind kind = builder_.ast_[right.id].kind;
    if (!builder_.AsPath(right.id) && kind != ExprKind::kError) {
      builder_.Error(DiagKind::kUnexpectedToken, right.span,
                     "after 'has' stands the name of an input",
                     "whether an attribute is there is asked with: x has a");
      return Builder::Piece{builder_.ErrorExpr(expr.span), expr.span};
    }
    return Builder::Piece{builder_.Add(expr, {right.id}), expr.span};
  }

  void NeedsParentheses(Span span, std::string_view word) {
    builder_.Error(
        DiagKind::kUnexpectedToken, span,
        Cat(Quoted(word), " needs parentheses after an operator that binds more tightly"),
        Cat("write (", word, " …)"));
  }

  // Beyond the limit nothing more of the row is looked at.
  Builder::Piece GiveUp() {
    const Operand& last = operands_.back();
    const Span span = builder_.SpanOf(last.ctx);
    if (!builder_.too_deep_ && next_operand_ < operands_.size()) {
      builder_.Error(DiagKind::kNestingTooDeep, builder_.SpanOf(operands_[next_operand_].ctx),
                     Cat("operators are nested more than ", kMaxNestingDepth, " deep"),
                     "name parts of the expression with 'def'");
      builder_.too_deep_ = true;
    }
    next_operand_ = operands_.size();
    next_operator_ = operators_.size();
    return Builder::Piece{builder_.ErrorExpr(span), span};
  }

  Builder& builder_;
  std::vector<Operand> operands_;
  std::vector<Operator> operators_;
  size_t next_operand_ = 0;
  size_t next_operator_ = 0;
};

Builder::Piece Builder::ExpressionPiece(P::ExpressionContext* ctx) {
  if (ctx == nullptr || ctx->exception != nullptr) {
    const Span span = ctx == nullptr ? Span{file_, 0, 0} : SpanOf(ctx);
    return Piece{ErrorExpr(span), span};
  }
  const Span span = SpanOf(ctx);
  if (ctx->IF() != nullptr) {
    Expr expr;
    expr.kind = ExprKind::kIf;
    expr.span = span;
    expr.name_span = SpanOf(ctx->start);
    const ExprId condition = Expression(ctx->expression(0));
    const ExprId then = Expression(ctx->expression(1));
    const ExprId otherwise = Expression(ctx->expression(2));
    return Piece{Add(expr, {condition, then, otherwise}), span};
  }
  // The common case: one operand without operators.
  if (ctx->children.size() == 1) {
    auto* operand = static_cast<P::OperandContext*>(ctx->children[0]);
    if (TokenOf(operand->children[0]) == nullptr) return Postfix(operand);
  }
  RowParser row(*this);
  row.Take(ctx->children);
  return row.Parse();
}

ExprId Builder::Default(P::DefaultValueContext* ctx) {
  RowParser row(*this);
  row.Take(ctx->children);
  return row.Parse().id;
}

}  // namespace ztp::syntax
