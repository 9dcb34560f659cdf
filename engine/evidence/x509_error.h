// Which check of ours an error of OpenSSL's path validation is.
//
// Boundary: a table. What is not in it is a path that does not reach an anchor (kChain).
#pragma once

#include "engine/evidence/openssl_ptr.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

// `error`: an X509_V_ERR_ number.
Check CheckOfX509Error(int error);

// With the certificate it is about, by subject and serial, and OpenSSL's own words.
Refusal RefusalOfX509Error(int error, const X509* about);

}  // namespace ztp::evidence
