// Whose signatures over policies and facts count. `ztp.Signers` in Python is made of it.
#include "bindings/python/src/_ztp/engine.h"

namespace ztp::py {
namespace {

PyTypeObject* type = nullptr;

SignersObject* Self(PyObject* self) { return reinterpret_cast<SignersObject*>(self); }

// (keys: str, threshold: int, state: str)
PyObject* Open(PyObject* self, PyObject* args) {
  const char *keys = nullptr, *state = nullptr;
  Py_ssize_t keys_size = 0, state_size = 0;
  unsigned int threshold = 0;
  if (!PyArg_ParseTuple(args, "s#Is#", &keys, &keys_size, &threshold, &state, &state_size)) {
    return nullptr;
  }
  ztp_signers* signers = nullptr;
  ztp_error* const error = ztp_signers_new({keys, static_cast<size_t>(keys_size)}, threshold,
                                           {state, static_cast<size_t>(state_size)}, &signers);
  if (error != nullptr) return Raise(error);
  ztp_signers_free(std::exchange(Self(self)->signers, signers));
  return None();
}

void Dealloc(PyObject* self) {
  ztp_signers_free(Self(self)->signers);
  FreeObject(self);
}

}  // namespace

bool ToSigners(PyObject* object, ztp_signers** signers) {
  *signers = nullptr;
  if (object == Py_None) return true;
  if (PyType_IsSubtype(Py_TYPE(object), type) == 0) {
    PyErr_Format(PyExc_TypeError, "signers: expected ztp.Signers, and not %R", object);
    return false;
  }
  *signers = Self(object)->signers;
  if (*signers != nullptr) return true;
  Raise(ZTP_MISUSE, "the signers were never loaded");
  return false;
}

bool AddSigners(PyObject* module) {
  static PyMethodDef methods[] = {
      {"_open", Method<Open>(), METH_VARARGS, "_open($self, keys, threshold, state, /)\n--\n\n"},
      {nullptr, nullptr, 0, nullptr},
  };
  PyType_Slot slots[] = {
      {Py_tp_doc, const_cast<char*>("Whose signatures count.")},
      {Py_tp_methods, methods},
      {Py_tp_dealloc, reinterpret_cast<void*>(Dealloc)},
      {0, nullptr},
  };
  PyType_Spec spec = {"ztp._ztp.Signers", sizeof(SignersObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  return type != nullptr &&
         PyModule_AddObjectRef(module, "Signers", reinterpret_cast<PyObject*>(type)) == 0;
}

}  // namespace ztp::py
