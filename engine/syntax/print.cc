// See print.h.
#include "engine/syntax/print.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/base/quote.h"
#include "engine/base/str.h"
#include "engine/syntax/strings.h"

namespace ztp::syntax {
namespace {

class Printer {
 public:
  Printer(const Ast& ast, const Interner& interner) : ast_(ast), interner_(interner) {}

  std::string TakeOut() { return std::move(out_); }

  void File() {
    if (ast_.edition_span.valid()) Line(0, "ztp 1");
    if (ast_.package.valid()) Line(0, Cat("package ", Of(ast_.package)));
    for (const Import& import : ast_.imports) Line(0, Cat("import ", Of(import.package)));
    for (const Decl& decl : ast_.decls) Declaration(decl);
  }

  void Expression(ExprId id) {
    if (!id.valid()) {
      out_ += "()";
      return;
    }
    const Expr& e = ast_[id];
    switch (e.kind) {
      case ExprKind::kError:
        out_ += "<error>";
        return;
      case ExprKind::kBool:
        out_ += e.flag ? "true" : "false";
        return;
      case ExprKind::kInt:
      case ExprKind::kDecimal:
      case ExprKind::kDuration:
      case ExprKind::kName:
        out_ += Of(e.name);
        return;
      case ExprKind::kString:
        out_ += '"';
        for (const char c : ast_.String(e).pattern) {
          if (c == '"') out_ += '\\';
          out_ += c;
        }
        out_ += '"';
        return;
      case ExprKind::kPrincipal:
        out_ += "principal";
        return;
      case ExprKind::kAction:
        out_ += "action";
        return;
      case ExprKind::kResource:
        out_ += "resource";
        return;
      case ExprKind::kNow:
        out_ += "now";
        return;
      case ExprKind::kEntity:
        Append(out_, Of(ast_.PathOf(e)), "::", QuoteText(ast_.String(e).value));
        return;
      case ExprKind::kEmpty:
        out_ += "{}";
        return;
      case ExprKind::kRecord:
        return Record(e);
      case ExprKind::kField:
        return Form(Cat(". ", Of(e.name)), e);
      case ExprKind::kCall:
        return Form(Cat("call ", Of(e.name)), e);
      case ExprKind::kMethodCall:
        return Form(Cat("method ", Of(e.name)), e);
      case ExprKind::kIndex:
        return Form("index", e);
      case ExprKind::kSet:
        return Form("set", e);
      case ExprKind::kMap:
        return Form("map", e);
      case ExprKind::kList:
        return Form("list", e);
      case ExprKind::kUnary:
        return Form(e.unary_op == UnaryOp::kNot ? "not" : "-", e);
      case ExprKind::kBinary:
        return Form(Spelling(e.binary_op), e);
      case ExprKind::kAnd:
        return Form("and", e);
      case ExprKind::kOr:
        return Form("or", e);
      case ExprKind::kHas:
        return Form(Cat("has ", Of(e.name)), e);
      case ExprKind::kHasInput:
        return Form("has", e);
      case ExprKind::kIs:
        return Form(Cat("is ", Of(ast_.PathOf(e))), e);
      case ExprKind::kIf:
        return Form("if", e);
      case ExprKind::kFold:
        return Form(Cat("fold ", Spelling(e.fold), ' ', Of(e.name)), e);
    }
  }

 private:
  std::string_view Of(Symbol symbol) const { return interner_.Text(symbol); }
  std::string_view Of(const Name& name) const { return Of(name.text); }
  std::string_view Of(const Path& path) const { return Of(path.text); }

  void Form(std::string_view head, const Expr& e) {
    Append(out_, '(', head);
    for (const ExprId child : ast_.Children(e)) {
      out_ += ' ';
      Expression(child);
    }
    out_ += ')';
  }

  void Record(const Expr& e) {
    out_ += "(record";
    for (const RecordEntry& entry : ast_.Entries(e)) {
      Append(out_, ' ', Of(entry.key), ": ");
      Expression(entry.value);
    }
    if (e.flag) out_ += " ..";
    out_ += ')';
  }

  std::string ExprText(ExprId id) const {
    Printer inner(ast_, interner_);
    inner.Expression(id);
    return inner.TakeOut();
  }

  void Line(int indent, std::string_view text) {
    out_.append(static_cast<size_t>(indent) * 2, ' ');
    Append(out_, text, '\n');
  }

