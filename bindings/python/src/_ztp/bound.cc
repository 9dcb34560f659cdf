// ztp.Bound: a request that is prepared once and decided often.
#include "bindings/python/src/_ztp/engine.h"

namespace ztp::py {
namespace {

PyTypeObject* type = nullptr;

BoundObject* Self(PyObject* self) { return reinterpret_cast<BoundObject*>(self); }

PyObject* DecideBound(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names,
                      const char* function, Wanted wanted) {
  BoundObject* const bound = Self(self);
  Call call;
  if (!ReadCall(args, count, names, function, false, &call)) return nullptr;
  // Held, as what a call runs (a conversion, the engine's callback) may drop the last other
  // reference.
  const PreparedRef prepared = bound->prepared;
  return Decide(bound->engine, prepared.get(), call, wanted);
}

PyObject* VectorCall(PyObject* self, PyObject* const* args, size_t nargsf, PyObject* names) {
  return DecideBound(self, args, PositionalCount(nargsf), names, "Bound()", Wanted::kDecision);
}

PyObject* Allows(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  return DecideBound(self, args, count, names, "Bound.allows()", Wanted::kBool);
}

// For callers that know nothing of vectorcall: the same from a tuple and a dict.
PyObject* TupleCall(PyObject* self, PyObject* args, PyObject* kwargs) {
  std::vector<PyObject*> all;
  const Py_ssize_t count = PyTuple_Size(args);
  for (Py_ssize_t i = 0; i < count; ++i) all.push_back(PyTuple_GetItem(args, i));
  Ref names;
  if (kwargs != nullptr && PyDict_Size(kwargs) > 0) {
    const Ref keys(PyDict_Keys(kwargs));
    names = Ref(keys ? PyList_AsTuple(keys.get()) : nullptr);
    if (!names) return nullptr;
    for (Py_ssize_t i = 0; i < PyTuple_Size(names.get()); ++i) {
      all.push_back(PyDict_GetItemWithError(kwargs, PyTuple_GetItem(names.get(), i)));
      if (all.back() == nullptr) return nullptr;
    }
  }
  return VectorCall(self, all.data(), static_cast<size_t>(count), names.get());
}

PyObject* OrNone(PyObject* object) { return Py_NewRef(object != nullptr ? object : Py_None); }

PyObject* GetEngine(PyObject* self, void*) {
  return OrNone(reinterpret_cast<PyObject*>(Self(self)->engine));
}
PyObject* GetAction(PyObject* self, void*) { return Py_NewRef(Self(self)->prepared->action()); }
PyObject* GetPrincipal(PyObject* self, void*) { return OrNone(Self(self)->prepared->principal()); }
PyObject* GetResource(PyObject* self, void*) { return OrNone(Self(self)->prepared->resource()); }

PyObject* Values(const Prepared& prepared) {
  Ref dict(PyDict_New());
  for (const Prepared::Named& named : prepared.values()) {
    if (!dict || PyDict_SetItem(dict.get(), named.name.get(), named.value.get()) != 0)
      return nullptr;
  }
  return dict.release();
}
PyObject* GetValues(PyObject* self, void*) { return Values(*Self(self)->prepared.get()); }

PyObject* Repr(PyObject* self) {
  const Prepared& prepared = *Self(self)->prepared.get();
  const Ref values(Values(prepared));
  const Ref principal(OrNone(prepared.principal())), resource(OrNone(prepared.resource()));
  if (!values) return nullptr;
  return PyUnicode_FromFormat("<ztp.Bound %R principal=%S resource=%S values=%R>",
                              prepared.action(), principal.get(), resource.get(), values.get());
}

// (rebind, (engine, action, principal, resource, can, values)): as good as the engine's own
// pickling.
PyObject* Reduce(PyObject* self, PyObject*) {
  const Prepared& prepared = *Self(self)->prepared.get();
  const Ref module(PyImport_ImportModule("ztp._hooks"));
  const Ref rebind(module ? PyObject_GetAttrString(module.get(), "rebind") : nullptr);
  const Ref engine(GetEngine(self, nullptr)), principal(OrNone(prepared.principal())),
      resource(OrNone(prepared.resource())), can(OrNone(prepared.can())), values(Values(prepared));
  if (!rebind || !values) return nullptr;
  return Py_BuildValue("(O(OOOOOO))", rebind.get(), engine.get(), prepared.action(),
                       principal.get(), resource.get(), can.get(), values.get());
}

// No tp_clear: the engine's own breaks every cycle through it.
int Traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(reinterpret_cast<PyObject*>(Self(self)->engine));
  return 0;
}

void Dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  Self(self)->prepared.~PreparedRef();  // before the engine that it is of
  Py_XDECREF(reinterpret_cast<PyObject*>(Self(self)->engine));
  FreeObject(self);
}

}  // namespace

