// Diagnostics for people, in the manner of the best compilers: the source line, a marker under it,
// and what would have been right. See render.h.
//
// Source text is shown so that it can do no harm to a terminal or a reader: tabs become spaces,
// control characters, bytes that are no UTF-8 and characters that turn the writing direction become
// U+FFFD, and a long line is cut down to the surroundings of its mark.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/str.h"
#include "engine/diag/render.h"

namespace ztp {
namespace {

constexpr size_t kTabWidth = 4;
constexpr size_t kLongLineBytes = 240;
constexpr size_t kBytesBeforeMark = 60;
constexpr size_t kBytesAfterMark = 120;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

constexpr std::string_view kReset = "\x1b[0m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kRed = "\x1b[1;31m";
constexpr std::string_view kYellow = "\x1b[1;33m";
constexpr std::string_view kCyan = "\x1b[1;36m";
constexpr std::string_view kBlue = "\x1b[1;34m";

uint32_t Decode(std::string_view point) {
  const auto lead = static_cast<unsigned char>(point[0]);
  if (point.size() == 1) return lead;
  uint32_t code = lead & (point.size() == 2 ? 0x1F : point.size() == 3 ? 0x0F : 0x07);
  for (char c : point.substr(1)) code = (code << 6) | (static_cast<unsigned char>(c) & 0x3F);
  return code;
}

bool In(uint32_t code, uint32_t first, uint32_t last) { return code >= first && code <= last; }

// Turns the writing direction, or is an invisible separator.
bool Deceives(uint32_t code) {
  return In(code, 0x200E, 0x200F) || In(code, 0x202A, 0x202E) || In(code, 0x2066, 0x2069) ||
         In(code, 0x2028, 0x2029) || code == 0x061C || code == 0xFEFF;
}

// How many columns a terminal gives a code point.
size_t Width(uint32_t code) {
  if (In(code, 0x0300, 0x036F) || In(code, 0x200B, 0x200D) || In(code, 0xFE00, 0xFE0F)) return 0;
  const bool wide =
      In(code, 0x1100, 0x115F) || In(code, 0x2E80, 0xA4CF) || In(code, 0xAC00, 0xD7A3) ||
      In(code, 0xF900, 0xFAFF) || In(code, 0xFE30, 0xFE6F) || In(code, 0xFF00, 0xFF60) ||
      In(code, 0xFFE0, 0xFFE6) || In(code, 0x1F300, 0x1FAFF) || In(code, 0x20000, 0x3FFFD);
  return wide ? 2 : 1;
}

struct Shown {
  std::string text;
  size_t width = 0;
};

// Appends what is shown for `text`; a tab goes to the next multiple of the width.
void AppendShown(Shown& out, std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = CodePointLength(text, i);
    const std::string_view point = text.substr(i, length);
    i += length;
    if (point == "\t") {
      const size_t spaces = kTabWidth - out.width % kTabWidth;
      out.text.append(spaces, ' ');
      out.width += spaces;
      continue;
    }
    const uint32_t code = Decode(point);
    const bool broken = length == 1 && code >= 0x80;
    if (broken || code < 0x20 || In(code, 0x7F, 0x9F) || Deceives(code)) {
      out.text.append(kReplacement);
      out.width += 1;
      continue;
    }
    out.text.append(point);
    out.width += Width(code);
  }
}

// A message or a suggestion may quote source text: the same care, but newlines stay.
std::string Clean(std::string_view text) {
  Shown out;
  for (size_t at = 0; at <= text.size();) {
    const size_t newline = std::min(text.find('\n', at), text.size());
    out.width = 0;
    AppendShown(out, text.substr(at, newline - at));
    if (newline == text.size()) break;
    out.text.push_back('\n');
    at = newline + 1;
  }
  return std::move(out.text);
}

// One mark under one line.
struct Mark {
  uint32_t line = 0;
  size_t begin = 0;  // bytes within the line
  size_t end = 0;
  bool primary = false;
  std::string_view text;
};

// The part of a span that is on its first line.
Mark MarkOf(Span span, bool primary, std::string_view text, const SourceFile& file) {
  Mark mark;
  mark.primary = primary;
  mark.text = text;
  mark.line = file.Locate(span.begin).line;
  const uint32_t start = file.LineStart(mark.line);
  const size_t length = file.Line(mark.line).size();
  mark.begin = std::min<size_t>(std::max(span.begin, start) - start, length);
  mark.end = std::clamp<size_t>(std::max(span.end, start) - start, mark.begin, length);
  return mark;
}

class Renderer {
 public:
  Renderer(const SourceManager& sources, const TextOptions& options)
      : sources_(sources), options_(options) {}

