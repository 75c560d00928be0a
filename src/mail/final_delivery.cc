#include "mail/final_delivery.h"

#include <utility>

namespace malleposte::mail {

std::string final_delivery_fields(const Address& reverse_path, const Address& recipient) {
  return "Return-Path: <" + to_string(reverse_path) + ">\nDelivered-To: " + to_string(recipient) +
         '\n';
}

void FinalContent::pass(std::string_view content, std::string& to) {
  if (header_.ended()) return keep(content, to);
  header_.feed(content);
  std::size_t at = 0;  // what is before that was dealt with
  for (;;) {
    const auto event = header_.next();
    const auto read = content.substr(at, content.size() - header_.rest().size() - at);
    switch (event) {
      case HeaderReader::Event::need_input:
        undecided_ += read;
        return;
      case HeaderReader::Event::field:
        of_this_time_ =
            std::exchange(first_field_, false) && same_field(header_.name(), "Received");
        if (!of_this_time_) loops_.field(header_.name());
        leaves_out_ = same_field(header_.name(), "Return-Path");
        undecided_ += read;
        if (!leaves_out_) keep(undecided_, to);
        undecided_.clear();
        break;
      case HeaderReader::Event::value:
        if (!of_this_time_) loops_.value(read);
        if (!leaves_out_) keep(read, to);
        break;
      case HeaderReader::Event::end:
        loops_.header_ended();
        keep(undecided_, to);
        undecided_.clear();
        keep(content.substr(at), to);
        return;
    }
    at += read.size();
  }
}

void FinalContent::end(std::string& to) {
  loops_.header_ended();
  keep(undecided_, to);
  if (cr_) to += '\r';
}

bool FinalContent::delivered_before(const Recipient& recipient) const {
  return loops_.delivered_before(std::span(&recipient, 1));
}

void FinalContent::keep(std::string_view octets, std::string& to) {
  while (!octets.empty()) {
    if (cr_ && octets.front() != '\n') to += '\r';
    const auto cr = octets.find('\r');
    cr_ = cr != std::string_view::npos;
    to += octets.substr(0, cr);
    octets.remove_prefix(cr_ ? cr + 1 : octets.size());
  }
}

}  // namespace malleposte::mail
