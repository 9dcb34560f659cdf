// The lines of a golden file's text.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

namespace ztp::scenario {

// Takes the first line of `text`, without its end.
inline std::string_view TakeLine(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// Those that are not empty.
inline std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    if (const std::string_view line = TakeLine(text); !line.empty()) lines.push_back(line);
  }
  return lines;
}

}  // namespace ztp::scenario
