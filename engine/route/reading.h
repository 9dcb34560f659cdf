// One HTTP request as one route reads it. See router.h.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/route/router.h"

namespace ztp::route {

class Reading {
 public:
  // All must outlive it.
  Reading(const Schema& schema, const HttpRequest& http, const HttpTarget& target,
          EvidenceReader& evidence, Router::Scratch& scratch)
      : schema_(schema), http_(http), target_(target), evidence_(evidence), scratch_(scratch) {}

  // What follows is by this route; `scratch.path` has what its path captured.
  void Begin(const Route& route, const PathPattern& path) {
    route_ = &route;
    path_ = &path;
    peer_ = client_ = nullptr;
    rests_on_.clear();
  }

  // Is the request one for the route, beyond its path? If not, *why says what is against it.
  absl::StatusOr<bool> Fits(const std::optional<PathPattern>& peer,
                            const std::optional<PathPattern>& client, std::string* why);
  // AuthZEN JSON.
  absl::Status Write(std::string* request);

 private:
  // What stands at a place.
  struct Found {
    enum class Form : uint8_t {
      kText,    // text, which becomes what its target is
      kString,  // what a JSON string says: text, and nothing else
      kJson,    // any value, as JSON
    };
    std::string text;
    Form form = Form::kText;
  };
  using MaybeFound = absl::StatusOr<std::optional<Found>>;

  MaybeFound Find(const RouteValue& value);
  MaybeFound FindInRequest(const RouteValue& value);
  absl::StatusOr<std::optional<std::string_view>> Header(std::string_view name) const;
  MaybeFound Bearer() const;
  MaybeFound InBody(std::span<const std::string> path);
  absl::Status ParseBody();
  MaybeFound Proven(const RouteValue& value);
  absl::StatusOr<std::string> ClientSpiffe() const;  // NotFound: nobody says

  absl::StatusOr<bool> Holds(const RouteTest& test);
  absl::StatusOr<std::string> Id(const RouteText& text, std::string_view what);
  absl::Status WriteEntity(const RouteEntity& entity, std::string_view member, std::string* out);
  struct Target {
    TypeId type;
    bool required = false;
  };
  // `target_of(name)`: what the value of that name goes to; for people, a `what` of `whose`.
  template <typename TargetOf>
  absl::Status WriteBindings(std::span<const RouteBinding> bindings, std::string_view what,
                             std::string_view whose, const TargetOf& target_of, std::string* out);
  absl::Status WriteEvidence(std::string* out);
  // A value in the form that one of that type has as JSON.
  absl::StatusOr<std::string> Json(const Found& found, TypeId type, std::string_view what) const;

  const Schema& schema_;
  const HttpRequest& http_;
  const HttpTarget& target_;
  EvidenceReader& evidence_;
  Router::Scratch& scratch_;
  const Route* route_ = nullptr;
  const PathPattern* path_ = nullptr;
  const PathPattern* peer_ = nullptr;  // once it has matched
  const PathPattern* client_ = nullptr;
  std::vector<std::string_view> rests_on_;  // inputs whose evidence was read for something
  std::string client_spiffe_;               // what `scratch.client` points into
  bool body_is_parsed_ = false;
};

}  // namespace ztp::route
