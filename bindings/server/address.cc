// See address.h.
#include "bindings/server/address.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <charconv>

#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp::server {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr size_t kMaxUnixPath = sizeof(sockaddr_un::sun_path) - 1;

}  // namespace

std::string Address::ToString() const {
  if (is_unix()) return Cat(kUnix, unix_path);
  const bool is_v6 = host.find(':') != std::string::npos;
  return Cat(is_v6 ? "[" : "", host, is_v6 ? "]:" : ":", port);
}

absl::StatusOr<Address> ParseAddress(std::string_view text) {
  if (text.starts_with(kUnix)) {
    const std::string_view path = text.substr(kUnix.size());
    if (path.empty() || path.size() > kMaxUnixPath || path.find('\0') != path.npos) {
      return InvalidArgument("the path of a Unix socket must have 1 to ", kMaxUnixPath,
                             " bytes: ", Quoted(text));
    }
    return Address{.unix_path = std::string(path), .host = {}, .port = 0};
  }
  const size_t colon = text.rfind(':');
  std::string_view host = colon == text.npos ? text : text.substr(0, colon);
  const std::string_view digits = colon == text.npos ? "" : text.substr(colon + 1);
  Address address;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (digits.empty() || read.ec != std::errc() || read.ptr != digits.data() + digits.size()) {
    return InvalidArgument("an address must end in a port, as 127.0.0.1:8080: ", Quoted(text));
  }
  const bool in_brackets = host.starts_with('[') && host.ends_with(']');
  if (in_brackets) host = host.substr(1, host.size() - 2);
  if (host.empty() && !in_brackets) host = "::";
  if (host == "localhost") host = "127.0.0.1";
  boost::system::error_code error;
  const auto parsed = boost::asio::ip::make_address(std::string(host), error);
  if (error || (parsed.is_v6() && host != "::" && !in_brackets)) {
    return InvalidArgument(
        "an address must be numeric, as 127.0.0.1:8080, [::1]:8080 or :8080 (all): ", Quoted(text));
  }
  address.host = parsed.to_string();
  return address;
}

absl::Status RemoveStaleSocket(const std::string& path) {
  struct stat about = {};
  if (lstat(path.c_str(), &about) != 0 || !S_ISSOCK(about.st_mode)) return absl::OkStatus();
  boost::asio::io_context context;
  boost::asio::local::stream_protocol::socket probe(context);
  boost::system::error_code error;
  probe.connect(path, error);
  if (!error) return Unavailable("cannot listen at unix:", path, ": somebody does already");
  unlink(path.c_str());
  return absl::OkStatus();
}

}  // namespace ztp::server
