// See objects.h.
#include "bindings/c/objects.h"

#include <algorithm>

namespace ztp::c {

uint32_t AttrNames::NumberOf(const Attr& attr) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto at = std::find(attrs_.begin(), attrs_.end(), attr);
  const auto number = static_cast<uint32_t>(at - attrs_.begin());
  if (at == attrs_.end()) attrs_.push_back(attr);
  return number;
}

AttrNames::Attr AttrNames::Get(uint32_t number) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return number < attrs_.size() ? attrs_[number] : Attr();
}

size_t AttrNames::size() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return attrs_.size();
}

void Decided::Forget() {
  decision.reset();
  values.clear();
  texts.clear();
  strings.clear();
  rules.clear();
  evidence.clear();
}

}  // namespace ztp::c

void ztp_session::Enter(const ztp::World& now) {
  world = &now;
  serial_of_world = now.serial;
  Begin();
}
