// Many requests of one action, from columns, decided without the GIL.
//
// Boundary: `ztp._table` knows tables of Python; here they are Arrow's streams and arrays, or
// lists, one a column.
#include <algorithm>
#include <memory>
#include <string>

#include "bindings/python/src/_ztp/arrow.h"
#include "bindings/python/src/_ztp/engine.h"
#include "bindings/python/src/_ztp/gil.h"

namespace ztp::py {
namespace {

// What a column is for.
struct Use {
  enum Kind { kPrincipal, kResource, kValue };
  Kind kind = kValue;
  ztp_text type = {nullptr, 0};  // of principal and resource
  ztp_attr attr = {};
  std::string column;
};

struct FreeBatch {
  void operator()(ztp_batch* batch) const { ztp_batch_free(batch); }
};
using Batch = std::unique_ptr<ztp_batch, FreeBatch>;

// An Arrow object that is released at the end.
template <typename T>
struct Owned : T {
  Owned() : T{} {}
  ~Owned() {
    if (this->release != nullptr) this->release(this);
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
};

bool Fail(ztp_error* error) {
  if (error == nullptr) return true;
  Raise(error);
  return false;
}

// Answers of all rows, in memory that Python has.
struct Answers {
  Ref allow, on_unknown, valid_until, rule;

  static PyObject* Bytes(size_t size) {
    return PyByteArray_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size));
  }
  bool Make(size_t rows) {
    allow = Ref(Bytes(rows));
    on_unknown = Ref(Bytes(rows));
    valid_until = Ref(Bytes(rows * sizeof(int64_t)));
    rule = Ref(Bytes(rows * sizeof(uint32_t)));
    return allow && on_unknown && valid_until && rule;
  }
  ztp_answers From(size_t row) const {
    ztp_answers answers = ZTP_ANSWERS_INIT;
    answers.allow = reinterpret_cast<uint8_t*>(PyByteArray_AsString(allow.get())) + row;
    answers.on_unknown = reinterpret_cast<uint8_t*>(PyByteArray_AsString(on_unknown.get())) + row;
    answers.valid_until = reinterpret_cast<int64_t*>(PyByteArray_AsString(valid_until.get())) + row;
    answers.rule = reinterpret_cast<uint32_t*>(PyByteArray_AsString(rule.get())) + row;
    return answers;
  }
};

// One decision of many rows, in parts (an Arrow stream has several).
class Job {
 public:
  Job(EngineObject* engine, ztp_request* request) : engine_(engine), request_(request) {}

  // From the capsules of __arrow_c_stream__ and __arrow_c_array__. False: a Python error is set.
  bool AddStream(PyObject* capsule, const std::vector<Use>& uses);
  bool AddArray(PyObject* schema, PyObject* array, const std::vector<Use>& uses);
  // From one object a use: a list, or a pair of capsules of an Arrow array.
  bool AddColumns(size_t rows, PyObject* columns, const std::vector<Use>& uses);

  // (allow, on_unknown, valid_until, rule: bytearrays, {rule: Rule}, lease | None)
  PyObject* Decide(int64_t now);

 private:
  struct Part {
    Batch batch;
    size_t rows;
  };

  bool New(size_t rows, Batch* batch);
  bool AddChunk(const ArrowSchema& schema, const ArrowArray& array, const std::vector<Use>& uses);
  static bool AddList(ztp_batch* batch, size_t rows, PyObject* list, const Use& use);
  PyObject* Rules(const Answers& answers);

