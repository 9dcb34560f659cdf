// Values that the index's tests look at, and the tests themselves (index.h).
//
// Boundary: freestanding; one probe or one test at a time; which rules that leaves over is
// candidates.cc's. A value that is not plainly known (unknown, missing, only part of a set, a label
// too wide) is left to the machine, which evaluates the rule's condition as a whole.
#pragma once

#include <cstdint>

#include "engine/core/machine.h"
#include "engine/core/quick.h"
#include "engine/core/tri.h"
#include "engine/core/workspace.h"

namespace ztp {

class ProbeReader {
 public:
  // All must outlive it.
  ProbeReader(const RequestView& request, Workspace& workspace, Machine& machine)
      : request_(request),
        policy_(*request.policy),
        index_(policy_.index),
        facts_(*request.facts),
        request_readings_(request.readings),
        request_probes_(index_.request_probes),
        readings_(workspace.readings_),
        machine_(machine),
        s_(workspace) {
    // Long before the stamps run out, all begin anew.
    if (++workspace.reading_stamp_ == 0) {
      for (size_t i = 0; i < workspace.probe_capacity_; ++i) readings_[i] = Reading();
      workspace.reading_stamp_ = 1;
    }
    stamp_ = workspace.reading_stamp_;
  }

  // Reads it at the first call of a decision, unless the request says it.
  const Reading& Read(uint32_t probe) {
    if (probe < request_probes_ && request_readings_[probe].settled) {
      return request_readings_[probe];
    }
    Reading& reading = readings_[probe];
    if (reading.stamp != stamp_) Load(probe, &reading);
    return reading;
  }

  // Reads what the request does not say; then Fetched has it, or, where that is not settled, a
  // reading that is not plain.
  void Fetch(uint32_t probe) {
    if (probe >= request_probes_ && readings_[probe].stamp != stamp_) {
      Load(probe, &readings_[probe]);
    }
  }
  const Reading& Fetched(uint32_t probe) const {
    return (probe < request_probes_ ? request_readings_ : readings_)[probe];
  }

  // The bits of all marks but those of what the request says. `known` becomes false if one may not
  // be known for ever.
  uint64_t ReadStoredMarks(bool* known) {
    const RequestMarks& principal = request_.principal_marks;
    const RequestMarks& resource = request_.resource_marks;
    if (!principal.read || !resource.read || !policy_.other_marks.empty()) {
      return ReadStoredMarksOneByOne(known);
    }
    *known &= principal.known & resource.known;
    return principal.bits | resource.bits;
  }

  struct Outcome {
    Tri value = Tri::kUnknown;  // unknown: the machine has to say
    int64_t valid_until = kForEver;
  };
  Outcome Try(const Test& test) { return Try(test, Read(test.probe)); }
  Outcome Try(const Test& test, const Reading& reading) {
    if (reading.known && IsQuick(test)) {
      return {ToTri(TryQuick(test, reading)), reading.valid_until};
    }
    return TryOther(test, reading);
  }

  // Of a plain reading and a test of the commonest operators: does it hold?
  static bool IsQuick(const Test& test) { return test.op <= Test::Op::kBits; }
  static bool TryQuick(const Test& test, const Reading& r) {
    bool holds;
    if (test.op == Test::Op::kRange) {
      holds = (test.a <= r.value) & (r.value <= test.b);
    } else if (test.op == Test::Op::kMask) {
      const uint64_t v = static_cast<uint64_t>(r.value);
      holds = (v < 64) & (static_cast<uint64_t>(test.a) >> (v & 63));
    } else {
      holds = (r.value & test.a) == test.b;
    }
    return holds != (test.negated != 0);
  }

  static bool IsMember(const Reading& reading, int64_t group) {
    if (reading.value == group) return true;
    const uint32_t* members = static_cast<const uint32_t*>(reading.data);
    uint32_t i = 0;
    while (i < reading.size && members[i] < group) ++i;
    return i < reading.size && members[i] == group;
  }

  // What a node comes to: the plain value that most have, or what the machine says.
  Result OfNode(uint32_t node);

  // The step budget was spent while a probe was worked out.
  bool spent() const { return spent_; }

 private:
  void Load(uint32_t probe, Reading* reading);
  bool LoadNode(const Probe& probe, Reading* reading);
  Result ResultOf(const Probe& probe);
  // A principal or resource whose row is all there is to say.
  struct Stored {
    const uint64_t* row = nullptr;  // null: it is not so
    const FactsType* layout = nullptr;
    uint32_t type = 0;
    uint32_t entity = 0;
  };
  Stored StoredOf(const Val& entity, const uint64_t* row) const {
    return {row, facts_.types + entity.size, entity.size, entity.entity()};
  }
  Stored Principal() const { return StoredOf(request_.principal, request_.principal_row); }
  Stored Resource() const { return StoredOf(request_.resource, request_.resource_row); }
  // May the short cut know what it comes to? What depends on the time only through evidence that
  // counts now it may, too; it gives up where it meets the clock itself.
  bool IsForQuick(const Node& node) const {
    return !request_.carries_any() && !s_.machine_only_ &&
           ((node.flags & Node::kReadsNow) == 0 || request_.has_evidence);
  }
  uint64_t ReadStoredMarksOneByOne(bool* known);
  uint64_t ReadMark(uint32_t number);
  uint64_t MarksOf(const RequestMarks& bound, const MarkRow& row, bool* known);
  uint32_t PlainColumn(const Probe& probe, const Stored& stored) const;
  bool PlainNumber(const Probe& probe, const Stored& stored, uint32_t column,
                   int64_t* number) const;
  bool LoadAttribute(const Probe& probe, const Stored& stored, Reading* reading) const;
  bool LoadQuantified(const Probe& probe, const Stored& stored, Reading* reading) const;
  bool LoadInput(const Probe& probe, Reading* reading) const;
  void LoadAny(const Probe& probe, Reading* reading);
  // What is not as plain as IsQuick.
  Outcome TryOther(const Test& test, const Reading& reading);
  Outcome Now(const Test& test, const Reading& reading) const;
  Outcome AnyOf(const Test& test);
  Outcome Two(const Test& test, const Reading& first);

  const RequestView& request_;
  const PolicyView& policy_;
  const IndexView& index_;
  const FactsView& facts_;
  const Reading* const request_readings_;
  const uint32_t request_probes_;
  Reading* const readings_;
  uint32_t stamp_;
  Machine& machine_;
  Workspace& s_;
  bool spent_ = false;
};

}  // namespace ztp
