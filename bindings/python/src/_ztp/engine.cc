// The engine as Python has it. `ztp.Engine` adds what needs no C: loading, tables, pickling.
#include "bindings/python/src/_ztp/engine.h"

#include "bindings/python/src/_ztp/gil.h"

namespace ztp::py {
namespace {

PyTypeObject* type = nullptr;

EngineObject* Self(PyObject* self) { return reinterpret_cast<EngineObject*>(self); }

// Handles that are freed at the end.
struct Policy {
  ztp_policy* policy = nullptr;
  ~Policy() { ztp_policy_free(policy); }
};
struct Facts {
  ztp_facts* facts = nullptr;
  ~Facts() { ztp_facts_free(facts); }
};

// Paths out of a tuple of str. They belong to the tuple. False: a Python error is set.
bool ReadPaths(PyObject* tuple, std::vector<ztp_text>* paths) {
  for (Py_ssize_t i = 0; i < PyTuple_Size(tuple); ++i) {
    if (!ToText(PyTuple_GetItem(tuple, i), &paths->emplace_back())) return false;
  }
  return PyErr_Occurred() == nullptr;
}

// A bundle's bytes, or the path of its file. Nobody has signed bytes.
ztp_error* ReadPolicy(ztp_signers* signers, const char* bytes, size_t size, ztp_text path,
                      ztp_policy** policy) {
  if (bytes != nullptr) return ztp_policy_read(bytes, size, policy);
  return signers != nullptr ? ztp_signers_open_policy(signers, path, policy)
                            : ztp_policy_open(path, policy);
}

// (bundle: bytes | None, path: str | None, facts: tuple[str], flags: int, epoch: Epoch | None,
// on_decision | None, trust: Trust | None, now, signers: Signers | None).
PyObject* OpenEngine(PyObject* self, PyObject* args) {
  EngineObject* const engine = Self(self);
  const char* bytes = nullptr;
  const char* path = nullptr;
  Py_ssize_t bytes_size = 0, path_size = 0;
  PyObject *facts_tuple, *epoch, *on_decision, *trust, *when, *signers_object;
  unsigned int flags = 0;
  if (!PyArg_ParseTuple(args, "z#z#O!IOOOOO", &bytes, &bytes_size, &path, &path_size, &PyTuple_Type,
                        &facts_tuple, &flags, &epoch, &on_decision, &trust, &when,
                        &signers_object)) {
    return nullptr;
  }
  ztp_signers* signers = nullptr;
  if (!ToSigners(signers_object, &signers)) return nullptr;
  if (engine->core != nullptr) return Raise(ZTP_MISUSE, "the engine is open already");
  ztp_engine_options options = ZTP_ENGINE_OPTIONS_INIT;
  options.flags = flags;
  ztp_facts_options taking = ZTP_FACTS_OPTIONS_INIT;
  taking.flags = flags & ZTP_ASSUME_PROVEN;
  taking.signers = signers;
  if (!TrustIn(trust, &options.trust) || !ToTime(when, &taking.now)) return nullptr;
  taking.trust = options.trust;
  if (epoch != Py_None) {
    if (PyType_IsSubtype(Py_TYPE(epoch), EpochType()) == 0) {
      PyErr_Format(PyExc_TypeError, "epoch: expected a ztp.Epoch, and not %R", epoch);
      return nullptr;
    }
    options.epoch = reinterpret_cast<EpochObject*>(epoch)->epoch;
    if (options.epoch == nullptr) return Raise(ZTP_MISUSE, "the epoch page is closed");
  }
  if (on_decision != Py_None && PyCallable_Check(on_decision) == 0) {
    PyErr_Format(PyExc_TypeError, "on_decision: expected a function, and not %R", on_decision);
    return nullptr;
  }
  std::vector<ztp_text> facts_paths;
  if (!ReadPaths(facts_tuple, &facts_paths)) return nullptr;
  ztp_engine* made = nullptr;
  ztp_error* error = nullptr;
  {
    const WithoutGil free;
    Policy policy;
    Facts facts;
    error = ReadPolicy(signers, bytes, static_cast<size_t>(bytes_size),
                       {path, static_cast<size_t>(path_size)}, &policy.policy);
    if (error == nullptr) {
      error = ztp_facts_load_with(policy.policy, facts_paths.data(), facts_paths.size(), &taking,
                                  &facts.facts);
    }
    if (error == nullptr) error = ztp_engine_new(policy.policy, facts.facts, &options, &made);
  }
  if (error != nullptr) return Raise(error);
  engine->core = new Core(made);
  if (on_decision != Py_None) engine->on_decision = Py_NewRef(on_decision);
  if (epoch != Py_None) engine->epoch = Py_NewRef(epoch);
  return None();
}

// (bundle: bytes | None, path: str | None, facts: tuple[str] | None, flags: int, trust: Trust |
// None, now, signers: Signers | None): None of the first three is as it is.
PyObject* Replace(PyObject* self, PyObject* args) {
  Core* const core = CoreOf(self);
  const char* bytes = nullptr;
  const char* path = nullptr;
  Py_ssize_t bytes_size = 0, path_size = 0;
  PyObject *facts_tuple, *trust, *when, *signers_object;
  ztp_signers* signers = nullptr;
  unsigned int flags = 0;
  ztp_facts_options taking = ZTP_FACTS_OPTIONS_INIT;
  if (core == nullptr ||
      !PyArg_ParseTuple(args, "z#z#OIOOO", &bytes, &bytes_size, &path, &path_size, &facts_tuple,
                        &flags, &trust, &when, &signers_object) ||
      !TrustIn(trust, &taking.trust) || !ToTime(when, &taking.now) ||
      !ToSigners(signers_object, &signers)) {
    return nullptr;
  }
  taking.flags = flags & ZTP_ASSUME_PROVEN;
  taking.signers = signers;
  std::vector<ztp_text> facts_paths;
  const bool has_facts = facts_tuple != Py_None;
  if (has_facts && !ReadPaths(facts_tuple, &facts_paths)) return nullptr;
  ztp_error* error = nullptr;
  {
    const WithoutGil free;
    Policy policy, in_force;
    Facts facts;
    if (bytes != nullptr || path != nullptr) {
      error = ReadPolicy(signers, bytes, static_cast<size_t>(bytes_size),
                         {path, static_cast<size_t>(path_size)}, &policy.policy);
    }
    if (error == nullptr && has_facts) {
      if (policy.policy == nullptr) in_force.policy = ztp_engine_policy(core->engine());
      error = ztp_facts_load_with(policy.policy != nullptr ? policy.policy : in_force.policy,
                                  facts_paths.data(), facts_paths.size(), &taking, &facts.facts);
    }
    if (error == nullptr) error = ztp_engine_replace(core->engine(), policy.policy, facts.facts);
  }
  return error != nullptr ? Raise(error) : None();
}

PyObject* Revoke(PyObject* self, PyObject*) {
  Core* const core = CoreOf(self);
  if (core == nullptr) return nullptr;
  ztp_error* const error = ztp_engine_revoke(core->engine());
  return error != nullptr ? Raise(error) : None();
}

PyObject* GetGeneration(PyObject* self, void*) {
  const Core* const core = CoreOf(self);
  return core != nullptr ? PyLong_FromUnsignedLongLong(ztp_engine_generation(core->engine()))
                         : nullptr;
}

PyObject* GetDigest(PyObject* self, void*) {
  const Core* const core = CoreOf(self);
  if (core == nullptr) return nullptr;
  const Policy policy{ztp_engine_policy(core->engine())};
  const ztp_text digest = ztp_policy_digest(policy.policy);
  return Str({digest.data, digest.size});
}

PyObject* GetFactsVersion(PyObject* self, void*) {
  const Core* const core = CoreOf(self);
  if (core == nullptr) return nullptr;
  const Facts facts{ztp_engine_facts(core->engine())};
  const ztp_text version = ztp_facts_version(facts.facts);
  return Str({version.data, version.size});
}

PyObject* GetFactsCount(PyObject* self, void*) {
  const Core* const core = CoreOf(self);
  if (core == nullptr) return nullptr;
  const Facts facts{ztp_engine_facts(core->engine())};
  return PyLong_FromSize_t(ztp_facts_count(facts.facts));
}

// (type: str, id: str) -> str | None
PyObject* EntityJson(PyObject* self, PyObject* args) {
  Core* const core = CoreOf(self);
  PyObject *type_name, *id;
  if (core == nullptr || !PyArg_ParseTuple(args, "UU", &type_name, &id)) return nullptr;
  ztp_text type_text, id_text, json;
  if (!ToText(type_name, &type_text) || !ToText(id, &id_text)) return nullptr;
  Taken worker(*core);
  if (!worker) return nullptr;
  ztp_error* const error = ztp_session_entity_json(worker->session(), type_text, id_text, &json);
  if (error == nullptr) return Str({json.data, json.size});
  if (ztp_error_code(error) != ZTP_NOT_FOUND) return Raise(error);
  ztp_error_free(error);
  return None();
}

PyObject* WriteFacts(PyObject* self, PyObject* path) {
  const Core* const core = CoreOf(self);
  ztp_text text;
  if (core == nullptr || !ToText(path, &text)) return nullptr;
  ztp_error* error = nullptr;
  {
    const WithoutGil free;
    const Facts facts{ztp_engine_facts(core->engine())};
    error = ztp_facts_write(facts.facts, text);
  }
  return error != nullptr ? Raise(error) : None();
}

// decide(principal, action, resource, *, now=None, can=None, **values)
PyObject* DecideOnce(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  Core* const core = CoreOf(self);
  const Hooks* const hooks = GetHooks();
  if (core == nullptr || hooks == nullptr) return nullptr;
  if (count > 3) {
    PyErr_SetString(PyExc_TypeError,
                    "Engine.decide(principal, action, resource, *, now=None, can=None, **values)");
    return nullptr;
  }
  Call call;
  if (!ReadCall(args + count, 0, names, "Engine.decide()", true, &call)) return nullptr;
  PyObject* action = count > 1 ? args[1] : nullptr;
  for (size_t i = 0; action == nullptr && i < call.count; ++i) {
    if (PyUnicode_CompareWithASCIIString(call.At(i).name, "action") != 0) continue;
    action = call.Take(i);
  }
  auto place = [&](Py_ssize_t index, PyObject** to) {
    if (count <= index) return true;
    if (*to == nullptr) {
      *to = args[index];
      return true;
    }
    PyErr_SetString(PyExc_TypeError, "Engine.decide(): an argument is given twice");
    return false;
  };
  if (!place(0, &call.principal) || !place(2, &call.resource)) return nullptr;
  if (action == nullptr) {
    PyErr_SetString(PyExc_TypeError, "Engine.decide(): the action is missing");
    return nullptr;
  }
  Prepared* const prepared = core->OfAction(action);
  return prepared != nullptr ? Decide(Self(self), prepared, call, Wanted::kDecision) : nullptr;
}

// (action, principal, resource, can, values: dict)
PyObject* Bind(PyObject* self, PyObject* args) {
  Core* const core = CoreOf(self);
  PyObject *action, *principal, *resource, *can, *values;
  if (core == nullptr || !PyArg_ParseTuple(args, "UOOOO!", &action, &principal, &resource, &can,
                                           &PyDict_Type, &values)) {
    return nullptr;
  }
  PreparedRef prepared = core->Prepare(action, principal, resource, can, values);
  if (prepared.get() == nullptr) return nullptr;
  // Mistakes are found here and not at the first call: what is bound must fit.
  Taken worker(*core);
  if (!worker || !worker->TryOut(*prepared.get())) return nullptr;
  return NewBound(Self(self), std::move(prepared));
}

// (text: str | bytes, now, explain: bool) -> str
PyObject* DecideJson(PyObject* self, PyObject* args) {
  EngineObject* const engine = Self(self);
  Core* const core = CoreOf(self);
  const char* text = nullptr;
  Py_ssize_t size = 0;
  PyObject* when = nullptr;
  int explain = 0;
  if (core == nullptr || !PyArg_ParseTuple(args, "s#Op", &text, &size, &when, &explain))
    return nullptr;
  int64_t now;
  if (!ToTime(when, &now)) return nullptr;
  Taken worker(*core);
  if (!worker) return nullptr;
  ztp_text answer;
  ztp_decision decision = ZTP_DECISION_INIT;
  ztp_error* error = nullptr;
  const ztp_text request = {text, static_cast<size_t>(size)};
  constexpr size_t kLong = 16 * 1024;  // giving up the GIL costs more than a short one
  if (request.size < kLong) {
    error = ztp_decide_json(worker->session(), request, now, explain != 0, &decision, &answer);
  } else {
    const WithoutGil free;
    error = ztp_decide_json(worker->session(), request, now, explain != 0, &decision, &answer);
  }
  if (error != nullptr) return Raise(error);
  Ref json(Str({answer.data, answer.size}));
  // A request that cannot be read is refused; nothing was decided then.
  if (json && engine->on_decision != nullptr && decision.session != nullptr) {
    const Ref made(NewDecision(engine, *core, nullptr, Call(), decision, json.get()));
    if (!made) return nullptr;
    const Ref heard(PyObject_CallFunctionObjArgs(engine->on_decision, made.get(), nullptr));
    if (!heard) return nullptr;
  }
  return json.release();
}

int Traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(Self(self)->on_decision);
  Py_VISIT(Self(self)->epoch);
  return 0;
}

int Clear(PyObject* self) {
  Py_CLEAR(Self(self)->on_decision);
  return 0;
}

void Dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  Clear(self);
  EngineObject* const engine = Self(self);
  if (engine->core != nullptr) {
    ztp_engine* const inner = engine->core->engine();
    delete engine->core;
    ztp_engine_free(inner);
  }
  Py_XDECREF(engine->epoch);
  FreeObject(self);
}

}  // namespace

