#include "engine/scenario/golden_file.h"

#include <algorithm>
#include <utility>

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/scenario/lines.h"

namespace ztp::scenario {
namespace {

struct Kind {
  std::string_view name;
  enum class Argument : uint8_t { kNone, kMayBe, kMustBe } argument = Argument::kNone;
};
constexpr Kind kKinds[] = {{"policy", Kind::Argument::kMustBe},
                           {"facts", Kind::Argument::kMayBe},
                           {"trust", Kind::Argument::kMayBe},
                           {"requests"},
                           {"http"},
                           {"options"},
                           {"diagnostics"},
                           {"tests"},
                           {"decisions"},
                           {"outcomes"},
                           {"program"}};

absl::StatusOr<GoldenSection> ReadHeader(std::string_view line, uint32_t number) {
  if (!line.ends_with(" ==") || line.size() < 7) {
    return InvalidArgument("line ", number, ": a section's header is `== kind ==`");
  }
  const std::string_view head = line.substr(3, line.size() - 6);
  const size_t space = std::min(head.find(' '), head.size());
  GoldenSection section{.kind = std::string(head.substr(0, space)),
                        .argument = std::string(head.substr(std::min(space + 1, head.size()))),
                        .content = {},
                        .line = number,
                        .content_line = number + 1};
  const Kind* kind = std::find_if(std::begin(kKinds), std::end(kKinds),
                                  [&](const Kind& k) { return k.name == section.kind; });
  if (kind == std::end(kKinds)) {
    std::vector<std::string_view> names;
    for (const Kind& known : kKinds) names.push_back(known.name);
    return InvalidArgument("line ", number, ": there is no section ", Quoted(section.kind),
                           "; sections are ", Join(names, ", "));
  }
  if (section.argument.empty() ? kind->argument == Kind::Argument::kMustBe
                               : kind->argument == Kind::Argument::kNone) {
    return InvalidArgument("line ", number,
                           ": a policy section is named, `== policy a.ztp ==`; facts and trust may "
                           "name a file; no other section has a name");
  }
  return section;
}

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
           s.content.empty() ? "" : "\n");
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
  for (uint32_t number = 1; !text.empty(); ++number) {
    const std::string_view line = TakeLine(text);
    if (!line.starts_with("== ")) {
      if (in_section && body.find_first_not_of('\n') == std::string::npos) {
        file.sections.back().content_line = number;
      }
      Append(body, line, "\n");
      continue;
    }
    close();
    in_section = true;
    ZTP_ASSIGN_OR_RETURN(GoldenSection section, ReadHeader(line, number));
    if (section.kind != "policy" && file.Find(section.kind) != nullptr) {
      return InvalidArgument("line ", number, ": a second section ", Quoted(section.kind));
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
