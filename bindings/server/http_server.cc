// See http_server.h. Each thread has an io_context of its own, and a connection stays on the thread
// that it was given to: what a thread has needs no lock.
#include "bindings/server/http_server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <cerrno>
#include <exception>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>
#include <variant>

#include "bindings/server/event_log.h"
#include "engine/base/os_error.h"
#include "engine/base/status.h"
#include "engine/base/str.h"

namespace ztp::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using unix_protocol = asio::local::stream_protocol;

// What is awaited answers with an error and does not throw it.
auto Into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

constexpr std::size_t kMaxRequestId = 256;
constexpr std::chrono::milliseconds kPauseWhenFull{50};

// What a thread knows of a connection.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual void Cut() = 0;  // on its thread
  bool waits = true;       // for a request to begin
};

// An answer that waits for somebody else.
struct Held {
  explicit Held(asio::io_context& context) : timer(context) {}
  asio::steady_timer timer;
  std::optional<bool> may_go;
};

// Who says on other threads that answers may go, many at once mostly: the worker is told once. It
// outlives the worker.
struct Mailbox {
  std::mutex mutex;
  std::vector<std::pair<uint64_t, bool>> said;  // the numbers of held answers
  std::function<void()> wake;                   // null: nobody is there any more

  void Say(uint64_t number, bool may_go) {
    const std::lock_guard lock(mutex);
    if (wake == nullptr) return;
    const bool first = said.empty();
    said.emplace_back(number, may_go);
    if (first) wake();
  }
};

// One thread, with what it serves.
struct Worker {
  Worker() {
    mailbox->wake = [this] { asio::post(context, [this] { Release(); }); };
  }
  // Its thread has ended.
  void Leave() const {
    const std::lock_guard lock(mailbox->mutex);
    mailbox->wake = nullptr;
  }
  void Release() {
    {
      const std::lock_guard lock(mailbox->mutex);
      released.swap(mailbox->said);
    }
    for (const auto& [number, may_go] : released) {
      const auto found = held.find(number);
      if (found == held.end()) continue;  // it could not wait any longer
      found->second->may_go = may_go;
      found->second->timer.cancel();
    }
    released.clear();
  }

  std::vector<HttpHandler> handlers;  // by endpoint
  std::list<Connection*> connections;
  std::unordered_map<uint64_t, Held*> held;
  uint64_t held_count = 0;
  std::vector<std::pair<uint64_t, bool>> released;
  const std::shared_ptr<Mailbox> mailbox = std::make_shared<Mailbox>();
  bool stopping = false;
  std::thread thread;
  // Last, so that it ends first: it has the connections that were cut off.
  asio::io_context context{1};
};

struct Shared {
  HttpLimits limits;
  Metrics& metrics;
  std::atomic<std::size_t> connections = 0;
};

// What to answer to a request that cannot be read. Nothing: just close.
std::optional<http::status> StatusOf(const error_code& error) {
  if (error == http::error::body_limit) return http::status::payload_too_large;
  if (error == http::error::header_limit) return http::status::request_header_fields_too_large;
  if (error == http::error::end_of_stream || error == http::error::partial_message) {
    return std::nullopt;  // half-closed: nobody listens
  }
  if (error.category() == http::make_error_code(http::error::bad_value).category()) {
    return http::status::bad_request;
  }
  return std::nullopt;
}

template <typename Stream>
class HttpConnection final : public Connection {
 public:
  HttpConnection(Stream stream, Worker& worker, Shared& shared, std::size_t endpoint)
      : stream_(std::move(stream)), worker_(worker), shared_(shared), endpoint_(endpoint) {
    place_ = worker_.connections.insert(worker_.connections.end(), this);
    shared_.metrics.Connected();
  }
  ~HttpConnection() override {
    worker_.connections.erase(place_);
    shared_.connections.fetch_sub(1, std::memory_order_relaxed);
    shared_.metrics.Disconnected();
  }
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  void Cut() override { beast::get_lowest_layer(stream_).close(); }

  asio::awaitable<void> Run() {
    if constexpr (kIsTls) {
      Within(shared_.limits.request_timeout);
      error_code error;
      co_await stream_.async_handshake(asio::ssl::stream_base::server, Into(error));
      if (error) {
        shared_.metrics.TlsFailed();
        co_return;
      }
      peer_ = PeerNameOf(stream_.native_handle());
    }
    // g++ 12 makes nothing good of a co_await within && or another one.
    for (bool again = true; again && !worker_.stopping;) {
      again = co_await ServeOne();
    }
    if constexpr (kIsTls) {
      Within(std::chrono::seconds(1));
      error_code ignored;
      co_await stream_.async_shutdown(Into(ignored));
    }
    beast::get_lowest_layer(stream_).close();
  }

