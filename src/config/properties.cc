#include "config/properties.h"

#include <algorithm>
#include <vector>

namespace malleposte::config {
namespace {

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

const Property* find_property(std::string_view name) {
  for (const Property& property : properties())
    if (property.name == name) return &property;
  return nullptr;
}

const Property* nearest_property(std::string_view name) {
  const Property* nearest = nullptr;
  // Two slips in a short name leave nothing of it.
  std::size_t best = (name.size() < 4 ? 1 : std::max<std::size_t>(2, name.size() / 3)) + 1;
  for (const Property& property : properties()) {
    const std::size_t d = distance(name, property.name);
    if (d < best) {
      best = d;
      nearest = &property;
    }
  }
  return nearest;
}

std::string type_text(const Property& property) {
  switch (property.type) {
    case Type::text:
      return "text";
    case Type::yes_no:
      return "yes or no";
    case Type::port:
      return "port, 1 to 65535";
    case Type::duration:
      return "duration, as in 30s, 5m, 4h, 5d";
    case Type::size:
      return "size, as in 64KB, 50MB, 1GB";
    case Type::number:
      return "number";
    case Type::address:
      return "address or interface";
    case Type::address_list:
      return "list of addresses";
    case Type::network_list:
      return "list of networks, as in 192.0.2.0/24";
    case Type::domain:
      return "domain name";
    case Type::domain_list:
      return "list of domains";
    case Type::next_hop_list:
      return "list of next hops: domain[:port] or [host][:port]";
    case Type::mailbox:
      return "mail address";
    case Type::file:
      return "file";
    case Type::directory:
      return "directory";
    case Type::choice: {
      std::string text(property.choices);
      std::string spaced;
      for (char c : text) {
        if (c == '|')
          spaced += " or ";
        else
          spaced += c;
      }
      return spaced;
    }
  }
  return {};
}

}  // namespace malleposte::config
