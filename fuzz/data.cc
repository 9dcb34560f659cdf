// Any bytes are a document about data, a table of labels, or neither; and what a table does not
// know is the top of the lattice.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/evidence/data_label.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ztp::evidence;  // NOLINT
  static const LabelTable table = *LabelTable::Parse(
      R"({"levels":["public","restricted"],"tags":["pii"],"regions":["eu"],"rules":[
          {"from":"cyclonedx.classification","says":"public","level":"public","tags":[],
           "regions":["eu"]}]})");
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto read = LabelTable::Parse(text); read.ok()) {
    (void)read->LabelOf({{"openlineage.tag", "a", "b"}, {"croissant.license", "", "x"}});
  }
  const auto format = DataFormatOf(text);
  if (!format) return 0;
  const auto objects = ReadDataObjects(text, *format);
  if (!objects.ok()) return 0;
  for (const DataObject& object : *objects) {
    const DataLabel label = table.LabelOf(object.statements);
    bool known = !object.statements.empty();
    for (const DataStatement& one : object.statements) {
      known &= one.from == "cyclonedx.classification" && one.says.size() == 6;
    }
    if (!known && label.level == "public") std::abort();
    if (label.level == "public" && (!label.tags.empty() || label.regions.empty())) std::abort();
  }
  return 0;
}
