// See format.h. A file becomes logical lines; each is laid out by itself, rows of them are aligned,
// then all are joined.
#include "engine/syntax/format.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/base/symbol.h"
#include "engine/syntax/format_docs.h"
#include "engine/syntax/format_tokens.h"
#include "engine/syntax/parse_guard.h"
#include "engine/syntax/parser.h"
#include "engine/syntax/print.h"

namespace ztp::syntax {
namespace {

constexpr int kWidth = 100;
constexpr int kLevel = 2;
constexpr int kMaxRounds = 8;
constexpr size_t kKeywordColumn =
    10;  // where what a rule's line says begins, counted from its keyword

enum class Row : uint8_t { kNone, kFacts, kExpect };  // what lines are aligned with each other

// What becomes one line, or several where it is too long.
struct LogicalLine {
  size_t begin = 0;
  size_t end = 0;
  int indent = 0;
  DocId doc;
  Row row = Row::kNone;
  bool apart = false;   // an empty line stands before and after it
  bool opens = false;   // ends with the brace of a body
  bool closes = false;  // is the brace that ends a body
  std::string text;
};

class Formatter {
 public:
  Formatter(const SourceManager& sources, const Ast& ast)
      : ast_(ast), tokens_(TokensForFormat(sources, ast)), docs_(tokens_) {}

  std::string Run() {
    size_t at = 0;
    if (ast_.edition_span.valid()) at = Whole(TokenAt(tokens_, ast_.edition_span.end));
    // The declarations in the order of the text, packages and imports among them.
    std::vector<std::pair<uint32_t, const Decl*>> starts;
    for (const Decl& decl : ast_.decls) starts.emplace_back(decl.span.begin, &decl);
    std::vector<Span> header;
    if (ast_.package.valid()) header.push_back(ast_.package.span);
    for (const Import& import : ast_.imports) header.push_back(import.span);
    for (const Span span : header) {
      begin_ = at;
      at = Whole(TokenAt(tokens_, span.end));
    }
    header_lines_ = lines_.size();
    for (const auto& [begin, decl] : starts) Declaration(*decl);
    for (LogicalLine& line : lines_)
      line.text = docs_.layout().Render(line.doc, line.indent, kWidth);
    AlignRows();
    return Assemble();
  }

 private:
  // One line of the tokens from where the last one ended.
  size_t Whole(size_t end) {
    Push(begin_, end, 0, docs_.Plain(begin_, end));
    begin_ = end;
    return end;
  }

  LogicalLine& Push(size_t begin, size_t end, int indent, DocId doc) {
    LogicalLine line;
    line.begin = begin;
    line.end = end;
    line.indent = indent;
    line.doc = doc;
    lines_.push_back(line);
    return lines_.back();
  }

  void Declaration(const Decl& decl) {
    const size_t begin = TokenAt(tokens_, decl.span.begin);
    const size_t end = TokenAt(tokens_, decl.span.end);
    switch (decl.kind) {
      case DeclKind::kRule:
      case DeclKind::kDelegate:
      case DeclKind::kRoute:
      case DeclKind::kCaller:
        return Rule(begin, end);
      case DeclKind::kFixture:
        return Statements(begin, end, ast_.Fixture(decl).statements);
      case DeclKind::kTest:
        return Statements(begin, end, ast_.Test(decl).statements);
      case DeclKind::kEntity:
        return Entity(begin, end, ast_.Entity(decl));
      case DeclKind::kDef:
      case DeclKind::kConst:
        Push(begin, end, 0, docs_.Assignment(begin, end));
        return;
      default:
        Push(begin, end, 0, docs_.Plain(begin, end));
    }
  }

  // The head up to its brace; the brace's index.
  size_t Head(size_t begin, size_t end, bool apart) {
    size_t brace = begin;
    while (brace < end && !tokens_[brace].Is("{")) ++brace;
    LogicalLine& line = Push(begin, brace + 1, 0, docs_.Plain(begin, brace + 1));
    line.opens = true;
    line.apart = apart;
    return brace;
  }

  void Close(size_t brace, bool apart) {
    LogicalLine& line = Push(brace, brace + 1, 0, docs_.Plain(brace, brace + 1));
    line.closes = true;
    line.apart = apart;
  }

  bool EmptyBody(size_t begin, size_t end, bool apart) {
    if (!tokens_[end - 2].Is("{") || !tokens_[end - 1].remarks.empty()) return false;
    Push(begin, end, 0, docs_.Plain(begin, end)).apart = apart;
    return true;
  }

