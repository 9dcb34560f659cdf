// From ANTLR's tree of one declaration to the Ast.
//
// Boundary: sees ANTLR's contexts, changes only the Ast. What the grammar leaves open is checked
// here: precedence, the order of a rule's lines, what may mark an attribute, slips such as `&&`.
// Subtrees in which ANTLR met an error are left out.
#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/source.h"
#include "engine/base/symbol.h"
#include "engine/diag/diagnostic.h"
#include "engine/syntax/ast.h"
#include "engine/syntax/generated.h"

namespace ztp::syntax {

using P = generated::ZtpParser;

class Builder {
 public:
  Builder(const SourceManager& sources, FileId file, Interner& interner, DiagnosticSink& sink,
          antlr4::BufferedTokenStream& tokens, Ast& ast)
      : text_(sources.file(file).text()),
        file_(file),
        interner_(interner),
        sink_(sink),
        tokens_(tokens),
        ast_(ast) {}

  void Edition(P::EditionContext* ctx);
  // `broken`: errors were reported while this declaration was parsed.
  void Declaration(P::DeclarationContext* ctx, bool broken);
  // After the last declaration.
  void Finish();

 private:
  friend class RowParser;

  // An expression and the text it covers, parentheses included.
  struct Piece {
    ExprId id;
    Span span;
  };

  // builder.cc: small things that every part uses.
  Span SpanOf(const antlr4::Token* token) const;
  Span SpanOf(const antlr4::ParserRuleContext* ctx) const;
  std::string_view TextOf(const antlr4::Token* token) const;
  Name NameOf(const antlr4::ParserRuleContext* ctx);  // a name or anyName: one token
  Path PathOf(P::QualifiedNameContext* ctx);
  Path PathOf(P::FactPathContext* ctx);
  Path PathOf(const std::vector<Name>& parts);
  std::vector<Path> PathsOf(const std::vector<P::QualifiedNameContext*>& list);
  Text StringOf(const antlr4::Token* token);
  std::string DocBefore(const antlr4::Token* token);
  void Error(DiagKind kind, Span span, std::string message, std::string help = "");
  void CheckCommas(const antlr4::ParserRuleContext* list, std::string_view what);
  std::string_view InsideQuotes(const antlr4::Token* token);

  // builder.cc: declarations.
  void Package(P::PackageLineContext* ctx);
  void Import(P::ImportLineContext* ctx);
  void Enum(P::EnumDeclContext* ctx, Decl decl);
  void Lattice(P::LatticeDeclContext* ctx, Decl decl);
  void Entity(P::EntityDeclContext* ctx, Decl decl);
  void EntityBody(P::EntityBodyContext* ctx, EntityDecl& entity);
  void Action(P::ActionDeclContext* ctx, Decl decl);
  std::vector<Name> NameSet(P::NameSetContext* ctx);
  // Finishes the declaration: its kind, where its own part stands, and what every one has.
  void Add(DeclKind kind, size_t index, const antlr4::ParserRuleContext* ctx,
           const antlr4::ParserRuleContext* name, Decl decl);

  // builder_types.cc
  enum class Place {
    kAttribute,
    kRecordField,
    kPart,
    kInput,
    kActionParameter,
    kObligationParameter,
    kDefParameter
  };
  TypeExprId Type(P::TypeExprContext* ctx);
  std::vector<Field> RecordFields(P::RecordTypeContext* ctx, Place place);
  std::vector<Field> Parameters(P::ParametersContext* ctx, Place place);
  std::optional<Field> OneField(P::FieldContext* ctx, Place place);
  void Mark(P::FieldMarkContext* ctx, Place place, Field& field);

  // builder_rules.cc
  struct RuleLines;
  void Rule(P::RuleDeclContext* ctx, Decl decl);
  void Delegate(P::DelegateDeclContext* ctx, Decl decl);
  RuleLines Lines(P::RuleBodyContext* ctx);
  void Line(P::RuleMemberContext* ctx, RuleLines& lines);
  Scope OneScope(P::ScopeContext* ctx, Span span);
  ExprId Literal(P::EntityLiteralContext* ctx);
  ObligationCall Call(P::CallContext* ctx);
  // builder_routes.cc
  void Route(P::RouteDeclContext* ctx, Decl decl);
  std::optional<RouteLine> OneRouteLine(P::RouteMemberContext* ctx);

  // builder_rules.cc: tests.
  std::vector<TestStatement> Statements(P::TestBodyContext* ctx, bool is_test);
  TestStatement Statement(P::StatementContext* ctx);
  void EntityParts(P::StatementContext* ctx, TestStatement& statement);
  void Expectation(P::StatementContext* ctx, TestStatement& statement);
  ExprId Ref(P::EntityRefContext* ctx);
  ExprId RecordBraces(P::BracesContext* ctx);

  // builder_expr.cc
  ExprId Expression(P::ExpressionContext* ctx) { return ExpressionPiece(ctx).id; }
  Piece ExpressionPiece(P::ExpressionContext* ctx);
  ExprId Default(P::DefaultValueContext* ctx);
  Piece Postfix(P::OperandContext* ctx);
  Piece Atom(P::AtomContext* ctx, bool bare);
  Piece Token(const antlr4::Token* token, bool bare);
  Piece Suffix(Piece left, P::SuffixContext* ctx);
  Piece CallOf(Piece left, P::ArgumentsContext* ctx);
  ExprId Fold(P::FoldContext* ctx);
  ExprId Braces(P::BracesContext* ctx);
  std::vector<ExprId> Arguments(P::ArgumentsContext* ctx);
  ExprId EntityExpr(const Path& type, const antlr4::Token* id, Span span);
  std::optional<Path> AsPath(ExprId id);
  ExprId Add(Expr expr, const std::vector<ExprId>& children);
  ExprId ErrorExpr(Span span);
  uint16_t DepthOf(const std::vector<ExprId>& children) const;

  std::string_view text_;
  FileId file_;
  Interner& interner_;
  DiagnosticSink& sink_;
  antlr4::BufferedTokenStream& tokens_;
  Ast& ast_;
  bool too_deep_ = false;  // reported for the current declaration
  Span package_line_;
};

// The token that a leaf of ANTLR's tree holds, or nullptr for a rule.
const antlr4::Token* TokenOf(antlr4::tree::ParseTree* node);
// The first child token of one of these types, or nullptr.
const antlr4::Token* FindToken(const antlr4::ParserRuleContext* ctx,
                               std::initializer_list<size_t> types);

}  // namespace ztp::syntax
