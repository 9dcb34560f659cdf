// The objects of the C interface, as they are inside.
//
// Boundary: data and how it hangs together; each file of this folder has the functions of one kind.
// What may be freed in any order is held by shared pointers: a handle is the caller's hold.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/c/handle.h"
#include "bindings/c/ztp.h"
#include "engine/base/evidence_item.h"
#include "engine/base/world.h"
#include "engine/eval/batch.h"
#include "engine/eval/bound_request.h"
#include "engine/eval/json_request.h"
#include "engine/eval/scratch.h"
#include "engine/route/router.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/signed_files.h"

namespace ztp::c {

// The names that ztp_attr stand for, of one engine: whatever policy is in force, a name keeps its
// number. There are as many as were found in some policy that was in force when they were asked
// for.
class AttrNames {
 public:
  // What a name was when it was asked for: as other things it must be asked for again, so that what
  // a requester claims does not become what the host vouches for by a change of policy.
  struct Attr {
    std::string name;
    bool is_param = false;  // of some action
    bool is_input = false;
    Rank rank = Rank::kClaimed;  // the highest of them
    bool operator==(const Attr&) const = default;
  };
  uint32_t NumberOf(const Attr& attr);
  // Copied, as others may add names meanwhile. An empty name: there is none of that number.
  Attr Get(uint32_t number) const;
  size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Attr> attrs_;
};

// What an engine's sessions share with it.
struct EngineState {
  EngineState(std::shared_ptr<const World> first, std::shared_ptr<EpochPage> page)
      : engine(std::move(first), std::move(page)) {}

  Engine engine;
  AttrNames attrs;
  uint32_t number = 0;  // no other engine of this process has it
  uint32_t flags = 0;
  ztp_decision_callback on_decision = nullptr;
  void* context = nullptr;
  // Of ztp_engine_load: what ztp_engine_reload reads again.
  std::string policy_path;
  std::vector<std::string> facts_paths;
  std::shared_ptr<SignedFiles> signers;  // null: files need not be signed
  std::mutex reloads;                    // who reads the files last puts them in force last

  bool assume_proven() const { return (flags & ZTP_ASSUME_PROVEN) != 0; }
};

// Where a name is in the requests of an action.
struct Place {
  enum Kind : uint8_t { kNowhere, kChanged, kParam, kInput };  // kChanged: it is something else now
  Kind kind = kNowhere;
  uint32_t index = 0;
};

// A rule's texts, as they were given out.
struct RuleTexts {
  std::string name, because, file;
};

// The proofs that fill inputs of a request, and what became of them when it was bound last.
struct BoundEvidence {
  struct Slot {
    std::string input;
    evidence::SharedFact fact;
    std::optional<evidence::Refusal> refusal;
    bool checked = false;  // in `generation`
  };
  std::vector<Slot> slots;
  // By which they were checked, and when that was.
  std::shared_ptr<const evidence::PolicyTrust> trust;
  uint64_t generation = 0;

  void Set(std::string_view input, evidence::SharedFact fact) {
    Slot* slot = Find(input);
    if (slot == nullptr) {
      slot = &slots.emplace_back();
      slot->input = input;
    }
    slot->fact = std::move(fact);
    slot->refusal.reset();
    slot->checked = false;
  }
  void Drop(std::string_view input) {
    std::erase_if(slots, [&](const Slot& slot) { return slot.input == input; });
  }
  Slot* Find(std::string_view input) {
    for (Slot& slot : slots) {
      if (slot.input == input) return &slot;
    }
    return nullptr;
  }
  // Some of it may have been voided since.
  bool HasMoved() const {
    return trust != nullptr &&
           trust->trust()->generation().load(std::memory_order_acquire) != generation;
  }
};

// A proven input of a batch: which proof each row has.
struct BatchEvidence {
  InputId input;
  std::vector<evidence::SharedFact> facts;  // null: nothing
  std::vector<uint32_t> codes;              // one a row; none: all rows have the first
};

// What a session answers about its last decision, until the next one.
struct Decided {
  const BoundRequest* bound = nullptr;  // null: there is none
  const Request* plain = nullptr;
  const ztp_request* request = nullptr;  // null: it came as JSON
  Verdict verdict;
  bool halted = false;
  std::optional<Decision> decision;       // the verdict as plain data, once it was asked for
  std::vector<EvidenceOutcome> evidence;  // of a request that came as JSON
  // What accessors gave out.
  std::string json;
  std::vector<std::unique_ptr<ztp_value[]>> values;
  std::vector<std::unique_ptr<ztp_text[]>> texts;
  std::vector<std::unique_ptr<std::string>> strings;
  std::vector<std::unique_ptr<RuleTexts>> rules;

