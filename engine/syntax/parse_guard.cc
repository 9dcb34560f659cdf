// See parse_guard.h. The one file of engine/ that throws and catches.
#include "engine/syntax/parse_guard.h"

#include <exception>
#include <utility>

#include "antlr4-runtime.h"
#include "engine/base/limits.h"
#include "engine/base/str.h"
#include "engine/syntax/builder.h"
#include "engine/syntax/byte_stream.h"
#include "engine/syntax/generated.h"
#include "engine/syntax/messages.h"
#include "engine/syntax/scan.h"

namespace ztp::syntax {
namespace {

using generated::ZtpLexer;

// Rules of the grammar within rules; about six of them are one level of an expression.
constexpr size_t kMaxRuleDepth = size_t{8} * kMaxNestingDepth;

// Thrown through ANTLR when its recursion would go too deep.
struct TooDeep {
  antlr4::Token* token;
};

class DepthParser final : public P {
 public:
  explicit DepthParser(antlr4::TokenStream* input) : P(input) {}

  void enterRule(antlr4::ParserRuleContext* ctx, size_t state, size_t rule) override {
    // There is no way to be told of leaving a rule; the parent says how much of the path still
    // holds.
    while (!path_.empty() && path_.back() != ctx->parent) path_.pop_back();
    path_.push_back(ctx);
    P::enterRule(ctx, state, rule);
    if (path_.size() > kMaxRuleDepth) throw TooDeep{getCurrentToken()};
  }

  // Frees the tree of the declaration that has been built.
  void DropTree() {
    path_.clear();
    getTreeTracker().reset();
  }

 private:
  std::vector<antlr4::tree::ParseTree*> path_;
};

bool In(size_t type, std::initializer_list<size_t> types) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

// Where one thing ends and the next begins, judged by words and by where lines begin: what recovery
// goes by.
class Landmarks {
 public:
  explicit Landmarks(antlr4::BufferedTokenStream& tokens) : tokens_(tokens) {}

  bool FirstOnLine(size_t index) const {
    const antlr4::Token* token = tokens_.get(index);
    const antlr4::Token* before = Before(index);
    return before == nullptr || before->getLine() != token->getLine();
  }

  // The token before, comments left out, or nullptr.
  const antlr4::Token* Before(size_t index) const {
    for (size_t i = index; i > 0; --i) {
      const antlr4::Token* token = tokens_.get(i - 1);
      if (token->getChannel() == antlr4::Token::DEFAULT_CHANNEL) return token;
    }
    return nullptr;
  }

  size_t TypeAfter(size_t index) const {
    for (size_t i = index + 1; i < tokens_.size(); ++i) {
      const antlr4::Token* token = tokens_.get(i);
      if (token->getChannel() == antlr4::Token::DEFAULT_CHANNEL) return token->getType();
    }
    return antlr4::Token::EOF;
  }

  bool DeclarationStart(size_t index) const {
    const antlr4::Token* token = tokens_.get(index);
    const size_t type = token->getType();
    if (In(type, {P::ENUM, P::LATTICE, P::CONST, P::DEF, P::PERMIT, P::FORBID, P::DUTY, P::NEVER,
                  P::ALWAYS, P::TYPE, P::OBLIGATION, P::DELEGATE, P::ROUTE, P::CALLER, P::FIXTURE,
                  P::TEST, P::PACKAGE, P::IMPORT})) {
      const size_t after = TypeAfter(index);
      const bool named = after == P::IDENT || after == P::STRING || IsWord(after);
      return named && FirstOnLine(index);
    }
    // These open lines within other declarations too, but those are indented.
    if (In(type, {P::ENTITY, P::INPUT, P::ACTION})) return token->getCharPositionInLine() == 0;
    return false;
  }

