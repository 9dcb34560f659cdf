// Work without the GIL, and forks that wait for it.
//
// Boundary: what may run without the GIL is each caller's to know: nothing of Python, and objects
// that nobody else uses.
#pragma once

#include "bindings/python/src/_ztp/python.h"

namespace ztp::py {

// In scope: the GIL is given up, so that other Python threads run, and no fork() of Python begins.
// A child would have a copy of the memory, but not the thread that is at work in it: whatever lock
// that holds would stay locked for ever.
class WithoutGil {
 public:
  WithoutGil();
  ~WithoutGil();
  WithoutGil(const WithoutGil&) = delete;
  WithoutGil& operator=(const WithoutGil&) = delete;

 private:
  PyThreadState* state_;
};

// For os.register_at_fork: waits until nothing is at work without the GIL; afterwards, in the
// parent and in the child.
PyObject* BeforeFork(PyObject* module, PyObject* unused);
PyObject* AfterForkInParent(PyObject* module, PyObject* unused);
PyObject* AfterForkInChild(PyObject* module, PyObject* unused);

}  // namespace ztp::py
