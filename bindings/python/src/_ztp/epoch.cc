// The handle of an epoch page. `ztp.Epoch` in Python is made of it.
#include <vector>

#include "bindings/python/src/_ztp/engine.h"

namespace ztp::py {
namespace {

PyTypeObject* type = nullptr;

EpochObject* Self(PyObject* self) { return reinterpret_cast<EpochObject*>(self); }

ztp_epoch* Open(PyObject* self) {
  if (Self(self)->epoch == nullptr) Raise(ZTP_MISUSE, "the epoch page is closed");
  return Self(self)->epoch;
}

PyObject* Done(ztp_error* error) { return error != nullptr ? Raise(error) : None(); }

// (path, mode): makes the file; (path, None, write): opens it.
PyObject* OpenPage(PyObject* self, PyObject* args) {
  const char* path = nullptr;
  Py_ssize_t size = 0;
  PyObject* mode = nullptr;
  int write = 0;
  if (!PyArg_ParseTuple(args, "s#O|p", &path, &size, &mode, &write)) return nullptr;
  ztp_epoch* epoch = nullptr;
  const ztp_text text = {path, static_cast<size_t>(size)};
  ztp_error* error = nullptr;
  if (mode == Py_None) {
    error = ztp_epoch_open(text, write != 0 ? ZTP_EPOCH_WRITE : ZTP_EPOCH_READ, &epoch);
  } else {
    const unsigned long bits = PyLong_AsUnsignedLong(mode);
    if (PyErr_Occurred() != nullptr) return nullptr;
    error = ztp_epoch_create(text, static_cast<uint32_t>(bits), &epoch);
  }
  if (error != nullptr) return Raise(error);
  ztp_epoch_free(std::exchange(Self(self)->epoch, epoch));
  return None();
}

PyObject* Revoke(PyObject* self, PyObject*) {
  ztp_epoch* const epoch = Open(self);
  return epoch != nullptr ? Done(ztp_epoch_revoke(epoch)) : nullptr;
}
PyObject* Halt(PyObject* self, PyObject*) {
  ztp_epoch* const epoch = Open(self);
  return epoch != nullptr ? Done(ztp_epoch_halt(epoch, true)) : nullptr;
}
PyObject* Release(PyObject* self, PyObject*) {
  ztp_epoch* const epoch = Open(self);
  return epoch != nullptr ? Done(ztp_epoch_halt(epoch, false)) : nullptr;
}
PyObject* KeepUntil(PyObject* self, PyObject* until) {
  ztp_epoch* const epoch = Open(self);
  int64_t micros = ZTP_FOREVER;
  if (epoch == nullptr || (until != Py_None && !ToTime(until, &micros))) return nullptr;
  return Done(ztp_epoch_keep_until(epoch, micros));
}
PyObject* Close(PyObject* self, PyObject*) {
  ztp_epoch_free(std::exchange(Self(self)->epoch, nullptr));
  return None();
}
PyObject* Value(PyObject* self, void*) {
  ztp_epoch* const epoch = Open(self);
  if (epoch == nullptr) return nullptr;
  const uint64_t value = ztp_epoch_value(epoch);
  return value == UINT64_MAX ? None() : PyLong_FromUnsignedLongLong(value);
}

void Dealloc(PyObject* self) {
  ztp_epoch_free(Self(self)->epoch);
  FreeObject(self);
}

}  // namespace

PyTypeObject* EpochType() { return type; }

bool AddEpoch(PyObject* module) {
  static PyMethodDef methods[] = {
      {"_open", Method<OpenPage>(), METH_VARARGS,
       "_open($self, path, mode, write=False, /)\n--\n\n"},
      {"revoke", Method<Revoke>(), METH_NOARGS,
       "revoke($self, /)\n--\n\nEnds every lease, at once and in every process: who wants to go on "
       "must ask again."},
      {"halt", Method<Halt>(), METH_NOARGS,
       "halt($self, /)\n--\n\nUntil release(), every decision is a denial and no lease holds."},
      {"release", Method<Release>(), METH_NOARGS, "release($self, /)\n--\n\nEnds halt()."},
      {"keep_until", Method<KeepUntil>(), METH_O,
       "keep_until($self, until, /)\n--\n\nA dead man's handle: from `until` on (an aware "
       "datetime, or microseconds), "
       "unless it is set again before, every decision is a denial. None: no such handle."},
      {"close", Method<Close>(), METH_NOARGS,
       "close($self, /)\n--\n\nGives up this hold of the page. Engines that were given it keep "
       "theirs."},
      {nullptr, nullptr, 0, nullptr},
  };
  static PyGetSetDef properties[] = {
      {"value", Value, nullptr,
       "How often it was revoked, halted or released; None if it is torn or halted: everything is "
       "denied.",
       nullptr},
      {nullptr, nullptr, nullptr, nullptr, nullptr},
  };
  PyType_Slot slots[] = {
      {Py_tp_doc, const_cast<char*>("The handle of an epoch page.")},
      {Py_tp_methods, methods},
      {Py_tp_getset, properties},
      {Py_tp_dealloc, reinterpret_cast<void*>(Dealloc)},
      {0, nullptr},
  };
  PyType_Spec spec = {"ztp._ztp.Epoch", sizeof(EpochObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  return type != nullptr &&
         PyModule_AddObjectRef(module, "Epoch", reinterpret_cast<PyObject*>(type)) == 0;
}

}  // namespace ztp::py
