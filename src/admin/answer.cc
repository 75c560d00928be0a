#include "admin/answer.h"

#include "monitor/line_text.h"

namespace malleposte::admin {
namespace {

unsigned status_of(Fault fault) {
  switch (fault) {
    case Fault::peer:
      return 400;
    case Fault::resource:
      return 409;
    case Fault::deadline:
    case Fault::disk:
    case Fault::damage:
    case Fault::configuration:
      return 500;
  }
  return 500;
}

}  // namespace

net::HttpResponse json_answer(std::string body) {
  net::HttpResponse response;
  response.body = std::move(body);
  return response;
}

net::HttpResponse text_answer(std::string body) {
  net::HttpResponse response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(body);
  return response;
}

net::HttpResponse error_answer(unsigned status, std::string_view text) {
  net::HttpResponse response;
  response.status = status;
  response.body = "{\"error\":";
  monitor::append_json(response.body, text);
  response.body += "}\n";
  return response;
}

net::HttpResponse error_answer(const Error& error) {
  return error_answer(status_of(error.fault), error.text);
}

}  // namespace malleposte::admin
