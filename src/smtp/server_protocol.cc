#include "smtp/server_protocol.h"

#include <cassert>
#include <charconv>
#include <optional>
#include <utility>

namespace malleposte::smtp {
namespace {

constexpr std::size_t flush_octets = 16 * 1024;  // of output that may gather

Reply fault_reply(DataDecoder::Fault fault) {
  switch (fault) {
    case DataDecoder::Fault::bare_lf:
      return reply(550, "5.6.11", "The message has a line feed without carriage return.");
    case DataDecoder::Fault::bare_cr:
      return reply(550, "5.6.11", "The message has a carriage return without line feed.");
    case DataDecoder::Fault::nul:
      return reply(550, "5.6.11", "The message has a NUL character.");
    case DataDecoder::Fault::none:
      break;
  }
  assert(false && "content without fault is not refused");
  return {};
}

constexpr std::string_view too_big = "The message is bigger than I may take.";

// RFC 1870 size-value: 1 to 20 digits; a number too big to count is as big as we can count.
std::optional<std::uint64_t> parse_size(std::string_view text) {
  if (text.empty() || text.size() > 20) return {};
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) return {};
  return error == std::errc::result_out_of_range ? UINT64_MAX : value;
}

// RFC 6531 3.5; SMTPUTF8 is not offered.
constexpr std::string_view not_ascii =
    "The address is not plain ASCII, and internationalized addresses are not offered here.";

}  // namespace

// --- Bytes in ------------------------------------------------------------------------------------

void ServerProtocol::feed(std::string_view bytes) {
  assert(input_.empty() && waiting_ == Verdict::none);
  if (input_kept_) kept_ = std::string();  // idle sessions hold no buffer
  input_kept_ = false;
  input_ = bytes;
}

void ServerProtocol::keep_input() {
  if (input_kept_ || input_.empty()) return;
  kept_.assign(input_);
  input_ = kept_;
  input_kept_ = true;
}

ServerProtocol::Step ServerProtocol::next() {
  assert(waiting_ == Verdict::none);
  for (;;) {
    if (closing_) return Step::close;
    if (out_.size() > flush_octets) return Step::flush;
    // Each returns need_input also after a command that needs nobody else: then there may be more.
    const Step step = in_data_ ? content_step() : command_step();
    if (step != Step::need_input) return step;
    if (input_.empty() && !closing_) return Step::need_input;
  }
}

ServerProtocol::Step ServerProtocol::content_step() {
  while (!decoder_.ended()) {
    content_ = decoder_.next(input_);
    if (content_void_) {
      if (content_.empty() && !decoder_.ended()) return Step::need_input;
      continue;
    }
    if (decoder_.fault() != DataDecoder::Fault::none) {
      void_reply_ = fault_reply(decoder_.fault());
      content_void_ = true;
      return Step::content_refused;
    }
    if (options_.size_limit != 0 && decoder_.octets() > options_.size_limit) {
      void_reply_ = reply(552, "5.3.4", too_big);
      content_void_ = true;
      return Step::content_refused;
    }
    if (!content_.empty()) return Step::content;
    if (!decoder_.ended()) return Step::need_input;
  }
  in_data_ = false;
  if (content_void_) {
    say(void_reply_);
    refusal_ = to_string(void_reply_);
    reset_transaction();
    return Step::refused;
  }
  waiting_ = Verdict::message;
  return Step::end_of_data;
}

ServerProtocol::Step ServerProtocol::command_step() {
  const std::size_t line_end = input_.find('\n');
  if (line_end == std::string_view::npos) {
    if (line_.size() + input_.size() > limits::command_line_octets) line_too_long_ = true;
    if (line_too_long_) {
      line_ = std::string();
    } else {
      line_.append(input_);
    }
    input_ = {};
    return Step::need_input;
  }

  std::string_view line = input_.substr(0, line_end + 1);
  input_.remove_prefix(line_end + 1);
  if (!line_.empty()) line = line_.append(line);
  const bool too_long = line_too_long_ || line.size() > limits::command_line_octets;
  line_too_long_ = false;
  line.remove_suffix(1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);

  ++commands_;
  Step step;
  if (too_long) {
    step = mistake(500, "5.5.2", "The line is too long.");
  } else if (line.find_first_of(std::string_view("\r\0", 2)) != std::string_view::npos) {
    step = mistake(500, "5.5.2", "The line has a character it may not have.");
  } else {
    step = execute(line);
  }
  line_.clear();
  return step;
}

// --- Commands ------------------------------------------------------------------------------------

