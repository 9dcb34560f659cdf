// A trust domain of a test's own, good around now, as PEM.
//
// Boundary: texts alone. Engine and ztp.hpp give the same names to their own things, so that one
// file cannot include both.
#pragma once

#include <string>

namespace ztp::testing {

struct PeerIdentity {
  std::string certificate;
  std::string key;
};

struct Pki {
  PeerIdentity root;        // of example.org
  PeerIdentity other_root;  // says the same of itself
  PeerIdentity server;      // spiffe://example.org/server, and localhost
  PeerIdentity trainer;     // spiffe://example.org/trainer
  PeerIdentity nobody;      // by the same root, and no SVID
  PeerIdentity stranger;    // the trainer by the other root
};

// Made once a process.
const Pki& Certificates();

}  // namespace ztp::testing