PyObject* NewBound(EngineObject* engine, PreparedRef prepared) {
  PyObject* const object = PyType_GenericAlloc(type, 0);
  if (object == nullptr) return nullptr;
  BoundObject* const bound = Self(object);
  bound->vectorcall = &Entry<VectorCall>::Call;
  new (&bound->prepared) PreparedRef(std::move(prepared));
  bound->engine = reinterpret_cast<EngineObject*>(Py_NewRef(reinterpret_cast<PyObject*>(engine)));
  return object;
}

bool AddBound(PyObject* module) {
  static PyMethodDef methods[] = {
      {"allows", Method<Allows>(), METH_FASTCALL | METH_KEYWORDS,
       "allows(self, principal=None, resource=None, now=None, **values)\n\nThe same as calling it, "
       "answered with a bool: the quickest way there is."},
      {"__reduce__", Method<Reduce>(), METH_NOARGS, nullptr},
      {nullptr, nullptr, 0, nullptr},
  };
  static PyMemberDef members[] = {
      {"__vectorcalloffset__", T_PYSSIZET, offsetof(BoundObject, vectorcall), READONLY, nullptr},
      {nullptr, 0, 0, 0, nullptr},
  };
  static PyGetSetDef properties[] = {
      {"engine", GetEngine, nullptr, "The engine that decides.", nullptr},
      {"action", GetAction, nullptr, "The action's name.", nullptr},
      {"principal", GetPrincipal, nullptr, "As it was bound; None: each call gives it.", nullptr},
      {"resource", GetResource, nullptr, "As it was bound; None: each call gives it.", nullptr},
      {"values", GetValues, nullptr, "Parameters and inputs as they were bound: a dict of its own.",
       nullptr},
      {nullptr, nullptr, nullptr, nullptr, nullptr},
  };
  PyType_Slot slots[] = {
      {Py_tp_doc,
       const_cast<char*>(
           "A request that is prepared once and decided often, by whatever policy and facts are in "
           "force.\n\nbound(principal=None, resource=None, now=None, **values) decides it with "
           "what the "
           "call gives in place of what was bound, for this call alone. Any thread may call it.")},
      {Py_tp_call, Slot<TupleCall>()},
      {Py_tp_methods, methods},
      {Py_tp_members, members},
      {Py_tp_getset, properties},
      {Py_tp_repr, Slot<Repr>()},
      {Py_tp_traverse, reinterpret_cast<void*>(Traverse)},
      {Py_tp_dealloc, reinterpret_cast<void*>(Dealloc)},
      {0, nullptr},
  };
  PyType_Spec spec = {"ztp.Bound", sizeof(BoundObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                          Py_TPFLAGS_DISALLOW_INSTANTIATION,
                      slots};
  type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  return type != nullptr &&
         PyModule_AddObjectRef(module, "Bound", reinterpret_cast<PyObject*>(type)) == 0;
}

}  // namespace ztp::py