ServerProtocol::Step ServerProtocol::execute(std::string_view line) {
  parse_command(line, command_);
  switch (command_.verb) {
    case Verb::helo:
    case Verb::ehlo:
      return greeting();
    case Verb::mail:
      return mail_command();
    case Verb::rcpt:
      return recipient_command();
    case Verb::data:
      return data_command();
    case Verb::http:
      refusal_ = "421 4.7.0 This is a mail server.";
      say(421, "4.7.0", "This is a mail server.");
      closing_ = true;
      return Step::refused;
    case Verb::known:
    case Verb::expn:
      return mistake(502, "5.5.1", "That command is not offered here.");
    case Verb::unknown:
      return mistake(500, "5.5.1", "I do not know that command.");
    case Verb::rset:
    case Verb::noop:
    case Verb::quit:
    case Verb::vrfy:
    case Verb::help:
      break;
  }
  if (!command_.problem.empty()) return mistake(501, "5.5.4", command_.problem);
  if (command_.verb == Verb::rset) {
    reset_transaction();
    say(250, "2.0.0", "Forgotten.");
  } else if (command_.verb == Verb::noop) {
    say(250, "2.0.0", "Here I am.");
  } else if (command_.verb == Verb::vrfy) {
    say(252, "2.0.0", "Send the mail, and I will try to deliver it.");
  } else if (command_.verb == Verb::help) {
    say(214, "2.0.0", "HELO EHLO MAIL RCPT DATA RSET NOOP QUIT VRFY HELP", '-');
    say(214, "2.0.0", "A mail goes like this: HELO, MAIL, RCPT, DATA, QUIT (RFC 5321).");
  } else {
    say(221, "2.0.0", "Good bye.");
    closing_ = true;
  }
  return Step::need_input;
}

ServerProtocol::Step ServerProtocol::greeting() {
  if (!command_.problem.empty()) return mistake(501, "5.5.4", command_.problem);
  reset_transaction();  // RFC 5321 4.1.4
  helo_ = command_.argument;
  esmtp_ = command_.verb == Verb::ehlo;
  if (!esmtp_) {
    say(250, "", options_.hostname);
    return Step::need_input;
  }
  say(250, "", options_.hostname, '-');
  if (options_.pipelining) say(250, "", "PIPELINING", '-');
  if (options_.eight_bit_mime) say(250, "", "8BITMIME", '-');
  if (options_.enhanced_status) say(250, "", "ENHANCEDSTATUSCODES", '-');
  if (options_.size_limit == 0) {
    say(250, "", "SIZE");
  } else {
    say(250, "", "SIZE " + std::to_string(options_.size_limit));
  }
  return Step::need_input;
}

ServerProtocol::Step ServerProtocol::mail_command() {
  if (helo_.empty()) return mistake(503, "5.5.1", "Say HELO or EHLO first.");
  if (mail_given_) return mistake(503, "5.5.1", "You have named the sender already.");
  if (!command_.problem.empty()) {
    if (!command_.address_problem) return mistake(501, "5.5.4", command_.problem);
    return mistake(501, "5.1.7", command_.problem);
  }
  if (!command_.address.ascii()) return mistake(553, "5.6.7", not_ascii);
  next_transaction_ = {};
  int code = 0;
  const std::string_view wrong = take_parameters(next_transaction_, code);
  if (code != 0) return mistake(code, "5.5.4", wrong);
  if (options_.size_limit != 0 && next_transaction_.declared_size > options_.size_limit) {
    return refuse_and_note(552, "5.3.4", too_big);
  }
  waiting_ = Verdict::mail;
  return Step::mail;
}

// Sets `code` when a parameter is wrong, and says what.
std::string_view ServerProtocol::take_parameters(ServerTransaction& into, int& code) {
  for (const Parameter& parameter : command_.parameters) {
    if (same_text(parameter.key, "SIZE")) {
      const auto size = parse_size(parameter.value);
      code = size ? 0 : 501;
      if (!size) return "SIZE needs a number of octets.";
      into.declared_size = *size;
    } else if (same_text(parameter.key, "BODY") && options_.eight_bit_mime) {
      const bool eight = same_text(parameter.value, "8BITMIME");
      code = eight || same_text(parameter.value, "7BIT") ? 0 : 501;
      if (code != 0) return "BODY is 7BIT or 8BITMIME.";
      into.body = eight ? mail::Body::eight_bit : mail::Body::seven_bit;
    } else {
      code = 555;
      return "A parameter is not supported.";
    }
  }
  return {};
}

