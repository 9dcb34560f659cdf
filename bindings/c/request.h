// A request and the world that it is decided in.
//
// Boundary: what requests are made of is request.cc's.
#pragma once

#include "bindings/c/objects.h"

namespace ztp::c {

// Brings the request to the policy in force, everything by its name. ZTP_BAD_REQUEST: it does not
// fit any more; then it is as before.
ztp_error* UsePolicyInForce(ztp_request* request, const World& world);

// The same, and binds it, so that request->bound is good in that world. ZTP_BAD_REQUEST also where
// something is not set.
ztp_error* BindTo(ztp_request* request, const World& world);

}  // namespace ztp::c
