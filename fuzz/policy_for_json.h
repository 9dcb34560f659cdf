// One policy whose schema has every type, for the targets that read JSON.
#pragma once

#include "engine/driver/compiler.h"

namespace ztp::fuzz {

inline const DecisionProgram& EveryType() {
  static const DecisionProgram* program = [] {
    static driver::Compiler compiler;
    compiler.AddText("every_type.ztp", R"(ztp 1
package t
enum Color { red, green }
lattice Chain { low < high }
lattice Tags of { pii, phi }
lattice Zones dual of { eu, us }
lattice Label { level: Chain, tags: Tags, zones: Zones }
type Point = { x: Int, y?: Decimal, c: Color = green }
entity Group
entity User in Group carried claimed { age: Int, names: Set<String> }
entity Doc in home: Group derives Doc {
  b: Bool, i: Int, d: Decimal, s: String, t: Time, u: Duration, v: Version, h: HexVersion, ip: Ip, net: Set<Cidr>,
  dig: Digest, sp: SpiffeId, g: Glob, c: Color, l: Label inherited, ps: List<Point>, m: Map<String, Int>,
  proof?: Point proven, o?: Set<Group>
}
input where?: Ip
input seen: Set<Label>
input ev?: Point proven
action read = "doc.read" on Doc by User with { n: Int, why?: String, k: Color vouched }
obligation note(text: String)
permit p { principal any action read resource d: Doc when d.b and trust(action.n) > 1 oblige note(d.s) }
)");
    if (!compiler.Check()) __builtin_trap();
    return new DecisionProgram(compiler.Lower());
  }();
  return *program;
}

}  // namespace ztp::fuzz
