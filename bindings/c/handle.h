// What an object of the C interface begins with, and how the interface meets misuse.
//
// Boundary: knows no object in particular. Nothing is believed of a pointer from outside but that
// it is null or points to an object of this library.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

#include "bindings/c/error.h"

namespace ztp::c {

// Written into every object, so that one of another kind is recognised.
enum class Tag : uint32_t {
  kDead = 0xdead2709,
  kPolicy = 0x7a747001,
  kFacts = 0x7a747002,
  kEpoch = 0x7a747003,
  kEngine = 0x7a747004,
  kChange = 0x7a747005,
  kSession = 0x7a747006,
  kRequest = 0x7a747007,
  kBatch = 0x7a747008,
  kBundle = 0x7a747009,
  kTrust = 0x7a74700a,
  kProof = 0x7a74700b,
  kSigners = 0x7a74700c,
};
std::string_view NameOf(Tag tag);

struct Handle {
  explicit Handle(Tag kind) : tag(kind) {}
  Tag tag;
};

// ztp_debug.
inline std::atomic<bool> debugging = false;
// While debugging: memory that is never given back, and never used for anything else.
void KeepForEver(void* memory);

// A null pointer, or an object of another kind, or (with ztp_debug) one that was freed: the error
// that says so. `function` and `parameter` are the caller's words.
template <typename T>
inline bool Alive(const T* object) {
  return object != nullptr && object->tag == T::kTag;
}
ztp_error* NotAlive(const Handle* object, Tag wanted, std::string_view function,
                    std::string_view parameter);

template <typename T>
void FreeHandle(T* object) {
  if (!Alive(object)) return;
  object->~T();
  if (debugging.load(std::memory_order_relaxed)) {
    KeepForEver(new (static_cast<void*>(object)) Handle(Tag::kDead));
  } else {
    ::operator delete (static_cast<void*>(object), sizeof(T), std::align_val_t{alignof(T)});
  }
}
template <typename T, typename... Args>
T* NewHandle(Args&&... args) {
  void* memory = ::operator new (sizeof(T), std::align_val_t{alignof(T)});
  try {
    return new (memory) T(std::forward<Args>(args)...);
  } catch (...) {
    ::operator delete (memory, sizeof(T), std::align_val_t{alignof(T)});
    throw;
  }
}

// Runs what a function of the interface does; no exception leaves.
template <typename Body>
ztp_error* Guarded(std::string_view function, const Body& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return NoMemory();
  } catch (const std::exception& e) {
    return Unexpected(function, e.what());
  } catch (...) {
    return Unexpected(function, "an unknown exception");
  }
}

}  // namespace ztp::c

// At the head of a function: returns the error unless `object` is alive.
#define ZTP_CHECK_ALIVE(object)                                                                 \
  do {                                                                                          \
    if (!::ztp::c::Alive(object)) [[unlikely]] {                                                \
      return ::ztp::c::NotAlive(object, std::remove_cvref_t<decltype(*object)>::kTag, __func__, \
                                #object);                                                       \
    }                                                                                           \
  } while (false)
// The same of an output.
#define ZTP_CHECK_OUT(pointer)                         \
  do {                                                 \
    if ((pointer) == nullptr) [[unlikely]]             \
      return ::ztp::c::NullOutput(__func__, #pointer); \
  } while (false)
// The same of a text: null data with a size.
#define ZTP_CHECK_TEXT(text)                                     \
  do {                                                           \
    if ((text).data == nullptr && (text).size != 0) [[unlikely]] \
      return ::ztp::c::NullOutput(__func__, #text);              \
  } while (false)
