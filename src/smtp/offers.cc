#include "smtp/offers.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/limits.h"
#include "smtp/utc_time.h"
#include "smtp/xclient.h"

namespace malleposte::smtp {

Offers Offers::to_client(bool trusted) {
  Offers offers;
  offers.deliver_by = offers.future_release = offers.mt_priority = trusted;
  return offers;
}

bool Offers::withhold(std::string_view keyword) {
  const std::pair<std::string_view, bool Offers::*> all[] = {
      {"PIPELINING", &Offers::pipelining},
      {"8BITMIME", &Offers::eight_bit_mime},
      {"ENHANCEDSTATUSCODES", &Offers::enhanced_status},
      {"CHUNKING", &Offers::chunking},
      {"BINARYMIME", &Offers::binary_mime},
      {"SMTPUTF8", &Offers::smtputf8},
      {"DSN", &Offers::dsn},
      {"DELIVERBY", &Offers::deliver_by},
      {"FUTURERELEASE", &Offers::future_release},
      {"MT-PRIORITY", &Offers::mt_priority},
      {"ETRN", &Offers::etrn},
  };
  const auto* known = std::find_if(std::begin(all), std::end(all),
                                   [&](const auto& one) { return one.first == keyword; });
  if (known == std::end(all)) return false;
  this->*known->second = false;
  smtputf8 &= eight_bit_mime;  // RFC 6531 3.1
  binary_mime &= chunking;     // RFC 3030 3
  return true;
}

void append_ehlo_answer(std::string& out, std::string_view hostname, const Offers& offers,
                        const OfferedLimits& numbers) {
  const auto line = [&out](bool offered, std::string_view text) {
    if (offered) out.append("250-").append(text).append("\r\n");
  };
  line(true, hostname);
  line(offers.pipelining, "PIPELINING");
  line(offers.eight_bit_mime, "8BITMIME");
  line(offers.enhanced_status, "ENHANCEDSTATUSCODES");
  line(offers.chunking, "CHUNKING");
  line(offers.binary_mime, "BINARYMIME");
  line(offers.smtputf8, "SMTPUTF8");
  line(offers.dsn, "DSN");
  line(offers.deliver_by, "DELIVERBY");
  if (offers.future_release) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limits::future_release);
    line(true, "FUTURERELEASE " + std::to_string(seconds.count()) + ' ' +
                   utc_time(numbers.now + limits::future_release));
  }
  line(offers.mt_priority, "MT-PRIORITY");
  line(offers.etrn, "ETRN");
  line(offers.xclient, offer(Extension::xclient));
  line(offers.xforward, offer(Extension::xforward));
  line(true, "HELP");
  // RFC 9422 4.3: at most six digits; who may send more recipients than that needs no number.
  line(numbers.recipients <= 999'999, "LIMITS RCPTMAX=" + std::to_string(numbers.recipients));
  out.append("250 SIZE");
  if (numbers.size != 0) out.append(" ").append(std::to_string(numbers.size));
  out.append("\r\n");
}

}  // namespace malleposte::smtp
