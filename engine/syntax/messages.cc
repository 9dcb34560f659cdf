// See messages.h.
#include "engine/syntax/messages.h"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "engine/base/str.h"
#include "engine/diag/suggest.h"

namespace ztp::syntax {
namespace {

using P = generated::ZtpParser;

constexpr size_t kMaxShownBytes = 40;

std::string Spelling(size_t type) {
  static const std::vector<std::string>* const kLiterals = [] {
    static const antlr4::dfa::Vocabulary kVocabulary = P(nullptr).getVocabulary();
    auto* literals = new std::vector<std::string>();
    for (size_t i = 0; i <= kVocabulary.getMaxTokenType(); ++i) {
      literals->push_back(kVocabulary.getLiteralName(i));
    }
    return literals;
  }();
  switch (type) {
    case antlr4::Token::EOF:
      return "the end of the file";
    case P::STRING:
      return "a string in double quotes";
    case P::INT:
      return "a number";
    case P::IDENT:
      return "a name";
    default:
      return type < kLiterals->size() && !(*kLiterals)[type].empty() ? (*kLiterals)[type] : "";
  }
}

// Takes groups of tokens out of the expected set and names each as a whole.
class ExpectedSet {
 public:
  explicit ExpectedSet(const antlr4::misc::IntervalSet& set) {
    for (const ssize_t type : set.toList()) {
      if (type >= 0 && static_cast<size_t>(type) < present_.size())
        present_[static_cast<size_t>(type)] = true;
      if (type == static_cast<ssize_t>(antlr4::Token::EOF)) end_ = true;
    }
  }

  bool Has(size_t type) const { return present_[type]; }

  std::vector<std::string> Describe() {
    std::vector<std::string> parts;
    if (Has(P::ENUM) && Has(P::LATTICE) && Has(P::FIXTURE) && !Has(P::IDENT)) {
      parts.emplace_back("a declaration");
      for (const size_t type : kDeclarationStarts) present_[type] = false;
      end_ = false;
    }
    if (Has(P::WHEN) && Has(P::BECAUSE) && !Has(P::IDENT)) {
      parts.emplace_back("a line of the rule");
      for (const size_t type :
           {P::PRINCIPAL, P::ACTION, P::RESOURCE, P::WHEN, P::UNLESS, P::OBLIGE, P::BECAUSE}) {
        present_[type] = false;
      }
    }
    if (Has(P::EXPECT) && Has(P::LET) && !Has(P::IDENT)) {
      parts.emplace_back("a statement of the test");
      for (const size_t type : {P::USING, P::ENTITY, P::LET, P::INPUT, P::NOW, P::EXPECT})
        present_[type] = false;
    }
    if (Has(P::INT) && Has(P::LPAREN)) {
      parts.emplace_back("an expression");
      for (const size_t type : kExpressionStarts) present_[type] = false;
      RemoveNames();
    } else if (Has(P::AND) && Has(P::STAR) && !Has(P::IDENT)) {
      parts.emplace_back("an operator");
      for (const size_t type : kOperators) present_[type] = false;
    } else if (Has(P::IDENT)) {
      parts.emplace_back("a name");
      // A record's type begins with a brace: `x: {`.
      RemoveNames();
    }
    if (Has(P::DOT) && Has(P::LBRACKET)) {
      for (const size_t type : {P::DOT, P::LBRACKET, P::LPAREN, P::COLONCOLON})
        present_[type] = false;
    }
    for (size_t type = 1; type < P::SLIP_AND; ++type) {
      if (!present_[type]) continue;
      std::string spelling = Spelling(type);
      if (!spelling.empty()) parts.push_back(std::move(spelling));
    }
    if (end_) parts.emplace_back("the end of the file");
    return parts;
  }

