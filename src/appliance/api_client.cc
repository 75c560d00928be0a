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
  return ApiClient([socket_path](const net::HttpRequest& request) -> Result<net::HttpResponse> {
    auto response = net::http_over_unix(socket_path, request, answer_timeout);
    if (!response && response.error().fault == Fault::resource)
      return fail(
          Fault::resource,
          fmt::format("No server answers on {}; start it with `malleposte run`.", socket_path));
    return response;
  });
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

Result<std::string> ApiClient::call(net::HttpRequest request) const {
  auto response = transport_(request);
  if (!response) return tl::make_unexpected(response.error());
  if (response->status != 200) return fail(Fault::peer, error_text(*response));
  return std::move(response->body);
}

}  // namespace malleposte::appliance