  EngineObject* engine_;
  ztp_request* request_;
  std::vector<Part> parts_;
  size_t rows_ = 0;
};

bool Job::New(size_t rows, Batch* batch) {
  ztp_batch* made = nullptr;
  if (!Fail(ztp_batch_new(request_, rows, &made))) return false;
  batch->reset(made);
  rows_ += rows;
  return true;
}

ztp_error* SetArrow(ztp_batch* batch, const Use& use, const ArrowSchema& schema,
                    const ArrowArray& array) {
  switch (use.kind) {
    case Use::kPrincipal:
      return ztp_batch_arrow_principals(batch, use.type, &schema, &array);
    case Use::kResource:
      return ztp_batch_arrow_resources(batch, use.type, &schema, &array);
    default:
      return ztp_batch_arrow(batch, use.attr, &schema, &array);
  }
}

bool Job::AddChunk(const ArrowSchema& schema, const ArrowArray& array,
                   const std::vector<Use>& uses) {
  if (schema.format == nullptr || std::string_view(schema.format) != "+s") {
    PyErr_SetString(PyExc_TypeError, "the Arrow data is no table: it has no columns");
    return false;
  }
  if (array.length < 0 || array.offset < 0 || array.n_children != schema.n_children) {
    PyErr_SetString(PyExc_ValueError, "the Arrow table is damaged");
    return false;
  }
  const bool has_nulls = array.null_count != 0 && array.n_buffers > 0 && array.buffers != nullptr &&
                         array.buffers[0] != nullptr;
  if (has_nulls) {
    PyErr_SetString(PyExc_ValueError, "the Arrow table has rows that are null as a whole");
    return false;
  }
  Batch batch;
  if (!New(static_cast<size_t>(array.length), &batch)) return false;
  std::vector<std::pair<const ArrowSchema*, ArrowArray>> columns;
  for (const Use& use : uses) {
    int64_t at = 0;
    while (at < schema.n_children &&
           (schema.children[at]->name == nullptr || use.column != schema.children[at]->name)) {
      ++at;
    }
    if (at == schema.n_children) {
      PyErr_Format(PyExc_KeyError, "the table has no column %s", use.column.c_str());
      return false;
    }
    ArrowArray column =
        *array.children[at];  // a view: the table's own rows of it, its buffers still the table's
    if (column.length < array.offset + array.length) {
      PyErr_Format(PyExc_ValueError, "the column %s is shorter than the table", use.column.c_str());
      return false;
    }
    column.offset += array.offset;
    if (array.offset != 0 || column.length != array.length)
      column.null_count = column.null_count == 0 ? 0 : -1;
    column.length = array.length;
    columns.emplace_back(schema.children[at], column);
  }
  ztp_error* error = nullptr;
  {
    const WithoutGil free;
    for (size_t i = 0; i < uses.size() && error == nullptr; ++i) {
      error = SetArrow(batch.get(), uses[i], *columns[i].first, columns[i].second);
    }
  }
  if (!Fail(error)) return false;
  parts_.push_back({std::move(batch), static_cast<size_t>(array.length)});
  return true;
}

bool Job::AddStream(PyObject* capsule, const std::vector<Use>& uses) {
  auto* const stream =
      static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule, "arrow_array_stream"));
  if (stream == nullptr) return false;
  if (stream->release == nullptr) {
    PyErr_SetString(PyExc_ValueError, "the Arrow stream was read already");
    return false;
  }
  auto failed = [stream] {
    if (PyErr_Occurred() != nullptr) return false;
    const char* const why = stream->get_last_error(stream);
    PyErr_Format(PyExc_ValueError, "the Arrow stream cannot be read: %s",
                 why != nullptr ? why : "no reason is given");
    return false;
  };
  // The producer may wait for threads of its own that need the GIL; one that needs it itself takes
  // it. A fork need not wait: nothing of ztp is at work.
  auto without_gil = [](auto call) {
    PyThreadState* const state = PyEval_SaveThread();
    const int status = call();
    PyEval_RestoreThread(state);
    return status != 0;
  };
  Owned<ArrowSchema> schema;
  if (without_gil([&] { return stream->get_schema(stream, &schema); })) return failed();
  while (true) {
    Owned<ArrowArray> array;
    if (without_gil([&] { return stream->get_next(stream, &array); })) return failed();
    if (array.release == nullptr) return true;
    if (!AddChunk(schema, array, uses)) return false;
  }
}

bool GetArray(PyObject* schema_capsule, PyObject* array_capsule, ArrowSchema** schema,
              ArrowArray** array) {
  *schema = static_cast<ArrowSchema*>(PyCapsule_GetPointer(schema_capsule, "arrow_schema"));
  if (*schema == nullptr) return false;
  *array = static_cast<ArrowArray*>(PyCapsule_GetPointer(array_capsule, "arrow_array"));
  if (*array == nullptr) return false;
  if ((*schema)->release != nullptr && (*array)->release != nullptr) return true;
  PyErr_SetString(PyExc_ValueError, "the Arrow data was taken already");
  return false;
}

bool Job::AddArray(PyObject* schema_capsule, PyObject* array_capsule,
                   const std::vector<Use>& uses) {
  ArrowSchema* schema = nullptr;
  ArrowArray* array = nullptr;
  return GetArray(schema_capsule, array_capsule, &schema, &array) &&
         AddChunk(*schema, *array, uses);
}

bool AreAllText(PyObject* list) {
  const Py_ssize_t count = PyList_Size(list);
  for (Py_ssize_t i = 0; i < count; ++i) {
    if (!PyUnicode_Check(PyList_GetItem(list, i))) return false;
  }
  return true;
}

bool AnyProof(PyObject* list) {
  const Py_ssize_t count = PyList_Size(list);
  for (Py_ssize_t i = 0; i < count; ++i) {
    if (proof_of(PyList_GetItem(list, i)) != nullptr) return true;
  }
  return false;
}