  std::string Paths(const std::vector<Path>& paths) const {
    std::vector<std::string_view> texts;
    for (const Path& path : paths) texts.push_back(Of(path));
    return Join(texts, ", ");
  }

  std::string Names(const std::vector<Name>& names, std::string_view separator) const {
    std::vector<std::string_view> texts;
    for (const Name& name : names) texts.push_back(Of(name));
    return Join(texts, separator);
  }

  std::string Exprs(const std::vector<ExprId>& ids) const {
    std::vector<std::string> texts;
    for (const ExprId id : ids) texts.push_back(ExprText(id));
    return Join(texts, ", ");
  }

  std::string TypeText(TypeExprId id) const {
    if (!id.valid()) return "()";
    const TypeExpr& type = ast_[id];
    switch (type.kind) {
      case TypeExprKind::kError:
        return "<error>";
      case TypeExprKind::kNamed: {
        std::string text(Of(type.name));
        std::vector<std::string> args;
        for (const TypeExprId arg : type.args) args.push_back(TypeText(arg));
        if (!args.empty()) Append(text, '<', Join(args, ", "), '>');
        return text;
      }
      case TypeExprKind::kRecord:
        return Cat("{", Fields(type.fields), "}");
    }
    return "";
  }

  std::string FieldText(const Field& field) const {
    std::string text(Of(field.name));
    if (field.optional) text += '?';
    Append(text, ": ", TypeText(field.type));
    switch (field.rank) {
      case Rank::kDefault:
        break;
      case Rank::kClaimed:
        text += " claimed";
        break;
      case Rank::kVouched:
        text += " vouched";
        break;
      case Rank::kProven:
        text += " proven";
        break;
    }
    if (field.proven_for.valid()) Append(text, " for ", Of(field.proven_for));
    switch (field.inherited) {
      case Inherited::kNo:
        break;
      case Inherited::kYes:
        text += " inherited";
        break;
      case Inherited::kAny:
        text += " inherited any";
        break;
      case Inherited::kAll:
        text += " inherited all";
        break;
    }
    if (field.default_value.valid()) Append(text, " = ", ExprText(field.default_value));
    return text;
  }

  std::string Fields(const std::vector<Field>& fields) const {
    std::vector<std::string> texts;
    for (const Field& field : fields) texts.push_back(FieldText(field));
    return Join(texts, ", ");
  }

  std::string CallText(const ObligationCall& call) const {
    return Cat(Of(call.name), "(", Exprs(call.args), ")");
  }

  void Declaration(const Decl& decl) {
    for (size_t i = 0; !decl.doc.empty() && i <= decl.doc.size();) {
      const size_t end = std::min(decl.doc.find('\n', i), decl.doc.size());
      Line(0, Cat("doc ", decl.doc.substr(i, end - i)));
      i = end + 1;
    }
    const std::string_view name = Of(decl.name);
    std::string head = decl.broken ? "broken " : "";
    if (decl.kind != DeclKind::kRule)
      Append(head, Describe(decl.kind), decl.name.valid() ? " " : "", name);
    switch (decl.kind) {
      case DeclKind::kEnum:
        return Line(0, Cat(head, " {", Names(ast_.Enum(decl).values, ", "), "}"));
      case DeclKind::kLattice:
        return Lattice(head, ast_.Lattice(decl));
      case DeclKind::kType:
        return Line(0, Cat(head, " = ", TypeText(ast_.Type(decl).type)));
      case DeclKind::kConst: {
        const ConstDecl& constant = ast_.Const(decl);
        return Line(0, Cat(head, constant.type.valid() ? Cat(": ", TypeText(constant.type)) : "",
                           " = ", ExprText(constant.value)));
      }
      case DeclKind::kEntity:
        return Entity(head, ast_.Entity(decl));
      case DeclKind::kInput:
        return Line(0,
                    Cat(decl.broken ? "broken " : "", "input ", FieldText(ast_.Input(decl).field)));
      case DeclKind::kAction:
        return Action(decl, ast_.Action(decl));
      case DeclKind::kActionGroup:
        return Line(0, Cat(head, " {", Paths(ast_.ActionGroup(decl).members), "}"));
      case DeclKind::kObligation:
        return Line(0, Cat(head, "(", Fields(ast_.Obligation(decl).params), ")"));
      case DeclKind::kDef:
        return Line(0, Cat(head, "(", Fields(ast_.Def(decl).params),
                           ") = ", ExprText(ast_.Def(decl).body)));
      case DeclKind::kDelegate: {
        const DelegateDecl& delegate = ast_.Delegate(decl);
        Line(0, Cat(head, " ", Of(delegate.package)));
        Scopes(delegate.principal, delegate.action, delegate.resource);
        return Clauses(delegate.clauses);
      }
      case DeclKind::kRoute:
      case DeclKind::kCaller:
        Line(0, head);
        return RouteLines(ast_.Route(decl).lines);
      case DeclKind::kRule: {
        const RuleDecl& rule = ast_.Rule(decl);
        Line(0, Cat(head, Spelling(rule.kind), " ", name));
        Scopes(rule.principal, rule.action, rule.resource);
        Clauses(rule.clauses);
        for (const ObligationCall& call : rule.obliges) Line(1, Cat("oblige ", CallText(call)));
        if (rule.because) Line(1, Cat("because ", QuoteText(rule.because->value)));
        return;
      }
      case DeclKind::kFixture:
        Line(0, head);
        return Statements(ast_.Fixture(decl).statements);
      case DeclKind::kTest:
        Line(0, Cat(head, " ", QuoteText(ast_.Test(decl).name.value)));
        return Statements(ast_.Test(decl).statements);
    }
  }

