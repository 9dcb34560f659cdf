#include "engine/scenario/golden_file.h"

#include <algorithm>
#include <array>

#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp::scenario {
namespace {

constexpr std::array<std::string_view, 10> kKinds = {
    "policy",      "facts", "requests",  "http",     "options",
    "diagnostics", "tests", "decisions", "outcomes", "program"};

std::string_view TrimBlank(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  while (!text.empty() && text.front() == '\n') text.remove_prefix(1);
  return text;
}

}  // namespace

const GoldenSection* GoldenFile::Find(std::string_view kind) const {
  const auto it = std::find_if(sections.begin(), sections.end(),
                               [&](const GoldenSection& s) { return s.kind == kind; });
  return it == sections.end() ? nullptr : &*it;
}

void GoldenFile::Set(std::string_view kind, std::string content) {
  const auto it = std::find_if(sections.begin(), sections.end(),
                               [&](const GoldenSection& s) { return s.kind == kind; });
  content = std::string(TrimBlank(content));
  if (content.empty()) {
    if (it != sections.end()) sections.erase(it);
  } else if (it != sections.end()) {
    it->content = std::move(content);
  } else {
    sections.push_back({.kind = std::string(kind), .content = std::move(content)});
  }
}

std::string GoldenFile::Print() const {
  std::string out = Cat(intro, "\n");
  for (const GoldenSection& s : sections) {
    Append(out, "\n== ", s.kind, s.argument.empty() ? "" : " ", s.argument, " ==\n", s.content,
           "\n");
  }
  return out;
}

absl::StatusOr<GoldenFile> ParseGolden(std::string_view text) {
  GoldenFile file;
  std::string body;
  bool in_section = false;
  auto close = [&] {
    std::string content(TrimBlank(body));
    if (in_section) {
      file.sections.back().content = std::move(content);
    } else {
      file.intro = std::move(content);
    }
    body.clear();
  };
  uint32_t line_number = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++line_number;
    if (!line.starts_with("== ")) {
      Append(body, line, "\n");
      continue;
    }
    if (!line.ends_with(" ==") || line.size() < 7) {
      return InvalidArgument("line ", line_number, ": a section's header is `== kind ==`");
    }
    close();
    in_section = true;
    const std::string_view head = line.substr(3, line.size() - 6);
    const size_t space = head.find(' ');
    GoldenSection section{.kind = std::string(head.substr(0, space)), .line = line_number};
    if (space != std::string_view::npos) section.argument = std::string(head.substr(space + 1));
    if (std::find(kKinds.begin(), kKinds.end(), section.kind) == kKinds.end()) {
      return InvalidArgument("line ", line_number, ": there is no section ", Quoted(section.kind),
                             "; sections are ", Join(kKinds, ", "));
    }
    if (section.kind == "policy" ? section.argument.empty()
                                 : section.kind != "facts" && !section.argument.empty()) {
      return InvalidArgument("line ", line_number,
                             ": a policy section is named, `== policy a.ztp ==`, and no other");
    }
    if (section.kind != "policy" && file.Find(section.kind) != nullptr) {
      return InvalidArgument("line ", line_number, ": a second section ", Quoted(section.kind));
    }
    file.sections.push_back(std::move(section));
  }
  close();
  if (file.intro.empty()) {
    return InvalidArgument("a golden file begins with a sentence on what it shows");
  }
  if (file.Find("policy") == nullptr) return InvalidArgument("there is no policy section");
  return file;
}

}  // namespace ztp::scenario
