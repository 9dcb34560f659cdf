#include "engine/route/forwarded.h"

#include <algorithm>

#include "engine/base/ascii.h"
#include "engine/base/path_pattern.h"
#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/core/spiffe.h"

namespace ztp::route {

absl::StatusOr<std::string> ForwardedSpiffeId(std::string_view header) {
  std::string id;
  while (true) {
    const size_t equals = header.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return InvalidArgument("x-forwarded-client-cert is malformed");
    }
    const std::string_view key = header.substr(0, equals);
    header.remove_prefix(equals + 1);
    std::string value;
    if (header.starts_with('"')) {
      size_t at = 1;
      while (at < header.size() && header[at] != '"') {
        if (header[at] == '\\') ++at;
        if (at < header.size()) value += header[at++];
      }
      if (at >= header.size()) return InvalidArgument("x-forwarded-client-cert is malformed");
      header.remove_prefix(at + 1);
    } else {
      const size_t end = std::min(header.find_first_of(";,"), header.size());
      value = header.substr(0, end);
      if (value.find('"') != std::string::npos) {
        return InvalidArgument("x-forwarded-client-cert is malformed");
      }
      header.remove_prefix(end);
    }
    if (EqualIgnoringCase(key, "URI") && value.starts_with(kSpiffeScheme)) {
      if (!id.empty()) return InvalidArgument("x-forwarded-client-cert names two SPIFFE IDs");
      if (const absl::Status status = CheckSpiffeId(value); !status.ok()) {
        return InvalidArgument("the SPIFFE ID in x-forwarded-client-cert is none: ",
                               Message(status));
      }
      id = std::move(value);
    }
    if (header.empty()) break;
    if (header[0] == ',') {
      return InvalidArgument("x-forwarded-client-cert has several elements");
    }
    if (header[0] != ';') return InvalidArgument("x-forwarded-client-cert is malformed");
    header.remove_prefix(1);
  }
  if (id.empty()) return NotFound("x-forwarded-client-cert names no SPIFFE ID");
  return id;
}

}  // namespace ztp::route
