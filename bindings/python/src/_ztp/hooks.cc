#include "bindings/python/src/_ztp/hooks.h"

#include <string>

namespace ztp::py {
namespace {

Hooks hooks;
bool loaded = false;
PyObject* unknown = nullptr;

bool Load() {
  const Ref module(PyImport_ImportModule("ztp._hooks"));
  if (!module) return false;
  struct {
    PyObject** to;
    const char* name;
  } const attributes[] = {
      {&hooks.entity, "Entity"},
      {&hooks.rule, "Rule"},
      {&hooks.obligation, "Obligation"},
      {&hooks.datetime_type, "datetime"},
      {&hooks.timedelta_type, "timedelta"},
      {&hooks.decimal_type, "Decimal"},
      {&hooks.micros_of_time, "micros_of_time"},
      {&hooks.micros_of_duration, "micros_of_duration"},
      {&hooks.time_of_micros, "time_of_micros"},
      {&hooks.duration_of_micros, "duration_of_micros"},
      {&hooks.decimal_of_units, "decimal_of_units"},
      {&hooks.text_of_decimal, "text_of_decimal"},
      {&hooks.plain, "plain"},
      {&hooks.json, "to_json"},
      {&hooks.make_error, "make_error"},
      {&hooks.render_repr, "render_repr"},
      {&hooks.render_text, "render_text"},
      {&hooks.render_html, "render_html"},
      {&hooks.render_explanation, "render_explanation"},
  };
  for (const auto& attribute : attributes) {
    *attribute.to = PyObject_GetAttrString(module.get(), attribute.name);
    if (*attribute.to == nullptr) return false;
  }
  struct {
    PyObject** to;
    const char* text;
  } const names[] = {
      {&hooks.principal, "principal"},
      {&hooks.resource, "resource"},
      {&hooks.now, "now"},
      {&hooks.can, "can"},
      {&hooks.type, "type"},
      {&hooks.id, "id"},
      {&hooks.properties, "properties"},
  };
  for (const auto& name : names) {
    *name.to = PyUnicode_InternFromString(name.text);
    if (*name.to == nullptr) return false;
  }
  loaded = true;
  return true;
}

PyObject* TextOrEmpty(ztp_text text) { return Str({text.data, text.size}); }

PyObject* SetException(const Hooks& with, long code, PyObject* message, PyObject* problems) {
  const Ref number(PyLong_FromLong(code));
  if (!number || message == nullptr || problems == nullptr) return nullptr;
  const Ref exception(
      PyObject_CallFunctionObjArgs(with.make_error, number.get(), message, problems, nullptr));
  if (!exception) return nullptr;
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.get())), exception.get());
  return nullptr;
}

PyObject* UnknownRepr(PyObject*) { return Str("ztp.UNKNOWN"); }
PyObject* UnknownReduce(PyObject*, PyObject*) { return Str("UNKNOWN"); }

}  // namespace

const Hooks* GetHooks() { return loaded || Load() ? &hooks : nullptr; }

PyObject* UnknownValue() { return unknown; }

bool MakeUnknownValue(PyObject* module) {
  static PyMethodDef methods[] = {
      {"__reduce__", Method<UnknownReduce>(), METH_NOARGS, nullptr},
      {nullptr, nullptr, 0, nullptr},
  };
  PyType_Slot slots[] = {
      {Py_tp_doc,
       const_cast<char*>(
           "The type of ztp.UNKNOWN: a value that should be there and is not known. What "
           "depends on it denies.")},
      {Py_tp_repr, Slot<UnknownRepr>()},
      {Py_tp_methods, methods},
      {0, nullptr},
  };
  PyType_Spec spec = {"ztp._ztp.UnknownType", sizeof(PyObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  const Ref type(PyType_FromSpec(&spec));
  if (!type) return false;
  unknown = PyType_GenericAlloc(reinterpret_cast<PyTypeObject*>(type.get()), 0);
  return unknown != nullptr && PyModule_AddObjectRef(module, "UnknownType", type.get()) == 0 &&
         PyModule_AddObjectRef(module, "UNKNOWN", unknown) == 0;
}

PyObject* Raise(ztp_error* error) {
  struct Free {
    ztp_error* error;
    ~Free() { ztp_error_free(error); }
  } const freed{error};
  const ztp_code code = ztp_error_code(error);
  if (code == ZTP_NO_MEMORY) return PyErr_NoMemory();
  const Hooks* with = GetHooks();
  if (with == nullptr) return nullptr;
  const size_t count = ztp_error_count(error);
  const Ref problems(PyTuple_New(static_cast<Py_ssize_t>(count)));
  if (!problems) return nullptr;
  for (size_t i = 0; i < count; ++i) {
    ztp_problem p = ZTP_PROBLEM_INIT;
    ztp_error_problem(error, i, &p);
    const Ref id(TextOrEmpty(p.id)), message(TextOrEmpty(p.message)), help(TextOrEmpty(p.help)),
        file(TextOrEmpty(p.file)), path(TextOrEmpty(p.path));
    if (!id || !message || !help || !file || !path) return nullptr;
    PyObject* problem =
        Py_BuildValue("(OOOOOIIII)", id.get(), message.get(), help.get(), file.get(), path.get(),
                      p.line, p.column, p.end_line, p.end_column);
    if (problem == nullptr) return nullptr;
    PyTuple_SetItem(problems.get(), static_cast<Py_ssize_t>(i), problem);
  }
  const Ref message(TextOrEmpty(ztp_error_message(error)));
  return SetException(*with, code, message.get(), problems.get());
}

PyObject* Raise(ztp_code code, std::string_view message) {
  const Hooks* with = GetHooks();
  if (with == nullptr) return nullptr;
  const Ref text(Str(message));
  const Ref problems(PyTuple_New(0));
  return SetException(*with, code, text.get(), problems.get());
}

}  // namespace ztp::py
