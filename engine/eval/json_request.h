// Requests from JSON: AuthZEN's Authorization API 1.0, plus `evidence`, `can` and `now`.
//
// Boundary: one document to one Request by the schema; what a request's facts mean is the
// evaluator's. Members that nobody asked for are ignored, as AuthZEN says; within a value, the
// schema's type is exact.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/evidence_item.h"
#include "engine/base/schema.h"
#include "engine/base/world.h"
#include "engine/eval/json_request_fast.h"
#include "engine/facts/json_error.h"
#include "engine/facts/json_items.h"
#include "engine/facts/json_tree.h"

namespace ztp {

struct RequestOptions {
  // The clock, for requests that do not bring their own.
  Time now;
  // The host's opting in, for tests and replay: `context.now` sets a request's clock.
  bool accept_now = false;
  // The same for proven inputs and attributes as plain JSON.
  bool assume_proven = false;
  // Somebody verifies what comes as `evidence`: it is read, for them to bind. Else it is an error.
  bool accept_evidence = false;
  JsonLimits limits;
};

// A request, or everything that is wrong with it.
struct ReadRequestResult {
  size_t index = 0;       // of the document in the file
  std::string_view text;  // the document; empty where none could be found
  std::optional<Request> request;
  std::vector<JsonError> errors;       // not empty iff there is no request
  std::vector<EvidenceItem> evidence;  // that came with it; nothing of it is bound
};

// The requests of a text, one after the other: one object, an array, or JSON Lines. One that is
// wrong does not stop those behind it, unless the text cannot be taken apart any more.
class RequestReader {
 public:
  // `schema` and `text` must outlive the reader.
  RequestReader(const Schema& schema, std::string_view text, RequestOptions options);

  // False: there are no more.
  bool Next(ReadRequestResult* result);

  // Was it an array? (Then the answers are an array too.)
  bool is_array() const { return items_.is_array(); }

 private:
  const Schema& schema_;
  RequestOptions options_;
  JsonItems items_;
  JsonTree tree_;
};

// Requests of one at a time, as a server gets them: what ReadRequest reads, with the memory of the
// request before. Requests that nothing is wrong with are read in one go; where they are alike,
// nothing is allocated. One thread at a time uses it.
class RequestParser {
 public:
  // `schema` must outlive it. Takes time and memory in proportion to the schema: to be kept.
  RequestParser(const Schema& schema, RequestOptions options);
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // The request, good until the next call; nullptr: errors() says what is wrong with it.
  const Request* Read(std::string_view text);
  const std::vector<JsonError>& errors() const { return errors_; }
  // What came with the last request as evidence; nothing of it is bound.
  const std::vector<EvidenceItem>& evidence() const { return evidence_; }
  // The last request, for its evidence to be bound.
  Request* request() { return &request_; }
  // The clock, for the requests from now on.
  void set_now(Time now) { options_.now = now; }
  // Was the last request read in one go? (For tests and measurements; the result is the same.)
  bool was_quick() const { return was_quick_; }

 private:
  const Schema& schema_;
  RequestOptions options_;
  RequestFiller filler_;
  Request request_;
  std::vector<JsonError> errors_;
  std::vector<EvidenceItem> evidence_;
  bool was_quick_ = false;
};

// One request; of several, the first.
ReadRequestResult ReadRequest(std::string_view text, const Schema& schema,
                              const RequestOptions& options);

}  // namespace ztp