  // A line that begins with two words at its margin, such as a misspelt declaration, rule line or
  // statement.
  bool TwoWords(size_t index) const {
    if (tokens_.get(index)->getType() != P::IDENT || !FirstOnLine(index)) return false;
    const size_t after = TypeAfter(index);
    return after == P::IDENT || after == P::STRING || after == P::ALLOW || after == P::DENY;
  }

  bool RuleLineStart(size_t index) const {
    const size_t type = tokens_.get(index)->getType();
    if (TypeAfter(index) == P::COLON) return false;
    if (In(type, {P::WHEN, P::UNLESS, P::OBLIGE, P::BECAUSE})) return true;
    return In(type, {P::PRINCIPAL, P::ACTION, P::RESOURCE}) && FirstOnLine(index);
  }

  bool StatementStart(size_t index) const {
    const size_t type = tokens_.get(index)->getType();
    const size_t after = TypeAfter(index);
    if (after == P::COLON || !FirstOnLine(index)) return false;
    if (type == P::NOW) return after == P::ASSIGN;
    return In(type, {P::EXPECT, P::USING, P::ENTITY, P::LET, P::INPUT});
  }

 private:
  antlr4::BufferedTokenStream& tokens_;
};

// Reports an error where it is found, leaves the rules that it spoils, and goes on at the next
// line, statement, attribute or declaration.
class Recovery final : public antlr4::DefaultErrorStrategy {
 public:
  Recovery(antlr4::BufferedTokenStream& tokens, std::string_view text, FileId file,
           DiagnosticSink& sink)
      : tokens_(tokens), landmarks_(tokens), text_(text), file_(file), sink_(sink) {}

  size_t errors() const { return errors_; }

  void reportError(antlr4::Parser* parser, const antlr4::RecognitionException& e) override {
    if (inErrorRecoveryMode(parser)) return;
    beginErrorCondition(parser);
    antlr4::Token* found = e.getOffendingToken();
    Report(parser, found == nullptr ? parser->getCurrentToken() : found, e.getExpectedTokens());
  }

  // Called in the innermost rule that failed, then in those around it, until one knows how to go
  // on.
  void recover(antlr4::Parser* parser, std::exception_ptr e) override {
    const antlr4::ParserRuleContext* ctx = parser->getContext();
    switch (ctx->getRuleIndex()) {
      case P::RuleRuleMember:
      case P::RuleRouteMember:
      case P::RuleStatement:
      case P::RuleEntityMember:
      case P::RuleField:
      case P::RuleDeclaration:
      case P::RuleEdition:
        // Always forward: whoever called this rule would call it for the same token again.
        if (parser->getCurrentToken() == ctx->start) parser->consume();
        Skip(parser, ctx->getRuleIndex(), ctx->start->getTokenIndex());
        endErrorCondition(parser);
        return;
      default:
        std::rethrow_exception(e);
    }
  }

  antlr4::Token* recoverInline(antlr4::Parser* parser) override {
    throw antlr4::InputMismatchException(parser);
  }

  // At each choice: is the next token one of those that can follow? Within a list of lines the
  // wrong ones are skipped.
  void sync(antlr4::Parser* parser) override {
    if (inErrorRecoveryMode(parser)) return;
    const antlr4::atn::ATN& atn = parser->getATN();
    const antlr4::misc::IntervalSet& next = atn.nextTokens(atn.states[parser->getState()]);
    if (next.contains(antlr4::Token::EPSILON)) return;
    while (!next.contains(parser->getTokenStream()->LA(1))) {
      const size_t rule = parser->getContext()->getRuleIndex();
      antlr4::Token* found = parser->getCurrentToken();
      // At a new declaration, or the end, what is missing is the brace.
      if (!IsBody(rule) || found->getType() == antlr4::Token::EOF ||
          landmarks_.DeclarationStart(found->getTokenIndex())) {
        throw antlr4::InputMismatchException(parser);
      }
      beginErrorCondition(parser);
      Report(parser, found, next);
      parser->consume();
      Skip(parser, MemberOf(rule), found->getTokenIndex());
      endErrorCondition(parser);
    }
  }

