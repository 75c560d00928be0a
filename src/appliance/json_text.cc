#include "appliance/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "appliance/console.h"

namespace malleposte::appliance {
namespace {

namespace json = boost::json;

const json::value* member(const json::object& object, std::string_view name) {
  return object.if_contains(json::string_view(name.data(), name.size()));
}

std::string written(const json::value& value) {
  if (value.is_bool()) return value.get_bool() ? "yes" : "no";
  return printable(value.is_string()
                       ? std::string(value.get_string().data(), value.get_string().size())
                       : json::serialize(value));
}

}  // namespace

Result<json::object> parse_object(const std::string& body) {
  json::error_code error;
  json::value document = json::parse(body, error);
  if (error || !document.is_object())
    return fail(Fault::peer, "The server's answer is no JSON object.");
  return std::move(document.get_object());
}

std::string text_of(const json::object& object, std::string_view name) {
  const auto* value = member(object, name);
  return value == nullptr || value->is_null() ? std::string() : written(*value);
}

std::uint64_t number_of(const json::object& object, std::string_view name) {
  const auto* value = member(object, name);
  if (value == nullptr || !value->is_number()) return 0;
  json::error_code error;
  const auto result = value->to_number<std::uint64_t>(error);
  return error ? 0 : result;
}

bool is_true(const json::object& object, std::string_view name) {
  const auto* value = member(object, name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::vector<json::object> objects(const json::object& object, std::string_view name) {
  std::vector<json::object> all;
  if (const auto* list = member(object, name); list && list->is_array())
    for (const auto& value : list->get_array())
      if (value.is_object()) all.push_back(value.get_object());
  return all;
}

std::vector<std::string> texts(const json::object& object, std::string_view name) {
  std::vector<std::string> all;
  if (const auto* list = member(object, name); list && list->is_array())
    for (const auto& value : list->get_array()) all.push_back(written(value));
  return all;
}

const json::object* object_in(const json::object& object, std::string_view name) {
  const auto* value = member(object, name);
  return value == nullptr ? nullptr : value->if_object();
}

std::string columns(const std::vector<std::vector<std::string>>& lines) {
  std::vector<std::size_t> widths;
  for (const auto& line : lines) {
    widths.resize(std::max(widths.size(), line.size()));
    for (std::size_t i = 0; i + 1 < line.size(); ++i)
      widths[i] = std::max(widths[i], line[i].size());
  }
  std::string out;
  for (const auto& line : lines) {
    std::string row;
    for (std::size_t i = 0; i < line.size(); ++i)
      row += fmt::format("  {:<{}}", line[i], i + 1 < line.size() ? widths[i] : 0);
    out += row.substr(0, row.find_last_not_of(' ') + 1) + '\n';
  }
  return out;
}

}  // namespace malleposte::appliance
