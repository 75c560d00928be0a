#include "mail/final_delivery.h"

#include <utility>

namespace malleposte::mail {

std::string final_delivery_fields(const Address& reverse_path, const Address& recipient) {
  return "Return-Path: <" + to_string(reverse_path) + ">\nDelivered-To: " + to_string(recipient) +
         '\n';
}

std::string_view FinalContent::pass(std::string_view content) {
  out_.clear();
  if (header_.ended()) {
    keep(content);
    return out_;
  }
  header_.feed(content);
  std::size_t at = 0;  // what is before that was dealt with
  for (;;) {
    const auto event = header_.next();
    const auto read = content.substr(at, content.size() - header_.rest().size() - at);
    switch (event) {
      case HeaderReader::Event::need_input:
        undecided_ += read;
        return out_;
      case HeaderReader::Event::field:
        of_this_time_ =
            std::exchange(first_field_, false) && same_field(header_.name(), "Received");
        if (!of_this_time_) loops_.field(header_.name());
        leaves_out_ = same_field(header_.name(), "Return-Path");
        undecided_ += read;
        if (!leaves_out_) keep(undecided_);
        undecided_.clear();
        break;
      case HeaderReader::Event::value:
        if (!of_this_time_) loops_.value(read);
        if (!leaves_out_) keep(read);
        break;
      case HeaderReader::Event::end:
        loops_.header_ended();
        keep(undecided_);
        undecided_.clear();
        keep(content.substr(at));
        return out_;
    }
    at += read.size();
  }
}

std::string_view FinalContent::end() {
  out_.clear();
  loops_.header_ended();
  keep(undecided_);
  if (cr_) out_ += '\r';
  return out_;
}

bool FinalContent::delivered_before(const Recipient& recipient) const {
  return loops_.delivered_before(std::span(&recipient, 1));
}

void FinalContent::keep(std::string_view octets) {
  while (!octets.empty()) {
    if (cr_ && octets.front() != '\n') out_ += '\r';
    const auto cr = octets.find('\r');
    cr_ = cr != std::string_view::npos;
    out_ += octets.substr(0, cr);
    octets.remove_prefix(cr_ ? cr + 1 : octets.size());
  }
}

}  // namespace malleposte::mail
