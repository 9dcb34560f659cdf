// Trust configurations and proofs. `ztp.Trust` in Python is made of the former; a proof is a value
// of `Engine.decide` like any other.
#include "bindings/python/src/_ztp/engine.h"
#include "bindings/python/src/_ztp/gil.h"

namespace ztp::py {
namespace {

PyTypeObject* trust_type = nullptr;
PyTypeObject* proof_type = nullptr;

struct TrustObject {
  PyObject_HEAD ztp_trust* trust;  // nullptr: never opened
};
struct ProofObject {
  PyObject_HEAD ztp_proof* proof;
};

ztp_trust* Open(PyObject* self) {
  ztp_trust* const trust = reinterpret_cast<TrustObject*>(self)->trust;
  if (trust == nullptr) Raise(ZTP_MISUSE, "the trust configuration was never opened");
  return trust;
}
ztp_proof* ProofIn(PyObject* self) { return reinterpret_cast<ProofObject*>(self)->proof; }

PyObject* Done(ztp_error* error) { return error != nullptr ? Raise(error) : None(); }

// Bytes of a str or of bytes. They belong to the object. False: a Python error is set.
bool ToBytes(PyObject* object, ztp_text* out) {
  if (PyUnicode_Check(object)) return ToText(object, out);
  char* bytes = nullptr;
  Py_ssize_t size = 0;
  if (PyBytes_AsStringAndSize(object, &bytes, &size) != 0) return false;
  *out = {bytes, static_cast<size_t>(size)};
  return true;
}

// (path | None, json | None)
PyObject* OpenTrust(PyObject* self, PyObject* args) {
  const char *path = nullptr, *json = nullptr;
  Py_ssize_t path_size = 0, json_size = 0;
  if (!PyArg_ParseTuple(args, "z#z#", &path, &path_size, &json, &json_size)) return nullptr;
  if (reinterpret_cast<TrustObject*>(self)->trust != nullptr) {
    return Raise(ZTP_MISUSE, "the trust configuration is open already");
  }
  ztp_trust* made = nullptr;
  ztp_error* error = nullptr;
  {
    const WithoutGil free;
    error = path != nullptr ? ztp_trust_load({path, static_cast<size_t>(path_size)}, &made)
                            : ztp_trust_read({json, static_cast<size_t>(json_size)}, &made);
  }
  if (error != nullptr) return Raise(error);
  reinterpret_cast<TrustObject*>(self)->trust = made;
  return None();
}

PyObject* Reload(PyObject* self, PyObject*) {
  ztp_trust* const trust = Open(self);
  if (trust == nullptr) return nullptr;
  ztp_error* error = nullptr;
  {
    const WithoutGil free;
    error = ztp_trust_reload(trust);
  }
  return Done(error);
}

// (source, member, bytes)
PyObject* ReplaceMember(PyObject* self, PyObject* args) {
  ztp_trust* const trust = Open(self);
  PyObject *source, *member, *content;
  ztp_text source_text, member_text, bytes;
  if (trust == nullptr || !PyArg_ParseTuple(args, "OOO", &source, &member, &content) ||
      !ToText(source, &source_text) || !ToText(member, &member_text) || !ToBytes(content, &bytes)) {
    return nullptr;
  }
  ztp_error* error = nullptr;
  {
    const WithoutGil free;  // facts may be worked out anew
    error = ztp_trust_replace(trust, source_text, member_text, bytes);
  }
  return Done(error);
}

// (source, evidence, now)
PyObject* Verify(PyObject* self, PyObject* args) {
  ztp_trust* const trust = Open(self);
  PyObject *source, *evidence, *now;
  ztp_text source_text, bytes;
  int64_t micros;
  if (trust == nullptr || !PyArg_ParseTuple(args, "OOO", &source, &evidence, &now) ||
      !ToText(source, &source_text) || !ToBytes(evidence, &bytes) || !ToTime(now, &micros)) {
    return nullptr;
  }
  ztp_proof* proof = nullptr;
  ztp_error* error = nullptr;
  {
    const WithoutGil free;
    error = ztp_evidence_verify(trust, source_text, bytes, micros, &proof);
  }
  if (error != nullptr) return Raise(error);
  PyObject* const object = PyType_GenericAlloc(proof_type, 0);
  if (object == nullptr) {
    ztp_proof_free(proof);
    return nullptr;
  }
  reinterpret_cast<ProofObject*>(object)->proof = proof;
  return object;
}

// (now, lifetime in microseconds)
PyObject* Nonce(PyObject* self, PyObject* args) {
  ztp_trust* const trust = Open(self);
  PyObject* now;
  long long lifetime = 0;
  int64_t micros;
  if (trust == nullptr || !PyArg_ParseTuple(args, "OL", &now, &lifetime) || !ToTime(now, &micros)) {
    return nullptr;
  }
  char nonce[ZTP_NONCE_SIZE];
  ztp_error* const error = ztp_trust_nonce(trust, micros, lifetime, nonce);
  return error != nullptr ? Raise(error) : Str(nonce);
}

// (nonce, now, lifetime in microseconds)
PyObject* ExpectNonce(PyObject* self, PyObject* args) {
  ztp_trust* const trust = Open(self);
  PyObject *nonce, *now;
  long long lifetime = 0;
  ztp_text text;
  int64_t micros;
  if (trust == nullptr || !PyArg_ParseTuple(args, "OOL", &nonce, &now, &lifetime) ||
      !ToBytes(nonce, &text) || !ToTime(now, &micros)) {
    return nullptr;
  }
  return Done(ztp_trust_expect_nonce(trust, text, micros, micros + lifetime));
}

// (digest, id, session, subject, issuer, reason: str; issued_until, forget_at: time or None; now)
PyObject* RevokeProofs(PyObject* self, PyObject* args) {
  ztp_trust* const trust = Open(self);
  ztp_revocation revocation = ZTP_REVOCATION_INIT;
  PyObject* texts[6];
  PyObject *issued_until, *forget_at, *now;
  if (trust == nullptr ||
      !PyArg_ParseTuple(args, "OOOOOOOOO", &texts[0], &texts[1], &texts[2], &texts[3], &texts[4],
                        &texts[5], &issued_until, &forget_at, &now)) {
    return nullptr;
  }
  ztp_text* const members[6] = {&revocation.digest,  &revocation.id,     &revocation.session,
                                &revocation.subject, &revocation.issuer, &revocation.reason};
  for (size_t i = 0; i < 6; ++i) {
    if (!ToText(texts[i], members[i])) return nullptr;
  }
  int64_t micros;
  if ((issued_until != Py_None && !ToTime(issued_until, &revocation.issued_until)) ||
      (forget_at != Py_None && !ToTime(forget_at, &revocation.forget_at)) ||
      !ToTime(now, &micros)) {
    return nullptr;
  }
  ztp_error* error = nullptr;
  {
    const WithoutGil free;
    error = ztp_trust_revoke(trust, &revocation, micros);
  }
  return Done(error);
}

// (event, now)
PyObject* Receive(PyObject* self, PyObject* args) {
  ztp_trust* const trust = Open(self);
  PyObject *event, *now;
  ztp_text bytes;
  int64_t micros;
  if (trust == nullptr || !PyArg_ParseTuple(args, "OO", &event, &now) || !ToBytes(event, &bytes) ||
      !ToTime(now, &micros)) {
    return nullptr;
  }
  size_t revocations = 0;
  ztp_error* error = nullptr;
  {
    const WithoutGil free;
    error = ztp_trust_receive(trust, bytes, micros, &revocations);
  }
  return error != nullptr ? Raise(error) : PyLong_FromSize_t(revocations);
}

void DeallocTrust(PyObject* self) {
  ztp_trust_free(reinterpret_cast<TrustObject*>(self)->trust);
  FreeObject(self);
}

// ---- Proofs ----

PyObject* CheckProof(PyObject* self, PyObject* args) {
  PyObject* now = Py_None;
  int64_t micros;
  if (!PyArg_ParseTuple(args, "|O", &now) || !ToTime(now, &micros)) return nullptr;
  return Done(ztp_proof_check(ProofIn(self), micros));
}

PyObject* ProofJson(PyObject* self, PyObject*) {
  ztp_text json;
  ztp_error* const error = ztp_proof_json(ProofIn(self), &json);
  return error != nullptr ? Raise(error) : Str({json.data, json.size});
}

template <auto Member>
PyObject* InfoText(PyObject* self, void*) {
  ztp_proof_info info = ZTP_PROOF_INFO_INIT;
  if (ztp_error* const error = ztp_proof_info_get(ProofIn(self), &info)) return Raise(error);
  return Str({(info.*Member).data, (info.*Member).size});
}
template <auto Member>
PyObject* InfoTime(PyObject* self, void*) {
  ztp_proof_info info = ZTP_PROOF_INFO_INIT;
  if (ztp_error* const error = ztp_proof_info_get(ProofIn(self), &info)) return Raise(error);
  if (info.*Member == INT64_MIN) return None();
  ztp_value value = {};
  value.kind = ZTP_TIME;
  value.as.number = info.*Member;
  return FromValue(value);
}

PyObject* ReprProof(PyObject* self) {
  const Ref kind(InfoText<&ztp_proof_info::kind>(self, nullptr));
  const Ref subject(InfoText<&ztp_proof_info::subject>(self, nullptr));
  const Ref until(InfoTime<&ztp_proof_info::expires_at>(self, nullptr));
  if (!kind || !subject || !until) return nullptr;
  return PyUnicode_FromFormat("<ztp.Proof %S about %R until %S>", kind.get(), subject.get(),
                              until.get());
}

void DeallocProof(PyObject* self) {
  ztp_proof_free(ProofIn(self));
  FreeObject(self);
}

const ztp_proof* ProofOfObject(PyObject* object) {
  return Py_TYPE(object) == proof_type ? ProofIn(object) : nullptr;
}

bool AddType(PyObject* module, const char* name, PyType_Spec* spec, PyTypeObject** type) {
  *type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(spec));
  return *type != nullptr &&
         PyModule_AddObjectRef(module, name, reinterpret_cast<PyObject*>(*type)) == 0;
}

bool AddProof(PyObject* module) {
  static PyMethodDef methods[] = {
      {"check", Method<CheckProof>(), METH_VARARGS,
       "check($self, now=None, /)\n--\n\nRaises RefusedError if it no longer counts."},
      {"json", Method<ProofJson>(), METH_NOARGS,
       "json($self, /)\n--\n\nWhat it proves, as one line of JSON."},
      {nullptr, nullptr, 0, nullptr},
  };
  static PyGetSetDef properties[] = {
      {"source", InfoText<&ztp_proof_info::source>, nullptr, "Of the configuration.", nullptr},
      {"kind", InfoText<&ztp_proof_info::kind>, nullptr, "\"x509-svid\"", nullptr},
      {"subject", InfoText<&ztp_proof_info::subject>, nullptr, "Whom it is about.", nullptr},
      {"issuer", InfoText<&ztp_proof_info::issuer>, nullptr, "May be empty.", nullptr},
      {"anchor", InfoText<&ztp_proof_info::anchor>, nullptr, "By which root or key.", nullptr},
      {"digest", InfoText<&ztp_proof_info::digest>, nullptr, "\"sha256:…\" of the evidence.",
       nullptr},
      {"issued_at", InfoTime<&ztp_proof_info::issued_at>, nullptr, "None: it does not say.",
       nullptr},
      {"expires_at", InfoTime<&ztp_proof_info::expires_at>, nullptr, "When it ends.", nullptr},
      {nullptr, nullptr, nullptr, nullptr, nullptr},
  };
  PyType_Slot slots[] = {
      {Py_tp_doc, const_cast<char*>("What verified evidence proves: the value of a proven input.")},
      {Py_tp_methods, methods},
      {Py_tp_getset, properties},
      {Py_tp_repr, Slot<ReprProof>()},
      {Py_tp_new, reinterpret_cast<void*>(RefuseNew)},
      {Py_tp_dealloc, reinterpret_cast<void*>(DeallocProof)},
      {0, nullptr},
  };
  PyType_Spec spec = {"ztp.Proof", sizeof(ProofObject), 0, Py_TPFLAGS_DEFAULT, slots};
  proof_of = ProofOfObject;
  return AddType(module, "Proof", &spec, &proof_type);
}

}  // namespace

