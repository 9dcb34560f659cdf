// Facts, requests and decisions as plain data: the form in which tests, JSON and both evaluators
// exchange them.
//
// Boundary: no behaviour. The engine turns entity records into a snapshot and a request into its
// bound form; the reference interpreter works on these as they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/fact_proof.h"
#include "engine/base/schema.h"
#include "engine/base/value.h"

namespace ztp {

// What is known of one attribute, input or parameter.
struct Fact {
  enum class State : uint8_t {
    kMissing,  // known not to be there (an optional one), or an input that is not bound
    kUnknown,  // should be there and is not known (`..` in a fixture; a required proven one without
               // evidence)
    kPresent,
  };
  State state = State::kMissing;
  Value value;
  // Of proven facts: when the evidence counts, issued_at <= now < expires_at. Absent: no such
  // bound.
  std::optional<Time> issued_at;
  std::optional<Time> expires_at;

  static Fact Missing() { return {}; }
  static Fact Unknown() { return {.state = State::kUnknown}; }
  static Fact Of(Value value) { return {.state = State::kPresent, .value = std::move(value)}; }
  bool operator==(const Fact&) const = default;
};

struct EntityRecord {
  EntityUid uid;
  // One for each attribute of the type, in its order. Defaults are filled in already. An attribute
  // `inherited` holds the own part only.
  std::vector<Fact> attributes;
  std::vector<EntityUid> parents;  // those that `in tenant: Tenant` attributes give included
  std::vector<EntityUid> derives;
  // What proves attributes, ascending: of those that are there because evidence says so.
  std::vector<AttributeProof> proofs;
  bool operator==(const EntityRecord&) const = default;
};

struct Request {
  EntityUid principal;
  ActionId action;
  EntityUid resource;
  std::vector<Fact> params;  // one for each parameter of the action
  std::vector<Fact> inputs;  // one for each input of the schema; kMissing is "not bound"
  std::vector<EntityRecord>
      carried;  // records of principal and resource where their types are `carried`
  Time now;
  // What the request is made of (a certificate or token that named its principal) holds so long. At
  // this time and after it nothing is permitted, and no decision holds longer. Absent: without end.
  std::optional<Time> valid_until;
  // What the caller can carry out; without it, everything.
  std::optional<std::vector<ObligationId>> can;
  bool operator==(const Request&) const = default;
};

struct ObligationCall {
  ObligationId obligation;
  std::vector<Value> args;
  bool operator==(const ObligationCall&) const = default;
};

struct Decision {
  bool allow = false;
  std::vector<uint32_t>
      rules;  // the deciding ones, as indices into the policy's rules, in source order
  std::optional<std::string>
      reason;  // the first deciding rule's `because`; "limit" beyond the step budget
  std::vector<ObligationCall> obligations;
  std::optional<Time> valid_until;   // absent: without end
  std::vector<std::string> unknown;  // inputs' names, `E::"id"`, "overflow"; sorted bytewise
  bool limit = false;                // denied because the step budget was spent
  bool operator==(const Decision&) const = default;
};

}  // namespace ztp