  void Rule(size_t begin, size_t end) {
    if (EmptyBody(begin, end, true)) return;
    size_t at = Head(begin, end, true) + 1;
    while (at + 1 < end) {
      size_t next = at + 1;
      while (next + 1 < end && !LineStart(next)) {
        next = tokens_[next].match != SIZE_MAX && tokens_[next].match > next
                   ? tokens_[next].match + 1
                   : next + 1;
      }
      const size_t pad =
          tokens_[at].text.size() < kKeywordColumn ? kKeywordColumn - tokens_[at].text.size() : 1;
      Push(at, next, kLevel, docs_.Clause(at, next, static_cast<int>(pad)));
      at = next;
    }
    Close(end - 1, true);
  }

  // Does a line of a rule begin here? The tree knows where its scopes and clauses do.
  bool LineStart(size_t i) {
    if (rule_lines_.empty()) {
      auto scope = [&](const Scope& s) {
        if (s.present) rule_lines_.push_back(s.span.begin);
      };
      // The keyword stands before the call; before a second one of the same line, a comma.
      auto call = [&](Span span) {
        const FormatToken& before = tokens_[TokenAt(tokens_, span.begin) - 1];
        if (before.word) rule_lines_.push_back(before.span.begin);
      };
      auto lines = [&](const auto& rule) {
        scope(rule.principal);
        scope(rule.resource);
        if (rule.action.present) rule_lines_.push_back(rule.action.span.begin);
        for (const Clause& clause : rule.clauses) rule_lines_.push_back(clause.span.begin);
      };
      for (const RuleDecl& rule : ast_.rules) {
        lines(rule);
        for (const ObligationCall& oblige : rule.obliges) call(oblige.span);
        if (rule.because) call(rule.because->span);
      }
      for (const DelegateDecl& delegate : ast_.delegates) lines(delegate);
      for (const RouteDecl& route : ast_.routes) {
        for (const RouteLine& line : route.lines) rule_lines_.push_back(line.span.begin);
      }
      std::sort(rule_lines_.begin(), rule_lines_.end());
    }
    return std::binary_search(rule_lines_.begin(), rule_lines_.end(), tokens_[i].span.begin);
  }

  void Entity(size_t begin, size_t end, const EntityDecl& entity) {
    if (!entity.has_body) {
      Push(begin, end, 0, docs_.Plain(begin, end));
      return;
    }
    if (EmptyBody(begin, end, false)) return;
    size_t brace = begin;
    while (!tokens_[brace].Is("{")) ++brace;
    std::vector<size_t> starts;
    for (const Field& field : entity.attributes)
      starts.push_back(TokenAt(tokens_, field.span.begin));
    for (const Edge& edge : entity.in) {
      const size_t at = TokenAt(tokens_, edge.span.begin);
      if (at > brace) starts.push_back(at);
    }
    std::sort(starts.begin(), starts.end());
    starts.push_back(end - 1);
    if (!tokens_[brace].newline_after) {
      const DocId line = docs_.OneLineBody(begin, brace, starts, end);
      const std::string text = docs_.layout().Render(line, 0, kWidth);
      if (text.find('\n') == std::string::npos && CountCodePoints(text) <= kWidth) {
        Push(begin, end, 0, line);
        return;
      }
    }
    Head(begin, end, false);
    for (size_t i = 0; i + 1 < starts.size(); ++i) {
      Push(starts[i], starts[i + 1], kLevel, docs_.Plain(starts[i], starts[i + 1]));
    }
    Close(end - 1, false);
  }

  void Statements(size_t begin, size_t end, const std::vector<TestStatement>& statements) {
    if (EmptyBody(begin, end, true)) return;
    Head(begin, end, true);
    for (size_t i = 0; i < statements.size(); ++i) {
      const size_t from = TokenAt(tokens_, statements[i].span.begin);
      const size_t to =
          i + 1 < statements.size() ? TokenAt(tokens_, statements[i + 1].span.begin) : end - 1;
      LogicalLine& line = Push(from, to, kLevel, docs_.Statement(from, to, {}));
      if (statements[i].kind == TestStatement::Kind::kExpect) {
        line.row = Row::kExpect;
      } else if (statements[i].kind == TestStatement::Kind::kEntity ||
                 statements[i].kind == TestStatement::Kind::kInput) {
        line.row = Row::kFacts;
      }
    }
    Close(end - 1, true);
  }

