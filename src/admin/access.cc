#include "admin/access.h"

#include <algorithm>
#include <cctype>

#include "admin/answer.h"
#include "base/ascii.h"

namespace malleposte::admin {
namespace {

std::string_view header(const net::HttpRequest& request, const std::string& name) {
  auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string_view() : std::string_view(found->second);
}

bool is_json(std::string_view content_type) {
  auto type = lowered(content_type.substr(0, content_type.find(';')));
  while (type.ends_with(' ')) type.pop_back();
  return type == "application/json";
}

// These two need no log-in: one describes the API, the other will be how to log in.
bool open_to_all(const net::HttpRequest& request) {
  return request.path == "/api/v1/openapi.json" ||
         (request.path == "/api/v1/session" && request.method == "POST");
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

}  // namespace

bool equal_in_constant_time(std::string_view given, std::string_view expected) {
  unsigned difference = given.size() == expected.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    unsigned other =
        expected.empty() ? 0U : static_cast<unsigned char>(expected[i % expected.size()]);
    difference |= static_cast<unsigned char>(given[i]) ^ other;
  }
  return difference == 0;
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::string result;
  unsigned bits = 0;
  unsigned count = 0;
  for (char c : text) {
    int value = base64_value(c);
    if (value < 0) return std::nullopt;
    bits = (bits << 6U) | static_cast<unsigned>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      result += static_cast<char>((bits >> count) & 0xffU);
    }
  }
  return result;
}

Access::Access(std::string username, std::string password)
    : username_(std::move(username)), password_(std::move(password)) {}

bool Access::logged_in(const net::HttpRequest& request) const {
  // A password that was never set, or that is stored as a hash, is no password to compare with.
  if (password_.empty() || password_.starts_with('$')) return false;
  auto value = header(request, "authorization");
  if (lowered(value.substr(0, 6)) != "basic ") return false;
  value.remove_prefix(6);
  while (value.starts_with(' ')) value.remove_prefix(1);
  auto credentials = decode_base64(value);
  if (!credentials) return false;
  auto colon = credentials->find(':');
  if (colon == std::string::npos) return false;
  std::string_view given = *credentials;
  bool name_fits = equal_in_constant_time(given.substr(0, colon), username_);
  bool password_fits = equal_in_constant_time(given.substr(colon + 1), password_);
  return name_fits & password_fits;
}

std::optional<net::HttpResponse> Access::refuse_stranger(const net::HttpRequest& request) const {
  if (request.control_socket || username_.empty()) return std::nullopt;
  if (request.path != "/api" && !request.path.starts_with("/api/")) return std::nullopt;
  if (open_to_all(request) || logged_in(request)) return std::nullopt;
  auto response = error_answer(401, "Log in with the user name and password of this server.");
  response.headers.emplace_back("WWW-Authenticate",
                                "Basic realm=\"Malleposte\", charset=\"UTF-8\"");
  return response;
}

std::optional<net::HttpResponse> Access::refuse_change(const net::HttpRequest& request) const {
  if (request.control_socket) return std::nullopt;
  if (read_only())
    return error_answer(403,
                        "Nothing can be changed here, since no user name is set. Use the command "
                        "line (malleposte queue ...) on the server, or set the properties username "
                        "and password.");
  auto site = header(request, "sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none")
    return error_answer(403, "Another web site asked for this change.");
  if (!is_json(header(request, "content-type")))
    return error_answer(415, "A change needs the header Content-Type: application/json.");
  return std::nullopt;
}

std::string Access::who(const net::HttpRequest& request) const {
  if (request.control_socket || username_.empty() || !logged_in(request)) return request.peer;
  return username_ + " at " + request.peer;
}

}  // namespace malleposte::admin
