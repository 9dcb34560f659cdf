// A call of Python to a decision: the one path of Engine.decide, Bound(...) and Bound.allows.
#include "bindings/python/src/_ztp/engine.h"

namespace ztp::py {
namespace {

// Which argument a keyword is; nullptr: a parameter's or input's name.
PyObject** ArgumentFor(const Hooks& hooks, PyObject* name, bool takes_can, Call* call) {
  if (name == hooks.principal) return &call->principal;
  if (name == hooks.resource) return &call->resource;
  if (name == hooks.now) return &call->now;
  if (name == hooks.can && takes_can) return &call->can;
  return nullptr;
}

// Names that were found to be no argument's, by address: held, so that no other object has that
// address. A name that is not among them is compared by its text.
class PlainNames {
 public:
  bool Has(PyObject* name) const { return names_[Place(name)] == name; }
  void Add(PyObject* name) {
    PyObject*& place = names_[Place(name)];
    PyObject* const before = std::exchange(place, Py_NewRef(name));
    Py_XDECREF(before);
  }

 private:
  static size_t Place(PyObject* name) { return reinterpret_cast<uintptr_t>(name) / 16 % 64; }
  PyObject* names_[64] = {};
};

PlainNames plain_names;

// Which argument a keyword is, of any name.
PyObject** FindArgument(const Hooks& hooks, PyObject* name, bool takes_can, Call* call) {
  if (PyObject** known = ArgumentFor(hooks, name, takes_can, call)) return known;
  if (plain_names.Has(name)) return nullptr;
  ztp_text text;
  if (!ToText(name, &text)) {
    PyErr_Clear();  // no name that there is: it will not be found
    return nullptr;
  }
  const std::string_view given(text.data, text.size);
  if (given == "principal") return ArgumentFor(hooks, hooks.principal, takes_can, call);
  if (given == "resource") return ArgumentFor(hooks, hooks.resource, takes_can, call);
  if (given == "now") return ArgumentFor(hooks, hooks.now, takes_can, call);
  if (given == "can") return ArgumentFor(hooks, hooks.can, takes_can, call);
  plain_names.Add(name);
  return nullptr;
}

}  // namespace

bool ReadCall(PyObject* const* args, Py_ssize_t positional, PyObject* names, const char* function,
              bool takes_can, Call* call) {
  if (positional > 3) {
    PyErr_Format(PyExc_TypeError,
                 "%s: principal, resource and now are given by place, and not %zd arguments",
                 function, positional);
    return false;
  }
  if (positional > 0) call->principal = args[0];
  if (positional > 1) call->resource = args[1];
  if (positional > 2) call->now = args[2];
  if (names == nullptr) return true;
  const Hooks* const hooks = GetHooks();
  if (hooks == nullptr) return false;
  const Py_ssize_t count = PyTuple_Size(names);
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* const name = PyTuple_GetItem(names, i);
    PyObject* const value = args[positional + i];
    PyObject** const to = FindArgument(*hooks, name, takes_can, call);
    if (to == nullptr) {
      call->Add(name, value);
    } else if (*to != nullptr) {
      PyErr_Format(PyExc_TypeError, "%s: %U is given twice", function, name);
      return false;
    } else {
      *to = value;
    }
  }
  return true;
}

PyObject* Decide(EngineObject* engine, Prepared* prepared, const Call& call, Wanted wanted) {
  Core& core = *engine->core;
  int64_t now;
  if (!ToTime(call.now, &now)) return nullptr;
  Taken worker(core);
  if (!worker) return nullptr;
  ztp_request* const request = worker->Apply(*prepared, call);
  if (request == nullptr) return nullptr;
  ztp_decision decision = ZTP_DECISION_INIT;
  if (ztp_error* error = ztp_decide(request, now, &decision)) return Raise(error);
  if (wanted == Wanted::kBool && engine->on_decision == nullptr) return Bool(decision.allow);
  Ref made(NewDecision(engine, core, prepared, call, decision));
  if (!made) return nullptr;
  if (engine->on_decision != nullptr) {
    // Before anyone gets the answer; one that cannot be reported is not given.
    const Ref heard(PyObject_CallFunctionObjArgs(engine->on_decision, made.get(), nullptr));
    if (!heard) return nullptr;
  }
  return wanted == Wanted::kBool ? Bool(decision.allow) : made.release();
}

}  // namespace ztp::py
