// Nothing that the language has, that the command can report, or that a policy is compiled to is
// without a golden file: whoever adds one is asked for an example that an author can read.
//
// Whether the golden files are right is not asked here; `ztp test` runs them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/limits.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/bundle/decision_program.h"
#include "engine/diag/kind.h"
#include "engine/driver/compiler.h"
#include "engine/driver/files.h"
#include "engine/facts/json_facts.h"
#include "engine/scenario/golden_file.h"
#include "engine/sema/program.h"
#include "engine/syntax/ast.h"
#include "engine/syntax/parse_guard.h"

namespace ztp {
namespace {

using Names = std::set<std::string, std::less<>>;

const std::vector<scenario::GoldenFile>& Goldens() {
  static const auto* all = [] {
    auto* files = new std::vector<scenario::GoldenFile>();
    const auto paths = driver::FindFiles({"tests/golden"}, {".golden"});
    EXPECT_TRUE(paths.ok()) << Message(paths.status());
    if (!paths.ok()) return files;
    for (const std::string& path : *paths) {
      const auto text = driver::ReadFile(path, kMaxSourceFileBytes);
      EXPECT_TRUE(text.ok()) << Message(text.status());
      if (!text.ok()) continue;
      auto file = scenario::ParseGolden(*text);
      EXPECT_TRUE(file.ok()) << path << ": " << Message(file.status());
      if (file.ok()) files->push_back(*std::move(file));
    }
    return files;
  }();
  return *all;
}

// Those of `wanted` that are not in `seen`, in their order, a line each.
std::string Missing(const std::vector<std::string>& wanted, const Names& seen) {
  std::string missing;
  for (const std::string& name : wanted) {
    if (!seen.contains(name)) Append(missing, name, "\n");
  }
  return missing;
}

// ------------------------------------------------------------------------------------------------
// What is reported

// The codes in "error[ZTP1204]: …".
Names CodesIn(std::string_view text) {
  Names codes;
  for (size_t at = text.find("[ZTP"); at != std::string_view::npos;
       at = text.find("[ZTP", at + 1)) {
    const size_t end = text.find("]: ", at);
    if (end != std::string_view::npos) codes.emplace(text.substr(at + 1, end - at - 1));
  }
  return codes;
}

std::string ReportsOf(std::string policy) {
  driver::Compiler compiler;
  compiler.AddText("a.ztp", std::move(policy));
  compiler.Check();
  std::string out;
  for (const Diagnostic& d : compiler.diagnostics().diagnostics()) {
    Append(out, "[", CodeOf(d.kind), "]: ", d.message, "\n");
  }
  return out;
}

// Believes nobody.
class NoProver final : public AttributeProver {
 public:
  EvidenceOutcome Prove(const EvidenceItem&, uint32_t, EntityRecord*) override {
    EvidenceOutcome outcome;
    outcome.check = "signature";
    return outcome;
  }
};

std::string ReportsOfFacts(std::string_view json, const JsonLimits& limits) {
  driver::Compiler compiler;
  compiler.AddText("a.ztp", "ztp 1\npackage a\nentity User { sound?: Bool proven }\n");
  EXPECT_TRUE(compiler.Check());
  NoProver prover;
  FactsReader reader(compiler.program()->schema, {.prover = &prover, .limits = limits});
  reader.Add("facts", json);
  std::string out;
  for (const JsonError& error : reader.errors()) Append(out, FormatJsonError(error), "\n");
  return out;
}

// What only a file that nobody would want to read can show is made here: it is too large, or git
// would take it for no text, or needs keys.
struct Made {
  std::string code;
  std::function<std::string()> reports;
};
const std::vector<Made>& MadeHere() {
  static const auto* all = new std::vector<Made>{
      {"ZTP1001", [] { return ReportsOf(std::string(kMaxSourceFileBytes + 1, '\n')); }},
      {"ZTP1005",
       [] {
         return ReportsOf(Cat("ztp 1\npackage a\nconst c = \"",
                              std::string(kMaxStringLiteralBytes + 1, 'x'), "\"\n"));
       }},
      {"ZTP3001", [] { return ReportsOfFacts("[]  ", {.max_file_bytes = 3}); }},
      {"ZTP3003", [] { return ReportsOfFacts(std::string_view("[\0]", 3), {}); }},
      {"ZTP3025",
       [] {
         return ReportsOfFacts(R"({"uid":"User::\"u\"","evidence":[)"
                               R"({"attr":"sound","kind":"ear","value":"x"}]})",
                               {});
       }},
  };
  return *all;
}

TEST(GoldenCoverage, EveryKindOfDiagnosticIsInOne) {
  Names seen;
  for (const scenario::GoldenFile& file : Goldens()) {
    for (const char* section : {"diagnostics", "decisions"}) {
      if (const auto* found = file.Find(section)) seen.merge(CodesIn(found->content));
    }
  }
  for (const Made& made : MadeHere()) {
    EXPECT_FALSE(seen.contains(made.code))
        << made.code << " has a golden file: no need to make one";
    const std::string reports = made.reports();
    EXPECT_EQ(CodesIn(reports), Names{made.code}) << reports;
    seen.insert(made.code);
  }
  std::string missing;
  for (const DiagKindInfo& kind : AllDiagKinds()) {
    const std::string code = CodeOf(kind.kind);
    if (!seen.contains(code)) Append(missing, code, " ", kind.slug, "\n");
  }
#define ZTP_JSON_ERROR(number, name) \
  if (!seen.contains("ZTP" #number)) missing += "ZTP" #number " " #name "\n";
#include "engine/facts/json_errors.def"
#undef ZTP_JSON_ERROR
  EXPECT_EQ(missing, "") << "in no golden file";
}

// ------------------------------------------------------------------------------------------------
// What an author can write

// Everything that stands in the policies of golden files that compile, by the name of its kind.
struct Written {
  Names tokens;        // words and signs
  Names types;         // the named ones
  Names declarations;  // and kinds of rules and lattices
  Names operators;     // as they are written
  Names functions;     // and written-out literals: Version("…")
  Names methods;
  Names properties;
  Names typed;  // operators of the typed program
};

// By syntax::LatticeKind.
constexpr const char* kLatticeKinds[] = {"chain", "power set", "dual lattice", "product"};

void Collect(const SourceManager& sources, const Interner& interner, const syntax::Ast& ast,
             Written* out) {
  for (const syntax::LexedToken& token : syntax::Lex(sources, ast.file)) {
    if (token.kind == syntax::TokenKind::kWord || token.kind == syntax::TokenKind::kSign) {
      out->tokens.emplace(sources.Text(token.span));
    }
  }
  for (const syntax::TypeExpr& type : ast.type_exprs) {
    if (type.kind == syntax::TypeExprKind::kNamed)
      out->types.emplace(interner.Text(type.name.text));
  }
  for (const syntax::Decl& decl : ast.decls) out->declarations.emplace(Describe(decl.kind));
  for (const syntax::RuleDecl& rule : ast.rules) out->declarations.emplace(Spelling(rule.kind));
  for (const syntax::LatticeDecl& lattice : ast.lattices) {
    out->declarations.emplace(kLatticeKinds[static_cast<size_t>(lattice.kind)]);
  }
  for (const syntax::Expr& e : ast.exprs) {
    switch (e.kind) {
      case syntax::ExprKind::kBinary:
        out->operators.emplace(Spelling(e.binary_op));
        break;
      case syntax::ExprKind::kFold:
        out->operators.insert(Cat("fold ", Spelling(e.fold)));
        break;
      case syntax::ExprKind::kCall:
        out->functions.emplace(interner.Text(e.name));
        break;
      case syntax::ExprKind::kMethodCall:
        out->methods.emplace(interner.Text(e.name));
        break;
      case syntax::ExprKind::kField:
        out->properties.emplace(interner.Text(e.name));
        break;
      default:
        break;
    }
  }
}

const Written& AllWritten() {
  static const auto* all = [] {
    auto* written = new Written();
    for (const scenario::GoldenFile& file : Goldens()) {
      driver::Compiler compiler;
      for (const scenario::GoldenSection& section : file.sections) {
        if (section.kind == "policy") compiler.AddText(section.argument, section.content + "\n");
      }
      if (!compiler.Check()) continue;
      for (const syntax::Ast* ast : compiler.asts()) {
        Collect(compiler.sources(), compiler.interner(), *ast, written);
      }
      for (const sema::Expr& e : compiler.program()->exprs) {
        written->typed.insert(sema::OpName(e.op));
      }
    }
    return written;
  }();
  return *all;
}

// The words and signs of the grammar, those left out that stand for mistakes.
std::vector<std::string> TokensOfTheGrammar() {
  const auto text = driver::ReadFile("grammar/ZtpLexer.g4", kMaxSourceFileBytes);
  EXPECT_TRUE(text.ok()) << Message(text.status());
  std::vector<std::string> tokens;
  if (!text.ok()) return tokens;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.starts_with("SLIP_")) break;
    // NAME: 'text';
    const size_t colon = line.find(": '");
    if (line.empty() || std::isupper(static_cast<unsigned char>(line[0])) == 0 ||
        colon == std::string_view::npos || !line.ends_with("';")) {
      continue;
    }
    const std::string_view token = line.substr(colon + 3, line.size() - colon - 5);
    if (token.find('\'') == std::string_view::npos) tokens.emplace_back(token);
  }
  return tokens;
}

TEST(GoldenCoverage, EveryWordAndSignIsInOne) {
  const std::vector<std::string> tokens = TokensOfTheGrammar();
  EXPECT_GT(tokens.size(), 90u);
  EXPECT_EQ(Missing(tokens, AllWritten().tokens), "") << "in no golden file that compiles";
}

TEST(GoldenCoverage, EveryDeclarationIsInOne) {
  std::vector<std::string> wanted;
  for (int i = 0; i <= static_cast<int>(syntax::DeclKind::kTest); ++i) {
    wanted.emplace_back(Describe(static_cast<syntax::DeclKind>(i)));
  }
  for (int i = 0; i <= static_cast<int>(syntax::RuleKind::kAlways); ++i) {
    wanted.emplace_back(Spelling(static_cast<syntax::RuleKind>(i)));
  }
  wanted.insert(wanted.end(), std::begin(kLatticeKinds), std::end(kLatticeKinds));
  EXPECT_EQ(Missing(wanted, AllWritten().declarations), "") << "in no golden file that compiles";
}

TEST(GoldenCoverage, EveryTypeIsInOne) {
  const std::vector<std::string> wanted = {
      "Bool",
      "Set",
      "List",
      "Map",
#define ZTP_SCALAR(name) #name,
#include "engine/sema/built_ins.def"
  };
  EXPECT_EQ(Missing(wanted, AllWritten().types), "") << "in no golden file that compiles";
}

TEST(GoldenCoverage, EveryOperatorIsInOne) {
  std::vector<std::string> wanted;
  for (int i = 0; i <= static_cast<int>(syntax::BinaryOp::kWithin); ++i) {
    wanted.emplace_back(Spelling(static_cast<syntax::BinaryOp>(i)));
  }
  for (int i = 0; i <= static_cast<int>(syntax::FoldKind::kSet); ++i) {
    wanted.push_back(Cat("fold ", Spelling(static_cast<syntax::FoldKind>(i))));
  }
  EXPECT_EQ(Missing(wanted, AllWritten().operators), "") << "in no golden file that compiles";
  const std::vector<std::string> typed = {
#define ZTP_OP(id, name, arity) name,
#include "engine/sema/ops.def"
#undef ZTP_OP
  };
  EXPECT_EQ(Missing(typed, AllWritten().typed), "")
      << "in no golden file that compiles, constants worked out";
}

TEST(GoldenCoverage, EveryBuiltInIsInOne) {
  const std::vector<std::string> functions = {
#define ZTP_FUNCTION(name) #name,
#define ZTP_SCALAR(name) #name,
#include "engine/sema/built_ins.def"
  };
  const std::vector<std::string> methods = {
#define ZTP_METHOD(name) #name,
#include "engine/sema/built_ins.def"
  };
  const std::vector<std::string> properties = {
#define ZTP_PROPERTY(name) #name,
#include "engine/sema/built_ins.def"
  };
  EXPECT_EQ(Missing(functions, AllWritten().functions), "") << "functions";
  EXPECT_EQ(Missing(methods, AllWritten().methods), "") << "methods";
  EXPECT_EQ(Missing(properties, AllWritten().properties), "") << "properties";
}

// ------------------------------------------------------------------------------------------------
// What is run

TEST(GoldenCoverage, EveryOpcodeIsInADump) {
  Names seen;
  for (const scenario::GoldenFile& file : Goldens()) {
    const scenario::GoldenSection* section = file.Find("program");
    if (section == nullptr) continue;
    // A node is a line `%7 = and %3 %6 : Bool`.
    const std::string_view text = section->content;
    for (size_t at = text.find("\n  %"); at != std::string_view::npos;
         at = text.find("\n  %", at + 1)) {
      const size_t name = text.find(" = ", at) + 3;
      seen.emplace(text.substr(name, text.find_first_of(" \n", name) - name));
    }
  }
  std::vector<std::string> wanted;
  for (Opcode op : AllOpcodes()) wanted.emplace_back(OpcodeName(op));
  EXPECT_EQ(Missing(wanted, seen), "") << "in no 'program' section of a golden file";
}

}  // namespace
}  // namespace ztp