 private:
  // Rules that are lists of lines between braces, and the rule of a line.
  static bool IsBody(size_t rule) { return MemberOf(rule) != 0; }
  static size_t MemberOf(size_t body) {
    switch (body) {
      case P::RuleRuleBody:
        return P::RuleRuleMember;
      case P::RuleRouteBody:
        return P::RuleRouteMember;
      case P::RuleTestBody:
        return P::RuleStatement;
      case P::RuleEntityBody:
        return P::RuleEntityMember;
      default:
        return 0;
    }
  }

  void Report(antlr4::Parser* parser, antlr4::Token* found, antlr4::misc::IntervalSet expected) {
    ++errors_;
    SyntaxError error;
    const antlr4::ParserRuleContext* ctx = parser->getContext();
    error.rule = ctx->getRuleIndex();
    error.found = found;
    if (expected.contains(static_cast<size_t>(P::RBRACE)) && IsBody(error.rule) &&
        (found->getType() == antlr4::Token::EOF ||
         landmarks_.DeclarationStart(found->getTokenIndex()))) {
      error.opened = ctx->start;
    }
    error.expected = std::move(expected);
    sink_.Report(Explain(error, text_, file_));
  }

  // Consumes up to where the rule `rule`, begun at token `begin`, is over.
  void Skip(antlr4::Parser* parser, size_t rule, size_t begin) {
    // Brackets opened since the rule began.
    int depth = 0;
    const size_t current = parser->getCurrentToken()->getTokenIndex();
    for (size_t i = begin; i < current; ++i) {
      const size_t type = tokens_.get(i)->getType();
      if (In(type, {P::LBRACE, P::LPAREN, P::LBRACKET})) ++depth;
      if (In(type, {P::RBRACE, P::RPAREN, P::RBRACKET}) && depth > 0) --depth;
    }
    while (true) {
      const antlr4::Token* token = parser->getCurrentToken();
      const size_t type = token->getType();
      const size_t index = token->getTokenIndex();
      if (type == antlr4::Token::EOF || landmarks_.DeclarationStart(index)) return;
      switch (rule) {
        case P::RuleRuleMember:
          if (landmarks_.RuleLineStart(index)) return;
          if (depth == 0 && (type == P::RBRACE || landmarks_.TwoWords(index))) return;
          break;
        case P::RuleStatement:
          if (landmarks_.StatementStart(index)) return;
          if (depth == 0 && (type == P::RBRACE || landmarks_.TwoWords(index))) return;
          break;
        case P::RuleEntityMember:
        case P::RuleRouteMember:
        case P::RuleField:
          if (depth == 0 &&
              (In(type, {P::COMMA, P::RBRACE, P::RPAREN}) || landmarks_.FirstOnLine(index)))
            return;
          break;
        default:
          if (landmarks_.TwoWords(index) && token->getCharPositionInLine() == 0) return;
      }
      if (In(type, {P::LBRACE, P::LPAREN, P::LBRACKET})) ++depth;
      if (In(type, {P::RBRACE, P::RPAREN, P::RBRACKET}) && depth > 0) --depth;
      parser->consume();
    }
  }