  void Forget();
};

}  // namespace ztp::c

struct ztp_policy : ztp::c::Handle {
  static constexpr ztp::c::Tag kTag = ztp::c::Tag::kPolicy;
  explicit ztp_policy(std::shared_ptr<const ztp::NamedPolicy> p)
      : Handle(kTag), policy(std::move(p)) {}
  std::shared_ptr<const ztp::NamedPolicy> policy;
};

struct ztp_facts : ztp::c::Handle {
  static constexpr ztp::c::Tag kTag = ztp::c::Tag::kFacts;
  ztp_facts(std::shared_ptr<const ztp::NamedPolicy> p, std::shared_ptr<const ztp::Snapshot> s,
            bool assumed)
      : Handle(kTag), policy(std::move(p)), snapshot(std::move(s)), assume_proven(assumed) {}
  std::shared_ptr<const ztp::NamedPolicy> policy;  // that they are for
  std::shared_ptr<const ztp::Snapshot> snapshot;
  bool assume_proven;  // plain data may have been taken as proven
};

struct ztp_epoch : ztp::c::Handle {
  static constexpr ztp::c::Tag kTag = ztp::c::Tag::kEpoch;
  explicit ztp_epoch(std::shared_ptr<ztp::EpochPage> p) : Handle(kTag), page(std::move(p)) {}
  std::shared_ptr<ztp::EpochPage> page;
};

struct ztp_signers : ztp::c::Handle {
  static constexpr ztp::c::Tag kTag = ztp::c::Tag::kSigners;
  explicit ztp_signers(std::shared_ptr<ztp::SignedFiles> f) : Handle(kTag), files(std::move(f)) {}
  std::shared_ptr<ztp::SignedFiles> files;
};

struct ztp_trust : ztp::c::Handle {
  static constexpr ztp::c::Tag kTag = ztp::c::Tag::kTrust;
  ztp_trust(std::shared_ptr<ztp::evidence::Trust> t, std::string file)
      : Handle(kTag), trust(std::move(t)), path(std::move(file)) {}
  std::shared_ptr<ztp::evidence::Trust> trust;
  const std::string path;  // empty: read from memory
};

struct ztp_proof : ztp::c::Handle {
  static constexpr ztp::c::Tag kTag = ztp::c::Tag::kProof;
  ztp_proof(std::shared_ptr<ztp::evidence::Trust> t, ztp::evidence::SharedFact f)
      : Handle(kTag), trust(std::move(t)), fact(std::move(f)) {}
  const std::shared_ptr<ztp::evidence::Trust> trust;
  const ztp::evidence::SharedFact fact;
  // Written when it is first asked for.
  mutable std::once_flag written;
  mutable std::string json;
};

struct ztp_engine : ztp::c::Handle {
  static constexpr ztp::c::Tag kTag = ztp::c::Tag::kEngine;
  explicit ztp_engine(std::shared_ptr<ztp::c::EngineState> s) : Handle(kTag), state(std::move(s)) {}
  std::shared_ptr<ztp::c::EngineState> state;
};

struct ztp_change : ztp::c::Handle {
  static constexpr ztp::c::Tag kTag = ztp::c::Tag::kChange;
  explicit ztp_change(std::shared_ptr<ztp::c::EngineState> s)
      : Handle(kTag), state(std::move(s)), change(state->engine.world()) {}
  std::shared_ptr<ztp::c::EngineState> state;
  ztp::FactsChange change;
};

struct ztp_session : ztp::c::Handle {
  static constexpr ztp::c::Tag kTag = ztp::c::Tag::kSession;
  explicit ztp_session(std::shared_ptr<ztp::c::EngineState> s)
      : Handle(kTag),
        page(s->engine.page()),
        on_decision(s->on_decision),
        state(std::move(s)),
        reader(state->engine),
        world(&reader.Get()) {}