  // -------------------------------------------------------------------------------------------------------

  // Is there nothing between this line and the next but a line end?
  bool Adjacent(size_t line) const {
    const FormatToken& next = tokens_[lines_[line + 1].begin];
    for (const Remark& remark : next.remarks) {
      if (remark.own_line) return false;
    }
    return !next.after_blank;
  }

  bool Single(const std::string& text) const {
    return text.find('\n') == std::string::npos && CountCodePoints(text) <= kWidth;
  }

  void AlignRows() {
    for (size_t i = 0; i < lines_.size();) {
      size_t end = i + 1;
      if (lines_[i].row != Row::kNone) {
        while (end < lines_.size() && lines_[end].row == lines_[i].row && Adjacent(end - 1)) ++end;
        AlignRow(i, end);
      }
      i = end;
    }
  }

  void AlignRow(size_t begin, size_t end) {
    std::vector<Padding> padding(end - begin);
    if (lines_[begin].row == Row::kExpect) {
      // `deny` is a letter shorter than `allow`.
      bool allow = false;
      for (size_t i = begin; i < end; ++i)
        allow = allow || tokens_[lines_[i].begin + 1].Is("allow");
      for (size_t i = begin; i < end; ++i) {
        const bool plain_deny =
            tokens_[lines_[i].begin + 1].Is("deny") && !tokens_[lines_[i].begin + 2].Is("unknown");
        if (allow && plain_deny) padding[i - begin].after_second = 1;
      }
    } else {
      size_t width = 0;
      for (size_t i = begin; i < end; ++i)
        width = std::max(width, tokens_[lines_[i].begin].text.size());
      for (size_t i = begin; i < end; ++i) {
        padding[i - begin].after_first =
            static_cast<int>(width - tokens_[lines_[i].begin].text.size());
      }
    }
    for (size_t i = begin; i < end; ++i) Redo(i, padding[i - begin]);
    if (lines_[begin].row == Row::kFacts) AlignNames(begin, end, padding);
  }

  void Redo(size_t line, const Padding& padding) {
    LogicalLine& l = lines_[line];
    l.text = docs_.layout().Render(docs_.Statement(l.begin, l.end, padding), l.indent, kWidth);
  }

  // The names of entities that stand one below the other on a line each.
  void AlignNames(size_t begin, size_t end, std::vector<Padding>& padding) {
    auto fits = [&](size_t i) {
      return tokens_[lines_[i].begin].Is("entity") && Single(lines_[i].text);
    };
    for (size_t i = begin; i < end;) {
      if (!fits(i)) {
        ++i;
        continue;
      }
      size_t to = i;
      size_t width = 0;
      for (; to < end && fits(to); ++to)
        width = std::max(width, tokens_[lines_[to].begin + 1].text.size());
      bool good = true;
      for (size_t k = i; k < to; ++k) {
        Padding wider = padding[k - begin];
        wider.after_second = static_cast<int>(width - tokens_[lines_[k].begin + 1].text.size());
        Redo(k, wider);
        good = good && Single(lines_[k].text);
      }
      for (size_t k = i; !good && k < to; ++k) Redo(k, padding[k - begin]);
      i = to;
    }
  }

  // -------------------------------------------------------------------------------------------------------

  // The remark that follows line `i` on its last row, or null.
  const Remark* TrailingRemark(size_t i) const {
    const FormatToken& next = tokens_[lines_[i].end];
    return !next.remarks.empty() && !next.remarks[0].own_line ? &next.remarks[0] : nullptr;
  }

  bool BlankBefore(size_t i) const {
    if (i == 0) return false;
    const LogicalLine& line = lines_[i];
    const LogicalLine& before = lines_[i - 1];
    if (before.opens) return false;
    if (line.indent == 0 && !line.closes) {
      if (line.apart || before.apart) return true;
      if (i == header_lines_) return true;
    }
    // A blank line before the remarks that stand above this line.
    const std::vector<Remark>& remarks = tokens_[line.begin].remarks;
    for (const Remark& remark : remarks) {
      if (remark.own_line) return remark.after_blank;
    }
    return !line.closes && tokens_[line.begin].blank_directly_before;
  }