 private:
  static constexpr bool kIsTls = !std::is_same_v<Stream, beast::tcp_stream> &&
                                 !std::is_same_v<Stream, beast::basic_stream<unix_protocol>>;

  void Within(std::chrono::seconds time) { beast::get_lowest_layer(stream_).expires_after(time); }

  // Reads and answers one request. False: the connection ends.
  asio::awaitable<bool> ServeOne() {
    http::request_parser<http::string_body> parser;
    parser.header_limit(static_cast<std::uint32_t>(shared_.limits.max_header));
    parser.body_limit(shared_.limits.max_body);
    waits = buffer_.size() == 0;
    if (waits) {
      // Until the first byte the connection is idle; from then on a request takes its time.
      Within(shared_.limits.idle_timeout);
      error_code error;
      const std::size_t size =
          co_await stream_.async_read_some(buffer_.prepare(kRead), Into(error));
      if (error) co_return false;
      buffer_.commit(size);
      waits = false;
    }
    Within(shared_.limits.request_timeout);
    {
      error_code error;
      co_await http::async_read_header(stream_, buffer_, parser, Into(error));
      if (error) {
        co_await Reject(error);
        co_return false;
      }
    }
    if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
      http::response<http::empty_body> go_on{http::status::continue_, parser.get().version()};
      error_code error;
      co_await http::async_write(stream_, go_on, Into(error));
      if (error) co_return false;
    }
    {
      error_code error;
      co_await http::async_read(stream_, buffer_, parser, Into(error));
      if (error) {
        co_await Reject(error);
        co_return false;
      }
    }
    HttpResponse made = Ask(parser.get());
    if (made.when) {
      const bool may_go = co_await MayGo(std::move(made.when));
      if (!may_go) made = NotLogged();
    }
    http::response<http::string_body> response = Finish(parser.get(), std::move(made));
    const bool keep = response.keep_alive();
    error_code error;
    co_await http::async_write(stream_, response, Into(error));
    co_return !error && keep;
  }

  HttpResponse Ask(const http::request<http::string_body>& request) {
    const auto authorizations = request.equal_range(http::field::authorization);
    if (std::distance(authorizations.first, authorizations.second) > 1) {
      return {.status = 400, .content_type = "text/plain", .body = "Authorization comes twice"};
    }
    const auto view = [](auto text) { return std::string_view(text.data(), text.size()); };
    const std::string_view target = view(request.target());
    HttpRequest asked{.method = view(request.method_string()),
                      .path = target.substr(0, target.find('?')),
                      .content_type = view(request[http::field::content_type]),
                      .authorization = view(request[http::field::authorization]),
                      .request_id = view(request["X-Request-ID"]),
                      .traceparent = view(request["traceparent"]),
                      .peer = peer_,
                      .body = request.body()};
    return worker_.handlers[endpoint_](asked);
  }

  // Lets others go on until the answer may go, or must not.
  asio::awaitable<bool> MayGo(std::function<void(std::function<void(bool)>)> when) {
    Held held(worker_.context);
    held.timer.expires_after(shared_.limits.request_timeout);
    const uint64_t number = worker_.held_count++;
    const auto place = worker_.held.emplace(number, &held).first;
    // Ends with the coroutine, which may be cut off where it waits.
    const auto forget = [this](const auto* it) { worker_.held.erase(*it); };
    const std::unique_ptr<const decltype(place), decltype(forget)> owner(&place, forget);
    when([mailbox = worker_.mailbox, number](bool may_go) { mailbox->Say(number, may_go); });
    error_code ignored;
    co_await held.timer.async_wait(Into(ignored));
    co_return held.may_go.value_or(false);
  }

  static HttpResponse NotLogged() {
    HttpResponse response = {.status = 503,
                             .content_type = "text/plain",
                             .body = "the audit log does not have it: nothing is decided"};
    response.headers.emplace_back("Retry-After", "1");
    return response;
  }

  http::response<http::string_body> Finish(const http::request<http::string_body>& request,
                                           HttpResponse made) {
    const auto view = [](auto text) { return std::string_view(text.data(), text.size()); };
    const std::string_view request_id = view(request["X-Request-ID"]);
    http::response<http::string_body> response{static_cast<http::status>(made.status),
                                               request.version()};
    response.set(http::field::server, "ztp");
    response.set(http::field::content_type,
                 beast::string_view(made.content_type.data(), made.content_type.size()));
    response.set(http::field::cache_control, "no-store");
    if (!request_id.empty() && request_id.size() <= kMaxRequestId) {
      response.set("X-Request-ID", beast::string_view(request_id.data(), request_id.size()));
    }
    for (const auto& [name, value] : made.headers) {
      response.set(beast::string_view(name.data(), name.size()), value);
    }
    response.keep_alive(request.keep_alive() && !worker_.stopping);
    response.body() = std::move(made.body);
    response.prepare_payload();
    if (request.method() == http::verb::head) response.body().clear();  // the length stays
    shared_.metrics.Answered(made.status);
    return response;
  }

  asio::awaitable<void> Reject(error_code error) {
    const std::optional<http::status> status = StatusOf(error);
    if (!status) co_return;
    http::response<http::string_body> response{*status, 11};
    response.set(http::field::server, "ztp");
    response.set(http::field::content_type, "text/plain");
    response.keep_alive(false);
    response.body() = error.message();
    response.prepare_payload();
    shared_.metrics.Answered(response.result_int());
    error_code ignored;
    co_await http::async_write(stream_, response, Into(ignored));
  }

  static constexpr std::size_t kRead = 4096;

  Stream stream_;
  Worker& worker_;
  Shared& shared_;
  const std::size_t endpoint_;
  std::string peer_;  // PeerNameOf
  // What was read and is not yet part of a request.
  beast::flat_buffer buffer_{shared_.limits.max_header + kRead};
  std::list<Connection*>::iterator place_;
};