  // What is in force; the last decision is no longer answered for if it was by something else.
  const ztp::World& Refresh() {
    const ztp::World& now = reader.Get();
    if (&now != world || now.serial != serial_of_world) [[unlikely]]
      Enter(now);
    return now;
  }
  // The next decision begins: what was given out about the last one is no longer good.
  void Begin() {
    ++serial;
    if (last.bound == nullptr) return;
    last.bound = nullptr;
    if (last.decision || !last.rules.empty() || !last.evidence.empty()) [[unlikely]]
      last.Forget();
  }

  // The engine's, close at hand.
  const ztp::EpochWords* page;
  ztp_decision_callback on_decision;

  std::shared_ptr<ztp::c::EngineState> state;
  ztp::Engine::Reader reader;
  const ztp::World* world;
  uint64_t serial_of_world = 0;
  ztp::Scratch scratch;
  uint64_t serial = 0;  // of the last decision
  ztp::c::Decided last;

  // For requests as JSON: of one policy.
  std::shared_ptr<const ztp::NamedPolicy> parser_policy;
  std::unique_ptr<ztp::RequestParser> parser;
  bool parser_takes_evidence = false;
  ztp::BoundRequest parsed;
  std::string answer;

  // For HTTP requests.
  ztp::route::Router::Scratch routing;
  std::string route_name, routed;
  // What was verified to make `routed`, for its decision: the next one with the session, or none.
  std::vector<ztp::evidence::VerifiedItem> verified;

 private:
  void Enter(const ztp::World& now);
};

struct ztp_request : ztp::c::Handle {
  static constexpr ztp::c::Tag kTag = ztp::c::Tag::kRequest;
  ztp_request(ztp_session* s, std::string_view name)
      : Handle(kTag), session(s), action_name(name) {}

  // First what every decision reads.
  ztp_session* session;
  // What is decided: `plain` bound to the world of that serial (0: to none), but for changes since.
  uint64_t bound_serial = 0;
  bool changed = true;
  ztp::BoundRequest bound;
  ztp::BoundRequest::Changes changes;

  std::string action_name;
  // The request as plain data, by the schema of `policy`. What was not set: an empty uid's type has
  // no index; a fact is missing.
  std::shared_ptr<const ztp::NamedPolicy> policy;
  ztp::Request plain;
  ztp::c::BoundEvidence evidence;
  std::string principal_json;  // of carried entities, as they were given
  std::string resource_json;
  std::optional<std::vector<std::string>> can;
  std::vector<ztp::c::Place> places;  // by the number of a ztp_attr
  std::string json;                   // a value on its way, as JSON
  ztp::Value spare;                   // the same as itself; holds anything

  // Says that something was set.
  void ChangeAll() { changed = changes.others = true; }
  void ChangeEntity(bool is_principal) {
    changed = true;
    (is_principal ? changes.principal : changes.resource) = true;
  }
  void ChangeValue(const ztp::c::Place& place) {
    changed = true;
    (place.kind == ztp::c::Place::kParam ? changes.params : changes.inputs) |=
        ztp::BoundRequest::Changes::Bit(place.index);
  }
};

struct ztp_batch : ztp::c::Handle {
  static constexpr ztp::c::Tag kTag = ztp::c::Tag::kBatch;
  ztp_batch(ztp_session* s, std::shared_ptr<const ztp::World> w, uint64_t g)
      : Handle(kTag), session(s), world(std::move(w)), generation(g) {}

  ztp_session* session;
  std::shared_ptr<const ztp::World> world;
  uint64_t generation;
  ztp::ActionId action;
  ztp::Request shared;  // without what evidence proves
  std::unique_ptr<ztp::Batch> batch;
  // Proven inputs, and the trust's generation when the world was taken.
  std::vector<ztp::c::BatchEvidence> evidence;
  uint64_t trust_generation = 0;
  bool broken = false;  // there was no memory for one of its columns
  std::map<uint32_t, std::unique_ptr<ztp::c::RuleTexts>> rules;
};