  void Lattice(const std::string& head, const LatticeDecl& lattice) {
    const std::string of = lattice.of.valid() ? std::string(Of(lattice.of))
                                              : Cat("{", Names(lattice.elements, ", "), "}");
    switch (lattice.kind) {
      case LatticeKind::kChain:
        return Line(0, Cat(head, " {", Names(lattice.elements, " < "), "}"));
      case LatticeKind::kPowerSet:
        return Line(0, Cat(head, " of ", of));
      case LatticeKind::kDual:
        return Line(0, Cat(head, " dual of ", of));
      case LatticeKind::kProduct:
        return Line(0, Cat(head, " {", Fields(lattice.parts), "}"));
    }
  }

  void Entity(std::string head, const EntityDecl& entity) {
    if (entity.carried == Carried::kClaimed) head += " carried claimed";
    if (entity.carried == Carried::kVouched) head += " carried vouched";
    Line(0, head);
    for (const Edge& edge : entity.in) {
      Line(1,
           Cat("in ",
               edge.attribute.valid() ? Cat(Of(edge.attribute), edge.optional ? "?: " : ": ") : "",
               Of(edge.type)));
    }
    if (!entity.derives.empty()) Line(1, Cat("derives ", Paths(entity.derives)));
    for (const Field& field : entity.attributes) {
      if (!field.doc.empty()) Line(1, Cat("doc ", field.doc));
      Line(1, FieldText(field));
    }
  }

  void Action(const Decl& decl, const ActionDecl& action) {
    std::vector<std::string> names;
    for (const ActionName& name : action.names) {
      names.push_back(name.external ? Cat(Of(name.name), " = ", QuoteText(name.external->value))
                                    : std::string(Of(name.name)));
    }
    Line(0, Cat(decl.broken ? "broken " : "", "action ", Join(names, ", ")));
    Line(1, Cat("on ", Paths(action.resources)));
    Line(1, Cat("by ", Paths(action.principals)));
    if (!action.params.empty()) Line(1, Cat("with {", Fields(action.params), "}"));
  }

  void OneScope(std::string_view word, const Scope& scope) {
    if (!scope.present) return;
    std::string text(word);
    if (scope.variable.valid()) Append(text, " ", Of(scope.variable), ":");
    if (scope.any) text += " any";
    if (!scope.types.empty()) Append(text, " ", Paths(scope.types));
    if (scope.test == ScopeTest::kIn) Append(text, " in ", ExprText(scope.entity));
    if (scope.test == ScopeTest::kEq) Append(text, " == ", ExprText(scope.entity));
    Line(1, text);
  }

  void Scopes(const Scope& principal, const ActionScope& action, const Scope& resource) {
    OneScope("principal", principal);
    if (action.present) Line(1, Cat("action ", action.any ? "any" : Paths(action.actions)));
    OneScope("resource", resource);
  }

