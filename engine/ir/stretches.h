// A test as a function of one number: where its answer changes, and what it is at a value.
//
// Boundary: inside of ir/; of tests whose probe's value is a number, a place or a rank, and of
// `now` less a time. Rows and marks are made of it.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/bundle/decision_program.h"

namespace ztp::ir {

// now < v + a, which is now - v < a.
bool IsAge(const Test& test);

// Is the test's answer a matter of its probe's number alone?
bool IsOfNumber(const DecisionIndex& index, const Test& test);

// What a test of a label asks of its bits; of another test, nothing.
struct LabelBits {
  uint64_t set = 0;    // that have to be
  uint64_t clear = 0;  // that must not be
};
LabelBits BitsOfLabel(const Test& test);

// What the test says of a value (of an age, if it is one).
bool HoldsOf(const DecisionIndex& index, const Test& test, int64_t value);

// Appends the places at which the answer can change: it is the same from one to the next.
void AppendCuts(const DecisionIndex& index, const Test& test, std::vector<int64_t>* cuts);

// Is the probe's number one that is never negative?
bool IsCode(const DecisionProgram& program, const Probe& probe);
// The greatest value of a code; nothing is known: INT64_MAX.
int64_t GreatestCode(const DecisionProgram& program, const Probe& probe);

}  // namespace ztp::ir
