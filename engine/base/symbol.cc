// See symbol.h.
#include "engine/base/symbol.h"

#include "engine/base/str.h"

namespace ztp {

Symbol Interner::Intern(std::string_view text) {
  auto found = index_.find(ToAbsl(text));
  if (found != index_.end()) return Symbol{found->second};
  auto index = static_cast<uint32_t>(texts_.size());
  const std::string& kept = texts_.emplace_back(text);
  index_.emplace(ToAbsl(kept), index);
  return Symbol{index};
}

Symbol Interner::Find(std::string_view text) const {
  auto found = index_.find(ToAbsl(text));
  return found == index_.end() ? kInvalidSymbol : Symbol{found->second};
}

std::string_view Interner::Text(Symbol symbol) const {
  return symbol.index < texts_.size() ? std::string_view(texts_[symbol.index]) : std::string_view();
}

}  // namespace ztp
