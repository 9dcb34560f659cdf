// ztp.Lease: "still allowed", asked in a few nanoseconds.
#include "bindings/python/src/_ztp/engine.h"

namespace ztp::py {
namespace {

PyTypeObject* type = nullptr;

struct LeaseObject {
  PyObject_HEAD ztp_lease first;
  std::vector<ztp_lease>* more;  // of a batch in several parts; nullptr: none
  PyObject* engine;
};

LeaseObject* Self(PyObject* self) { return reinterpret_cast<LeaseObject*>(self); }

bool Holds(LeaseObject* lease, int64_t now) {
  if (!ztp_lease_check(&lease->first, now)) return false;
  if (lease->more == nullptr) return true;
  for (ztp_lease& each : *lease->more) {
    if (!ztp_lease_check(&each, now)) return false;
  }
  return true;
}

// By one call of libztp where there is one lease.
bool HoldsNow(LeaseObject* lease) {
  return lease->more == nullptr ? ztp_lease_check_now(&lease->first) : Holds(lease, ztp_now());
}

PyObject* Valid(PyObject* self, PyObject*) { return Bool(HoldsNow(Self(self))); }
int IsTrue(PyObject* self) { return HoldsNow(Self(self)) ? 1 : 0; }

PyObject* Check(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  int64_t now;
  if (count > 1) {
    PyErr_SetString(PyExc_TypeError, "Lease.check(now=None)");
    return nullptr;
  }
  if (!ToTime(count == 1 ? args[0] : nullptr, &now)) return nullptr;
  return Bool(Holds(Self(self), now));
}

PyObject* ValidUntil(PyObject* self, void*) {
  const Hooks* const hooks = GetHooks();
  if (hooks == nullptr) return nullptr;
  int64_t until = Self(self)->first.valid_until;
  if (Self(self)->more != nullptr) {
    for (const ztp_lease& each : *Self(self)->more)
      until = until < each.valid_until ? until : each.valid_until;
  }
  const Ref number(PyLong_FromLongLong(until));
  return number ? PyObject_CallFunctionObjArgs(hooks->time_of_micros, number.get(), nullptr)
                : nullptr;
}

PyObject* Repr(PyObject* self) {
  const Ref until(ValidUntil(self, nullptr));
  if (!until) return nullptr;
  const char* const holds = Holds(Self(self), ztp_now()) ? "valid" : "void";
  if (until.get() == Py_None) return PyUnicode_FromFormat("<ztp.Lease %s>", holds);
  return PyUnicode_FromFormat("<ztp.Lease %s until %S>", holds, until.get());
}

PyObject* Reduce(PyObject*, PyObject*) {
  PyErr_SetString(PyExc_TypeError,
                  "a lease is of this process and cannot be pickled: decide again in the other "
                  "process, or share an "
                  "epoch page (ztp.Epoch) that ends leases there too");
  return nullptr;
}

// No tp_clear: the engine's own breaks every cycle through it.
int Traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(Self(self)->engine);
  return 0;
}
void Dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  Py_XDECREF(Self(self)->engine);
  delete Self(self)->more;
  FreeObject(self);
}

}  // namespace

PyObject* NewLease(PyObject* engine, std::vector<ztp_lease> leases) {
  PyObject* const object = PyType_GenericAlloc(type, 0);
  if (object == nullptr) return nullptr;
  LeaseObject* const lease = Self(object);
  lease->first = leases.front();
  lease->engine = Py_NewRef(engine);
  if (leases.size() > 1) lease->more = new std::vector<ztp_lease>(leases.begin() + 1, leases.end());
  return object;
}

bool AddLease(PyObject* module) {
  static PyMethodDef methods[] = {
      {"valid", Method<Valid>(), METH_NOARGS,
       "valid($self, /)\n--\n\nDoes what was allowed still hold, by the system's clock? Once "
       "False, always False."},
      {"check", Method<Check>(), METH_FASTCALL,
       "check($self, now=None, /)\n--\n\nThe same at `now`: an aware datetime, or microseconds "
       "since 1970. A time "
       "before one that was asked of earlier ends the lease."},
      {"__reduce__", Method<Reduce>(), METH_NOARGS, nullptr},
      {nullptr, nullptr, 0, nullptr},
  };
  static PyGetSetDef properties[] = {
      {"valid_until", ValidUntil, nullptr, "When it ends by itself; None: it does not.", nullptr},
      {nullptr, nullptr, nullptr, nullptr, nullptr},
  };
  PyType_Slot slots[] = {
      {Py_tp_doc, const_cast<char*>("\"Still allowed\": what a training loop asks at every "
                                    "step.\n\nIt holds until its time is up, "
                                    "policy or facts change, leases are revoked (by the engine, or "
                                    "by an epoch page from another "
                                    "process), or the clock goes back. A lease that ended never "
                                    "holds again. Any thread may ask. "
                                    "bool(lease) is lease.valid().")},
      {Py_tp_methods, methods},
      {Py_tp_getset, properties},
      {Py_nb_bool, Slot<IsTrue>()},
      {Py_tp_repr, Slot<Repr>()},
      {Py_tp_traverse, reinterpret_cast<void*>(Traverse)},
      {Py_tp_dealloc, reinterpret_cast<void*>(Dealloc)},
      {0, nullptr},
  };
  PyType_Spec spec = {"ztp.Lease", sizeof(LeaseObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                      slots};
  type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  return type != nullptr &&
         PyModule_AddObjectRef(module, "Lease", reinterpret_cast<PyObject*>(type)) == 0;
}

}  // namespace ztp::py
