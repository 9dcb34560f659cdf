// What proves a stored attribute, as far as who only keeps it needs to know.
//
// Boundary: no behaviour. evidence/stored_proof.h makes it and knows what it says; facts/ keeps it
// beside the attribute's value and drops it with that.
#pragma once

#include <cstdint>
#include <memory>

namespace ztp {

// Immutable; threads share it.
class FactProof {
 public:
  virtual ~FactProof() = default;
};

// Of one attribute of an entity, by its index in the type.
struct AttributeProof {
  uint32_t attribute = 0;
  std::shared_ptr<const FactProof> proof;
  bool operator==(const AttributeProof&) const = default;
};

}  // namespace ztp
