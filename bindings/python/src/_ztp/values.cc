#include "bindings/python/src/_ztp/values.h"

#include <cmath>

#include "bindings/python/src/_ztp/entity_text.h"

namespace ztp::py {
namespace {

constexpr int kMaxDepth = 32;

bool CallForInt(PyObject* hook, PyObject* object, int64_t* number) {
  const Ref result(PyObject_CallFunctionObjArgs(hook, object, nullptr));
  if (!result) return false;
  *number = PyLong_AsLongLong(result.get());
  return *number != -1 || PyErr_Occurred() == nullptr;
}

bool ToInt(PyObject* object, int64_t* number) {
  int overflow = 0;
  *number = PyLong_AsLongLongAndOverflow(object, &overflow);
  if (overflow != 0) {
    Raise(ZTP_BAD_REQUEST, "an integer is beyond 64 bits");
    return false;
  }
  return *number != -1 || PyErr_Occurred() == nullptr;
}

bool IsOf(PyObject* object, PyObject* type) {
  return PyType_IsSubtype(Py_TYPE(object), reinterpret_cast<PyTypeObject*>(type)) != 0;
}

bool Convert(PyObject* object, Arena* arena, ztp_value* value, int depth, bool is_plain = false);

// What is in a container is taken in one go, before any of it is converted: that may run code that
// changes the container. False: a Python error is set.
bool ConvertItems(PyObject* items, Arena* arena, ztp_value* value, int depth) {
  std::vector<PyObject*> taken;
  if (PyList_Check(items)) {
    for (Py_ssize_t i = 0; i < PyList_Size(items); ++i) {
      taken.push_back(arena->Keep(Ref::Of(PyList_GetItem(items, i))));
    }
  } else {
    const Ref tuple(PySequence_Tuple(items));
    if (!tuple) return false;
    for (Py_ssize_t i = 0; i < PyTuple_Size(tuple.get()); ++i) {
      taken.push_back(arena->Keep(Ref::Of(PyTuple_GetItem(tuple.get(), i))));
    }
  }
  ztp_value* const to = arena->Values(taken.size());
  for (size_t i = 0; i < taken.size(); ++i) {
    if (!Convert(taken[i], arena, &to[i], depth + 1)) return false;
  }
  value->kind = ZTP_LIST;
  value->size = static_cast<uint32_t>(taken.size());
  value->as.items = to;
  return true;
}

bool ConvertEntries(PyObject* dict, Arena* arena, ztp_value* value, int depth) {
  std::vector<PyObject*> taken;
  taken.reserve(2 * static_cast<size_t>(PyDict_Size(dict)));
  PyObject* key = nullptr;
  PyObject* item = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(dict, &at, &key, &item);) {
    taken.push_back(arena->Keep(Ref::Of(key)));
    taken.push_back(arena->Keep(Ref::Of(item)));
  }
  ztp_value* const to = arena->Values(taken.size());
  for (size_t i = 0; i < taken.size(); ++i) {
    if (!Convert(taken[i], arena, &to[i], depth + 1)) return false;
  }
  value->kind = ZTP_MAP;
  value->size = static_cast<uint32_t>(taken.size() / 2);
  value->as.items = to;
  return true;
}

bool ConvertText(PyObject* text, ztp_value* value) {
  ztp_text view;
  if (!ToText(text, &view)) return false;
  if (view.size > UINT32_MAX) {
    Raise(ZTP_LIMIT, "a text of 4 GiB or more");
    return false;
  }
  value->kind = ZTP_STRING;
  value->size = static_cast<uint32_t>(view.size);
  value->as.text = view.data;
  return true;
}

bool ConvertEntity(PyObject* pair, Arena* arena, ztp_value* value) {
  ztp_value* const parts = arena->Values(2);
  if (!ConvertText(PyTuple_GetItem(pair, 0), &parts[0]) ||
      !ConvertText(PyTuple_GetItem(pair, 1), &parts[1])) {
    return false;
  }
  value->kind = ZTP_ENTITY;
  value->size = 2;
  value->as.items = parts;
  return true;
}

bool Convert(PyObject* object, Arena* arena, ztp_value* value, int depth, bool is_plain) {
  *value = {};
  if (depth > kMaxDepth) {
    Raise(ZTP_BAD_REQUEST, "a value is nested too deeply");
    return false;
  }
  if (object == Py_None) {
    value->kind = ZTP_MISSING;
    return true;
  }
  if (object == UnknownValue()) {
    value->kind = ZTP_UNKNOWN;
    return true;
  }
  if (PyBool_Check(object)) {
    value->kind = ZTP_BOOL;
    value->as.number = object == Py_True ? 1 : 0;
    return true;
  }
  if (PyUnicode_Check(object)) return ConvertText(object, value);
  if (PyLong_Check(object)) {
    value->kind = ZTP_INT;
    return ToInt(object, &value->as.number);
  }
  if (PyFloat_Check(object)) {
    value->kind = ZTP_FLOAT;
    value->as.real = PyFloat_AsDouble(object);
    if (std::isfinite(value->as.real)) return true;
    Raise(ZTP_BAD_REQUEST, "a number that is not finite");
    return false;
  }
  const Hooks* const hooks = GetHooks();
  if (hooks == nullptr) return false;
  if (IsOf(object, hooks->entity)) return ConvertEntity(object, arena, value);
  if (PyList_Check(object) || PyTuple_Check(object) || PyAnySet_Check(object)) {
    return ConvertItems(object, arena, value, depth);
  }
  if (PyDict_Check(object)) return ConvertEntries(object, arena, value, depth);
  if (IsOf(object, hooks->datetime_type)) {
    value->kind = ZTP_TIME;
    return CallForInt(hooks->micros_of_time, object, &value->as.number);
  }
  if (IsOf(object, hooks->timedelta_type)) {
    value->kind = ZTP_DURATION;
    return CallForInt(hooks->micros_of_duration, object, &value->as.number);
  }
  if (IsOf(object, hooks->decimal_type)) {
    Ref text(PyObject_CallFunctionObjArgs(hooks->text_of_decimal, object, nullptr));
    if (!text) return false;
    return ConvertText(arena->Keep(std::move(text)), value);
  }
  if (is_plain) {
    PyErr_Format(PyExc_TypeError, "ztp has no value for %R", object);
    return false;
  }
  Ref plain(PyObject_CallFunctionObjArgs(hooks->plain, object, nullptr));
  if (!plain) return false;
  return Convert(arena->Keep(std::move(plain)), arena, value, depth, true);
}

ztp_error* SetText(ztp_request* request, bool is_principal, ztp_text type, ztp_text id) {
  return is_principal ? ztp_set_principal(request, type, id) : ztp_set_resource(request, type, id);
}

}  // namespace

