// A request as plain data by the schema of a policy, and the world that it is decided in.
//
// Boundary: whoever calls has checked that the objects are alive. Whatever is set says so to the
// request (ztp_request::changes); on an error nothing of it is another.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "bindings/c/objects.h"

namespace ztp::c {

// What a place in a request is declared as.
struct Declared {
  std::string_view name;
  TypeId type;
  Place::Kind kind = Place::kNowhere;
  Rank rank = Rank::kClaimed;
  bool proven() const { return rank == Rank::kProven; }
};

// Makes it an empty request of the policy's action. ZTP_BAD_REQUEST: there is no such action.
ztp_error* MakeEmpty(ztp_request* request, std::shared_ptr<const NamedPolicy> policy);

// Where a ztp_attr is; kNowhere: *error says why.
Place PlaceOf(ztp_request& request, ztp_attr attr, std::string_view function, ztp_error** error);
Fact& FactAt(ztp_request& request, const Place& place);

// Checks what every setter checks, and hands the fact over to be written. Null: *error says why.
Fact* FactToSet(ztp_request& request, ztp_attr attr, std::string_view function, Declared* declared,
                ztp_error** error);

// Sets a number of that kind; `what` is the kind's name.
ztp_error* SetNumber(ztp_request* request, ztp_attr attr, TypeKind kind, int64_t number,
                     std::string_view function, std::string_view what);
// Reads a fact of the request from JSON, as requests have it. `with_times`: as a proven one, which
// may say when its evidence counts.
ztp_error* SetFromJson(ztp_request* request, const Declared& declared, bool with_times,
                       std::string_view json, Fact* fact);

ztp_error* SetEntity(ztp_request* request, bool is_principal, ztp_text type, ztp_text id);
ztp_error* SetEntityJson(ztp_request* request, bool is_principal, ztp_text json);

// What the caller can carry out, from the names in request->can.
void TakeObligations(ztp_request* request);

// Binds the request's evidence anew, as it counts in that world at plain.now; what does not is
// unbound.
void ApplyEvidence(ztp_request* request, const World& world);
// A ZTP_REFUSED, whose problem's id is the check.
ztp_error* FromRefusal(const evidence::Refusal& refusal) noexcept;
// What became of it when the request was bound last.
std::vector<EvidenceOutcome> OutcomesOf(const ztp_request& request);

// Brings the request to the policy in force, everything by its name. ZTP_BAD_REQUEST: it does not
// fit any more; then it is as before.
ztp_error* UsePolicyInForce(ztp_request* request, const World& world);

// The same, and binds it, so that request->bound is good in that world. ZTP_BAD_REQUEST also where
// something is not set.
ztp_error* BindTo(ztp_request* request, const World& world);

}  // namespace ztp::c
