// ztp.Decision: an answer with what it rests on.
//
// Boundary: a session forgets a decision when it decides again, and a value of Python must not
// change. So which rules decided, and the obligations, are read at once; what costs more (the
// explanation) is decided again when it is asked for, at the same time, and only if policy and
// facts are still the same.
#include "bindings/python/src/_ztp/engine.h"

namespace ztp::py {
namespace {

PyTypeObject* type = nullptr;

struct DecisionObject {
  PyObject_HEAD ztp_decision decision;
  EngineObject* engine;
  PreparedRef prepared;
  PyObject* args;   // (principal, resource, can, name, value, name, value …); None: not given
  PyObject* rules;  // tuple
  PyObject* obligations;  // tuple
  PyObject* unknown;      // tuple; nullptr: not asked for yet
  PyObject* json;         // of one that cannot be decided again; nullptr: it can
  PyObject* lease;        // once it was asked for
};

DecisionObject* Self(PyObject* self) { return reinterpret_cast<DecisionObject*>(self); }

PyObject* empty_tuple = nullptr;

// How many there are is not known before: until one is not found.
PyObject* ReadUnknown(const ztp_decision& decision) {
  const Ref names(PyList_New(0));
  for (size_t i = 0; names; ++i) {
    ztp_text name;
    if (ztp_error* error = ztp_decision_unknown(&decision, i, &name)) {
      if (ztp_error_code(error) != ZTP_NOT_FOUND) return Raise(error);
      ztp_error_free(error);
      return i == 0 ? Py_NewRef(empty_tuple) : PyList_AsTuple(names.get());
    }
    const Ref text(Str({name.data, name.size}));
    if (!text || PyList_Append(names.get(), text.get()) != 0) return nullptr;
  }
  return nullptr;
}

PyObject* ReadRules(Core& core, const ztp_decision& decision) {
  if (decision.rules == 0) return Py_NewRef(empty_tuple);
  Ref rules(decision.rules > 1 ? PyTuple_New(decision.rules) : nullptr);
  if (!rules && PyErr_Occurred() != nullptr) return nullptr;
  for (uint32_t i = 0; i < decision.rules; ++i) {
    ztp_rule rule = ZTP_RULE_INIT;
    if (ztp_error* error = ztp_decision_rule(&decision, i, &rule)) return Raise(error);
    PyObject* const object = core.RuleOf(decision.generation, rule);
    if (object == nullptr) return nullptr;
    if (decision.rules == 1) return Py_NewRef(object);
    PyTuple_SetItem(rules.get(), i, Py_NewRef(PyTuple_GetItem(object, 0)));
  }
  return rules.release();
}

PyObject* ReadObligations(const ztp_decision& decision) {
  if (decision.obligations == 0) return Py_NewRef(empty_tuple);
  const Hooks* const hooks = GetHooks();
  if (hooks == nullptr) return nullptr;
  Ref obligations(PyTuple_New(decision.obligations));
  for (uint32_t i = 0; obligations && i < decision.obligations; ++i) {
    ztp_obligation obligation = ZTP_OBLIGATION_INIT;
    if (ztp_error* error = ztp_decision_obligation(&decision, i, &obligation)) return Raise(error);
    const Ref name(Str({obligation.name.data, obligation.name.size})), args(PyDict_New());
    if (!name || !args) return nullptr;
    for (size_t k = 0; k < obligation.args; ++k) {
      const Ref key(Str({obligation.arg_names[k].data, obligation.arg_names[k].size}));
      const Ref value(FromValue(obligation.arg_values[k]));
      if (!key || !value || PyDict_SetItem(args.get(), key.get(), value.get()) != 0) return nullptr;
    }
    PyObject* const object =
        PyObject_CallFunctionObjArgs(hooks->obligation, name.get(), args.get(), nullptr);
    if (object == nullptr) return nullptr;
    PyTuple_SetItem(obligations.get(), i, object);
  }
  return obligations.release();
}

PyObject* ReadJson(const ztp_decision& decision, bool explain) {
  ztp_text json;
  if (ztp_error* error = ztp_decision_json(&decision, explain, &json)) return Raise(error);
  return Str({json.data, json.size});
}

PyObject* KeepArgs(const Call& call) {
  PyObject* const args = PyTuple_New(static_cast<Py_ssize_t>(3 + 2 * call.count));
  if (args == nullptr) return nullptr;
  Py_ssize_t at = 0;
  auto put = [&](PyObject* object) {
    PyTuple_SetItem(args, at++, Py_NewRef(object != nullptr ? object : Py_None));
  };
  put(call.principal);
  put(call.resource);
  put(call.can);
  for (size_t i = 0; i < call.count; ++i) {
    put(call.At(i).name);
    put(call.At(i).value);
  }
  return args;
}

// Decides again what was decided and hands the answer to `read`, while the session still knows it.
template <typename Read>
PyObject* Again(DecisionObject* self, const Read& read) {
  Taken worker(*self->engine->core);
  if (!worker) return nullptr;
  Call call;
  call.principal = PyTuple_GetItem(self->args, 0);
  call.resource = PyTuple_GetItem(self->args, 1);
  call.can = PyTuple_GetItem(self->args, 2);
  for (Py_ssize_t i = 3; i < PyTuple_Size(self->args); i += 2) {
    call.Add(PyTuple_GetItem(self->args, i), PyTuple_GetItem(self->args, i + 1));
  }
  ztp_request* const request = worker->Apply(*self->prepared.get(), call);
  if (request == nullptr) return nullptr;
  ztp_decision again = ZTP_DECISION_INIT;
  if (ztp_error* error = ztp_decide(request, self->decision.decided_at, &again))
    return Raise(error);
  const ztp_decision& was = self->decision;
  if (again.generation != was.generation || again.allow != was.allow || again.rules != was.rules ||
      again.on_unknown != was.on_unknown || again.valid_until != was.valid_until) {
    return Raise(ZTP_STALE,
                 "policy, facts or a value that was given have changed since this decision: ask "
                 "for its explanation "
                 "before they do");
  }
  return read(again);
}

// ---- Attributes ----

PyObject* Moment(int64_t micros) {
  const Hooks* const hooks = GetHooks();
  const Ref number(hooks != nullptr ? PyLong_FromLongLong(micros) : nullptr);
  return number ? PyObject_CallFunctionObjArgs(hooks->time_of_micros, number.get(), nullptr)
                : nullptr;
}

PyObject* GetAllow(PyObject* self, void*) { return Bool(Self(self)->decision.allow); }
PyObject* GetOnUnknown(PyObject* self, void*) { return Bool(Self(self)->decision.on_unknown); }
PyObject* GetLimit(PyObject* self, void*) { return Bool(Self(self)->decision.limit); }
PyObject* GetHalted(PyObject* self, void*) { return Bool(Self(self)->decision.halted); }
PyObject* GetValidUntil(PyObject* self, void*) { return Moment(Self(self)->decision.valid_until); }
PyObject* GetDecidedAt(PyObject* self, void*) { return Moment(Self(self)->decision.decided_at); }
PyObject* GetGeneration(PyObject* self, void*) {
  return PyLong_FromUnsignedLongLong(Self(self)->decision.generation);
}
PyObject* GetRules(PyObject* self, void*) { return Py_NewRef(Self(self)->rules); }
PyObject* GetObligations(PyObject* self, void*) { return Py_NewRef(Self(self)->obligations); }

PyObject* GetUnknown(PyObject* self, void*) {
  DecisionObject* const decision = Self(self);
  if (decision->unknown == nullptr) {
    PyObject* const names =
        Again(decision, [](const ztp_decision& again) { return ReadUnknown(again); });
    if (names == nullptr) return nullptr;
    Py_XDECREF(std::exchange(decision->unknown, names));
  }
  return Py_NewRef(decision->unknown);
}

PyObject* GetReason(PyObject* self, void*) {
  const DecisionObject* const decision = Self(self);
  if (decision->decision.halted) return Str("halted");
  if (decision->decision.limit) return Str("limit");
  if (PyTuple_Size(decision->rules) == 0) return None();
  Ref because(PyObject_GetAttrString(PyTuple_GetItem(decision->rules, 0), "because"));
  if (because && PyObject_IsTrue(because.get()) == 0) return None();
  return because.release();
}

PyObject* GetLease(PyObject* self, void*) {
  DecisionObject* const decision = Self(self);
  if (!decision->decision.allow) return None();
  if (decision->lease == nullptr) {
    decision->lease =
        NewLease(reinterpret_cast<PyObject*>(decision->engine), {decision->decision.lease});
    if (decision->lease == nullptr) return nullptr;
  }
  return Py_NewRef(decision->lease);
}

PyObject* Json(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  DecisionObject* const decision = Self(self);
  const Py_ssize_t named = names != nullptr ? PyTuple_Size(names) : 0;
  if (count > 0 || named > 1 ||
      (named == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GetItem(names, 0), "explain") != 0)) {
    PyErr_SetString(PyExc_TypeError, "Decision.json(*, explain=False)");
    return nullptr;
  }
  const int explain = named == 1 ? PyObject_IsTrue(args[0]) : 0;
  if (explain < 0) return nullptr;
  if (decision->json != nullptr) return Py_NewRef(decision->json);
  return Again(decision, [&](const ztp_decision& again) { return ReadJson(again, explain != 0); });
}

template <PyObject* Hooks::*Hook>
PyObject* Render(PyObject* self) {
  const Hooks* const hooks = GetHooks();
  return hooks != nullptr ? PyObject_CallFunctionObjArgs(hooks->*Hook, self, nullptr) : nullptr;
}
template <PyObject* Hooks::*Hook>
PyObject* RenderMethod(PyObject* self, PyObject*) {
  return Render<Hook>(self);
}

int IsTrue(PyObject* self) { return Self(self)->decision.allow ? 1 : 0; }

PyObject* Reduce(PyObject*, PyObject*) {
  PyErr_SetString(PyExc_TypeError,
                  "a decision is of this process and cannot be pickled: send its .json()");
  return nullptr;
}

int Traverse(PyObject* self, visitproc visit, void* arg) {
  const DecisionObject* const decision = Self(self);
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(reinterpret_cast<PyObject*>(decision->engine));
  Py_VISIT(decision->args);
  Py_VISIT(decision->obligations);
  Py_VISIT(decision->lease);
  return 0;
}

// No tp_clear: what a decision holds are values, and the engine, whose own tp_clear breaks every
// cycle through it.
void Dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  DecisionObject* const decision = Self(self);
  Py_XDECREF(decision->args);
  Py_XDECREF(decision->rules);
  Py_XDECREF(decision->obligations);
  Py_XDECREF(decision->unknown);
  Py_XDECREF(decision->json);
  Py_XDECREF(decision->lease);
  decision->prepared.~PreparedRef();  // before the engine that it is of
  Py_XDECREF(reinterpret_cast<PyObject*>(decision->engine));
  FreeObject(self);
}

}  // namespace