 private:
  static constexpr std::array kDeclarationStarts = {
      P::ENUM,   P::LATTICE,  P::TYPE,  P::CONST,   P::ENTITY, P::INPUT,  P::ACTION, P::OBLIGATION,
      P::DEF,    P::DELEGATE, P::ROUTE, P::CALLER,  P::PERMIT, P::FORBID, P::DUTY,   P::NEVER,
      P::ALWAYS, P::FIXTURE,  P::TEST,  P::PACKAGE, P::IMPORT, P::ZTP};
  static constexpr std::array kExpressionStarts = {
      P::STRING,   P::INT,       P::DECIMAL, P::DURATION, P::TRUE,   P::FALSE,
      P::NOW,      P::PRINCIPAL, P::ACTION,  P::RESOURCE, P::LPAREN, P::LBRACE,
      P::LBRACKET, P::NOT,       P::MINUS,   P::HAS,      P::IF,     P::ANY,
      P::ALL,      P::COUNT,     P::SUM,     P::JOIN,     P::SET};
  static constexpr std::array kOperators = {
      P::STAR, P::PLUS, P::MINUS, P::JOIN,   P::MEET, P::COALESCE, P::EQ,      P::NE,
      P::LT,   P::LE,   P::GT,    P::GE,     P::IN,   P::LIKE,     P::MATCHES, P::WITHIN,
      P::IS,   P::AND,  P::OR,    P::ASSIGN, P::NOT,  P::FLOWS,    P::DERIVES, P::HAS};

  // A set with a name in it has all the words that can be names there.
  void RemoveNames() {
    for (size_t type = 1; type <= P::WHERE; ++type) present_[type] = false;
    present_[P::IDENT] = false;
  }

  std::array<bool, P::OTHER + 1> present_{};
  bool end_ = false;
};

std::string Shown(std::string_view text) {
  if (text.size() <= kMaxShownBytes) return Quoted(text);
  size_t end = kMaxShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return Cat("'", text.substr(0, end), "…'");
}

std::string Alternatives(const std::vector<std::string>& parts) {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i != 0) out += i + 1 == parts.size() ? " or " : ", ";
    out += parts[i];
  }
  return out;
}

// Words that people bring from other languages, and what they are called here.
struct Habit {
  std::string_view word;
  std::string_view ours;
};
constexpr Habit kDeclarationHabits[] = {{"allow", "permit"},
                                        {"deny", "forbid"},
                                        {"rule", "permit"},
                                        {"policy", "permit"},
                                        {"func", "def"},
                                        {"function", "def"},
                                        {"fn", "def"},
                                        {"define", "def"},
                                        {"let", "def"},
                                        {"struct", "type"},
                                        {"record", "type"},
                                        {"class", "entity"},
                                        {"namespace", "package"},
                                        {"module", "package"},
                                        {"use", "import"},
                                        {"include", "import"},
                                        {"when", ""},
                                        {"unless", ""},
                                        {"constant", "const"},
                                        {"object", "entity"},
                                        {"obligations", "obligation"},
                                        {"relation", "entity"}};
constexpr Habit kLineHabits[] = {
    {"subject", "principal"}, {"user", "principal"},    {"actions", "action"},
    {"object", "resource"},   {"if", "when"},           {"where", "when"},
    {"condition", "when"},    {"require", "when"},      {"reason", "because"},
    {"message", "because"},   {"obligation", "oblige"}, {"obligations", "oblige"},
    {"except", "unless"},     {"obliged", "oblige"}};

std::string Suggestion(std::string_view word, std::span<const Habit> habits,
                       std::span<const std::string_view> ours) {
  for (const Habit& habit : habits) {
    if (habit.word == word && !habit.ours.empty()) return std::string(habit.ours);
  }
  return ClosestName(word, ours).value_or("");
}

constexpr std::string_view kDeclarationWords[] = {
    "enum",       "lattice", "type",     "const",   "entity", "input",   "action",
    "obligation", "def",     "delegate", "route",   "caller", "permit",  "forbid",
    "duty",       "never",   "always",   "fixture", "test",   "package", "import"};
constexpr std::string_view kLineWords[] = {"principal", "action", "resource", "when",
                                           "unless",    "oblige", "because"};
constexpr std::string_view kStatementWords[] = {"using", "entity", "let",  "input",
                                                "now",   "expect", "with", "obliged"};

