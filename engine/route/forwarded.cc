#include "engine/route/forwarded.h"

#include <algorithm>

#include "engine/base/ascii.h"
#include "engine/base/path_pattern.h"
#include "engine/base/scalar_text.h"
#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/core/spiffe.h"

namespace ztp::route {

bool ForwardedPairs::Next() {
  if (begun_ && rest_.empty()) return false;
  malformed_ = true;  // until it is found not to be
  if (begun_) {
    if (rest_[0] != ';' && rest_[0] != ',') return false;
    if (rest_[0] == ',') ++element_;
    rest_.remove_prefix(1);
  }
  begun_ = true;
  const size_t equals = rest_.find('=');
  if (equals == std::string_view::npos || equals == 0) return false;
  key_ = rest_.substr(0, equals);
  rest_.remove_prefix(equals + 1);
  value_.clear();
  if (rest_.starts_with('"')) {
    size_t at = 1;
    while (at < rest_.size() && rest_[at] != '"') {
      if (rest_[at] == '\\') ++at;
      if (at < rest_.size()) value_ += rest_[at++];
    }
    if (at >= rest_.size()) return false;
    rest_.remove_prefix(at + 1);
  } else {
    const size_t end = std::min(rest_.find_first_of(";,"), rest_.size());
    value_ = rest_.substr(0, end);
    if (value_.find('"') != std::string::npos) return false;
    rest_.remove_prefix(end);
  }
  malformed_ = !rest_.empty() && rest_[0] != ';' && rest_[0] != ',';
  return !malformed_;
}

absl::StatusOr<std::string> ForwardedSpiffeId(std::string_view header) {
  std::string id;
  ForwardedPairs pairs(header);
  while (pairs.Next()) {
    if (pairs.element() > 0) {
      return InvalidArgument("x-forwarded-client-cert has several elements");
    }
    const std::string& value = pairs.value();
    if (!EqualIgnoringCase(pairs.key(), "URI") || !value.starts_with(kSpiffeScheme)) continue;
    if (!id.empty()) return InvalidArgument("x-forwarded-client-cert names two SPIFFE IDs");
    if (const absl::Status status = CheckSpiffeId(value); !status.ok()) {
      return InvalidArgument("the SPIFFE ID in x-forwarded-client-cert is none: ", Message(status));
    }
    id = value;
  }
  if (pairs.malformed()) return InvalidArgument("x-forwarded-client-cert is malformed");
  if (id.empty()) return NotFound("x-forwarded-client-cert names no SPIFFE ID");
  return id;
}

}  // namespace ztp::route