// Without the GIL. The texts belong to a list that nobody else has.
ztp_error* SetTexts(ztp_batch* batch, const Use& use, const std::vector<ztp_text>& texts) {
  const WithoutGil free;
  switch (use.kind) {
    case Use::kPrincipal:
      return ztp_batch_principals(batch, use.type, texts.data(), texts.size());
    case Use::kResource:
      return ztp_batch_resources(batch, use.type, texts.data(), texts.size());
    default:
      return ztp_batch_texts(batch, use.attr, texts.data(), texts.size());
  }
}

bool Job::AddList(ztp_batch* batch, size_t rows, PyObject* list, const Use& use) {
  if (static_cast<size_t>(PyList_Size(list)) != rows) {
    PyErr_Format(PyExc_ValueError, "the column %s has %zd rows, and others have %zu",
                 use.column.c_str(), PyList_Size(list), rows);
    return false;
  }
  if (use.kind != Use::kValue || AreAllText(list)) {
    std::vector<ztp_text> texts(rows);
    for (size_t i = 0; i < rows; ++i) {
      PyObject* const item = PyList_GetItem(list, static_cast<Py_ssize_t>(i));
      if (!PyUnicode_Check(item)) {
        PyErr_Format(PyExc_TypeError, "the column %s has ids, which are str, and not %R",
                     use.column.c_str(), item);
        return false;
      }
      if (!ToText(item, &texts[i])) return false;
    }
    return Fail(SetTexts(batch, use, texts));
  }
  if (proof_of != nullptr && AnyProof(list)) {
    std::vector<const ztp_proof*> proofs(rows);
    for (size_t i = 0; i < rows; ++i) {
      PyObject* const item = PyList_GetItem(list, static_cast<Py_ssize_t>(i));
      if (item == Py_None || (proofs[i] = proof_of(item)) != nullptr) continue;
      PyErr_Format(PyExc_TypeError, "the column %s has proofs, and not %R", use.column.c_str(),
                   item);
      return false;
    }
    return Fail(ztp_batch_evidence(batch, use.attr, proofs.data(), rows, nullptr, rows));
  }
  Arena arena;
  std::vector<ztp_value> values(rows);
  for (size_t i = 0; i < rows; ++i) {
    if (!ToValue(PyList_GetItem(list, static_cast<Py_ssize_t>(i)), &arena, &values[i]))
      return false;
  }
  return Fail(ztp_batch_values(batch, use.attr, values.data(), rows, nullptr, rows));
}

bool Job::AddColumns(size_t rows, PyObject* columns, const std::vector<Use>& uses) {
  Batch batch;
  if (!New(rows, &batch)) return false;
  for (size_t i = 0; i < uses.size(); ++i) {
    PyObject* const column = PyTuple_GetItem(columns, static_cast<Py_ssize_t>(i));
    if (column == nullptr) return false;
    if (PyList_Check(column)) {
      if (!AddList(batch.get(), rows, column, uses[i])) return false;
      continue;
    }
    PyObject *schema_capsule, *array_capsule;
    ArrowSchema* schema = nullptr;
    ArrowArray* array = nullptr;
    if (!PyArg_ParseTuple(column, "OO", &schema_capsule, &array_capsule) ||
        !GetArray(schema_capsule, array_capsule, &schema, &array)) {
      return false;
    }
    ztp_error* error = nullptr;
    {
      const WithoutGil free;
      error = SetArrow(batch.get(), uses[i], *schema, *array);
    }
    if (!Fail(error)) return false;
  }
  parts_.push_back({std::move(batch), rows});
  return true;
}

PyObject* Job::Rules(const Answers& answers) {
  Ref rules(PyDict_New());
  if (!rules) return nullptr;
  const uint64_t generation = ztp_engine_generation(engine_->core->engine());
  const auto* const of_rows =
      reinterpret_cast<const uint32_t*>(PyByteArray_AsString(answers.rule.get()));
  std::vector<bool> seen;
  for (size_t row = 0; row < rows_; ++row) {
    const uint32_t number = of_rows[row];
    if (number == UINT32_MAX) continue;
    if (number >= seen.size()) seen.resize(number + size_t{1});
    seen[number] = true;
  }
  for (uint32_t number = 0; number < seen.size(); ++number) {
    if (!seen[number]) continue;
    ztp_rule rule = ZTP_RULE_INIT;
    if (ztp_error* error = ztp_batch_rule(parts_.front().batch.get(), number, &rule))
      return Raise(error);
    PyObject* const object = engine_->core->RuleOf(generation, rule);
    const Ref key(PyLong_FromUnsignedLong(number));
    if (object == nullptr || !key ||
        PyDict_SetItem(rules.get(), key.get(), PyTuple_GetItem(object, 0)) != 0)
      return nullptr;
  }
  return rules.release();
}

