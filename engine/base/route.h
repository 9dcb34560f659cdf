// Routes as data: how an HTTP request becomes a request of the policy.
//
// Boundary: the compiler fills them from `route` blocks, the bundle stores them with the schema,
// engine/route goes by them. Numbers of sources are pinned: bundles hold them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/value.h"

namespace ztp {

// Where a value of a request comes from.
enum class RouteSource : uint8_t {
  kLiteral = 0,           // `fallback` is it
  kPath = 1,              // what the path's pattern captured as `name`
  kQuery = 2,             // the parameter `name` behind '?'
  kHeader = 3,            // the header `name`, in small letters
  kBody = 4,              // what stands at `path` in the body, as JSON
  kMethod = 5,            // "POST"
  kAuthority = 6,         // the host that was asked
  kBearer = 7,            // the token of `authorization: Bearer …`
  kPeer = 8,              // what the pattern of the peer's SPIFFE ID captured as `name`
  kPeerSpiffe = 9,        // all of it
  kPeerCertificate = 10,  // its certificates, PEM
  kClient = 11,           // the same of the client that a proxy says it has seen
  kClientSpiffe = 12,
  kSourceIp = 13,  // the address that the connection came from
  kProven = 14,    // what stands at `path` in the proven input `name` of the same route
};
inline constexpr RouteSource kLastRouteSource = RouteSource::kProven;

struct RouteValue {
  RouteSource source = RouteSource::kLiteral;
  std::string name;
  std::vector<std::string> path;
  std::optional<std::string> fallback;  // JSON: what it is where the source has nothing
  bool operator==(const RouteValue&) const = default;
};

// Text with values in it: what an entity's id is made of.
struct RouteText {
  struct Piece {
    std::string before;
    RouteValue value;
  };
  std::vector<Piece> pieces;
  std::string after;
};

// A value that goes to a parameter, an input, or an attribute.
struct RouteBinding {
  std::string name;
  RouteValue value;
};

struct RouteEntity {
  uint32_t type = UINT32_MAX;  // EntityTypeId
  RouteText id;
  std::vector<RouteBinding> attributes;  // of a type that requests carry
};

// What must hold for a route to be taken.
struct RouteTest {
  enum class Kind : uint8_t { kEqual = 0, kNotEqual = 1, kPresent = 2, kAbsent = 3 };
  Kind kind = Kind::kEqual;
  RouteValue value;
  std::vector<std::string> literals;  // JSON; kEqual: it is one of them; kNotEqual: none
};

struct Route {
  std::string package;
  std::string name;
  uint32_t line = 0;                 // where it stands in its file, from 1
  std::vector<std::string> methods;  // as they come in requests: "GET"
  std::string path;                  // PathPattern::ParsePath
  std::string peer;                  // PathPattern::ParseSpiffe; empty: whoever it is
  std::string client;                // the same of the client that the peer, a proxy, speaks for
  std::vector<RouteTest> tests;
  RouteEntity principal;
  uint32_t action = UINT32_MAX;  // ActionId
  RouteEntity resource;
  std::vector<RouteBinding> params;
  std::vector<RouteBinding> inputs;
  std::vector<RouteBinding> proofs;  // evidence for proven inputs

  std::string full_name() const { return package.empty() ? name : package + "." + name; }
};

}  // namespace ztp