const ztp_proof* (*proof_of)(PyObject* object) = nullptr;

bool ToText(PyObject* text, ztp_text* out) {
  Py_ssize_t size = 0;
  out->data = PyUnicode_AsUTF8AndSize(text, &size);
  out->size = static_cast<size_t>(size);
  return out->data != nullptr;
}

bool ToValue(PyObject* object, Arena* arena, ztp_value* value) {
  return Convert(object, arena, value, 0);
}

PyObject* FromValue(const ztp_value& value) {
  switch (value.kind) {
    case ZTP_MISSING:
      return None();
    case ZTP_UNKNOWN:
      return Py_NewRef(UnknownValue());
    case ZTP_BOOL:
      return Bool(value.as.number != 0);
    case ZTP_INT:
      return PyLong_FromLongLong(value.as.number);
    case ZTP_FLOAT:
      return PyFloat_FromDouble(value.as.real);
    case ZTP_STRING:
      return Str({value.as.text, value.size});
    default:
      break;
  }
  const Hooks* const hooks = GetHooks();
  if (hooks == nullptr) return nullptr;
  auto by = [&](PyObject* hook) -> PyObject* {
    const Ref number(PyLong_FromLongLong(value.as.number));
    return number ? PyObject_CallFunctionObjArgs(hook, number.get(), nullptr) : nullptr;
  };
  switch (value.kind) {
    case ZTP_DECIMAL:
      return by(hooks->decimal_of_units);
    case ZTP_TIME:
      return by(hooks->time_of_micros);
    case ZTP_DURATION:
      return by(hooks->duration_of_micros);
    case ZTP_ENTITY: {
      const Ref type(FromValue(value.as.items[0])), id(FromValue(value.as.items[1]));
      return type && id ? PyObject_CallFunctionObjArgs(hooks->entity, type.get(), id.get(), nullptr)
                        : nullptr;
    }
    case ZTP_LIST: {
      Ref list(PyList_New(0));
      for (uint32_t i = 0; list && i < value.size; ++i) {
        const Ref item(FromValue(value.as.items[i]));
        if (!item || PyList_Append(list.get(), item.get()) != 0) return nullptr;
      }
      return list.release();
    }
    case ZTP_MAP: {
      Ref dict(PyDict_New());
      for (uint32_t i = 0; dict && i < value.size; ++i) {
        const Ref key(FromValue(value.as.items[2 * i])), item(FromValue(value.as.items[2 * i + 1]));
        if (!key || !item || PyDict_SetItem(dict.get(), key.get(), item.get()) != 0) return nullptr;
      }
      return dict.release();
    }
    default:
      PyErr_Format(PyExc_SystemError, "libztp gave a value of the unknown kind %u", value.kind);
      return nullptr;
  }
}

