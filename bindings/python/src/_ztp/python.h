// Python's stable ABI of 3.10, and the few things that every file of this folder needs of it.
//
// Boundary: nothing of ztp. Whatever is here is called with the GIL, unless it says otherwise.
//
// One binary serves every CPython from 3.10 on. Vectorcall joined the stable ABI with 3.12, but its
// layout (PEP 590: a flag, an offset, a function) is the same since 3.8, and types from a spec have
// taken `__vectorcalloffset__` since 3.9.
#pragma once

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030A0000
#include <Python.h>
#include <structmember.h>

#include <cstdint>
#include <exception>
#include <initializer_list>
#include <new>
#include <string_view>
#include <utility>

#ifndef Py_TPFLAGS_HAVE_VECTORCALL
#define Py_TPFLAGS_HAVE_VECTORCALL (1UL << 11)
using vectorcallfunc = PyObject* (*)(PyObject*, PyObject* const*, size_t, PyObject*);
#endif

namespace ztp::py {

// The flag that a caller of a vectorcall may set in the number of arguments.
inline Py_ssize_t PositionalCount(size_t nargsf) {
  return static_cast<Py_ssize_t>(nargsf & ~(size_t{1} << (8 * sizeof(size_t) - 1)));
}

// A reference that is given up at the end.
class Ref {
 public:
  Ref() = default;
  explicit Ref(PyObject* owned) : object_(owned) {}
  static Ref Of(PyObject* borrowed) {
    Py_XINCREF(borrowed);
    return Ref(borrowed);
  }
  Ref(const Ref& other) : object_(other.object_) { Py_XINCREF(object_); }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() { Py_XDECREF(object_); }

  PyObject* get() const { return object_; }
  PyObject* release() { return std::exchange(object_, nullptr); }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  PyObject* object_ = nullptr;
};

template <typename R>
R Failure() {
  if constexpr (std::is_pointer_v<R>) {
    return nullptr;
  } else {
    return static_cast<R>(-1);
  }
}

// What Python calls: no C++ exception gets past it.
template <auto F>
struct Entry;
template <typename R, typename... A, R (*F)(A...)>
struct Entry<F> {
  static R Call(A... arguments) noexcept {
    try {
      return F(arguments...);
    } catch (const std::bad_alloc&) {
      PyErr_NoMemory();
    } catch (const std::exception& e) {
      PyErr_SetString(PyExc_SystemError, e.what());
    } catch (...) {
      PyErr_SetString(PyExc_SystemError, "ztp: an exception of an unknown kind");
    }
    return Failure<R>();
  }
};

template <auto F>
PyCFunction Method() {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(&Entry<F>::Call));
}
template <auto F>
void* Slot() {
  return reinterpret_cast<void*>(&Entry<F>::Call);
}

inline PyObject* Bool(bool value) { return Py_NewRef(value ? Py_True : Py_False); }
inline PyObject* None() { return Py_NewRef(Py_None); }
inline PyObject* Str(std::string_view text) {
  return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
}

// A type that only this module makes objects of.
inline PyObject* RefuseNew(PyTypeObject* type, PyObject*, PyObject*) {
  PyErr_Format(PyExc_TypeError, "ztp makes objects of this type (%p) itself",
               static_cast<void*>(type));
  return nullptr;
}

// Frees the object itself, at the end of a tp_dealloc of a type from a spec.
inline void FreeObject(PyObject* self) {
  PyTypeObject* const type = Py_TYPE(self);
  reinterpret_cast<freefunc>(PyType_GetSlot(type, Py_tp_free))(self);
  Py_DECREF(type);
}

}  // namespace ztp::py
