// From an HTTP request to a request of the policy, by its `route` blocks.
//
// Boundary: reads what the request says and what its channel showed, and writes AuthZEN's JSON; it
// decides nothing, and verifies nothing: evidence is somebody else's (EvidenceReader). Everything
// that a client sends may be hostile; what is missing, said twice, cut off, or could be read in two
// ways is an error, and whoever asks denies.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/path_pattern.h"
#include "engine/base/route.h"
#include "engine/base/schema.h"
#include "engine/facts/json_tree.h"
#include "engine/route/http_target.h"

namespace ztp::route {

struct HttpHeader {
  std::string_view name;  // in any case
  std::string_view value;
};

struct HttpRequest {
  std::string_view method, scheme, authority;
  std::string_view target;  // path and query
  std::span<const HttpHeader> headers;
  std::string_view body;
  bool body_partial = false;    // there is more, or it was not handed over
  bool headers_joined = false;  // headers of one name may have become one, with commas between
  // Of the certificate by which the peer authenticated itself; empty: it did not.
  std::string_view peer_spiffe;
  std::string_view peer_certificates;  // PEM
  std::string_view source_ip;
};

// What evidence says, for routes that make the principal of it.
class EvidenceReader {
 public:
  virtual ~EvidenceReader() = default;
  // The source that would verify evidence for the input; empty: there is none.
  virtual absl::StatusOr<std::string> SourceOf(std::string_view input,
                                               std::string_view evidence) = 0;
  // What stands at `path` in what the evidence proves, as JSON. PermissionDenied: it was refused.
  // NotFound: it says nothing there.
  virtual absl::StatusOr<std::string> Proven(std::string_view input, std::string_view source,
                                             std::string_view evidence,
                                             std::span<const std::string> path) = 0;
};

// Immutable; any thread.
class Router {
 public:
  static constexpr size_t kMaxHeaders = 1000;

  // A thread's memory for it.
  class Scratch {
   private:
    friend class Router;
    friend class Reading;
    JsonTree body;
    std::vector<std::string_view> path, peer, client;
  };

  // Of the schema's routes; `schema` must outlive it. InvalidArgument: a route that the compiler
  // does not make.
  static absl::StatusOr<std::unique_ptr<const Router>> Make(const Schema& schema);

  size_t size() const { return routes_.size(); }
  // Does a route read bodies? Who hands requests over may leave them out else.
  bool reads_bodies() const { return reads_bodies_; }

  struct Routed {
    const Route* route = nullptr;
    std::string request;  // AuthZEN JSON
  };
  // NotFound: no route takes it. InvalidArgument: it cannot be read, or lacks what its route needs.
  // PermissionDenied: evidence was refused that the principal is to be made of. All for people.
  absl::StatusOr<Routed> Take(const HttpRequest& http, EvidenceReader& evidence,
                              Scratch& scratch) const;

 private:
  struct Compiled {
    const Route* route;
    PathPattern path;
    std::optional<PathPattern> peer;
    std::optional<PathPattern> client;
    uint32_t group;  // of the first one that takes the same paths
  };

  explicit Router(const Schema& schema) : schema_(schema) {}

  const Schema& schema_;
  std::vector<Compiled> routes_;  // narrower patterns before wider ones
  bool reads_bodies_ = false;
};

}  // namespace ztp::route
