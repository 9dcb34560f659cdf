#include "engine/route/http_target.h"

#include <algorithm>

#include "engine/base/ascii.h"
#include "engine/base/path_pattern.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/base/uri.h"

namespace ztp::route {
namespace {

bool NeedsNoEncoding(int byte) {
  const char c = static_cast<char>(byte);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '~';
}

}  // namespace

absl::StatusOr<HttpTarget> ReadTarget(std::string_view target) {
  if (target.size() > kMaxTargetBytes) {
    return InvalidArgument("the path is longer than ", kMaxTargetBytes, " bytes");
  }
  HttpTarget out;
  const size_t question = std::min(target.find('?'), target.size());
  out.path = target.substr(0, question);
  if (question < target.size()) out.query = target.substr(question + 1);
  if (!out.path.starts_with('/')) return InvalidArgument("the path does not begin with '/'");
  size_t begin = 1;  // of the segment
  for (size_t i = 1; i <= out.path.size(); ++i) {
    if (i == out.path.size() || out.path[i] == '/') {
      const std::string_view segment = out.path.substr(begin, i - begin);
      if (segment.empty() && i < out.path.size()) {
        return InvalidArgument("the path has an empty segment ('//')");
      }
      if (segment == "." || segment == "..") {
        return InvalidArgument("the path has a segment '", segment, "'");
      }
      begin = i + 1;
      continue;
    }
    if (out.path[i] != '%') {
      if (IsPathByte(out.path[i])) continue;
      return InvalidArgument("the path has a byte that may not stand there");
    }
    const int byte = EscapedByte(out.path, i);
    if (byte < 0) return InvalidArgument("the path has a '%' without two digits behind it");
    if (byte < 0x20 || byte == 0x7f ||
        std::string_view("/\\.;%").find(static_cast<char>(byte)) != std::string_view::npos) {
      return InvalidArgument("the path has '", out.path.substr(i, 3),
                             "', which not everybody reads alike");
    }
    if (NeedsNoEncoding(byte)) {
      return InvalidArgument("the path has '", out.path.substr(i, 3),
                             "' for a letter that needs no encoding");
    }
    i += 2;
  }
  return out;
}

absl::StatusOr<std::optional<std::string>> QueryParameter(std::string_view query,
                                                          std::string_view name) {
  std::optional<std::string> found;
  const auto decode = [](std::string_view text) {
    std::string plain(text);
    std::replace(plain.begin(), plain.end(), '+', ' ');
    return UnescapeUri(plain);
  };
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const size_t equals = std::min(part.find('='), part.size());
    const auto key = decode(part.substr(0, equals));
    if (!key || !EqualIgnoringCase(*key, name)) continue;
    if (*key != name) {
      return InvalidArgument("there is a parameter ", Quoted(*key),
                             ", which some servers take for ", Quoted(name));
    }
    if (found) return InvalidArgument("the parameter ", Quoted(name), " comes twice");
    auto value = decode(equals < part.size() ? part.substr(equals + 1) : std::string_view());
    if (!value) {
      return InvalidArgument("the parameter ", Quoted(name),
                             " has a '%' without two digits behind it");
    }
    found = std::move(value);
  }
  return found;
}

}  // namespace ztp::route