PyObject* Job::Decide(int64_t now) {
  Answers answers;
  if (!answers.Make(rows_)) return nullptr;
  std::vector<ztp_lease> leases;
  ztp_error* error = nullptr;
  std::vector<ztp_answers> places;
  size_t row = 0;
  for (const Part& part : parts_) {
    places.push_back(answers.From(row));
    row += part.rows;
  }
  {
    const WithoutGil free;
    for (size_t i = 0; i < parts_.size() && error == nullptr; ++i) {
      if (parts_[i].rows == 0) continue;
      ztp_lease lease;
      error = ztp_batch_decide(parts_[i].batch.get(), now, &places[i], &lease);
      if (error != nullptr) break;
      const uint8_t* const allow = places[i].allow;
      if (std::any_of(allow, allow + parts_[i].rows, [](uint8_t a) { return a != 0; }))
        leases.push_back(lease);
    }
  }
  if (error != nullptr) return Raise(error);
  const Ref rules(Rules(answers));
  if (!rules) return nullptr;
  const Ref lease(
      leases.empty() ? None() : NewLease(reinterpret_cast<PyObject*>(engine_), std::move(leases)));
  if (!lease) return nullptr;
  return PyTuple_Pack(6, answers.allow.get(), answers.on_unknown.get(), answers.valid_until.get(),
                      answers.rule.get(), rules.get(), lease.get());
}

// From a tuple of (kind, type, attribute's name, column's name). What `type` points to belongs to
// the tuple.
bool ReadUses(Core& core, PyObject* tuple, std::vector<Use>* uses) {
  for (Py_ssize_t i = 0; i < PyTuple_Size(tuple); ++i) {
    int kind = 0;
    const char *type = nullptr, *column = nullptr;
    Py_ssize_t type_size = 0, column_size = 0;
    PyObject* name = nullptr;
    if (!PyArg_ParseTuple(PyTuple_GetItem(tuple, i), "iz#Os#", &kind, &type, &type_size, &name,
                          &column, &column_size)) {
      return false;
    }
    Use& use = uses->emplace_back();
    use.kind = static_cast<Use::Kind>(kind);
    use.type = {type, static_cast<size_t>(type_size)};
    use.column.assign(column, static_cast<size_t>(column_size));
    if (use.kind == Use::kValue && !core.Attr(name, &use.attr)) return false;
  }
  return true;
}

// (engine, action, principal, resource, can, values: dict, uses: tuple, source, rows, now): see
// `ztp._table`. source: a capsule of a stream, a pair of capsules of an array, or a tuple with a
// list or such a pair for each use.
PyObject* DecideTable(PyObject*, PyObject* args) {
  PyObject *object, *action, *principal, *resource, *can, *values, *tuple, *source, *when;
  Py_ssize_t rows = 0;
  const char* kind = nullptr;
  if (!PyArg_ParseTuple(args, "O!UOOOO!O!sOnO", EngineType(), &object, &action, &principal,
                        &resource, &can, &PyDict_Type, &values, &PyTuple_Type, &tuple, &kind,
                        &source, &rows, &when)) {
    return nullptr;
  }
  auto* const engine = reinterpret_cast<EngineObject*>(object);
  Core* const core = CoreOf(object);
  if (core == nullptr) return nullptr;
  int64_t now;
  std::vector<Use> uses;
  if (!ToTime(when, &now) || !ReadUses(*core, tuple, &uses)) return nullptr;
  const PreparedRef prepared = core->Prepare(action, principal, resource, can, values);
  if (prepared.get() == nullptr) return nullptr;
  Taken worker(*core);
  if (!worker) return nullptr;
  ztp_request* const request = worker->TryOut(*prepared.get());
  if (request == nullptr) return nullptr;
  Job job(engine, request);  // ends before the request that it is made of
  bool added = false;
  switch (kind[0]) {
    case 's':
      added = job.AddStream(source, uses);
      break;
    case 'a':
      added = job.AddArray(PyTuple_GetItem(source, 0), PyTuple_GetItem(source, 1), uses);
      break;
    default:
      added = job.AddColumns(static_cast<size_t>(rows), source, uses);
  }
  return added ? job.Decide(now) : nullptr;
}

}  // namespace

bool AddBatch(PyObject* module) {
  static PyMethodDef methods[] = {
      {"decide_table", Method<DecideTable>(), METH_VARARGS,
       "decide_table(engine, action, principal, resource, can, values, uses, kind, source, rows, "
       "now, /)\n--\n\n"},
      {nullptr, nullptr, 0, nullptr},
  };
  return PyModule_AddFunctions(module, methods) == 0;
}

}  // namespace ztp::py