PyObject* NewDecision(EngineObject* engine, Core& core, Prepared* prepared, const Call& call,
                      const ztp_decision& decision, PyObject* json) {
  Ref object(PyType_GenericAlloc(type, 0));
  if (!object) return nullptr;
  DecisionObject* const made = Self(object.get());
  new (&made->prepared) PreparedRef(prepared);
  made->decision = decision;
  made->engine = reinterpret_cast<EngineObject*>(Py_NewRef(reinterpret_cast<PyObject*>(engine)));
  made->args = KeepArgs(call);
  made->rules = ReadRules(core, decision);
  made->obligations = made->rules != nullptr ? ReadObligations(decision) : nullptr;
  if (made->args == nullptr || made->obligations == nullptr) return nullptr;
  if (!decision.allow || json != nullptr) {
    made->unknown = ReadUnknown(decision);
    if (made->unknown == nullptr) return nullptr;
  }
  if (json != nullptr) {
    made->json = Py_NewRef(json);
  } else if (decision.halted || decision.limit) {
    made->json = ReadJson(decision, false);
    if (made->json == nullptr) return nullptr;
  }
  return object.release();
}

bool AddDecision(PyObject* module) {
  static PyMethodDef methods[] = {
      {"json", Method<Json>(), METH_FASTCALL | METH_KEYWORDS,
       "json($self, /, *, explain=False)\n--\n\nThe decision as JSON, one line: AuthZEN's answer "
       "with `context`; with "
       "`explain` each rule in scope with its clauses too."},
      {"explanation", Method<RenderMethod<&Hooks::render_explanation>>(), METH_NOARGS,
       "explanation($self, /)\n--\n\nWhy, for people: each rule in scope with its clauses and the "
       "values that they "
       "read. ztp.StaleError if policy or facts have changed since."},
      {"_repr_html_", Method<RenderMethod<&Hooks::render_html>>(), METH_NOARGS,
       "_repr_html_($self, /)\n--\n\n"},
      {"__reduce__", Method<Reduce>(), METH_NOARGS, nullptr},
      {nullptr, nullptr, 0, nullptr},
  };
  static PyGetSetDef properties[] = {
      {"allow", GetAllow, nullptr, "May it be done? False in every case of doubt.", nullptr},
      {"reason", GetReason, nullptr,
       "What the first deciding rule says after `because`; \"halted\", \"limit\"; or None.",
       nullptr},
      {"rules", GetRules, nullptr, "The rules that decided, in source order: a tuple of Rule.",
       nullptr},
      {"obligations", GetObligations, nullptr,
       "What must be done because it was allowed: a tuple of Obligation.", nullptr},
      {"unknown", GetUnknown, nullptr, "The facts that are missing, sorted: a tuple of str.",
       nullptr},
      {"on_unknown", GetOnUnknown, nullptr,
       "A denial because something is not known: `unknown` says what.", nullptr},
      {"limit", GetLimit, nullptr, "A denial because the step budget or memory was spent.",
       nullptr},
      {"halted", GetHalted, nullptr,
       "A denial because the epoch page is halted, torn, or was not kept up.", nullptr},
      {"valid_until", GetValidUntil, nullptr,
       "The first instant at which it may be another; None: none is known.", nullptr},
      {"decided_at", GetDecidedAt, nullptr, "The time that it was decided for.", nullptr},
      {"generation", GetGeneration, nullptr,
       "Engine.generation, of the policy and facts that it was decided by.", nullptr},
      {"lease", GetLease, nullptr, "\"Still allowed\": a Lease; None unless it was allowed.",
       nullptr},
      {nullptr, nullptr, nullptr, nullptr, nullptr},
  };
  PyType_Slot slots[] = {
      {Py_tp_doc,
       const_cast<char*>(
           "An answer of an engine; true if it is an allow.\n\nprint() shows it with its "
           "explanation, and so does a notebook.")},
      {Py_tp_methods, methods},
      {Py_tp_getset, properties},
      {Py_nb_bool, Slot<IsTrue>()},
      {Py_tp_repr, Slot<Render<&Hooks::render_repr>>()},
      {Py_tp_str, Slot<Render<&Hooks::render_text>>()},
      {Py_tp_traverse, reinterpret_cast<void*>(Traverse)},
      {Py_tp_dealloc, reinterpret_cast<void*>(Dealloc)},
      {0, nullptr},
  };
  PyType_Spec spec = {"ztp.Decision", sizeof(DecisionObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                      slots};
  empty_tuple = PyTuple_New(0);
  type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  return empty_tuple != nullptr && type != nullptr &&
         PyModule_AddObjectRef(module, "Decision", reinterpret_cast<PyObject*>(type)) == 0;
}

}  // namespace ztp::py
