// What is logged of a decision: one JSON text on one line, which is the log's entry byte for byte.
//
// Boundary: a request and an answer as texts in, an entry out. Which entries a log has, and in
// which order, is store.h's. README.md has the form. Requests are untrusted: whatever does not
// parse is logged by its digest, and what is too large for an entry is left out and said so.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/audit/mask.h"
#include "engine/core/time.h"
#include "engine/facts/json_sink.h"
#include "engine/facts/json_tree.h"

namespace ztp::audit {

// A decision as the server has it. Views: copied when it is handed over.
struct DecisionRecord {
  std::string_view id;        // the decision's, by which the caller knows it, too
  std::string_view asked_by;  // who asked, as authenticated: "spiffe://…"; may be empty
  // By what the caller and its traces know the request; each may be empty. UTF-8.
  std::string_view request_id;  // X-Request-ID
  std::string_view trace_id;    // of W3C's traceparent, 32 hexadecimal digits
  std::string_view span_id;     // the same, 16
  std::string_view request;     // the AuthZEN request's text, as it came
  std::string_view answer;      // WriteDecision, AppendDecision or WriteRefusal
  // What another policy would have said, where that is something else: a JSON object on one line,
  // the server's own. May be empty.
  std::string_view shadow;
  Time time;                  // when it was decided
  int64_t latency_nanos = 0;  // what deciding took
};

struct EntryOptions {
  MaskPolicy mask;
  // For digests that nobody without it can guess the values of. Empty: digests are plain SHA-256,
  // and the mask may have no `digest`.
  std::string key;
  // The request as it was, too, but for evidence: that always goes in by digest.
  bool with_request = false;
};

// One thread at a time.
class EntryWriter {
 public:
  // InvalidArgument: the mask needs a key of at least 16 bytes.
  static absl::StatusOr<std::unique_ptr<EntryWriter>> Make(EntryOptions options);

  // At most kMaxEntryBytes.
  std::string Decision(const DecisionRecord& record);

  // Decisions that were made and not logged, as the queue was full.
  static std::string Dropped(uint64_t count, Time time);
  // The log was opened after a crash, which tore off so many bytes of what was not acknowledged.
  static std::string Recovered(uint64_t torn_bytes, std::string_view torn_digest, Time time);

 private:
  class Writing;

  explicit EntryWriter(EntryOptions options) : options_(std::move(options)) {}
  std::string DigestOf(std::string_view bytes) const;

  const EntryOptions options_;
  JsonTree request_;
  JsonTree answer_;
};

// A node as JSON on one line, its members in their order and numbers in their own digits.
void PutNode(const JsonTree& tree, const JsonNode& node, JsonSink& sink);

}  // namespace ztp::audit
