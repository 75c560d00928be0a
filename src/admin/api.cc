#include "admin/api.h"

#include <fmt/format.h>

#include <optional>

#include "admin/answer.h"
#include "admin/openapi.h"
#include "admin/store_figures.h"
#include "base/limits.h"

namespace malleposte::admin {

// A route is a method, a path of which the last part may be {id}, and what answers. `id` is that
// part of the request's path.
struct Api::Entry {
  using Handler = Task<net::HttpResponse> (*)(Api& api, const net::HttpRequest& request,
                                              std::string id);
  std::string_view method;
  std::string_view path;
  Handler handler;
};

namespace {

constexpr std::string_view id_part = "{id}";

// The part that stands for {id}, "" for a path without one; empty when the path is another.
std::optional<std::string> match(std::string_view pattern, std::string_view path) {
  if (!pattern.ends_with(id_part))
    return pattern == path ? std::optional<std::string>("") : std::nullopt;
  pattern.remove_suffix(id_part.size());
  if (!path.starts_with(pattern) || path.size() == pattern.size()) return std::nullopt;
  auto rest = path.substr(pattern.size());
  if (rest.find('/') != std::string_view::npos) return std::nullopt;
  return std::string(rest);
}

Task<net::HttpResponse> ready(net::HttpResponse response) {
  co_return response;
}

}  // namespace

// The entry of an operation on the queue.
template <spool::Operation operation>
Task<net::HttpResponse> Api::operate(Api& api, const net::HttpRequest& request, std::string) {
  return api.queue_.operate(operation, request);
}

const std::vector<Api::Entry>& Api::table() {
  using Request = net::HttpRequest;
  using spool::Operation;
  static const std::vector<Entry> entries{
      {"GET", "/", [](Api& api, const Request&, std::string) { return ready(api.front_page()); }},
      {"GET", "/metrics",
       [](Api& api, const Request&, std::string) { return ready(api.metrics()); }},
      {"GET", "/api/v1/openapi.json",
       [](Api&, const Request&, std::string) { return ready(json_answer(openapi_document())); }},
      {"GET", "/api/v1/status",
       [](Api& api, const Request&, std::string) { return api.status_.get(); }},
      {"GET", "/api/v1/queue/messages",
       [](Api& api, const Request& request, std::string) { return api.queue_.list(request); }},
      {"GET", "/api/v1/queue/messages/{id}",
       [](Api& api, const Request&, std::string id) { return api.queue_.one(std::move(id)); }},
      {"GET", "/api/v1/queue/count",
       [](Api& api, const Request& request, std::string) { return api.queue_.count(request); }},
      {"GET", "/api/v1/queue/export",
       [](Api& api, const Request& request, std::string) {
         return api.spool_.export_queue(request);
       }},
      {"POST", import_path,
       [](Api& api, const Request& request, std::string) {
         return api.spool_.import_queue(request);
       }},
      {"GET", "/api/v1/queue/destinations",
       [](Api& api, const Request& request, std::string) {
         return api.destinations_.destinations(request);
       }},
      {"POST", "/api/v1/queue/flush", operate<Operation::flush>},
      {"POST", "/api/v1/queue/hold", operate<Operation::hold>},
      {"POST", "/api/v1/queue/release", operate<Operation::release>},
      {"POST", "/api/v1/queue/delete", operate<Operation::remove>},
      {"POST", "/api/v1/queue/undelete", operate<Operation::restore>},
      {"POST", "/api/v1/queue/bounce", operate<Operation::bounce>},
      {"POST", "/api/v1/queue/reroute", operate<Operation::reroute>},
      {"POST", "/api/v1/queue/lifetime", operate<Operation::lifetime>},
      {"GET", "/api/v1/orders",
       [](Api& api, const Request&, std::string) { return ready(api.orders_.list()); }},
      {"POST", "/api/v1/orders",
       [](Api& api, const Request& request, std::string) { return api.orders_.give(request); }},
      {"DELETE", "/api/v1/orders/{id}",
       [](Api& api, const Request& request, std::string number) {
         return api.orders_.cancel(request, std::move(number));
       }},
      {"GET", "/api/v1/sites",
       [](Api& api, const Request&, std::string) { return ready(api.destinations_.sites()); }},
      {"GET", "/api/v1/why",
       [](Api& api, const Request& request, std::string) { return api.why_.get(request); }},
      {"GET", "/api/v1/route",
       [](Api& api, const Request& request, std::string) { return api.dns_.route(request); }},
      {"GET", "/api/v1/test",
       [](Api& api, const Request& request, std::string) { return api.rehearsal_.get(request); }},
      {"GET", "/api/v1/dns/lookup",
       [](Api& api, const Request& request, std::string) { return api.dns_.lookup(request); }},
      {"POST", "/api/v1/dns/flush",
       [](Api& api, const Request& request, std::string) {
         return ready(api.dns_.flush(request));
       }},
  };
  return entries;
}

Api::Api(Options options, Parts parts)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      access_(options_.username, options_.password),
      queue_(parts_.loop, parts_.store, parts_.sites, parts_.record),
      spool_(parts_.loop, parts_.store, parts_.sites, parts_.record),
      status_(options_.identity, parts_.loop, parts_.store, parts_.notices, parts_.queue_times,
              parts_.listeners),
      dns_(parts_.names, parts_.sites, parts_.record),
      orders_(parts_.loop, parts_.store, parts_.record),
      destinations_(parts_.store, parts_.sites),
      why_(options_.identity, parts_.loop, parts_.store, parts_.sites),
      rehearsal_(parts_.rehearse, parts_.store, parts_.names, parts_.sites) {}

std::vector<Api::Route> Api::routes() {
  std::vector<Route> routes;
  for (const auto& entry : table()) routes.push_back({entry.method, entry.path});
  return routes;
}

Task<net::HttpResponse> Api::handle(net::HttpRequest request) {
  // The server sends the header of GET's answer and drops its body (RFC 9110 9.3.2).
  if (request.method == "HEAD") request.method = "GET";
  auto response = co_await answer(request);
  // What is shown is true now and for whoever asked; and it is never a page of ours to run.
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  co_return response;
}

Task<net::HttpResponse> Api::answer(net::HttpRequest& request) {
  if (auto refused = access_.refuse_stranger(request)) co_return *refused;
  request.peer = access_.who(request);
  const Entry* found = nullptr;
  std::string id;
  std::string allowed;
  for (const auto& entry : table()) {
    auto part = match(entry.path, request.path);
    if (!part) continue;
    if (entry.method == request.method) {
      found = &entry;
      id = *part;
    }
    allowed += allowed.empty() ? "" : ", ";
    allowed += entry.method;
    if (entry.method == "GET") allowed += ", HEAD";
  }
  if (allowed.empty())
    co_return error_answer(404,
                           "There is nothing at this path; /api/v1/openapi.json lists what "
                           "there is.");
  if (found == nullptr) {
    auto response = error_answer(405, fmt::format("This path takes {} only.", allowed));
    response.headers.emplace_back("Allow", allowed);
    co_return response;
  }
  if (request.method != "GET")
    if (auto refused = access_.refuse_change(request)) co_return *refused;
  if (request.body.size() > limits::http_body_octets)
    co_return error_answer(
        413, fmt::format("The body has more than {} octets.", limits::http_body_octets));
  co_return co_await found->handler(*this, request, std::move(id));
}

net::HttpResponse Api::metrics() const {
  auto figures = parts_.metrics.collect();
  store_figures(parts_.store, figures);
  limit_figures(figures);
  process_figures(options_.identity.version, status_.uptime(), figures);
  auto response = text_answer(to_prometheus(figures));
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return response;
}

net::HttpResponse Api::front_page() const {
  auto text = fmt::format(
      "Malleposte {} on {}\n{} messages in the queue\n\n"
      "/api/v1/status        how the server is\n"
      "/api/v1/openapi.json  everything the API offers\n"
      "/metrics              figures for Prometheus\n",
      options_.identity.version, options_.identity.hostname, parts_.store.counters().messages);
  if (access_.read_only())
    text +=
        "\nNothing can be changed here, since no user name is set. Changes are made by the\n"
        "command line, or here after setting the properties username and password.\n";
  return text_answer(std::move(text));
}

}  // namespace malleposte::admin
