// A list of changes of facts that come into force together.
#include "bindings/python/src/_ztp/engine.h"
#include "bindings/python/src/_ztp/gil.h"

namespace ztp::py {
namespace {

struct ChangeObject {
  PyObject_HEAD ztp_change* change;
  PyObject* engine;
};

ChangeObject* Self(PyObject* self) { return reinterpret_cast<ChangeObject*>(self); }

PyObject* New(PyTypeObject* type, PyObject* args, PyObject*) {
  PyObject* engine;
  if (!PyArg_ParseTuple(args, "O!", EngineType(), &engine)) return nullptr;
  Core* const core = CoreOf(engine);
  if (core == nullptr) return nullptr;
  Ref object(PyType_GenericAlloc(type, 0));
  if (!object) return nullptr;
  Self(object.get())->engine = Py_NewRef(engine);
  ztp_error* const error = ztp_change_new(core->engine(), &Self(object.get())->change);
  return error != nullptr ? Raise(error) : object.release();
}

PyObject* Done(ztp_error* error) { return error != nullptr ? Raise(error) : None(); }

// (json: str, now)
PyObject* UpsertJson(PyObject* self, PyObject* args) {
  PyObject *json, *when;
  ztp_text text;
  int64_t now;
  if (!PyArg_ParseTuple(args, "OO", &json, &when) || !ToText(json, &text) || !ToTime(when, &now)) {
    return nullptr;
  }
  return Done(ztp_change_upsert_json_at(Self(self)->change, text, now));
}

PyObject* Delete(PyObject* self, PyObject* entity) {
  EntityText text;
  if (!ToEntity(entity, "entity", &text)) return nullptr;
  return Done(ztp_change_delete(Self(self)->change, text.type, text.id));
}

template <ztp_error* (*Add)(ztp_change*, ztp_text, ztp_text, ztp_text, ztp_text)>
PyObject* AddEdge(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  if (count != 2) {
    PyErr_SetString(PyExc_TypeError, "an edge is between two entities");
    return nullptr;
  }
  EntityText from, to;
  if (!ToEntity(args[0], "entity", &from) || !ToEntity(args[1], "entity", &to)) return nullptr;
  return Done(Add(Self(self)->change, from.type, from.id, to.type, to.id));
}

PyObject* Commit(PyObject* self, PyObject*) {
  ztp_error* error = nullptr;
  {
    const WithoutGil free;
    error = ztp_change_commit(Self(self)->change);
  }
  return Done(error);
}

void Dealloc(PyObject* self) {
  ztp_change_free(Self(self)->change);
  Py_XDECREF(Self(self)->engine);
  FreeObject(self);
}

}  // namespace

bool AddChange(PyObject* module) {
  static PyMethodDef methods[] = {
      {"upsert_json", Method<UpsertJson>(), METH_VARARGS,
       "upsert_json($self, json, now, /)\n--\n\n"},
      {"delete", Method<Delete>(), METH_O, "delete($self, entity, /)\n--\n\n"},
      {"add_parent", Method<AddEdge<ztp_change_add_parent>>(), METH_FASTCALL,
       "add_parent($self, child, parent, /)\n--\n\n"},
      {"add_origin", Method<AddEdge<ztp_change_add_origin>>(), METH_FASTCALL,
       "add_origin($self, child, origin, /)\n--\n\n"},
      {"commit", Method<Commit>(), METH_NOARGS, "commit($self, /)\n--\n\n"},
      {nullptr, nullptr, 0, nullptr},
  };
  PyType_Slot slots[] = {
      {Py_tp_doc, const_cast<char*>("The handle of changes of facts; one thread's at a time.")},
      {Py_tp_new, Slot<New>()},
      {Py_tp_methods, methods},
      {Py_tp_dealloc, reinterpret_cast<void*>(Dealloc)},
      {0, nullptr},
  };
  PyType_Spec spec = {"ztp._ztp.Change", sizeof(ChangeObject), 0, Py_TPFLAGS_DEFAULT, slots};
  const Ref type(PyType_FromSpec(&spec));
  return type && PyModule_AddObjectRef(module, "Change", type.get()) == 0;
}

}  // namespace ztp::py