bool SetValue(ztp_request* request, ztp_attr attr, PyObject* object) {
  ztp_error* error = nullptr;
  if (PyUnicode_Check(object)) {
    ztp_text text;
    if (!ToText(object, &text)) return false;
    error = ztp_set_text(request, attr, text);
  } else if (PyBool_Check(object)) {
    error = ztp_set_bool(request, attr, object == Py_True);
  } else if (PyLong_Check(object)) {
    // Through a value, so that an integer may stand for a Decimal too.
    ztp_value value = {};
    value.kind = ZTP_INT;
    if (!ToInt(object, &value.as.number)) return false;
    error = ztp_set_int(request, attr, value.as.number);
    if (error != nullptr && ztp_error_code(error) == ZTP_BAD_REQUEST) {
      ztp_error_free(error);
      error = ztp_set_value(request, attr, &value);
    }
  } else if (const ztp_proof* proof = proof_of != nullptr ? proof_of(object) : nullptr) {
    error = ztp_set_evidence(request, attr, proof);
  } else {
    Arena arena;
    ztp_value value;
    if (!ToValue(object, &arena, &value)) return false;
    switch (value.kind) {
      case ZTP_TIME:
        error = ztp_set_time(request, attr, value.as.number);
        break;
      case ZTP_DURATION:
        error = ztp_set_duration(request, attr, value.as.number);
        break;
      default:
        error = ztp_set_value(request, attr, &value);
    }
  }
  if (error == nullptr) return true;
  Raise(error);
  return false;
}

bool IsFrozen(PyObject* object) {
  const PyTypeObject* const type = Py_TYPE(object);
  if (type == &PyUnicode_Type || type == &PyBool_Type || type == &PyLong_Type ||
      type == &PyFloat_Type)
    return true;
  const Hooks* const hooks = GetHooks();
  if (hooks == nullptr) return false;
  const bool is_pair =
      (type == &PyTuple_Type || reinterpret_cast<const PyObject*>(type) == hooks->entity) &&
      PyTuple_Size(object) == 2;
  return is_pair && Py_TYPE(PyTuple_GetItem(object, 0)) == &PyUnicode_Type &&
         Py_TYPE(PyTuple_GetItem(object, 1)) == &PyUnicode_Type;
}

bool ToEntity(PyObject* object, std::string_view what, EntityText* out) {
  if (PyTuple_Check(object) && PyTuple_Size(object) == 2) {
    PyObject* const type = PyTuple_GetItem(object, 0);
    PyObject* const id = PyTuple_GetItem(object, 1);
    if (PyUnicode_Check(type) && PyUnicode_Check(id))
      return ToText(type, &out->type) && ToText(id, &out->id);
  } else if (PyUnicode_Check(object)) {
    ztp_text text;
    if (!ToText(object, &text)) return false;
    std::string_view type, id;
    if (ReadEntityText({text.data, text.size}, &type, &id, &out->unescaped)) {
      out->type = {type.data(), type.size()};
      out->id = {id.data(), id.size()};
      return true;
    }
  } else if (PyDict_Check(object)) {
    const Hooks* const hooks = GetHooks();
    if (hooks == nullptr) return false;
    PyObject* const type = PyDict_GetItemWithError(object, hooks->type);
    PyObject* const id = PyDict_GetItemWithError(object, hooks->id);
    if (type != nullptr && id != nullptr && PyUnicode_Check(type) && PyUnicode_Check(id)) {
      return ToText(type, &out->type) && ToText(id, &out->id);
    }
    if (PyErr_Occurred() != nullptr) return false;
  }
  PyErr_Format(PyExc_TypeError,
               "%s: expected ztp.Entity(\"Team\", \"vision\"), (\"Team\", \"vision\"), "
               "'Team::\"vision\"' or "
               "{\"type\": \"Team\", \"id\": \"vision\"}, and not %R",
               std::string(what).c_str(), object);
  return false;
}

bool SetEntity(ztp_request* request, bool is_principal, PyObject* object) {
  ztp_error* error = nullptr;
  const Hooks* const hooks = GetHooks();
  if (hooks == nullptr) return false;
  if (PyDict_Check(object) && PyDict_GetItemWithError(object, hooks->properties) != nullptr) {
    const Ref json(PyObject_CallFunctionObjArgs(hooks->json, object, nullptr));
    ztp_text text;
    if (!json || !ToText(json.get(), &text)) return false;
    error =
        is_principal ? ztp_set_principal_json(request, text) : ztp_set_resource_json(request, text);
  } else {
    EntityText entity;
    if (!ToEntity(object, is_principal ? "principal" : "resource", &entity)) return false;
    error = SetText(request, is_principal, entity.type, entity.id);
  }
  if (error == nullptr) return true;
  Raise(error);
  return false;
}

bool ToTime(PyObject* object, int64_t* micros) {
  if (object == nullptr || object == Py_None) {
    *micros = ztp_now();
    return true;
  }
  if (PyLong_Check(object) && !PyBool_Check(object)) return ToInt(object, micros);
  const Hooks* const hooks = GetHooks();
  return hooks != nullptr && CallForInt(hooks->micros_of_time, object, micros);
}

}  // namespace ztp::py
