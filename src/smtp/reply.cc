#include "smtp/reply.h"

#include <cassert>
#include <charconv>

namespace malleposte::smtp {
namespace {

void append_code(std::string& out, int code) {
  assert(code >= 200 && code <= 599);
  char digits[3];
  std::to_chars(digits, digits + 3, code);
  out.append(digits, 3);
}

void append_text(std::string& out, std::string_view text) {
  for (const char c : text) out.push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
}

void append_line(std::string& out, const Reply& reply, std::string_view text, char separator) {
  append_code(out, reply.code);
  out.push_back(separator);
  if (!reply.status.empty()) {
    out.append(reply.status);
    out.push_back(' ');
  }
  append_text(out, text);
  out.append("\r\n");
}

}  // namespace

Reply reply(int code, std::string_view status, std::string_view text) {
  return Reply{code, std::string(status), {std::string(text)}};
}

Reply reply(Limit limit) {
  const LimitRow& at = row(limit);
  return reply(at.code, at.status, at.text);
}

void append_wire(std::string& out, const Reply& reply) {
  if (reply.lines.empty()) {
    append_line(out, reply, "", ' ');
    return;
  }
  for (std::size_t i = 0; i < reply.lines.size(); ++i) {
    append_line(out, reply, reply.lines[i], i + 1 == reply.lines.size() ? ' ' : '-');
  }
}

std::string to_wire(const Reply& reply) {
  std::string out;
  append_wire(out, reply);
  return out;
}

std::string to_string(const Reply& reply) {
  std::string out;
  append_code(out, reply.code);
  if (!reply.status.empty()) {
    out.push_back(' ');
    out.append(reply.status);
  }
  for (const std::string& line : reply.lines) {
    if (line.empty()) continue;
    out.push_back(' ');
    append_text(out, line);
  }
  return out;
}

}  // namespace malleposte::smtp
