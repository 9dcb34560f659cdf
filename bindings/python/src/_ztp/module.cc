// ztp._ztp: the module itself.
#include "bindings/python/src/_ztp/engine.h"
#include "bindings/python/src/_ztp/entity_text.h"
#include "bindings/python/src/_ztp/gil.h"

namespace ztp::py {
namespace {

PyObject* ParseEntity(PyObject*, PyObject* text) {
  EntityText entity;
  if (!PyUnicode_Check(text)) {
    PyErr_Format(PyExc_TypeError, "expected a str, and not %R", text);
    return nullptr;
  }
  if (!ToEntity(text, "entity", &entity)) return nullptr;
  const Ref type(Str({entity.type.data, entity.type.size})),
      id(Str({entity.id.data, entity.id.size}));
  return type && id ? PyTuple_Pack(2, type.get(), id.get()) : nullptr;
}

PyObject* Now(PyObject*, PyObject*) { return PyLong_FromLongLong(ztp_now()); }
PyObject* Version(PyObject*, PyObject*) { return Str(ztp_version()); }

int Exec(PyObject* module) {
  // Classes, sessions and what guards them are of one interpreter, and of one module.
  static bool loaded = false;
  if (PyInterpreterState_GetID(PyInterpreterState_Get()) != 0) {
    PyErr_SetString(PyExc_ImportError, "ztp cannot be imported in a subinterpreter");
    return -1;
  }
  if (std::exchange(loaded, true)) {
    PyErr_SetString(PyExc_ImportError, "ztp._ztp cannot be loaded twice in a process");
    return -1;
  }
  const bool made = MakeUnknownValue(module) && AddLease(module) && AddDecision(module) &&
                    AddEpoch(module) && AddSigners(module) && AddEngine(module) &&
                    AddBound(module) && AddChange(module) && AddBatch(module) && AddTrust(module);
  return made ? 0 : -1;
}

PyObject* Init() {
  static PyMethodDef functions[] = {
      {"_before_fork", Method<BeforeFork>(), METH_NOARGS, nullptr},
      {"_after_fork_in_parent", Method<AfterForkInParent>(), METH_NOARGS, nullptr},
      {"_after_fork_in_child", Method<AfterForkInChild>(), METH_NOARGS, nullptr},
      {"parse_entity", Method<ParseEntity>(), METH_O, "parse_entity(text, /)\n--\n\n"},
      {"now", Method<Now>(), METH_NOARGS,
       "now()\n--\n\nThe system's clock, in microseconds since 1970."},
      {"version", Method<Version>(), METH_NOARGS, "version()\n--\n\nlibztp's."},
      {nullptr, nullptr, 0, nullptr},
  };
  static PyModuleDef_Slot slots[] = {{Py_mod_exec, Slot<Exec>()}, {0, nullptr}};
  static PyModuleDef definition = {};
  definition.m_base = PyModuleDef_HEAD_INIT;
  definition.m_name = "ztp._ztp";
  definition.m_doc =
      "What of ztp is C++: engines, requests, decisions, leases. Import `ztp` instead.";
  definition.m_methods = functions;
  definition.m_slots = slots;
  return PyModuleDef_Init(&definition);
}

}  // namespace
}  // namespace ztp::py

PyMODINIT_FUNC PyInit__ztp() { return ztp::py::Entry<ztp::py::Init>::Call(); }
