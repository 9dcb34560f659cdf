// The types of this module, as they see each other.
#pragma once

#include <vector>

#include "bindings/python/src/_ztp/core.h"

namespace ztp::py {

struct EngineObject {
  PyObject_HEAD Core* core;  // nullptr: never opened
  PyObject* on_decision;     // nullptr: none
  PyObject* epoch;           // held; nullptr: none
};

struct BoundObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  EngineObject* engine;
  PreparedRef prepared;
};

struct EpochObject {
  PyObject_HEAD ztp_epoch* epoch;  // nullptr: closed
};

struct SignersObject {
  PyObject_HEAD ztp_signers* signers;  // nullptr: never loaded
};

// Each makes its type and puts it into the module. False: a Python error is set.
bool AddLease(PyObject* module);
bool AddDecision(PyObject* module);
bool AddEpoch(PyObject* module);
bool AddEngine(PyObject* module);
bool AddBound(PyObject* module);
bool AddChange(PyObject* module);
bool AddBatch(PyObject* module);
bool AddSigners(PyObject* module);
bool AddTrust(PyObject* module);

PyTypeObject* EngineType();
PyTypeObject* EpochType();

// Of a ztp.Signers; nullptr of None. False: a Python error is set.
bool ToSigners(PyObject* object, ztp_signers** signers);

// nullptr: a Python error is set, as it was never opened.
Core* CoreOf(PyObject* engine);

// A lease of one decision, or of several that all must hold. `engine` is held: without it none
// holds.
PyObject* NewLease(PyObject* engine, std::vector<ztp_lease> leases);

// What was decided, with all that it says. `prepared` and `call` are kept for explaining it later;
// nullptr if it came as JSON: then `json` is the answer. The decision must be its session's last.
PyObject* NewDecision(EngineObject* engine, Core& core, Prepared* prepared, const Call& call,
                      const ztp_decision& decision, PyObject* json = nullptr);

// Decides. kBool: True or False; kDecision: a Decision. The engine's callback is called. nullptr: a
// Python error.
enum class Wanted { kBool, kDecision };
PyObject* Decide(EngineObject* engine, Prepared* prepared, const Call& call, Wanted wanted);

// Reads arguments by name, and by place in the order principal, resource, now. False: a Python
// error is set. `takes_can`: whether `can` is an argument, or another name.
bool ReadCall(PyObject* const* args, Py_ssize_t positional, PyObject* names, const char* function,
              bool takes_can, Call* call);

// (engine, trust | None): takes its evidence from now on. nullptr: a Python error is set.
PyObject* UseTrust(PyObject* engine, PyObject* trust);
// A ztp.Trust's handle, or nullptr of None. False: a Python error is set.
bool TrustIn(PyObject* object, ztp_trust** trust);

PyObject* NewBound(EngineObject* engine, PreparedRef prepared);

}  // namespace ztp::py
