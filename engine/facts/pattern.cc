// See pattern.h.
#include "engine/facts/pattern.h"

#include "re2/re2.h"

namespace ztp {

Pattern::Pattern(std::string_view text)
    : re_(std::make_unique<re2::RE2>(re2::StringPiece(text.data(), text.size()), re2::RE2::Quiet)) {
}

Pattern::~Pattern() = default;

bool Pattern::Matches(std::string_view text) const {
  return re_->ok() && re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *re_);
}

}  // namespace ztp
