// The index of a program (core/index.h): tests from conditions, groups of rules from tests.
//
// Boundary: from the finished decision program alone, so that equal programs have equal indexes.
#pragma once

#include <cstddef>

#include "engine/bundle/decision_program.h"

namespace ztp::ir {

// When what pays; any numbers give an index that is right. Tests use small ones, so that few rules
// show every kind of group.
struct IndexOptions {
  size_t handful = 6;        // rules that are looked at without more ado
  size_t few_marked = 48;    // that go by their marks, where most have some
  size_t long_posting = 24;  // rules of one key above which they get groups of their own
  size_t max_rows = 256;     // of a column
  // Rules that a group by keys is made for. A key that rows serve too has to leave out more.
  size_t min_keyed = 8;
  size_t min_keyed_by_value = 256;
  double worth = 0.5;  // of its rules such a group must leave out so many, on average
  double worth_by_value = 0.95;

  static IndexOptions Fine() {
    return {.handful = 0,
            .few_marked = 1,
            .long_posting = 1,
            .max_rows = 2,
            .min_keyed = 1,
            .min_keyed_by_value = 1,
            .worth = 0,
            .worth_by_value = 0};
  }
};

// Of a program that is complete but for its index.
DecisionIndex BuildIndex(const DecisionProgram& program, const IndexOptions& options = {});

// Gives the program an index, and the kernel's tables that follow from it: one without the other
// must not be run.
void SetIndex(DecisionProgram* program, DecisionIndex index);

}  // namespace ztp::ir