  std::string Assemble() {
    std::string out;
    for (size_t i = 0; i < lines_.size(); ++i) {
      const LogicalLine& line = lines_[i];
      if (BlankBefore(i)) out += '\n';
      const int indent = line.closes ? line.indent + kLevel : line.indent;
      OwnLines(tokens_[line.begin], indent, line.closes, out);
      out += line.text;
      if (const Remark* remark = TrailingRemark(i)) Append(out, kRemarkHere, remark->text);
      out += '\n';
    }
    const FormatToken& last = tokens_.back();
    if (!lines_.empty() && !last.remarks.empty()) {
      for (const Remark& remark : last.remarks) {
        if (!remark.own_line) continue;
        if (remark.after_blank || lines_.back().apart) out += '\n';
        break;
      }
    }
    OwnLines(last, 0, true, out);
    return AlignRemarks(out);
  }

  // Puts remarks that end rows of one indentation, one below the other, into one column.
  static std::string AlignRemarks(std::string_view text) {
    struct Line {
      std::string_view code;
      std::string_view remark;  // empty if there is none
      size_t indent = 0;
    };
    std::vector<Line> lines;
    while (!text.empty()) {
      const size_t end = text.find('\n');
      Line line;
      line.code = text.substr(0, end);
      text.remove_prefix(end + 1);
      line.indent = std::min(line.code.find_first_not_of(' '), line.code.size());
      if (const size_t at = line.code.find(kRemarkHere); at != std::string_view::npos) {
        line.remark = line.code.substr(at + 1);
        line.code = line.code.substr(0, at);
      }
      lines.push_back(line);
    }
    std::string out;
    for (size_t i = 0; i < lines.size();) {
      size_t end = i;
      size_t widest = 0;
      for (;
           end < lines.size() && !lines[end].remark.empty() && lines[end].indent == lines[i].indent;
           ++end) {
        widest = std::max(widest, CountCodePoints(lines[end].code));
      }
      end = std::max(end, i + 1);
      for (; i < end; ++i) {
        out += lines[i].code;
        if (!lines[i].remark.empty()) {
          out.append(widest + 2 - CountCodePoints(lines[i].code), ' ');
          out += lines[i].remark;
        }
        out += '\n';
      }
    }
    return out;
  }

  // The remarks above a token, each on its own row. `last`: no blank row after them.
  void OwnLines(const FormatToken& token, int indent, bool last, std::string& out) const {
    bool any = false;
    bool doc = false;
    for (const Remark& remark : token.remarks) {
      if (!remark.own_line) continue;
      if (any && remark.after_blank) out += '\n';
      out.append(static_cast<size_t>(indent), ' ');
      Append(out, remark.text, '\n');
      any = true;
      doc = remark.text.starts_with("///") && !remark.text.starts_with("////");
    }
    if (any && !last && !doc && token.blank_directly_before) out += '\n';
  }

  const Ast& ast_;
  std::vector<FormatToken> tokens_;
  FormatDocs docs_;
  std::vector<LogicalLine> lines_;
  std::vector<uint32_t> rule_lines_;
  size_t begin_ = 0;
  size_t header_lines_ = 0;
};

std::vector<std::string_view> Comments(const SourceManager& sources, FileId file) {
  std::vector<std::string_view> comments;
  for (const LexedToken& token : Lex(sources, file)) {
    if (token.kind == TokenKind::kComment) comments.push_back(sources.Text(token.span));
  }
  return comments;
}

}  // namespace

absl::StatusOr<std::string> Format(const SourceManager& sources, FileId file,
                                   DiagnosticSink& sink) {
  Interner interner;
  const std::unique_ptr<Ast> ast = Parse(sources, file, interner, sink);
  if (ast->broken) return InvalidArgument("the file has syntax errors");
  const std::string before = Print(*ast, interner);
  const auto comments = Comments(sources, file);

  // Where lines were broken matters to braces, so that what has just been broken can settle
  // otherwise: again, until nothing moves.
  std::string text = Formatter(sources, *ast).Run();
  for (int round = 0; round < kMaxRounds; ++round) {
    SourceManager again;
    const FileId formatted = again.Add(sources.file(file).name(), text);
    Interner names;
    DiagnosticSink none;
    const std::unique_ptr<Ast> same = Parse(again, formatted, names, none);
    if (same->broken || before != Print(*same, names) || comments != Comments(again, formatted)) {
      return Internal("formatting ", sources.file(file).name(),
                      " would change it; this is a fault of the formatter");
    }
    std::string next = Formatter(again, *same).Run();
    if (next == text) return text;
    text = std::move(next);
  }
  return Internal("the layout of ", sources.file(file).name(),
                  " does not settle; this is a fault of the formatter");
}

}  // namespace ztp::syntax