  antlr4::BufferedTokenStream& tokens_;
  Landmarks landmarks_;
  std::string_view text_;
  FileId file_;
  DiagnosticSink& sink_;
  size_t errors_ = 0;
};

// What the lexer hides but the language does not have. True if there was any.
bool ReportHidden(antlr4::BufferedTokenStream& tokens, FileId file, DiagnosticSink& sink) {
  bool any = false;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const antlr4::Token* token = tokens.get(i);
    if (token->getChannel() == antlr4::Token::DEFAULT_CHANNEL) continue;
    const size_t type = token->getType();
    if (type == P::COMMENT || type == P::DOC) continue;
    any = true;
    const Span span{file, static_cast<uint32_t>(token->getStartIndex()),
                    static_cast<uint32_t>(token->getStopIndex() + 1)};
    if (type == P::SLIP_SEMICOLON) {
      sink.Report(Diagnostic(DiagKind::kUnexpectedToken, span, "there are no semicolons")
                      .Help("leave it out: a line or declaration ends where the next one begins")
                      .Fix(span, ""));
    } else if (type == P::OPEN_COMMENT) {
      sink.Report(Diagnostic(DiagKind::kUnterminatedComment, span, "this comment is never closed")
                      .Help("comments begin with // and end with their line"));
    } else {
      sink.Report(Diagnostic(DiagKind::kUnexpectedToken, Span{file, span.begin, span.begin + 2},
                             "comments begin with // and end with their line"));
    }
  }
  return any;
}

void ParseTokens(const SourceManager& sources, FileId file, Interner& interner,
                 DiagnosticSink& sink, Ast& ast) {
  const std::string_view text = sources.file(file).text();
  ByteStream bytes(text, ByteOrderMark(text));
  ZtpLexer lexer(&bytes);
  lexer.removeErrorListeners();
  antlr4::CommonTokenStream tokens(&lexer);
  tokens.fill();
  if (ReportHidden(tokens, file, sink)) ast.broken = true;

  DepthParser parser(&tokens);
  parser.removeErrorListeners();
  auto strategy = std::make_shared<Recovery>(tokens, text, file, sink);
  Recovery& recovery = *strategy;
  parser.setErrorHandler(strategy);
  const Landmarks landmarks(tokens);
  Builder builder(sources, file, interner, sink, tokens, ast);

  bool at_top = true;
  while (tokens.LA(1) != antlr4::Token::EOF && recovery.errors() < kMaxDiagnosticsShownPerFile) {
    const size_t begin = tokens.index();
    const size_t errors = recovery.errors();
    bool too_deep = false;
    try {
      if (at_top && tokens.LA(1) == P::ZTP) {
        builder.Edition(parser.edition());
      } else {
        P::DeclarationContext* declaration = parser.declaration();
        const bool broken = recovery.errors() != errors;
        if (broken) ast.broken = true;
        builder.Declaration(declaration, broken);
      }
    } catch (const TooDeep& e) {
      too_deep = true;
      const auto at = static_cast<uint32_t>(e.token->getStartIndex());
      sink.Report(
          Diagnostic(DiagKind::kNestingTooDeep, Span{file, at, at + 1},
                     Cat("expressions or types are nested more than ", kMaxNestingDepth, " deep"))
              .Help("name parts of the expression with 'def'"));
    }
    at_top = false;
    if (recovery.errors() != errors) ast.broken = true;
    parser.DropTree();
    if (too_deep || tokens.index() == begin) {
      ast.broken = true;
      recovery.reset(&parser);
      do {
        tokens.consume();
      } while (tokens.LA(1) != antlr4::Token::EOF && !landmarks.DeclarationStart(tokens.index()));
    }
  }
  if (recovery.errors() >= kMaxDiagnosticsShownPerFile) return;
  builder.Finish();
}

}  // namespace

void ParseGuarded(const SourceManager& sources, FileId file, Interner& interner,
                  DiagnosticSink& sink, Ast& ast) {
  std::string what;
  try {
    ParseTokens(sources, file, interner, sink, ast);
    return;
  } catch (const std::exception& e) {
    what = e.what();
  } catch (const char* text) {
    what = text;
  } catch (...) {
    what = "unknown";
  }
  ast.broken = true;
  sink.Report(Diagnostic(DiagKind::kUnexpectedToken, Span{file, 0, 0},
                         Cat("the file cannot be parsed (the parser failed: ", what, ")")));
}