  std::string Render(const Diagnostic& diagnostic) {
    out_.clear();
    Head(diagnostic);
    if (diagnostic.span.valid()) {
      Snippets(diagnostic);
    } else if (!diagnostic.place.empty()) {
      Append(out_, "  ", Paint(kBlue, "-->"), " ", Clean(diagnostic.place), "\n");
    }
    if (!diagnostic.expected.empty()) Footnote("expected", diagnostic.expected);
    for (const std::string& help : diagnostic.helps) Footnote("help", help);
    out_.push_back('\n');
    return std::move(out_);
  }

 private:
  std::string Paint(std::string_view color, std::string_view text) const {
    return options_.color ? Cat(color, text, kReset) : std::string(text);
  }

  std::string_view ColorOf(Severity severity) const {
    switch (severity) {
      case Severity::kError:
        return kRed;
      case Severity::kWarning:
        return kYellow;
      case Severity::kNote:
        return kCyan;
    }
    return kRed;
  }

  void Head(const Diagnostic& diagnostic) {
    color_ = ColorOf(diagnostic.severity);
    Append(out_, Paint(color_, Cat(NameOf(diagnostic.severity), "[", CodeOf(diagnostic.kind), "]")),
           Paint(kBold, Cat(": ", Clean(diagnostic.message))), "\n");
  }

  void Footnote(std::string_view what, std::string_view text) {
    const std::string margin(margin_, ' ');
    // Further lines of a long note stand under the first one.
    std::string cleaned = Clean(text);
    const std::string indent = Cat("\n", margin, "   ", std::string(what.size() + 2, ' '));
    for (size_t at = 0; (at = cleaned.find('\n', at)) != std::string::npos; at += indent.size()) {
      cleaned.replace(at, 1, indent);
    }
    Append(out_, margin, " ", Paint(kBlue, "="), " ", Paint(kBold, Cat(what, ":")), " ", cleaned,
           "\n");
  }

  // The places of a diagnostic: those of its own file first, then the other files as they come.
  void Snippets(const Diagnostic& diagnostic) {
    std::vector<FileId> files = {diagnostic.span.file};
    for (const DiagLabel& label : diagnostic.labels) {
      if (!label.span.valid()) continue;
      if (std::find(files.begin(), files.end(), label.span.file) == files.end()) {
        files.push_back(label.span.file);
      }
    }
    std::vector<std::vector<Mark>> marks(files.size());
    uint32_t last_line = 1;
    auto add = [&](Span span, bool primary, std::string_view text) {
      const auto at =
          static_cast<size_t>(std::find(files.begin(), files.end(), span.file) - files.begin());
      marks[at].push_back(MarkOf(span, primary, text, sources_.file(span.file)));
      last_line = std::max(last_line, marks[at].back().line);
    };
    add(diagnostic.span, true, diagnostic.mark);
    for (const DiagLabel& label : diagnostic.labels) {
      if (label.span.valid()) add(label.span, false, label.text);
    }
    margin_ = Cat(last_line).size() + 1;

    for (size_t i = 0; i < files.size(); ++i) {
      const Span at = i == 0 ? diagnostic.span : FirstLabelIn(diagnostic, files[i]);
      Append(out_, std::string(margin_, ' '), Paint(kBlue, i == 0 ? "-->" : ":::"), " ",
             Clean(sources_.Describe(at)), "\n");
      Gutter("");
      out_.push_back('\n');
      Lines(sources_.file(files[i]), marks[i]);
    }
  }

  static Span FirstLabelIn(const Diagnostic& diagnostic, FileId file) {
    for (const DiagLabel& label : diagnostic.labels) {
      if (label.span.file == file) return label.span;
    }
    return {};
  }

