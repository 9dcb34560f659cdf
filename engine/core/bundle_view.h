// A bundle's bytes as the kernel reads them: for who has no standard library, as a driver that is
// handed a mapped bundle.
//
// Boundary: freestanding; looks tables up in place, copies nothing. It is no verification: whoever
// hands the bytes over has opened them with ReadBundle or ViewBundle (bundle/read.h), which check
// every reference. Tables that do not lie within the bytes are refused here all the same.
#pragma once

#include <cstddef>

#include "engine/core/policy_view.h"

namespace ztp {

// The format that this version writes and reads.
inline constexpr uint32_t kBundleFormat = 2;

// False: this is no bundle of a format that is known here, a table lies outside, or `bytes` does
// not begin at a multiple of 8. `*out` points into the bytes, which must stay as they are while it
// is used.
bool ViewBundleBytes(const void* bytes, size_t size, PolicyView* out);

}  // namespace ztp
