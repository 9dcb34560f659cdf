// Names, texts and the declarations without rules and expressions. See builder.h.
#include "engine/syntax/builder.h"

#include <algorithm>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/quote.h"
#include "engine/base/str.h"
#include "engine/syntax/strings.h"

namespace ztp::syntax {

const antlr4::Token* TokenOf(antlr4::tree::ParseTree* node) {
  auto* leaf = dynamic_cast<antlr4::tree::TerminalNode*>(node);
  return leaf == nullptr ? nullptr : leaf->getSymbol();
}

const antlr4::Token* FindToken(const antlr4::ParserRuleContext* ctx,
                               std::initializer_list<size_t> types) {
  for (antlr4::tree::ParseTree* child : ctx->children) {
    const antlr4::Token* token = TokenOf(child);
    if (token == nullptr) continue;
    if (std::find(types.begin(), types.end(), token->getType()) != types.end()) return token;
  }
  return nullptr;
}

Span Builder::SpanOf(const antlr4::Token* token) const {
  if (token->getType() == antlr4::Token::EOF) {
    const auto end = static_cast<uint32_t>(text_.size());
    return Span{file_, end, end};
  }
  return Span{file_, static_cast<uint32_t>(token->getStartIndex()),
              static_cast<uint32_t>(token->getStopIndex() + 1)};
}

Span Builder::SpanOf(const antlr4::ParserRuleContext* ctx) const {
  const Span first = SpanOf(ctx->start);
  return ctx->stop == nullptr ? first : Cover(first, SpanOf(ctx->stop));
}

std::string_view Builder::TextOf(const antlr4::Token* token) const {
  const Span span = SpanOf(token);
  return text_.substr(span.begin, span.size());
}

Name Builder::NameOf(const antlr4::ParserRuleContext* ctx) {
  if (ctx == nullptr || ctx->exception != nullptr) return Name();
  return Name{interner_.Intern(TextOf(ctx->start)), SpanOf(ctx->start)};
}

Path Builder::PathOf(const std::vector<Name>& parts) {
  Path path;
  if (parts.empty()) return path;
  path.last = parts.back().text;
  path.last_span = parts.back().span;
  path.span = Cover(parts.front().span, parts.back().span);
  if (parts.size() == 1) {
    path.text = path.last;
    return path;
  }
  std::string text(interner_.Text(parts.front().text));
  for (size_t i = 1; i < parts.size(); ++i) {
    if (i + 1 == parts.size()) path.qualifier = interner_.Intern(text);
    Append(text, '.', interner_.Text(parts[i].text));
  }
  path.text = interner_.Intern(text);
  return path;
}

Path Builder::PathOf(P::QualifiedNameContext* ctx) {
  if (ctx == nullptr || ctx->exception != nullptr) return Path();
  std::vector<Name> parts{NameOf(ctx->name())};
  for (P::AnyNameContext* part : ctx->anyName()) parts.push_back(NameOf(part));
  return PathOf(parts);
}

Path Builder::PathOf(P::FactPathContext* ctx) {
  std::vector<Name> parts;
  for (P::AnyNameContext* part : ctx->anyName()) parts.push_back(NameOf(part));
  return PathOf(parts);
}

std::vector<Path> Builder::PathsOf(const std::vector<P::QualifiedNameContext*>& list) {
  std::vector<Path> paths;
  paths.reserve(list.size());
  for (P::QualifiedNameContext* item : list) paths.push_back(PathOf(item));
  return paths;
}

std::string_view Builder::InsideQuotes(const antlr4::Token* token) {
  const std::string_view text = TextOf(token);
  if (token->getType() == P::SLIP_STRING) {
    sink_.Report(
        Diagnostic(DiagKind::kUnexpectedToken, SpanOf(token), "a string stands in double quotes")
            .Expected("a string in double quotes")
            .Fix(SpanOf(token), QuoteText(text.substr(1, text.size() - 2))));
  }
  return text.substr(1, text.size() - 2);
}

Text Builder::StringOf(const antlr4::Token* token) {
  Text text;
  if (token == nullptr) return text;
  text.span = SpanOf(token);
  const std::string_view inside = InsideQuotes(token);
  if (auto fault = DecodeString(inside, text.value)) {
    const Span span{file_, text.span.begin + 1 + static_cast<uint32_t>(fault->begin),
                    text.span.begin + 1 + static_cast<uint32_t>(fault->end)};
    sink_.Report(Diagnostic(DiagKind::kBadEscape, span, "this escape means nothing in a string")
                     .Expected("\\n \\r \\t \\\" \\\\ or \\u{…}")
                     .Help("a backslash is written \\\\"));
  }
  return text;
}

std::string Builder::DocBefore(const antlr4::Token* token) {
  std::vector<std::string_view> lines;
  for (size_t i = token->getTokenIndex(); i > 0; --i) {
    const antlr4::Token* before = tokens_.get(i - 1);
    if (before->getType() != P::DOC) break;
    std::string_view line = TextOf(before).substr(3);
    if (line.starts_with(' ')) line.remove_prefix(1);
    while (line.ends_with('\r') || line.ends_with(' ') || line.ends_with('\t'))
      line.remove_suffix(1);
    lines.push_back(line);
  }
  std::reverse(lines.begin(), lines.end());
  return Join(lines, "\n");
}

void Builder::Error(DiagKind kind, Span span, std::string message, std::string help) {
  Diagnostic diagnostic(kind, span, std::move(message));
  if (!help.empty()) diagnostic.AddHelp(std::move(help));
  sink_.Report(std::move(diagnostic));
}

// The grammar lets any number of commas follow each other; the language lets one end a list.
void Builder::CheckCommas(const antlr4::ParserRuleContext* list, std::string_view what) {
  bool after_comma = false;
  for (antlr4::tree::ParseTree* child : list->children) {
    const antlr4::Token* token = TokenOf(child);
    const bool comma = token != nullptr && token->getType() == P::COMMA;
    if (comma && after_comma) {
      Error(DiagKind::kUnexpectedToken, SpanOf(token), Cat(what, " is missing between two commas"));
    }
    after_comma = comma;
  }
}

// ---------------------------------------------------------------------------------------------------------

void Builder::Edition(P::EditionContext* ctx) {
  if (ctx == nullptr || ctx->exception != nullptr) return;
  const antlr4::Token* number = FindToken(ctx, {P::INT});
  if (number == nullptr) return;
  ast_.edition_span = SpanOf(number);
  if (TextOf(number) != "1") {
    Error(DiagKind::kUnknownEdition, SpanOf(number),
          Cat("edition ", TextOf(number), " of the language is not known"),
          "this compiler knows edition 1: ztp 1");
  }
}

void Builder::Package(P::PackageLineContext* ctx) {
  if (ctx->exception != nullptr) return;
  const Span span = SpanOf(ctx);
  if (ast_.package.valid()) {
    sink_.Report(Diagnostic(DiagKind::kDuplicateLine, span, "the package is named twice")
                     .Label(package_line_, "named first here"));
    return;
  }
  if (!ast_.imports.empty() || !ast_.decls.empty()) {
    Error(DiagKind::kClauseOrder, span, "the package is named before imports and declarations",
          "move this line up, under 'ztp 1'");
  }
  package_line_ = span;
  ast_.package = PathOf(ctx->qualifiedName());
}

void Builder::Import(P::ImportLineContext* ctx) {
  if (ctx->exception != nullptr) return;
  const Span span = SpanOf(ctx);
  if (!ast_.decls.empty()) {
    Error(DiagKind::kClauseOrder, span, "imports stand before all declarations",
          "move this line up, under the package");
  }
  ast_.imports.push_back(syntax::Import{PathOf(ctx->qualifiedName()), span});
}

void Builder::Finish() {
  if (ast_.broken) return;
  ast_.broken = !ast_.edition_span.valid() || !ast_.package.valid();
  const Span top{file_, 0, 0};
  if (!ast_.edition_span.valid()) {
    sink_.Report(Diagnostic(DiagKind::kMissingHeader, top, "the file does not say its edition")
                     .Expected("ztp 1")
                     .Help("begin the file with the line: ztp 1"));
  }
  if (!ast_.package.valid()) {
    sink_.Report(Diagnostic(DiagKind::kMissingHeader, top, "the file does not name its package")
                     .Expected("package name")
                     .Help("name it under 'ztp 1', for example: package acme.training"));
  }
}

void Builder::Declaration(P::DeclarationContext* ctx, bool broken) {
  too_deep_ = false;
  const size_t errors = sink_.error_count();
  const size_t decls = ast_.decls.size();
  Decl decl;
  decl.broken = broken;
  if (auto* line = ctx->packageLine()) {
    Package(line);
  } else if (auto* import = ctx->importLine()) {
    Import(import);
  } else if (auto* node = ctx->enumDecl()) {
    Enum(node, std::move(decl));
  } else if (auto* lattice = ctx->latticeDecl()) {
    Lattice(lattice, std::move(decl));
  } else if (auto* type = ctx->typeDecl()) {
    const bool good = type->exception == nullptr;
    ast_.types.push_back(TypeDecl{good ? Type(type->typeExpr()) : Type(nullptr)});
    Add(DeclKind::kType, ast_.types.size(), type, type->name(), std::move(decl));
  } else if (auto* constant = ctx->constDecl()) {
    ConstDecl out;
    if (constant->exception == nullptr) {
      if (constant->typeExpr() != nullptr) out.type = Type(constant->typeExpr());
      out.value = Expression(constant->expression());
    } else {
      out.value = ErrorExpr(SpanOf(constant));
    }
    ast_.consts.push_back(out);
    Add(DeclKind::kConst, ast_.consts.size(), constant, constant->anyName(), std::move(decl));
  } else if (auto* entity = ctx->entityDecl()) {
    Entity(entity, std::move(decl));
  } else if (auto* input = ctx->inputDecl()) {
    if (input->exception != nullptr || input->field() == nullptr) return;
    if (auto field = OneField(input->field(), Place::kInput)) {
      ast_.inputs.push_back(InputDecl{std::move(*field)});
      Add(DeclKind::kInput, ast_.inputs.size(), input, input->field()->anyName(), std::move(decl));
    }
  } else if (auto* action = ctx->actionDecl()) {
    Action(action, std::move(decl));
  } else if (auto* obligation = ctx->obligationDecl()) {
    ObligationDecl out;
    if (obligation->exception == nullptr) {
      out.params = Parameters(obligation->parameters(), Place::kObligationParameter);
    }
    ast_.obligations.push_back(std::move(out));
    Add(DeclKind::kObligation, ast_.obligations.size(), obligation, obligation->name(),
        std::move(decl));
  } else if (auto* def = ctx->defDecl()) {
    DefDecl out;
    if (def->parameters() != nullptr && def->parameters()->exception == nullptr) {
      out.params = Parameters(def->parameters(), Place::kDefParameter);
    }
    out.body = def->exception == nullptr ? Expression(def->expression()) : ErrorExpr(SpanOf(def));
    ast_.defs.push_back(std::move(out));
    Add(DeclKind::kDef, ast_.defs.size(), def, def->name(), std::move(decl));
  } else if (auto* delegate = ctx->delegateDecl()) {
    Delegate(delegate, std::move(decl));
  } else if (auto* route = ctx->routeDecl()) {
    Route(route, std::move(decl));
  } else if (auto* rule = ctx->ruleDecl()) {
    Rule(rule, std::move(decl));
  } else if (auto* fixture = ctx->fixtureDecl()) {
    ast_.fixtures.push_back(FixtureDecl{Statements(fixture->testBody(), false)});
    Add(DeclKind::kFixture, ast_.fixtures.size(), fixture, fixture->name(), std::move(decl));
  } else if (auto* test = ctx->testDecl()) {
    TestDecl out;
    out.name = StringOf(FindToken(test, {P::STRING, P::SLIP_STRING}));
    out.statements = Statements(test->testBody(), true);
    ast_.tests.push_back(std::move(out));
    Add(DeclKind::kTest, ast_.tests.size(), test, nullptr, std::move(decl));
  }
  if (sink_.error_count() != errors) {
    ast_.broken = true;
    if (ast_.decls.size() > decls) ast_.decls.back().broken = true;
  }
}

void Builder::Add(DeclKind kind, size_t size, const antlr4::ParserRuleContext* ctx,
                  const antlr4::ParserRuleContext* name, Decl decl) {
  decl.kind = kind;
  decl.index = static_cast<uint32_t>(size - 1);
  decl.name = NameOf(name);
  decl.span = SpanOf(ctx);
  decl.head = SpanOf(ctx->start);
  if (decl.name.valid()) decl.head = Cover(decl.head, decl.name.span);
  if (kind == DeclKind::kTest && ast_.tests.back().name.span.valid()) {
    decl.head = Cover(decl.head, ast_.tests.back().name.span);
  }
  if (kind == DeclKind::kDelegate && ast_.delegates.back().package.valid()) {
    decl.head = Cover(decl.head, ast_.delegates.back().package.span);
  }
  decl.doc = DocBefore(ctx->start);
  // Without a name nobody can refer to it: it was lost to a syntax error.
  if (!decl.name.valid() && kind != DeclKind::kTest && kind != DeclKind::kDelegate) return;
  ast_.decls.push_back(std::move(decl));
}

std::vector<Name> Builder::NameSet(P::NameSetContext* ctx) {
  std::vector<Name> names;
  CheckCommas(ctx, "a name");
  for (P::AnyNameContext* name : ctx->anyName()) names.push_back(NameOf(name));
  return names;
}

void Builder::Enum(P::EnumDeclContext* ctx, Decl decl) {
  EnumDecl out;
  if (ctx->exception == nullptr) out.values = NameSet(ctx->nameSet());
  ast_.enums.push_back(std::move(out));
  Add(DeclKind::kEnum, ast_.enums.size(), ctx, ctx->name(), std::move(decl));
}

void Builder::Lattice(P::LatticeDeclContext* ctx, Decl decl) {
  LatticeDecl out;
  if (ctx->exception == nullptr) {
    if (P::ChainContext* chain = ctx->chain()) {
      out.kind = LatticeKind::kChain;
      for (P::AnyNameContext* name : chain->anyName()) out.elements.push_back(NameOf(name));
    } else if (P::PartsContext* parts = ctx->parts()) {
      out.kind = LatticeKind::kProduct;
      CheckCommas(parts, "a part");
      for (P::FieldContext* part : parts->field()) {
        if (auto field = OneField(part, Place::kPart)) out.parts.push_back(std::move(*field));
      }
    } else {
      out.kind = ctx->DUAL() != nullptr ? LatticeKind::kDual : LatticeKind::kPowerSet;
      if (ctx->nameSet() != nullptr) out.elements = NameSet(ctx->nameSet());
      if (ctx->qualifiedName() != nullptr) out.of = PathOf(ctx->qualifiedName());
    }
  }
  ast_.lattices.push_back(std::move(out));
  Add(DeclKind::kLattice, ast_.lattices.size(), ctx, ctx->name(), std::move(decl));
}

void Builder::Entity(P::EntityDeclContext* ctx, Decl decl) {
  EntityDecl out;
  for (P::EntityHeadContext* head : ctx->entityHead()) {
    if (head->exception != nullptr) continue;
    for (P::EdgeContext* edge : head->edge()) {
      Edge made;
      made.attribute = NameOf(edge->anyName());
      made.optional = edge->QUESTION() != nullptr;
      made.type = PathOf(edge->qualifiedName());
      made.span = SpanOf(edge);
      out.in.push_back(made);
    }
    for (P::QualifiedNameContext* parent : head->qualifiedName()) {
      out.derives.push_back(PathOf(parent));
    }
    if (head->CARRIED() != nullptr) {
      if (out.carried != Carried::kNo) {
        Error(DiagKind::kDuplicateLine, SpanOf(head), "'carried' is written twice");
      }
      out.carried = head->VOUCHED() != nullptr ? Carried::kVouched : Carried::kClaimed;
      out.carried_span = SpanOf(head);
    }
  }
  if (ctx->entityBody() != nullptr) EntityBody(ctx->entityBody(), out);
  ast_.entities.push_back(std::move(out));
  Add(DeclKind::kEntity, ast_.entities.size(), ctx, ctx->name(), std::move(decl));
}

void Builder::EntityBody(P::EntityBodyContext* ctx, EntityDecl& entity) {
  entity.has_body = true;
  for (P::EntityMemberContext* member : ctx->entityMember()) {
    if (member->exception != nullptr) continue;
    if (member->IN() != nullptr) {
      Edge edge;
      edge.attribute = NameOf(member->anyName());
      edge.optional = member->QUESTION() != nullptr;
      edge.type = PathOf(member->qualifiedName());
      edge.span = SpanOf(member);
      entity.in.push_back(edge);
    } else if (member->field() != nullptr) {
      if (auto field = OneField(member->field(), Place::kAttribute)) {
        entity.attributes.push_back(std::move(*field));
      }
    }
  }
}

void Builder::Action(P::ActionDeclContext* ctx, Decl decl) {
  if (ctx->GROUP() != nullptr) {
    ActionGroupDecl group;
    if (ctx->exception == nullptr) {
      CheckCommas(ctx, "an action");
      group.members = PathsOf(ctx->qualifiedName());
    }
    ast_.action_groups.push_back(std::move(group));
    Add(DeclKind::kActionGroup, ast_.action_groups.size(), ctx, ctx->name(), std::move(decl));
    return;
  }
  ActionDecl out;
  for (P::ActionNameContext* name : ctx->actionName()) {
    if (name->exception != nullptr) continue;
    ActionName made;
    made.name = NameOf(name->name());
    if (const antlr4::Token* external = FindToken(name, {P::STRING, P::SLIP_STRING})) {
      made.external = StringOf(external);
    }
    out.names.push_back(std::move(made));
  }
  // What comes before `by` is resources, what comes after it principals.
  bool after_by = false;
  for (antlr4::tree::ParseTree* child : ctx->children) {
    if (const antlr4::Token* token = TokenOf(child)) {
      after_by = after_by || token->getType() == P::BY;
    } else if (auto* path = dynamic_cast<P::QualifiedNameContext*>(child)) {
      if (path->exception == nullptr)
        (after_by ? out.principals : out.resources).push_back(PathOf(path));
    }
  }
  if (ctx->recordType() != nullptr && ctx->recordType()->exception == nullptr) {
    out.params = RecordFields(ctx->recordType(), Place::kActionParameter);
  }
  const P::NameContext* first = ctx->actionName().empty() ? nullptr : ctx->actionName(0)->name();
  ast_.actions.push_back(std::move(out));
  Add(DeclKind::kAction, ast_.actions.size(), ctx, first, std::move(decl));
}

}  // namespace ztp::syntax