  // "12 |" or "   |", without a space after it: a line of nothing shall not end with one.
  void Gutter(std::string_view number) {
    Append(out_, std::string(margin_ - 1 - std::min(margin_ - 1, number.size()), ' '),
           Paint(kBlue, Cat(number, " |")));
  }

  void Lines(const SourceFile& file, std::vector<Mark>& marks) {
    std::stable_sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) {
      if (a.line != b.line) return a.line < b.line;
      if (a.primary != b.primary) return a.primary;
      return a.begin < b.begin;
    });
    uint32_t shown = 0;
    for (size_t i = 0; i < marks.size();) {
      const uint32_t line = marks[i].line;
      if (shown != 0 && line > shown + 1) Append(out_, Paint(kBlue, "..."), "\n");
      shown = line;
      size_t next = i;
      while (next < marks.size() && marks[next].line == line) ++next;
      Line(file.Line(line), Cat(line), std::span<const Mark>(marks).subspan(i, next - i));
      i = next;
    }
  }

  void Line(std::string_view text, std::string_view number, std::span<const Mark> marks) {
    size_t from = 0;
    size_t to = text.size();
    if (text.size() > kLongLineBytes) {
      from = marks[0].begin - std::min(marks[0].begin, kBytesBeforeMark);
      to = std::min(text.size(), marks[0].begin + kBytesAfterMark);
      while (from > 0 && IsContinuation(text[from])) --from;
      while (to < text.size() && IsContinuation(text[to])) ++to;
    }
    Shown line;
    if (from > 0) AppendEllipsis(line);
    const Shown prefix = line;
    AppendShown(line, text.substr(from, to - from));
    if (to < text.size()) AppendEllipsis(line);
    while (line.text.ends_with(' ')) line.text.pop_back();
    Gutter(number);
    if (!line.text.empty()) Append(out_, " ", line.text);
    out_.push_back('\n');

    for (const Mark& mark : marks) {
      const size_t begin = std::clamp(mark.begin, from, to);
      const size_t end = std::clamp(mark.end, begin, to);
      Shown before = prefix;
      AppendShown(before, text.substr(from, begin - from));
      Shown marked = before;
      AppendShown(marked, text.substr(begin, end - begin));
      const size_t width = std::max<size_t>(1, marked.width - before.width);
      std::string under(width, mark.primary ? '^' : '-');
      if (!mark.text.empty()) Append(under, " ", Clean(mark.text));
      Gutter("");
      Append(out_, " ", std::string(before.width, ' '), Paint(mark.primary ? color_ : kBlue, under),
             "\n");
    }
  }

  static bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

  static void AppendEllipsis(Shown& line) {
    line.text.append(kEllipsis);
    line.width += 1;
  }

  const SourceManager& sources_;
  const TextOptions& options_;
  std::string out_;
  std::string_view color_ = kRed;
  size_t margin_ = 2;
};

std::string Counted(size_t count, std::string_view what) {
  return Cat(count, " ", what, count == 1 ? "" : "s");
}

}  // namespace

std::string RenderText(const Diagnostic& diagnostic, const SourceManager& sources,
                       const TextOptions& options) {
  return Renderer(sources, options).Render(diagnostic);
}

std::string RenderText(const DiagnosticSink& sink, const SourceManager& sources,
                       const TextOptions& options) {
  std::string out;
  for (const Diagnostic* diagnostic : sink.Sorted()) {
    out += RenderText(*diagnostic, sources, options);
  }
  const std::string summary = SummaryLine(sink);
  if (!summary.empty()) Append(out, summary, "\n");
  return out;
}

std::string SummaryLine(const DiagnosticSink& sink) {
  std::vector<std::string> parts;
  if (sink.error_count() != 0) parts.push_back(Counted(sink.error_count(), "error"));
  if (sink.warning_count() != 0) parts.push_back(Counted(sink.warning_count(), "warning"));
  std::string line = Join(parts, ", ");
  if (sink.dropped_count() != 0)
    Append(line, line.empty() ? "" : ", ", sink.dropped_count(), " not shown");
  return line;
}

}  // namespace ztp