ServerProtocol::Step ServerProtocol::recipient_command() {
  if (!mail_given_) return mistake(503, "5.5.1", "Name the sender with MAIL first.");
  if (!command_.problem.empty()) {
    if (!command_.address_problem) return mistake(501, "5.5.4", command_.problem);
    return mistake(501, "5.1.3", command_.problem);
  }
  if (!command_.address.ascii()) return mistake(553, "5.6.7", not_ascii);
  if (!command_.parameters.empty()) return mistake(555, "5.5.4", "A parameter is not supported.");
  if (transaction_.recipients.size() >= options_.recipients) {
    return refuse_and_note(452, "4.5.3", "Too many recipients; send the others a message later.");
  }
  waiting_ = Verdict::recipient;
  return Step::rcpt;
}

ServerProtocol::Step ServerProtocol::data_command() {
  if (!command_.problem.empty()) return mistake(501, "5.5.4", command_.problem);
  if (!mail_given_) return mistake(503, "5.5.1", "Name sender and recipients first.");
  if (transaction_.recipients.empty()) {
    // RFC 2920 3.1: not the client's mistake when all its recipients were refused.
    return refuse_and_note(554, "5.5.1", "No recipient was accepted.");
  }
  waiting_ = Verdict::data;
  return Step::data;
}

// --- Verdicts ------------------------------------------------------------------------------------

void ServerProtocol::expect(Verdict verdict) {
  assert(waiting_ == verdict);
  waiting_ = Verdict::none;
}

void ServerProtocol::accept_mail(mail::Address reverse_path) {
  expect(Verdict::mail);
  transaction_ = std::move(next_transaction_);
  transaction_.reverse_path = std::move(reverse_path);
  mail_given_ = true;
  say(250, "2.1.0", "Sender accepted.");
}

void ServerProtocol::accept_recipient(mail::Address recipient) {
  expect(Verdict::recipient);
  transaction_.recipients.push_back(std::move(recipient));
  say(250, "2.1.5", "Recipient accepted.");
}

void ServerProtocol::accept_data() {
  expect(Verdict::data);
  decoder_ = DataDecoder(repair_bare_lf_);
  in_data_ = true;
  content_void_ = false;
  say(354, "", "End your message with a period.");
}

void ServerProtocol::accept_message(mail::MessageId id) {
  expect(Verdict::message);
  errors_ = 0;
  say(250, "2.0.0", "Message accepted as " + to_string(id) + ".");
  reset_transaction();
}

void ServerProtocol::refuse(const Reply& reply) {
  assert(waiting_ != Verdict::none);
  // RFC 5321 4.1.1.4: after the end of the data the transaction is over, whatever the answer.
  if (waiting_ == Verdict::message) reset_transaction();
  waiting_ = Verdict::none;
  say(reply);
}

void ServerProtocol::refuse_content(const Reply& reply) {
  assert(in_data_);
  if (content_void_) return;
  content_void_ = true;
  void_reply_ = reply;
}

// --- Replies -------------------------------------------------------------------------------------

void ServerProtocol::greet() {
  say(220, "", options_.hostname + " ESMTP Malleposte");
}

void ServerProtocol::hang_up(const Reply& reply) {
  waiting_ = Verdict::none;
  say(reply);
  closing_ = true;
}

ServerProtocol::Step ServerProtocol::mistake(int code, std::string_view status,
                                             std::string_view text) {
  if (++errors_ > options_.errors) {
    closing_ = true;
    return refuse_and_note(421, "4.7.0", "Too many mistakes; good bye.");
  }
  return refuse_and_note(code, status, text);
}

ServerProtocol::Step ServerProtocol::refuse_and_note(int code, std::string_view status,
                                                     std::string_view text) {
  const Reply answer = reply(code, status, text);
  say(answer);
  refusal_ = to_string(answer);
  return Step::refused;
}

void ServerProtocol::say(int code, std::string_view status, std::string_view text, char separator) {
  char digits[3];
  std::to_chars(digits, digits + 3, code);
  out_.append(digits, 3).push_back(separator);
  if (options_.enhanced_status && !status.empty()) out_.append(status).push_back(' ');
  out_.append(text).append("\r\n");
}

void ServerProtocol::say(const Reply& reply) {
  if (options_.enhanced_status) {
    append_wire(out_, reply);
  } else {
    append_wire(out_, Reply{reply.code, "", reply.lines});
  }
}

void ServerProtocol::reset_transaction() {
  mail_given_ = false;
  transaction_.reverse_path = {};
  transaction_.recipients.clear();
  if (transaction_.recipients.capacity() > 8) transaction_.recipients = {};  // for idle sessions
  transaction_.body = mail::Body::seven_bit;
  transaction_.declared_size = 0;
}

}  // namespace malleposte::smtp
