#include "bindings/python/src/_ztp/core.h"

#include <algorithm>

namespace ztp::py {
namespace {

bool SameName(PyObject* a, PyObject* b) { return a == b || PyUnicode_Compare(a, b) == 0; }

PyObject* ListOfNames(PyObject* can) {
  if (!PyUnicode_Check(can)) return PySequence_List(can);
  PyErr_Format(PyExc_TypeError, "can: expected several obligations' names, and not %R", can);
  return nullptr;
}

bool IsSet(PyObject* object) { return object != nullptr && object != Py_None; }

}  // namespace

// ---- Prepared ----

PyObject* Prepared::ValueOf(PyObject* name) const {
  for (const Named& named : values_) {
    if (SameName(named.name.get(), name)) return named.value.get();
  }
  return nullptr;
}

int Prepared::Traverse(visitproc visit, void* arg) const {
  Py_VISIT(principal_.get());
  Py_VISIT(resource_.get());
  Py_VISIT(can_.get());
  for (const Named& named : values_) Py_VISIT(named.value.get());
  return 0;
}

PreparedRef::~PreparedRef() {
  if (prepared_ == nullptr || --prepared_->count_ > 0) return;
  prepared_->core_->Forget(prepared_);
  delete prepared_;
}

// ---- Worker ----

Worker::~Worker() {
  for (Slot& slot : slots_) Drop(&slot);
  ztp_session_free(session_);
}

void Worker::Drop(Slot* slot) {
  ztp_request_free(slot->request);
  Slot empty;
  std::swap(*slot, empty);  // first empty, then destroyed: what is destroyed may call back
}

Worker::Slot* Worker::Find(const Prepared& prepared) {
  if (prepared.index_ >= slots_.size()) slots_.resize(prepared.index_ + 1);
  Slot* const slot = &slots_[prepared.index_];
  if (slot->serial == prepared.serial_) return slot;
  Drop(slot);
  if (!Begin(prepared, slot)) {
    Drop(slot);
    return nullptr;
  }
  slot->serial = prepared.serial_;
  return slot;
}

bool Worker::Begin(const Prepared& prepared, Slot* slot) {
  ztp_text action;
  if (!ToText(prepared.action(), &action)) return false;
  if (ztp_error* error = ztp_request_new(session_, action, &slot->request)) {
    Raise(error);
    return false;
  }
  if (IsSet(prepared.can()) && !SetCan(slot, prepared.can())) return false;
  for (const Prepared::Named& named : prepared.values()) {
    if (!SetNamed(slot, named.name.get(), named.value.get(), true)) return false;
  }
  return true;
}

bool Worker::SetCan(Slot* slot, PyObject* can) {
  const Ref names(ListOfNames(can));
  if (!names) return false;
  std::vector<ztp_text> texts(static_cast<size_t>(PyList_Size(names.get())));
  for (size_t i = 0; i < texts.size(); ++i) {
    if (!ToText(PyList_GetItem(names.get(), static_cast<Py_ssize_t>(i)), &texts[i])) return false;
  }
  if (ztp_error* error = ztp_set_can(slot->request, texts.data(), texts.size())) {
    Raise(error);
    return false;
  }
  return true;
}

bool Worker::SetOne(Slot* slot, bool is_principal, PyObject* entity) {
  Ref* const last = is_principal ? &slot->principal : &slot->resource;
  if (entity == last->get()) return true;
  if (!SetEntity(slot->request, is_principal, entity)) return false;
  *last = IsFrozen(entity) ? Ref::Of(entity) : Ref();
  return true;
}

bool Worker::SetNamed(Slot* slot, PyObject* name, PyObject* value, bool is_base) {
  // By index: what is converted may not call back into this slot, but settings may grow.
  const size_t count = slot->settings.size();
  size_t at = 0;
  while (at < count && slot->settings[at].name.get() != name) ++at;
  if (at == count) {
    // Names of keywords are interned as a rule, so the address says it; not always.
    ztp_text text;
    if (!ToText(name, &text)) return false;
    const std::string_view wanted(text.data, text.size);
    at = 0;
    while (at < count && slot->settings[at].text != wanted) ++at;
    if (at == count) {
      Setting setting;
      setting.name = Ref::Of(name);
      setting.text = wanted;
      if (!core_->Attr(name, &setting.attr)) return false;
      slot->settings.push_back(std::move(setting));
    }
  }
  const Setting& known = slot->settings[at];
  if (known.value.get() != value || value == nullptr) {
    if (!SetValue(slot->request, known.attr, value)) return false;
    slot->settings[at].value = IsFrozen(value) ? Ref::Of(value) : Ref();
  }
  slot->settings[at].call = slot->calls;
  slot->settings[at].is_base = is_base;
  return true;
}

bool Worker::SetAll(const Prepared& prepared, const Call& call, Slot* slot) {
  ++slot->calls;
  slot->is_as_bound = false;
  auto entity = [&](bool is_principal, PyObject* given, PyObject* base) {
    PyObject* const wanted = IsSet(given) ? given : base;
    if (!IsSet(wanted)) {
      Raise(ZTP_BAD_REQUEST, is_principal
                                 ? "the principal is not set: it was neither bound nor given"
                                 : "the resource is not set: it was neither bound nor given");
      return false;
    }
    return SetOne(slot, is_principal, wanted);
  };
  if (!entity(true, call.principal, prepared.principal())) return false;
  if (!entity(false, call.resource, prepared.resource())) return false;
  if (IsSet(call.can)) {
    slot->is_own_can = true;
    if (!SetCan(slot, call.can)) return false;
  } else if (slot->is_own_can) {
    if (IsSet(prepared.can())) {
      if (!SetCan(slot, prepared.can())) return false;
    } else if (ztp_error* error = ztp_set_can_all(slot->request)) {
      Raise(error);
      return false;
    }
    slot->is_own_can = false;
  }
  for (size_t i = 0; i < call.count; ++i) {
    if (!SetNamed(slot, call.At(i).name, call.At(i).value, false)) return false;
  }
  // What an earlier call gave and this one does not is as it was bound, or not set.
  for (size_t i = 0; i < slot->settings.size(); ++i) {
    if (slot->settings[i].is_base || slot->settings[i].call == slot->calls) continue;
    const Ref name = slot->settings[i].name;
    if (PyObject* base = prepared.ValueOf(name.get())) {
      if (!SetNamed(slot, name.get(), base, true)) return false;
      continue;
    }
    if (ztp_error* error = ztp_unset(slot->request, slot->settings[i].attr)) {
      Raise(error);
      return false;
    }
    slot->settings[i].value = Ref();
    slot->settings[i].is_base = true;
  }
  // Entities that may change are read again at each call.
  slot->is_as_bound = call.IsPlain() && slot->principal && slot->resource;
  return true;
}

ztp_request* Worker::Apply(const Prepared& prepared, const Call& call) {
  Slot* slot = Find(prepared);
  if (slot == nullptr) return nullptr;
  if (slot->is_as_bound && call.IsPlain()) return slot->request;
  if (!SetAll(prepared, call, slot)) {
    Drop(&slots_[prepared.index_]);
    return nullptr;
  }
  return slot->request;
}

ztp_request* Worker::TryOut(const Prepared& prepared) {
  Slot* const slot = Find(prepared);
  if (slot == nullptr) return nullptr;
  if ((!IsSet(prepared.principal()) || SetOne(slot, true, prepared.principal())) &&
      (!IsSet(prepared.resource()) || SetOne(slot, false, prepared.resource()))) {
    return slot->request;
  }
  Drop(slot);
  return nullptr;
}

// ---- Core ----

Core::~Core() {
  by_object_.clear();
  actions_.clear();
  idle_.clear();
}

std::unique_ptr<Worker> Core::Take() {
  if (!idle_.empty()) {
    std::unique_ptr<Worker> worker = std::move(idle_.back());
    idle_.pop_back();
    return worker;
  }
  auto worker = std::make_unique<Worker>(this);
  if (ztp_error* error = ztp_session_new(engine_, &worker->session_)) {
    Raise(error);
    return nullptr;
  }
  return worker;
}

Prepared* Core::OfAction(PyObject* action) {
  const auto known = by_object_.find(action);
  if (known != by_object_.end()) return known->second;
  if (!PyUnicode_Check(action)) {
    PyErr_Format(PyExc_TypeError, "an action is named by a str, and not by %R", action);
    return nullptr;
  }
  ztp_text name;
  if (!ToText(action, &name)) return nullptr;
  std::string key(name.data, name.size);
  PreparedRef& prepared = actions_[key];
  if (prepared.get() == nullptr) {
    // Only actions that there are get a place, whatever names are tried.
    Taken worker(*this);
    ztp_request* request = nullptr;
    ztp_error* error = worker ? ztp_request_new(worker->session(), name, &request) : nullptr;
    if (!worker || error != nullptr) {
      actions_.erase(key);
      if (error != nullptr) Raise(error);
      return nullptr;
    }
    ztp_request_free(request);
    prepared = Prepare(action, nullptr, nullptr, nullptr, nullptr);
    if (prepared.get() == nullptr) {
      actions_.erase(key);
      return nullptr;
    }
  }
  if (Py_TYPE(action) == &PyUnicode_Type && interned_.size() < 1024) {
    interned_.push_back(Ref::Of(action));  // so that its address is not another's later
    by_object_[action] = prepared.get();
  }
  return prepared.get();
}

PreparedRef Core::Prepare(PyObject* action, PyObject* principal, PyObject* resource, PyObject* can,
                          PyObject* values) {
  auto prepared = std::make_unique<Prepared>();
  prepared->action_ = Ref::Of(action);
  if (IsSet(principal)) prepared->principal_ = Ref::Of(principal);
  if (IsSet(resource)) prepared->resource_ = Ref::Of(resource);
  if (IsSet(can)) {
    prepared->can_ = Ref(ListOfNames(can));
    if (!prepared->can_) return PreparedRef();
  }
  PyObject* name = nullptr;
  PyObject* value = nullptr;
  for (Py_ssize_t at = 0; values != nullptr && PyDict_Next(values, &at, &name, &value);) {
    prepared->values_.push_back({Ref::Of(name), Ref::Of(value)});
  }
  prepared->core_ = this;
  prepared->serial_ = ++serials_;
  if (free_indices_.empty()) {
    prepared->index_ = indices_++;
  } else {
    prepared->index_ = free_indices_.back();
    free_indices_.pop_back();
  }
  return PreparedRef(prepared.release());
}

void Core::Forget(Prepared* prepared) {
  free_indices_.push_back(prepared->index_);
  for (const std::unique_ptr<Worker>& worker : idle_) {
    if (prepared->index_ < worker->slots_.size()) {
      Worker::Slot* slot = &worker->slots_[prepared->index_];
      if (slot->serial == prepared->serial_) Worker::Drop(slot);
    }
  }
  // A worker that is at work drops it when the index is used again.
}

bool Core::Attr(PyObject* name, ztp_attr* attr) {
  ztp_text text;
  if (!ToText(name, &text)) return false;
  if (ztp_error* error = ztp_engine_attr(engine_, text, attr)) {
    Raise(error);
    return false;
  }
  return true;
}

PyObject* Core::RuleOf(uint64_t generation, const ztp_rule& rule) {
  if (generation != rules_generation_) {
    rules_.clear();
    rules_generation_ = generation;
  }
  std::string key(rule.name.data, rule.name.size);
  const auto known = rules_.find(key);
  if (known != rules_.end()) return known->second.get();
  const Hooks* const hooks = GetHooks();
  if (hooks == nullptr) return nullptr;
  auto text = [](ztp_text t) { return Str({t.data, t.size}); };
  const Ref name(text(rule.name)), because(text(rule.because)), file(text(rule.file)),
      line(PyLong_FromUnsignedLong(rule.line));
  if (!name || !because || !file || !line) return nullptr;
  Ref object(PyObject_CallFunctionObjArgs(hooks->rule, name.get(), because.get(), file.get(),
                                          line.get(), rule.forbid ? Py_True : Py_False, nullptr));
  if (object) object = Ref(PyTuple_Pack(1, object.get()));
  if (!object) return nullptr;
  return rules_.emplace(std::move(key), std::move(object)).first->second.get();
}

int Core::Traverse(visitproc visit, void* arg) const {
  for (const auto& [name, prepared] : actions_) {
    if (const int stop = prepared->Traverse(visit, arg)) return stop;
  }
  return 0;
}

}  // namespace ztp::py