bool TrustIn(PyObject* object, ztp_trust** trust) {
  *trust = nullptr;
  if (object == Py_None) return true;
  if (PyType_IsSubtype(Py_TYPE(object), trust_type) == 0) {
    PyErr_Format(PyExc_TypeError, "trust: expected a ztp.Trust, and not %R", object);
    return false;
  }
  *trust = Open(object);
  return *trust != nullptr;
}

// (trust | None)
PyObject* UseTrust(PyObject* engine, PyObject* trust) {
  Core* const core = CoreOf(engine);
  ztp_trust* used = nullptr;
  if (core == nullptr || !TrustIn(trust, &used)) return nullptr;
  ztp_error* error = nullptr;
  {
    const WithoutGil free;  // facts may be worked out anew
    error = ztp_engine_use_trust(core->engine(), used);
  }
  return Done(error);
}

bool AddTrust(PyObject* module) {
  static PyMethodDef methods[] = {
      {"_open", Method<OpenTrust>(), METH_VARARGS, "_open($self, path, json, /)\n--\n\n"},
      {"reload", Method<Reload>(), METH_NOARGS,
       "reload($self, /)\n--\n\nReads its files again. Proofs of sources that have changed no "
       "longer count."},
      {"replace", Method<ReplaceMember>(), METH_VARARGS,
       "replace($self, source, member, content, /)\n--\n\nOther bytes for a member of a source: "
       "\"keys\", \"bundle\", \"crls\"."},
      {"_verify", Method<Verify>(), METH_VARARGS,
       "_verify($self, source, evidence, now, /)\n--\n\n"},
      {"_nonce", Method<Nonce>(), METH_VARARGS, "_nonce($self, now, lifetime, /)\n--\n\n"},
      {"_expect_nonce", Method<ExpectNonce>(), METH_VARARGS,
       "_expect_nonce($self, nonce, now, lifetime, /)\n--\n\n"},
      {"_revoke", Method<RevokeProofs>(), METH_VARARGS,
       "_revoke($self, digest, id, session, subject, issuer, reason, issued_until, forget_at, "
       "now, /)\n--\n\n"},
      {"_receive", Method<Receive>(), METH_VARARGS, "_receive($self, event, now, /)\n--\n\n"},
      {nullptr, nullptr, 0, nullptr},
  };
  PyType_Slot slots[] = {
      {Py_tp_doc, const_cast<char*>("The handle of a trust configuration.")},
      {Py_tp_methods, methods},
      {Py_tp_dealloc, reinterpret_cast<void*>(DeallocTrust)},
      {0, nullptr},
  };
  PyType_Spec spec = {"ztp._ztp.Trust", sizeof(TrustObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  return AddProof(module) && AddType(module, "Trust", &spec, &trust_type);
}

}  // namespace ztp::py