  void Clauses(const std::vector<Clause>& clauses) {
    for (const Clause& clause : clauses) {
      switch (clause.kind) {
        case Clause::Kind::kWhen:
          Line(1, Cat("when ", ExprText(clause.condition)));
          break;
        case Clause::Kind::kUnless:
          Line(1, Cat("unless ", ExprText(clause.condition)));
          break;
        case Clause::Kind::kUnlessObliged:
          Line(1, Cat("unless obliged ", CallText(clause.obliged)));
          break;
      }
    }
  }

  void RouteLines(const std::vector<RouteLine>& lines) {
    using Kind = RouteLine::Kind;
    for (const RouteLine& l : lines) {
      const std::string body = l.body.valid() ? Cat(" ", ExprText(l.body)) : "";
      switch (l.kind) {
        case Kind::kOn:
          Line(1, Cat("on ", Names(l.names, ", "), " ", QuoteText(l.text.value)));
          break;
        case Kind::kPeer:
          Line(1, Cat("peer ", QuoteText(l.text.value)));
          break;
        case Kind::kClient:
          Line(1, Cat("client ", QuoteText(l.text.value)));
          break;
        case Kind::kWhen:
          Line(1, Cat("when ", ExprText(l.value)));
          break;
        case Kind::kLet:
          Line(1, Cat("let ", Of(l.name), " = ", ExprText(l.value)));
          break;
        case Kind::kPrincipal:
          Line(1, Cat("principal ", ExprText(l.value), body));
          break;
        case Kind::kResource:
          Line(1, Cat("resource ", ExprText(l.value), body));
          break;
        case Kind::kAction:
          Line(1, Cat("action ", Of(l.action)));
          break;
        case Kind::kWith:
          Line(1, Cat("with", body));
          break;
        case Kind::kInput:
          Line(1, Cat("input ", Of(l.name), " = ", ExprText(l.value)));
          break;
        case Kind::kProven:
          Line(1, Cat("proven ", Of(l.name), " from ", ExprText(l.value)));
          break;
        case Kind::kBy:
          Line(1, Cat("by ", Names(l.names, ", ")));
          break;
      }
    }
  }

  void Statements(const std::vector<TestStatement>& statements) {
    for (const TestStatement& s : statements) {
      switch (s.kind) {
        case TestStatement::Kind::kUsing:
          Line(1, Cat("using ", Paths(s.fixtures)));
          break;
        case TestStatement::Kind::kEntity: {
          std::string text = Cat("entity ", Of(s.name), " = ", ExprText(s.source));
          if (!s.parents.empty()) Append(text, " in ", Exprs(s.parents));
          if (!s.derives.empty()) Append(text, " derives ", Exprs(s.derives));
          if (s.body.valid()) Append(text, " ", ExprText(s.body));
          Line(1, text);
          break;
        }
        case TestStatement::Kind::kLet:
          Line(1, Cat("let ", Of(s.name), " = ", ExprText(s.value)));
          break;
        case TestStatement::Kind::kInput:
          Line(1, Cat("input ", Of(s.name), " = ", ExprText(s.value)));
          break;
        case TestStatement::Kind::kNow:
          Line(1, Cat("now = ", ExprText(s.value)));
          break;
        case TestStatement::Kind::kExpect: {
          std::string text =
              Cat("expect ", s.allow ? "allow" : "deny", s.unknown ? " unknown " : " ",
                  ExprText(s.principal), " ", Of(s.action), " ", ExprText(s.resource));
          if (s.params.valid()) Append(text, " with ", ExprText(s.params));
          if (s.at.valid()) Append(text, " at ", ExprText(s.at));
          if (s.by.valid()) Append(text, " by ", Of(s.by));
          for (const ObligationCall& call : s.obliged) Append(text, " obliged ", CallText(call));
          Line(1, text);
          break;
        }
      }
    }
  }

  const Ast& ast_;
  const Interner& interner_;
  std::string out_;
};

}  // namespace

std::string Print(const Ast& ast, const Interner& interner) {
  Printer printer(ast, interner);
  printer.File();
  return printer.TakeOut();
}

std::string PrintExpr(const Ast& ast, const Interner& interner, ExprId id) {
  Printer printer(ast, interner);
  printer.Expression(id);
  return printer.TakeOut();
}

}  // namespace ztp::syntax
