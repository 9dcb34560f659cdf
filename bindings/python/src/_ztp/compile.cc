// ztp._ztpc: sources to bundles. A module of its own, so that a process that only decides never
// loads the compiler.
#include <string>
#include <vector>

#include "bindings/c/ztp_compile.h"
#include "bindings/python/src/_ztp/gil.h"
#include "bindings/python/src/_ztp/values.h"

namespace ztp::py {
namespace {

// (bundle: bytes, warnings: str), and frees the bundle.
PyObject* Answer(ztp_error* error, ztp_bundle* bundle) {
  if (error != nullptr) return Raise(error);
  const ztp_text bytes = ztp_bundle_bytes(bundle), warnings = ztp_bundle_warnings(bundle);
  const Ref data(PyBytes_FromStringAndSize(bytes.data, static_cast<Py_ssize_t>(bytes.size)));
  const Ref text(Str({warnings.data, warnings.size}));
  ztp_bundle_free(bundle);
  return data && text ? PyTuple_Pack(2, data.get(), text.get()) : nullptr;
}

PyObject* CompilePaths(PyObject*, PyObject* paths) {
  const Ref held(PySequence_Tuple(paths));
  if (!held) return nullptr;
  std::vector<ztp_text> texts(static_cast<size_t>(PyTuple_Size(held.get())));
  for (size_t i = 0; i < texts.size(); ++i) {
    if (!ToText(PyTuple_GetItem(held.get(), static_cast<Py_ssize_t>(i)), &texts[i])) return nullptr;
  }
  ztp_bundle* bundle = nullptr;
  ztp_error* error = nullptr;
  {
    const WithoutGil free;
    error = ztp_compile_paths(texts.data(), texts.size(), &bundle);
  }
  return Answer(error, bundle);
}

PyObject* CompileText(PyObject*, PyObject* args) {
  PyObject *text, *name;
  ztp_source source;
  if (!PyArg_ParseTuple(args, "UU", &text, &name) || !ToText(text, &source.text) ||
      !ToText(name, &source.name)) {
    return nullptr;
  }
  ztp_bundle* bundle = nullptr;
  ztp_error* error = nullptr;
  {
    const WithoutGil free;
    error = ztp_compile(&source, 1, &bundle);
  }
  return Answer(error, bundle);
}

PyObject* Init() {
  static PyMethodDef functions[] = {
      {"compile_paths", Method<CompilePaths>(), METH_O, "compile_paths(paths, /)\n--\n\n"},
      {"_before_fork", Method<BeforeFork>(), METH_NOARGS, nullptr},
      {"_after_fork_in_parent", Method<AfterForkInParent>(), METH_NOARGS, nullptr},
      {"_after_fork_in_child", Method<AfterForkInChild>(), METH_NOARGS, nullptr},
      {"compile_text", Method<CompileText>(), METH_VARARGS, "compile_text(text, name, /)\n--\n\n"},
      {nullptr, nullptr, 0, nullptr},
  };
  static PyModuleDef_Slot slots[] = {{0, nullptr}};
  static PyModuleDef definition = {};
  definition.m_base = PyModuleDef_HEAD_INIT;
  definition.m_name = "ztp._ztpc";
  definition.m_doc = "The compiler. Import `ztp` instead.";
  definition.m_methods = functions;
  definition.m_slots = slots;
  return PyModuleDef_Init(&definition);
}

}  // namespace
}  // namespace ztp::py

PyMODINIT_FUNC PyInit__ztpc() { return ztp::py::Entry<ztp::py::Init>::Call(); }
