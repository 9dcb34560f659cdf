// Values on their way in and out: Value, the plain data, to and from Val (core/val.h).
//
// Boundary: says nothing about what values mean; who numbers entities and keeps texts is whoever
// derives from ValEncoder.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/base/value.h"
#include "engine/core/val.h"
#include "engine/facts/arena.h"

namespace ztp {

// Numbers entities and keeps texts for values that come in.
class ValEncoder {
 public:
  explicit ValEncoder(Arena* arena) : arena_(arena) {}
  virtual ~ValEncoder() = default;
  Val Encode(const Value& value);

 protected:
  virtual uint32_t InternEntity(EntityTypeId type, std::string_view id) = 0;
  // The text as a Val of `kind`.
  virtual Val InternText(TypeKind kind, std::string_view text) = 0;

 private:
  Arena* arena_;
};

// Gives entities' identities for values that go out.
class UidSource {
 public:
  virtual ~UidSource() = default;
  virtual EntityUid Uid(uint32_t entity) const = 0;
};
Value Decode(const Val& val, const UidSource& uids);

}  // namespace ztp
