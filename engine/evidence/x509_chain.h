// A certificate, from the certificates that came with it up to an anchor that is trusted: path
// validation as RFC 5280, section 6 describes it.
//
// Boundary: X.509 as such; what certificates of one kind must say is that kind's (x509_svid.h).
// OpenSSL builds and checks the path (X509_verify_cert) with no anchor but the given ones: no store
// of the system, and what comes with the evidence is only ever between leaf and anchor. Beyond
// OpenSSL: only keys and signatures of key_strength.h, purposes along the whole path, and a leaf
// that is itself among the anchors proves nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/core/time.h"
#include "engine/evidence/certificate.h"
#include "engine/evidence/crl.h"
#include "engine/evidence/verified.h"

namespace ztp::evidence {

inline constexpr size_t kMaxAnchors = 256;

// What a key may be for (section 4.2.1.12).
enum class KeyPurpose : uint8_t { kServerAuth, kClientAuth, kCodeSigning, kTimeStamping };

struct Revocation {
  // Lists of the caller's, at most kMaxCrls; those that come with evidence are none of these unless
  // the caller means it. What they revoke is refused, however old they are.
  std::span<const Crl> crls;
  // Then each certificate below the anchor needs a list of its issuer that is in force.
  bool required = false;
  // And was issued no longer ago than this; nothing: until it says that the next one comes.
  std::optional<Duration> max_age;
};

struct PathOptions {
  Time now;
  // The leaf's key must be for all of these, and what stands above it may not exclude one.
  std::vector<KeyPurpose> purposes;
  // The leaf must say so; else a leaf that says nothing of purposes is for every one.
  bool purposes_must_be_stated = false;
  Revocation revocation;
};

struct VerifiedPath {
  std::string leaf_spki_sha256;  // "sha256:…", what a channel or token is bound to
  std::string leaf_serial;       // hexadecimal
  std::string anchor_sha256;     // "sha256:…" of the anchor's DER
  // When all certificates of the path are valid, the anchor included. At not_after they no longer
  // are.
  Time not_before;
  Time not_after;
  // Where revocation is required: until when the lists that were used are in force.
  std::optional<Time> revocation_known_until;
  std::vector<Certificate> path;  // leaf first, anchor last; at least two

  // What is proven by this path holds until then.
  Time valid_until() const {
    return revocation_known_until ? std::min(not_after, *revocation_known_until) : not_after;
  }
};

// Thread-safe: the arguments are only read. `intermediates` may be in any order and may have
// certificates that are not needed, at most kMaxChainCertificates with the leaf.
//   kTooLarge       more certificates, anchors or lists than that
//   kAlgorithm      a weak or unknown key or signature algorithm
//   kUsage          basic constraints, key usage, purposes, an unknown critical extension
//   kChain          no path, or one that is too long
//   kSignature      of a certificate or list
//   kSubject        a name outside of an issuer's name constraints
//   kExpired, kNotYetValid
//   kRevoked        revoked, or not known not to be where that is required
Verified<VerifiedPath> VerifyPath(const Certificate& leaf,
                                  std::span<const Certificate> intermediates,
                                  std::span<const Certificate> anchors, const PathOptions& options);

}  // namespace ztp::evidence