// What the parser's place and the token found say beyond what is expected.
void AddHints(const SyntaxError& error, std::string_view found, Span span, Diagnostic& diagnostic) {
  const size_t type = error.found->getType();
  std::string word;
  switch (error.rule) {
    case P::RuleFile:
    case P::RuleDeclaration:
      word = Suggestion(found, kDeclarationHabits, kDeclarationWords);
      break;
    case P::RuleRuleBody:
      word = Suggestion(found, kLineHabits, kLineWords);
      break;
    case P::RuleTestBody:
      word = Suggestion(found, {}, kStatementWords);
      break;
    default:
      break;
  }
  if (!word.empty() && word != found) {
    diagnostic.AddHelp(Cat("did you mean ", Quoted(word), "?"));
    diagnostic.SetFix(span, word);
    return;
  }
  if (type == P::EQ && error.expected.contains(static_cast<size_t>(P::ASSIGN))) {
    diagnostic.AddHelp("a declaration has a single '='; '==' compares");
    diagnostic.SetFix(span, "=");
  } else if (error.rule == P::RuleParameters &&
             error.expected.contains(static_cast<size_t>(P::LPAREN))) {
    diagnostic.AddHelp("parameters stand in parentheses, even if there are none: name()");
  } else if (error.rule == P::RuleStatement && type == P::LBRACE) {
    diagnostic.AddHelp(
        "a principal, an action and a resource come first: expect allow w train d with { … }");
  } else if (type == P::IF && error.expected.contains(static_cast<size_t>(P::INT))) {
    diagnostic.AddHelp("'if' within an expression stands in parentheses: (if a then b else c)");
  } else if (type == P::RBRACE && error.rule == P::RuleExpression &&
             error.expected.contains(static_cast<size_t>(P::ELSE))) {
    diagnostic.AddHelp("'if' needs both branches: if a then b else c");
  } else if (type == P::COLON && error.rule == P::RuleBraces) {
    diagnostic.AddHelp(
        "the key of a record is one word; a map's key is an expression: { \"key\": value }");
  } else if (error.rule == P::RuleEntityBody || error.rule == P::RuleField) {
    diagnostic.AddHelp("an attribute is written name: Type");
  }
}

}  // namespace

bool IsWord(size_t token_type) { return token_type >= P::ZTP && token_type <= P::WHERE; }

Diagnostic Explain(const SyntaxError& error, std::string_view text, FileId file) {
  const size_t type = error.found->getType();
  const bool end = type == antlr4::Token::EOF;
  const auto size = static_cast<uint32_t>(text.size());
  const Span span = end ? Span{file, size, size}
                        : Span{file, static_cast<uint32_t>(error.found->getStartIndex()),
                               static_cast<uint32_t>(error.found->getStopIndex() + 1)};
  const std::string_view found = text.substr(span.begin, span.size());

  switch (type) {
    case P::OPEN_STRING:
      return Diagnostic(DiagKind::kUnterminatedString, span, "the string is not closed on its line")
          .Help("a line break within a string is written \\n");
    case P::NON_ASCII:
      if (found.starts_with("\xE2\x80\x9C") || found.starts_with("\xE2\x80\x9D")) {
        return Diagnostic(DiagKind::kUnknownCharacter, span, "strings stand in plain double quotes")
            .Expected("\"");
      }
      return Diagnostic(DiagKind::kUnknownCharacter, span,
                        Cat("the character ", Shown(found), " begins nothing here"))
          .Help(
              "names are made of the letters a to z, digits and '_'; other characters belong into "
              "strings");
    case P::OTHER: {
      Diagnostic diagnostic(DiagKind::kUnknownCharacter, span,
                            Cat("the character ", Shown(found), " begins nothing here"));
      if (found == "#") diagnostic.AddHelp("comments begin with // and end with their line");
      return diagnostic;
    }
    case P::SLIP_NUMBER:
      return Diagnostic(DiagKind::kBadNumber, span, Cat(Shown(found), " is no number"));
    default:
      break;
  }

  ExpectedSet expected(error.expected);
  const bool wants_name = expected.Has(P::IDENT) && !expected.Has(P::INT);
  const std::vector<std::string> parts = expected.Describe();
  if (IsWord(type) && wants_name && error.rule != P::RuleEntityBody &&
      error.rule != P::RuleRecordType) {
    return Diagnostic(DiagKind::kKeywordAsName, span,
                      Cat(Quoted(found), " is a keyword and no name here"))
        .Expected(Alternatives(parts))
        .Help(
            "keywords are names only after '.', after 'has', before ':', and as names of "
            "attributes");
  }
  Diagnostic diagnostic(
      DiagKind::kUnexpectedToken, span,
      end ? std::string("the file ends too early") : Cat("unexpected ", Shown(found)));
  if (!parts.empty()) diagnostic.SetExpected(Alternatives(parts));
  AddHints(error, found, span, diagnostic);
  if (error.opened != nullptr) {
    const auto brace = static_cast<uint32_t>(error.opened->getStartIndex());
    diagnostic.AddLabel(Span{file, brace, brace + 1}, "this brace is not closed");
  }
  return diagnostic;
}

}  // namespace ztp::syntax
