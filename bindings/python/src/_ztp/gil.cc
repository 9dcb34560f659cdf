#include "bindings/python/src/_ztp/gil.h"

#include <pthread.h>

namespace ztp::py {
namespace {

// Held shared by work without the GIL, alone by a fork. A fork that waits goes before work that
// begins: else it might wait for ever.
pthread_rwlock_t at_work;

void Renew() {
  pthread_rwlockattr_t attributes;
  pthread_rwlockattr_init(&attributes);
  pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
  pthread_rwlock_init(&at_work, &attributes);
  pthread_rwlockattr_destroy(&attributes);
}

[[maybe_unused]] const bool made = (Renew(), true);

}  // namespace

WithoutGil::WithoutGil() : state_(PyEval_SaveThread()) { pthread_rwlock_rdlock(&at_work); }
WithoutGil::~WithoutGil() {
  pthread_rwlock_unlock(&at_work);
  PyEval_RestoreThread(state_);
}

PyObject* BeforeFork(PyObject*, PyObject*) {
  PyThreadState* const state = PyEval_SaveThread();
  pthread_rwlock_wrlock(&at_work);
  PyEval_RestoreThread(state);
  return None();
}

PyObject* AfterForkInParent(PyObject*, PyObject*) {
  pthread_rwlock_unlock(&at_work);
  return None();
}

PyObject* AfterForkInChild(PyObject*, PyObject*) {
  Renew();  // by a lock of its own: the one that was copied knows of threads that the child does
            // not have
  return None();
}

}  // namespace ztp::py
