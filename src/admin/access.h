// Who may do what by HTTP. Whoever can open the control socket (mode 0600) may do everything. At
// ui_port: without a `username` everybody may look and nobody may change; with one, everything
// under /api but two paths asks for it by Basic authentication (RFC 7617). Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace malleposte::admin {

class Access {
 public:
  Access(std::string username, std::string password);

  // The answer for who is not logged in; empty: go on. Asked before anything is said about what
  // exists.
  std::optional<net::HttpResponse> refuse_stranger(const net::HttpRequest& request) const;
  // The answer for a change that is not allowed from there; empty: go on. A browser must not be
  // talked into changes by another site: they need Content-Type application/json, which a foreign
  // page cannot send unasked, and must not say that they come from another site.
  std::optional<net::HttpResponse> refuse_change(const net::HttpRequest& request) const;

  // Who asks, for records: the user who has logged in, and from where.
  std::string who(const net::HttpRequest& request) const;

  // Nobody can change anything at ui_port.
  bool read_only() const { return username_.empty(); }

 private:
  bool logged_in(const net::HttpRequest& request) const;

  std::string username_;
  std::string password_;
};

// Takes the same time wherever the texts differ; `given` alone decides how long.
bool equal_in_constant_time(std::string_view given, std::string_view expected);
// RFC 4648 4, with padding; empty when the text is not base64.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace malleposte::admin
