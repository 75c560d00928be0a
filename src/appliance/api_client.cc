#include "appliance/api_client.h"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace malleposte::appliance {
namespace {

// An action on a million messages takes its time; a server that is gone is noticed at once.
constexpr Duration answer_timeout = std::chrono::minutes(10);

std::string error_text(const net::HttpResponse& response) {
  boost::json::error_code error;
  const auto document = boost::json::parse(response.body, error);
  if (!error && document.is_object())
    if (const auto* text = document.get_object().if_contains("error"); text && text->is_string())
      return std::string(text->get_string().data(), text->get_string().size());
  return fmt::format("The server answered {}.", response.status);
}

}  // namespace

ApiClient ApiClient::over(const std::string& socket_path) {
  const auto streams = [socket_path](const net::HttpRequest& request,
                                     const net::HttpPieces& pieces) -> Result<net::HttpResponse> {
    auto response = net::http_over_unix(socket_path, request, answer_timeout, pieces);
    if (!response && response.error().fault == Fault::resource)
      return fail(
          Fault::resource,
          fmt::format("No server answers on {}; start it with `malleposte run`.", socket_path));
    return response;
  };
  return ApiClient([streams](const net::HttpRequest& request) { return streams(request, {}); },
                   streams);
}

Result<std::string> ApiClient::get(const std::string& path, const Query& query) const {
  net::HttpRequest request;
  request.method = "GET";
  request.path = "/api/v1/" + path;
  request.query = query;
  return call(std::move(request));
}

Result<std::string> ApiClient::post(const std::string& path, std::string body) const {
  net::HttpRequest request;
  request.method = "POST";
  request.path = "/api/v1/" + path;
  request.headers.emplace("content-type", "application/json");
  request.body = std::move(body);
  return call(std::move(request));
}

Result<std::string> ApiClient::remove(const std::string& path) const {
  net::HttpRequest request;
  request.method = "DELETE";
  request.path = "/api/v1/" + path;
  request.headers.emplace("content-type", "application/json");
  return call(std::move(request));
}

Result<net::HttpBody::Fields> ApiClient::download(
    const std::string& path, const Query& query,
    const std::function<Result<void>(std::string_view)>& received) const {
  net::HttpRequest request;
  request.method = "GET";
  request.path = "/api/v1/" + path;
  request.query = query;
  auto response = streams_(request, {{}, received});
  if (!response) return tl::make_unexpected(response.error());
  if (response->status != 200) return fail(Fault::peer, error_text(*response));
  return std::move(response->headers);
}

Result<std::string> ApiClient::upload(const std::string& path, const std::string& content_type,
                                      const std::function<Result<std::string>()>& next) const {
  net::HttpRequest request;
  request.method = "POST";
  request.path = "/api/v1/" + path;
  request.headers.emplace("content-type", content_type);
  auto response = streams_(request, {next, {}});
  if (!response) return tl::make_unexpected(response.error());
  if (response->status != 200) return fail(Fault::peer, error_text(*response));
  return std::move(response->body);
}

Result<std::string> ApiClient::call(net::HttpRequest request) const {
  auto response = transport_(request);
  if (!response) return tl::make_unexpected(response.error());
  if (response->status != 200) return fail(Fault::peer, error_text(*response));
  return std::move(response->body);
}

ApiClient::Query query_of(const QueueFilter& filter) {
  ApiClient::Query query;
  const auto add = [&query](const char* name, const std::string& value) {
    if (!value.empty()) query.emplace(name, value);
  };
  add("sender", filter.sender);
  add("recipient", filter.recipient);
  add("domain", filter.domain);
  add("site", filter.site);
  add("state", filter.state);
  add("older_than", filter.older_than);
  add("younger_than", filter.younger_than);
  add("larger_than", filter.larger_than);
  add("smaller_than", filter.smaller_than);
  add("reply", filter.reply);
  add("class", filter.outcome_class);
  return query;
}

}  // namespace malleposte::appliance
