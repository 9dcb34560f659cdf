// Many requests of one action at once: columns of values in, columns of answers out.
//
// Boundary: freestanding. Each answer is exactly what Decide says of the same request by itself;
// what is the same from one row to the next is looked up once. One thread at a time, with a
// workspace of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/core/request_view.h"
#include "engine/core/workspace.h"

namespace ztp {

// A parameter or an input that differs from row to row.
struct BatchColumn {
  bool is_input = false;
  uint32_t index = 0;  // of the parameter in the action, or of the input in the schema
  const BoundFact* values = nullptr;  // one a row
};

// The rows. What no column gives is as in the request that they share.
struct BatchRows {
  size_t count = 0;
  const Val* principals = nullptr;  // one a row; null: the shared request's
  const Val* resources = nullptr;
  std::span<const BatchColumn> columns;
};

// Where the answers go: an entry a row, or null where one is not asked for. What a caller must do
// because a row is allowed is not for nobody to see: where `obligations` is not asked for, and the
// shared request does not say what the caller can carry out, a row with any is not allowed.
struct BatchAnswers {
  uint8_t* allow = nullptr;         // 1 or 0
  uint32_t* rule = nullptr;         // the first deciding rule (PolicyView::rules), or kNone32
  int64_t* valid_until = nullptr;   // microseconds; kForEver
  uint8_t* on_unknown = nullptr;    // 1: a denial that rests on an unknown
  uint32_t* obligations = nullptr;  // how many an allowed row has
};

// Memory for a batch, of the caller's: it is written to while rows are decided.
struct BatchMemory {
  std::span<BoundFact> params;  // as many as the action has
  std::span<BoundFact> inputs;  // as many as the schema has
  std::span<Reading> readings;  // as many as the policy's request_probes
};

// Decides rows [first, rows.count) and answers how many were: fewer than asked for where the
// workspace was too small for the next one (its arena is full), which a larger one may do. `shared`
// carries no entity; its readings need not have been worked out.
size_t DecideBatch(const RequestView& shared, const BatchRows& rows, size_t first,
                   const BatchAnswers& answers, const BatchMemory& memory, Workspace& workspace);

}  // namespace ztp
