// What an engine's callers in Python share: sessions to take and give back, and requests that are
// prepared in them.
//
// Boundary: everything here is used under the GIL. A session is taken for a call and given back
// behind it, so there are as many as callers that were at work at once: one, unless a batch decides
// without the GIL or a callback decides too. Nothing is tied to a thread, so threads that end leave
// nothing behind.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bindings/python/src/_ztp/values.h"

namespace ztp::py {

class Core;

// What a request is before a call adds to it: of one action alone, or as `Engine.bind` has it.
// Counted; under the GIL.
class Prepared {
 public:
  struct Named {
    Ref name, value;
  };

  PyObject* action() const { return action_.get(); }
  PyObject* principal() const { return principal_.get(); }  // nullptr: none
  PyObject* resource() const { return resource_.get(); }
  PyObject* can() const { return can_.get(); }  // nullptr: all
  const std::vector<Named>& values() const { return values_; }
  PyObject* ValueOf(PyObject* name) const;  // nullptr: none

  int Traverse(visitproc visit, void* arg) const;

 private:
  friend class Core;
  friend class Worker;
  friend class PreparedRef;
  Ref action_, principal_, resource_, can_;
  std::vector<Named> values_;
  Core* core_ = nullptr;
  size_t index_ = 0;
  uint64_t serial_ = 0;
  size_t count_ = 0;
};

class PreparedRef {
 public:
  PreparedRef() = default;
  explicit PreparedRef(Prepared* prepared) : prepared_(prepared) {
    if (prepared_ != nullptr) ++prepared_->count_;
  }
  PreparedRef(const PreparedRef& other) : PreparedRef(other.prepared_) {}
  PreparedRef(PreparedRef&& other) noexcept : prepared_(std::exchange(other.prepared_, nullptr)) {}
  PreparedRef& operator=(PreparedRef other) noexcept {
    std::swap(prepared_, other.prepared_);
    return *this;
  }
  ~PreparedRef();
  Prepared* get() const { return prepared_; }
  Prepared* operator->() const { return prepared_; }

 private:
  Prepared* prepared_ = nullptr;
};

// What one call adds. Everything is borrowed; nullptr: not given.
struct Call {
  struct Named {
    PyObject* name;
    PyObject* value;
  };
  PyObject* principal = nullptr;
  PyObject* resource = nullptr;
  PyObject* can = nullptr;
  PyObject* now = nullptr;
  std::vector<Named> more;  // behind `named`, of calls with many
  Named named[12];
  size_t count = 0;

  // Does it say nothing but when?
  bool IsPlain() const {
    return count == 0 && principal == nullptr && resource == nullptr && can == nullptr;
  }
  void Add(PyObject* name, PyObject* value) {
    if (count < std::size(named)) {
      named[count] = {name, value};
    } else {
      more.push_back({name, value});
    }
    ++count;
  }
  // The i-th value; the last one takes its place.
  PyObject* Take(size_t i) {
    const Named last = At(--count);
    Named& place = i < std::size(named) ? named[i] : more[i - std::size(named)];
    PyObject* const value = i == count ? last.value : place.value;
    place = last;
    if (count >= std::size(named)) more.pop_back();
    return value;
  }
  const Named& At(size_t i) const {
    return i < std::size(named) ? named[i] : more[i - std::size(named)];
  }
};

// A session and the requests made in it.
class Worker {
 public:
  explicit Worker(Core* core) : core_(core) {}
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  ztp_session* session() const { return session_; }
  // The request with what the call says. nullptr: a Python error is set, and nothing of the call is
  // left behind.
  ztp_request* Apply(const Prepared& prepared, const Call& call);
  // The request with what it says itself, which need not be all. nullptr: it does not fit, and a
  // Python error is set.
  ztp_request* TryOut(const Prepared& prepared);

 private:
  friend class Core;
  // What was set last: a call that says the same by the same objects costs nothing.
  struct Setting {
    Ref name;
    std::string_view text;  // of the name
    ztp_attr attr = {};
    Ref value;  // only if it is frozen
    uint64_t call = 0;
    bool is_base = true;
  };
  struct Slot {
    uint64_t serial = 0;  // of the prepared request; 0: free
    ztp_request* request = nullptr;
    Ref principal, resource;
    Ref can;
    bool is_own_can = false;
    bool is_as_bound = false;  // a call that says nothing has nothing to set
    uint64_t calls = 0;
    std::vector<Setting> settings;
  };

  Slot* Find(const Prepared& prepared);
  bool Begin(const Prepared& prepared, Slot* slot);
  bool SetAll(const Prepared& prepared, const Call& call, Slot* slot);
  bool SetOne(Slot* slot, bool is_principal, PyObject* entity);
  bool SetNamed(Slot* slot, PyObject* name, PyObject* value, bool is_base);
  bool SetCan(Slot* slot, PyObject* can);
  static void Drop(Slot* slot);

  Core* core_;
  ztp_session* session_ = nullptr;
  std::vector<Slot> slots_;
};

class Core {
 public:
  explicit Core(ztp_engine* engine) : engine_(engine) {}
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  ztp_engine* engine() const { return engine_; }

  // nullptr: a Python error is set.
  std::unique_ptr<Worker> Take();
  void Give(std::unique_ptr<Worker> worker) { idle_.push_back(std::move(worker)); }

  // A request of the action and nothing else. Empty: a Python error is set. Lives as long as the
  // core.
  Prepared* OfAction(PyObject* action);
  // `values` is a dict; the others may be nullptr.
  PreparedRef Prepare(PyObject* action, PyObject* principal, PyObject* resource, PyObject* can,
                      PyObject* values);
  // False: a Python error is set.
  bool Attr(PyObject* name, ztp_attr* attr);
  // The rule as Python object, in a tuple of its own. Borrowed; nullptr: a Python error is set.
  // Cached by name while `generation` stays.
  PyObject* RuleOf(uint64_t generation, const ztp_rule& rule);

  int Traverse(visitproc visit, void* arg) const;

 private:
  friend class PreparedRef;
  void Forget(Prepared* prepared);

  ztp_engine* engine_;
  std::vector<std::unique_ptr<Worker>> idle_;
  std::unordered_map<std::string, PreparedRef> actions_;
  std::unordered_map<PyObject*, Prepared*>
      by_object_;  // actions_ again, by the interned text that named one
  std::vector<Ref> interned_;
  std::vector<size_t> free_indices_;
  size_t indices_ = 0;
  uint64_t serials_ = 0;
  uint64_t rules_generation_ = 0;
  std::unordered_map<std::string, Ref> rules_;
};

// A worker for the time of a call.
class Taken {
 public:
  explicit Taken(Core& core) : core_(core), worker_(core.Take()) {}
  ~Taken() {
    if (worker_ != nullptr) core_.Give(std::move(worker_));
  }
  Taken(const Taken&) = delete;
  Taken& operator=(const Taken&) = delete;
  explicit operator bool() const { return worker_ != nullptr; }
  Worker* operator->() const { return worker_.get(); }

 private:
  Core& core_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace ztp::py