std::vector<LexedToken> Lex(const SourceManager& sources, FileId file) {
  std::vector<LexedToken> result;
  const std::string_view text = sources.file(file).text();
  try {
    ByteStream bytes(text, ByteOrderMark(text));
    ZtpLexer lexer(&bytes);
    lexer.removeErrorListeners();
    antlr4::CommonTokenStream tokens(&lexer);
    tokens.fill();
    for (size_t i = 0; i < tokens.size(); ++i) {
      const antlr4::Token* token = tokens.get(i);
      const size_t type = token->getType();
      LexedToken lexed;
      lexed.span.file = file;
      if (type == antlr4::Token::EOF) break;
      lexed.span.begin = static_cast<uint32_t>(token->getStartIndex());
      lexed.span.end = static_cast<uint32_t>(token->getStopIndex() + 1);
      if (type == P::COMMENT || type == P::DOC) {
        lexed.kind = TokenKind::kComment;
        while (lexed.span.end > lexed.span.begin &&
               In(static_cast<unsigned char>(text[lexed.span.end - 1]), {' ', '\t'})) {
          --lexed.span.end;
        }
      } else if (type == P::STRING) {
        lexed.kind = TokenKind::kString;
      } else if (In(type, {P::INT, P::DECIMAL, P::DURATION})) {
        lexed.kind = TokenKind::kNumber;
      } else {
        lexed.kind = IsWord(type) || type == P::IDENT ? TokenKind::kWord : TokenKind::kSign;
      }
      result.push_back(lexed);
    }
  } catch (...) {
    result.clear();
  }
  const auto size = static_cast<uint32_t>(text.size());
  result.push_back(LexedToken{TokenKind::kEnd, Span{file, size, size}});
  return result;
}

std::vector<std::string> FindAmbiguities(std::string_view text, std::vector<std::string>* errors) {
  class Listener final : public antlr4::DiagnosticErrorListener {
   public:
    Listener(std::vector<std::string>& out, std::vector<std::string>& errors)
        : DiagnosticErrorListener(true), out_(out), errors_(errors) {}
    void reportAmbiguity(antlr4::Parser* parser, const antlr4::dfa::DFA& dfa, size_t start,
                         size_t stop, bool exact, const antlrcpp::BitSet&,
                         antlr4::atn::ATNConfigSet*) override {
      if (!exact) return;
      const antlr4::misc::Interval range(static_cast<ssize_t>(start), static_cast<ssize_t>(stop));
      out_.push_back(
          Cat("decision ", dfa.decision, ": ", parser->getTokenStream()->getText(range)));
    }
    void syntaxError(antlr4::Recognizer*, antlr4::Token*, size_t line, size_t column,
                     const std::string& message, std::exception_ptr) override {
      errors_.push_back(Cat("line ", line, ":", column, ": ", message));
    }
    void reportAttemptingFullContext(antlr4::Parser*, const antlr4::dfa::DFA&, size_t, size_t,
                                     const antlrcpp::BitSet&, antlr4::atn::ATNConfigSet*) override {
    }
    void reportContextSensitivity(antlr4::Parser*, const antlr4::dfa::DFA&, size_t, size_t, size_t,
                                  antlr4::atn::ATNConfigSet*) override {}

   private:
    std::vector<std::string>& out_;
    std::vector<std::string>& errors_;
  };
  std::vector<std::string> found, unwanted;
  if (errors == nullptr) errors = &unwanted;
  try {
    ByteStream bytes(text, ByteOrderMark(text));
    ZtpLexer lexer(&bytes);
    lexer.removeErrorListeners();
    antlr4::CommonTokenStream tokens(&lexer);
    P parser(&tokens);
    Listener listener(found, *errors);
    parser.removeErrorListeners();
    parser.addErrorListener(&listener);
    parser.getInterpreter<antlr4::atn::ParserATNSimulator>()->setPredictionMode(
        antlr4::atn::PredictionMode::LL_EXACT_AMBIG_DETECTION);
    parser.file();
  } catch (...) {
    errors->emplace_back("the parser failed");
  }
  return found;
}

}  // namespace ztp::syntax
