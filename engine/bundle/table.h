// A table of fixed-size records: memory of its own while a program is made, a view of a bundle's
// bytes where one is read in place. Whoever reads it does not notice which.
//
// Boundary: a view does not keep the bytes alive; the program that holds the table does
// (DecisionProgram::storage). Reading is const, and safe from any number of threads; the first
// change of a view copies it, so that no bundle's bytes are ever written to. A copy of a table has
// memory of its own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <type_traits>
#include <utility>
#include <vector>

namespace ztp {

template <typename T>
class Table {
  static_assert(std::is_trivially_copyable_v<T>, "what a file holds is copied as bytes");

 public:
  using value_type = T;
  using iterator = T*;
  using const_iterator = const T*;

  Table() = default;
  Table(std::initializer_list<T> items) : own_(items) { Point(); }   // NOLINT: as a vector has
  Table(std::vector<T> items) : own_(std::move(items)) { Point(); }  // NOLINT
  Table(const Table& other) : own_(other.begin(), other.end()) { Point(); }
  Table(Table&& other) noexcept { *this = std::move(other); }
  Table& operator=(const Table& other) {
    if (this != &other) *this = Table(other);
    return *this;
  }
  Table& operator=(Table&& other) noexcept {
    if (this == &other) return *this;
    own_ = std::move(other.own_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    other.own_.clear();
    return *this;
  }

  // Of `size` records at `data`, which must outlive the table and all tables that it is moved to.
  static Table View(const T* data, size_t size) {
    Table table;
    if (size == 0) return table;
    table.data_ = data;
    table.size_ = size;
    return table;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const T* data() const { return data_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  const T& operator[](size_t i) const { return data_[i]; }
  const T& front() const { return data_[0]; }
  const T& back() const { return data_[size_ - 1]; }

  // Changes: as a vector's. Each makes the memory the table's own first.
  T* data() { return Own().data(); }
  T* begin() { return Own().data(); }
  T* end() { return Own().data() + size_; }
  T& operator[](size_t i) { return Own()[i]; }
  T& front() { return Own().front(); }
  T& back() { return Own().back(); }
  void push_back(const T& item) {
    Own().push_back(item);
    Point();
  }
  void resize(size_t size) {
    Own().resize(size);
    Point();
  }
  void reserve(size_t size) {
    Own().reserve(size);
    Point();
  }
  void clear() { *this = Table(); }
  // `where` is of this table; the items are not.
  template <typename Iterator>
  void insert(const T* where, Iterator first, Iterator last) {
    const size_t at = static_cast<size_t>(where - data_);
    Own().insert(own_.begin() + static_cast<std::ptrdiff_t>(at), first, last);
    Point();
  }
  void erase(const T* first, const T* last) {
    const std::ptrdiff_t from = first - data_, to = last - data_;
    Own().erase(own_.begin() + from, own_.begin() + to);
    Point();
  }

  friend bool operator==(const Table& a, const Table& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  std::vector<T>& Own() {
    if (data_ != own_.data()) {
      own_.assign(data_, data_ + size_);
      Point();
    }
    return own_;
  }
  void Point() {
    data_ = own_.data();
    size_ = own_.size();
  }

  const T* data_ = nullptr;  // own_'s, or a view
  size_t size_ = 0;
  std::vector<T> own_;
};

}  // namespace ztp