PyTypeObject* EngineType() { return type; }

Core* CoreOf(PyObject* engine) {
  Core* const core = Self(engine)->core;
  if (core == nullptr) Raise(ZTP_MISUSE, "the engine is not open: make it by ztp.Engine.load");
  return core;
}

bool AddEngine(PyObject* module) {
  static PyMethodDef methods[] = {
      {"_open", Method<OpenEngine>(), METH_VARARGS,
       "_open($self, bundle, path, facts, flags, epoch, on_decision, trust, now, signers, "
       "/)\n--\n\n"},
      {"_replace", Method<Replace>(), METH_VARARGS,
       "_replace($self, bundle, path, facts, flags, trust, now, signers, /)\n--\n\n"},
      {"_bind", Method<Bind>(), METH_VARARGS,
       "_bind($self, action, principal, resource, can, values, /)\n--\n\n"},
      {"_decide_json", Method<DecideJson>(), METH_VARARGS,
       "_decide_json($self, text, now, explain, /)\n--\n\n"},
      {"_entity_json", Method<EntityJson>(), METH_VARARGS,
       "_entity_json($self, type, id, /)\n--\n\n"},
      {"_write_facts", Method<WriteFacts>(), METH_O, "_write_facts($self, path, /)\n--\n\n"},
      {"_use_trust", Method<UseTrust>(), METH_O, "_use_trust($self, trust, /)\n--\n\n"},
      {"decide", Method<DecideOnce>(), METH_FASTCALL | METH_KEYWORDS,
       "decide(self, principal, action, resource, *, now=None, can=None, **values)\n\n"
       "Decides one request by the policy and facts in force.\n\n"
       "principal, resource: ztp.Entity(\"Team\", \"vision\"), (\"Team\", \"vision\"), "
       "'Team::\"vision\"', or "
       "{\"type\": \"Team\", \"id\": \"vision\"}, with \"properties\" for a type declared "
       "`carried`.\n"
       "now: None is the clock; else an aware datetime, or microseconds since 1970.\n"
       "can: the obligations that the caller can carry out; None: all.\n"
       "values: the action's parameters and the inputs, by name. None: it is missing; ztp.UNKNOWN: "
       "it should be there "
       "and is not known. Of a proven input: a ztp.Proof."},
      {"revoke", Method<Revoke>(), METH_NOARGS,
       "revoke($self, /)\n--\n\nEnds every lease that this engine gave, at once."},
      {nullptr, nullptr, 0, nullptr},
  };
  static PyGetSetDef properties[] = {
      {"generation", GetGeneration, nullptr,
       "How often policy or facts were changed, or leases revoked.", nullptr},
      {"policy_digest", GetDigest, nullptr, "\"sha256:…\" of the bundle in force.", nullptr},
      {"_facts_version", GetFactsVersion, nullptr, nullptr, nullptr},
      {"_facts_count", GetFactsCount, nullptr, nullptr, nullptr},
      {nullptr, nullptr, nullptr, nullptr, nullptr},
  };
  PyType_Slot slots[] = {
      {Py_tp_doc, const_cast<char*>("The engine, as far as it is C++.")},
      {Py_tp_methods, methods},
      {Py_tp_getset, properties},
      {Py_tp_traverse, reinterpret_cast<void*>(Traverse)},
      {Py_tp_clear, reinterpret_cast<void*>(Clear)},
      {Py_tp_dealloc, reinterpret_cast<void*>(Dealloc)},
      {0, nullptr},
  };
  PyType_Spec spec = {"ztp._ztp.Engine", sizeof(EngineObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
  type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  return type != nullptr &&
         PyModule_AddObjectRef(module, "Engine", reinterpret_cast<PyObject*>(type)) == 0;
}

}  // namespace ztp::py