template <typename Stream>
asio::awaitable<void> Serve(std::unique_ptr<HttpConnection<Stream>> connection) {
  co_await connection->Run();
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(HttpLimits limits, unsigned threads, Metrics& metrics)
      : shared_{.limits = limits, .metrics = metrics} {
    for (unsigned i = 0; i < std::max(threads, 1U); ++i) {
      workers_.push_back(std::make_unique<Worker>());
    }
  }
  ~Impl() { Stop(std::chrono::seconds(0)); }

  absl::StatusOr<std::vector<Address>> Start(std::vector<HttpEndpoint> endpoints) {
    std::vector<Address> addresses;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
      const absl::Status opened =
          endpoints[i].address.is_unix() ? OpenUnix(endpoints[i], i) : OpenTcp(endpoints[i], i);
      if (!opened.ok()) {
        acceptors_.clear();
        return opened;
      }
      addresses.push_back(endpoints[i].address);
    }
    for (const auto& worker : workers_) {
      for (const HttpEndpoint& endpoint : endpoints) {
        worker->handlers.push_back(endpoint.make_handler());
      }
    }
    for (auto& acceptor : acceptors_) {
      std::visit([&](auto& open) { Spawn(open); }, acceptor);
    }
    for (const auto& worker : workers_) {
      worker->thread = std::thread([w = worker.get()] {
        const auto work = asio::make_work_guard(w->context);
        for (bool ended = false; !ended;) {
          try {
            w->context.run();
            ended = true;
          } catch (const std::exception& error) {  // out of what is posted: there is no memory
            LogEvent("a step failed", {{"problem", error.what()}});
          }
        }
      });
    }
    return addresses;
  }

  void Stop(std::chrono::seconds drain) {
    if (workers_.empty()) return;
    const auto deadline = std::chrono::steady_clock::now() + drain;
    asio::post(workers_.front()->context, [this] { CloseAcceptors(); });
    for (const auto& worker : workers_) {
      asio::post(worker->context, [w = worker.get()] {
        w->stopping = true;
        for (Connection* connection : w->connections) {
          if (connection->waits) connection->Cut();
        }
      });
    }
    while (shared_.connections.load(std::memory_order_relaxed) > 0 &&
           std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    for (const auto& worker : workers_) worker->context.stop();
    for (const auto& worker : workers_) {
      if (worker->thread.joinable()) worker->thread.join();
      worker->Leave();
    }
    acceptors_.clear();
    for (const std::string& path : unix_paths_) unlink(path.c_str());
    unix_paths_.clear();
    workers_.clear();
  }

 private:
  template <typename Protocol>
  struct Acceptor {
    asio::basic_socket_acceptor<Protocol> socket;
    Tls* tls;
    std::size_t endpoint;
  };

  absl::Status OpenTcp(HttpEndpoint& endpoint, std::size_t index) {
    error_code error;
    const tcp::endpoint where(asio::ip::make_address(endpoint.address.host), endpoint.address.port);
    asio::basic_socket_acceptor<tcp> socket(workers_.front()->context);
    socket.open(where.protocol(), error);
    if (!error) socket.set_option(asio::socket_base::reuse_address(true), error);
    if (!error && where.address().is_v6()) {
      socket.set_option(asio::ip::v6_only(!where.address().is_unspecified()), error);
    }
    if (!error) socket.bind(where, error);
    if (!error) socket.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return OsError(Cat("cannot listen at ", endpoint.address.ToString()), error.value());
    }
    endpoint.address.port = socket.local_endpoint(error).port();
    Tls* const tls = endpoint.tls != nullptr && endpoint.tls->used() ? endpoint.tls : nullptr;
    acceptors_.emplace_back(Acceptor<tcp>{std::move(socket), tls, index});
    return absl::OkStatus();
  }

  absl::Status OpenUnix(const HttpEndpoint& endpoint, std::size_t index) {
    const std::string& path = endpoint.address.unix_path;
    error_code error;
    const unix_protocol::endpoint where(path);
    ZTP_RETURN_IF_ERROR(RemoveStaleSocket(path));
    asio::basic_socket_acceptor<unix_protocol> socket(workers_.front()->context);
    socket.open(where.protocol(), error);
    // Nobody may connect before the mode is what was asked for.
    const mode_t before = umask(0177);
    if (!error) socket.bind(where, error);
    umask(before);
    if (!error && chmod(path.c_str(), endpoint.unix_mode) != 0) {
      error.assign(errno, boost::system::system_category());
    }
    if (!error) socket.listen(asio::socket_base::max_listen_connections, error);
    if (error) return OsError(Cat("cannot listen at unix:", path), error.value());
    unix_paths_.push_back(path);
    acceptors_.emplace_back(Acceptor<unix_protocol>{std::move(socket), nullptr, index});
    return absl::OkStatus();
  }

  template <typename Protocol>
  void Spawn(Acceptor<Protocol>& acceptor) {
    asio::co_spawn(workers_.front()->context, Accept(acceptor),
                   [this, &acceptor](const std::exception_ptr& thrown) {
                     if (thrown != nullptr) Spawn(acceptor);  // goes on
                   });
  }

  template <typename Protocol>
  asio::awaitable<void> Accept(Acceptor<Protocol>& acceptor) {
    while (acceptor.socket.is_open()) {
      Worker& worker = *workers_[next_++ % workers_.size()];
      error_code error;
      auto socket =
          co_await acceptor.socket.async_accept(worker.context.get_executor(), Into(error));
      if (error == asio::error::operation_aborted) co_return;
      if (error) {  // no more descriptors, mostly: wait until there are
        asio::steady_timer timer(workers_.front()->context, kPauseWhenFull);
        error_code ignored;
        co_await timer.async_wait(Into(ignored));
        continue;
      }
      if (shared_.connections.fetch_add(1, std::memory_order_relaxed) >=
          shared_.limits.max_connections) {
        shared_.connections.fetch_sub(1, std::memory_order_relaxed);
        shared_.metrics.TurnedAway();
        continue;  // closes it
      }
      Hand(std::move(socket), worker, acceptor);
    }
  }

  // Gives the connection to its thread.
  template <typename Protocol, typename Socket>
  void Hand(Socket socket, Worker& worker, const Acceptor<Protocol>& acceptor) {
    asio::post(worker.context, [this, &worker, tls = acceptor.tls, endpoint = acceptor.endpoint,
                                socket = std::move(socket)]() mutable {
      if constexpr (std::is_same_v<Protocol, tcp>) {
        error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        if (tls != nullptr) {
          using Stream = beast::ssl_stream<beast::tcp_stream>;
          const auto context = tls->Context();
          return Begin<Stream>(Stream(beast::tcp_stream(std::move(socket)), *context), worker,
                               endpoint);
        }
        Begin<beast::tcp_stream>(beast::tcp_stream(std::move(socket)), worker, endpoint);
      } else {
        using Stream = beast::basic_stream<unix_protocol>;
        Begin<Stream>(Stream(std::move(socket)), worker, endpoint);
      }
    });
  }

  template <typename Stream>
  void Begin(Stream stream, Worker& worker, std::size_t endpoint) {
    auto connection =
        std::make_unique<HttpConnection<Stream>>(std::move(stream), worker, shared_, endpoint);
    // What it throws (there is no memory, mostly) ends this connection, and allows nothing.
    asio::co_spawn(worker.context, Serve<Stream>(std::move(connection)), [](std::exception_ptr) {});
  }

  void CloseAcceptors() {
    for (auto& acceptor : acceptors_) {
      std::visit(
          [](auto& open) {
            error_code ignored;
            open.socket.close(ignored);
          },
          acceptor);
    }
  }

  Shared shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::list<std::variant<Acceptor<tcp>, Acceptor<unix_protocol>>> acceptors_;
  std::vector<std::string> unix_paths_;
  std::size_t next_ = 0;
};

HttpServer::HttpServer(HttpLimits limits, unsigned threads, Metrics& metrics)
    : impl_(std::make_unique<Impl>(limits, threads, metrics)) {}
HttpServer::~HttpServer() = default;

absl::StatusOr<std::vector<Address>> HttpServer::Start(std::vector<HttpEndpoint> endpoints) {
  return impl_->Start(std::move(endpoints));
}

void HttpServer::Stop(std::chrono::seconds drain) { impl_->Stop(drain); }

}  // namespace ztp::server
