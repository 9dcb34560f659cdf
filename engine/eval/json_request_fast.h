// A request from a document that nothing is wrong with, written over the one before it.
//
// Boundary: json_request.cc's counterpart on a JsonCursor: it takes no request that that would
// refuse, and reads those that it takes to the same Request; whatever it does not take,
// json_request.cc reads again and says what is wrong, if anything is. Where requests are alike,
// reading one allocates nothing.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/base/schema.h"
#include "engine/base/world.h"
#include "engine/facts/json_cursor.h"
#include "engine/facts/json_fill.h"
#include "engine/facts/json_schema_names.h"

namespace ztp {

struct RequestOptions;

class RequestFiller {
 public:
  // Both must outlive it. `options` may change between requests.
  RequestFiller(const Schema& schema, const RequestOptions& options);
  RequestFiller(const RequestFiller&) = delete;
  RequestFiller& operator=(const RequestFiller&) = delete;

  // False: the text is to be read by json_request.cc, and *request holds anything but what can be
  // read into again.
  bool Fill(std::string_view text, Request* request);

 private:
  // An entity that the request carries.
  struct CarriedRecord {
    bool there = false;
    EntityRecord record;
  };

  bool ReadMembers(Request* request);
  bool ReadEntity(EntityUid* uid, CarriedRecord* carried);
  bool ReadProperties(EntityTypeId type, CarriedRecord* carried);
  bool FinishProperties(const EntityUid& uid, uint64_t given, CarriedRecord* carried);
  bool ReadAction(Request* request);
  bool ReadParams(const Action& action, const JsonNames& names, Request* request);
  bool ReadContext(Request* request);
  bool ReadCan(Request* request);
  bool Fits(const Request& request) const;
  bool PlaceCarried(Request* request);

  const Schema& schema_;
  const RequestOptions& options_;
  const JsonSchemaNames names_;
  JsonCursor cursor_;
  JsonFiller values_;
  CarriedRecord subject_;
  CarriedRecord resource_;
  uint64_t given_ = 0;  // of the parameters or attributes being read: a bit each
  // Inputs: the number of the request that gave each last.
  std::vector<uint64_t> input_given_;
  uint64_t number_ = 0;
};

}  // namespace ztp
