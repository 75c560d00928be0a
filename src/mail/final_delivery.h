// What a message becomes as it goes into a mailbox (RFC 5321 4.4, final delivery): our trace in
// front of it, no Return-Path but ours, and lines that end as they do in files. Pure; deliver/ has
// one for each mailbox that a message goes into.
#pragma once

#include <string>
#include <string_view>

#include "mail/address.h"
#include "mail/header_reader.h"
#include "mail/loop_detector.h"

namespace malleposte::mail {

// Return-Path with the reverse-path (RFC 5321 4.4), and Delivered-To with the recipient (RFC 9228),
// by which LoopDetector knows it if it comes back. Lines end with LF.
std::string final_delivery_fields(const Address& reverse_path, const Address& recipient);

// The content behind those fields. Fields called Return-Path that came with the message are left
// out: each was true at another time or was made up. CRLF becomes LF; what else there is stays.
class FinalContent {
 public:
  // `hostname`: ours, as for LoopDetector.
  explicit FinalContent(std::string_view hostname) : loops_(hostname) {}

  // Appends what is to be written for the next piece of the content, cut anywhere.
  void pass(std::string_view content, std::string& to);
  // The content is over: what was held back.
  void end(std::string& to);
  // Whether this recipient has had the message, from us (RFC 9228), before it came here this time:
  // the Received field of its coming, the first of all, does not count. Only when enough has passed
  // to know: the whole header, or all.
  bool delivered_before(const Recipient& recipient) const;

 private:
  void keep(std::string_view octets, std::string& to);

  HeaderReader header_;
  LoopDetector loops_;
  bool first_field_ = true;
  bool of_this_time_ = false;  // the field is the trace of its coming here
  std::string undecided_;      // the beginning of a line, which may be a field
  bool leaves_out_ = false;
  bool cr_ = false;  // held back: an LF may follow
};

}  // namespace malleposte::mail
