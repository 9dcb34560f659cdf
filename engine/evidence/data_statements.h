// What documents about data say that a label can be made of: CycloneDX 1.5 to 1.7 (ECMA-424:
// componentData.classification, sensitiveData, governance; dataClassification of services),
// SPDX 3.0 (Dataset and AI profiles), Croissant 1.0 with its RAI vocabulary, OpenLineage (tags
// facet 1-0-0).
//
// Boundary: a document to statements, word by word. What a word means the policy's author says
// (data_label.h); who signed the document, and so whether it is proven, the caller knows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/evidence/verified.h"

namespace ztp::evidence {

inline constexpr size_t kMaxDataDocumentBytes = size_t{16} << 20;
inline constexpr size_t kMaxDataObjects = 4096;      // of a document
inline constexpr size_t kMaxDataStatements = 16384;  // of a document

enum class DataFormat : uint8_t { kCycloneDx, kSpdx, kCroissant, kOpenLineage };

struct DataStatement {
  // Where such things are said: "cyclonedx.classification", "cyclonedx.sensitiveData",
  // "spdx.confidentialityLevel", "spdx.hasSensitivePersonalInformation",
  // "spdx.useSensitivePersonalInformation", "croissant.license", "croissant.conditionsOfAccess",
  // "croissant.personalSensitiveInformation", "openlineage.tag".
  std::string from;
  std::string key;   // of a tag; else empty
  std::string says;  // "public"
  bool operator==(const DataStatement&) const = default;
};

// One data set, or one model or service that says what data it works on.
struct DataObject {
  // bom-ref, spdxId, @id, or namespace and name with a slash between; else its name; may be empty.
  std::string id;
  std::string name;
  std::vector<DataStatement> statements;  // may be empty: nothing is said
  std::vector<std::string> owners;        // governance: who is responsible
};

// Which of the formats the document is of, by what it says itself; nothing: of none.
std::optional<DataFormat> DataFormatOf(std::string_view document);

// In the document's order. A document without any such object is read as none.
//   kTooLarge; kMalformed: no JSON, or not of the format; kClaim: a statement of a wrong type
Verified<std::vector<DataObject>> ReadDataObjects(std::string_view document, DataFormat format);

}  // namespace ztp::evidence
