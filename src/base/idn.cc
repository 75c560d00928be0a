#include "base/idn.h"

#include <idn2.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/utf8.h"

namespace malleposte {
namespace {

constexpr std::size_t label_octets = 63;    // RFC 1035 2.3.4
constexpr std::size_t domain_octets = 253;  // the 255 of RFC 1035 2.3.4, written with dots
constexpr std::string_view prefix = "xn--";

// What is wrong with the letters behind an A-label, not with the A-label.
bool only_disallowed(int error) {
  switch (error) {
    case IDN2_NOT_NFC:
    case IDN2_LEADING_COMBINING:
    case IDN2_DISALLOWED:
    case IDN2_CONTEXTJ:
    case IDN2_CONTEXTJ_NO_RULE:
    case IDN2_CONTEXTO:
    case IDN2_CONTEXTO_NO_RULE:
    case IDN2_UNASSIGNED:
    case IDN2_BIDI:
      return true;
    default:
      return false;
  }
}

// Appends the label's ASCII form; it is in lower case as far as it is ASCII.
bool append_label(std::string& out, const std::string& label) {
  const bool ascii = is_ascii(label);
  const bool a_label = ascii && label.starts_with(prefix);
  if (ascii && !a_label) {
    out += label;
    return label.size() <= label_octets;
  }
  // RFC 5891 4.2.3.1, which libidn2 checks only together with the mappings that we do not want.
  if (!ascii && (label.front() == '-' || label.back() == '-')) return false;
  std::uint8_t* found = nullptr;
  const int error = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(label.c_str()), &found,
                                   IDN2_NO_TR46 | IDN2_ALABEL_ROUNDTRIP);
  if (error == IDN2_OK) out += reinterpret_cast<const char*>(found);
  idn2_free(found);
  if (error == IDN2_OK) return true;
  if (!a_label || !only_disallowed(error)) return false;
  out += label;
  return label.size() <= label_octets;
}

}  // namespace

std::optional<std::string> to_a_labels(std::string_view domain) {
  // libidn2 reads to a NUL, and would see another domain than we do.
  if (domain.size() > 4 * domain_octets || domain.find('\0') != std::string_view::npos) return {};
  const auto lower = lowered(domain);
  std::string out;
  for (std::size_t at = 0;; ++at) {
    const std::size_t dot = std::min(lower.find('.', at), lower.size());
    if (!append_label(out, lower.substr(at, dot - at))) return {};
    if (dot == lower.size()) break;
    out.push_back('.');
    at = dot;
  }
  if (out.size() > domain_octets) return {};
  return out;
}

}  // namespace malleposte
