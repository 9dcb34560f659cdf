// See objects.h.
#include "bindings/c/objects.h"

#include <algorithm>

namespace ztp::c {

uint32_t AttrNames::NumberOf(std::string_view name) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto at = std::find(names_.begin(), names_.end(), name);
  const auto number = static_cast<uint32_t>(at - names_.begin());
  if (at == names_.end()) names_.emplace_back(name);
  return number;
}

std::string AttrNames::Name(uint32_t number) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return number < names_.size() ? names_[number] : std::string();
}

size_t AttrNames::size() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return names_.size();
}

void Decided::Forget() {
  decision.reset();
  values.clear();
  texts.clear();
  strings.clear();
  rules.clear();
}

}  // namespace ztp::c

void ztp_session::Enter(const ztp::World& now) {
  world = &now;
  serial_of_world = now.serial;
  Begin();
}
