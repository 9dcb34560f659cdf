// What facts in memory are made for: a digest of all of a program that the memory form depends on.
//
// Boundary: two programs with one digest lay out, number, annotate and work out the same facts in
// the same way, so that one may read what was made for the other. Their rules may differ.
#pragma once

#include <string>

#include "engine/bundle/decision_program.h"

namespace ztp {

// 32 bytes. Of: entity types, attributes and their types, enums, lattices; the texts and entities
// that constants name; patterns and where they are tried. Where quantifiers over ancestors are
// worked out when facts are loaded also of everything that their nodes are made of, which is all
// nodes.
std::string FactsProgramDigest(const DecisionProgram& program);

// 32 bytes, of less: entity types, attributes with their types and defaults, enums, lattices. Two
// programs with one of these take the same records, and may lay them out differently.
std::string FactsSchemaDigest(const DecisionProgram& program);

}  // namespace ztp
