// What each command of a client does to the session (RFC 5321 4.1.1).
#include <cassert>
#include <utility>

#include "base/utf8.h"
#include "smtp/help_text.h"
#include "smtp/server_protocol.h"

namespace malleposte::smtp {
namespace {

constexpr std::string_view needs_smtputf8 = "An address is not plain ASCII: say SMTPUTF8 at MAIL.";

}  // namespace

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
    case Verb::bdat:
      return chunk_command();
    case Verb::http:
      return end_session("4.7.0", "This is a mail server.");
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
    case Verb::etrn:
      break;
  }
  if (command_.verb == Verb::etrn && !offers_.etrn) {
    return mistake(502, "5.5.1", "That command is not offered here.");
  }
  if (!command_.problem.empty()) return mistake(501, "5.5.4", command_.problem);
  return simple_command();
}

// Those that are right at any time.
ServerProtocol::Step ServerProtocol::simple_command() {
  if (command_.verb != Verb::vrfy && !is_ascii(command_.argument)) {
    // RFC 5321 2.4: no extension allows it here.
    return mistake(500, "5.5.2", "The line has a character it may not have.");
  }
  switch (command_.verb) {
    case Verb::rset: {
      const bool taken_back = reset_transaction();
      say(250, "2.0.0", "Forgotten.");
      return taken_back ? Step::content_refused : Step::need_input;
    }
    case Verb::vrfy:
      return verify_command();
    case Verb::etrn:
      return etrn_command();
    case Verb::help:
      say(help_text(command_.argument));
      break;
    case Verb::noop:
      say(250, "2.0.0", "Here I am.");
      break;
    default:
      assert(command_.verb == Verb::quit);
      say(221, "2.0.0", "Good bye.");
      closing_ = true;
  }
  return Step::need_input;
}

// RFC 2034 4: what is said here has no enhanced code.
ServerProtocol::Step ServerProtocol::greeting() {
  if (!command_.problem.empty()) return mistake(501, "", command_.problem);
  const bool taken_back = reset_transaction();  // RFC 5321 4.1.4
  helo_ = command_.argument;
  esmtp_ = command_.verb == Verb::ehlo;
  if (esmtp_) {
    append_ehlo_answer(out_, options_.hostname, offers_,
                       {options_.size_limit, options_.recipients, now_});
  } else {
    say(250, "", options_.hostname);
  }
  return taken_back ? Step::content_refused : Step::need_input;
}

ServerProtocol::Step ServerProtocol::wrong_path(std::string_view status) {
  if (!command_.address_problem) return mistake(501, "5.5.4", command_.problem);
  return mistake(501, status, command_.problem);
}

ServerProtocol::Step ServerProtocol::mail_command() {
  if (helo_.empty()) return mistake(503, "5.5.1", "Say HELO or EHLO first.");
  if (mail_given_) return mistake(503, "5.5.1", "You have named the sender already.");
  if (!command_.problem.empty()) return wrong_path("5.1.7");
  auto parameters = mail_parameters(command_.parameters, offers_, now_);
  if (!parameters) return mistake(parameters.error());
  // RFC 6531 3.5.
  if (!parameters->requests.smtputf8 && !command_.address.ascii()) {
    return mistake(553, "5.6.7", needs_smtputf8);
  }
  if (options_.size_limit != 0 && parameters->declared_size > options_.size_limit) {
    return refuse_and_note(message_too_big());
  }
  next_transaction_ = {};
  static_cast<MailParameters&>(next_transaction_) = std::move(*parameters);
  waiting_ = Verdict::mail;
  return Step::mail;
}

ServerProtocol::Step ServerProtocol::recipient_command() {
  if (!mail_given_) return mistake(503, "5.5.1", "Name the sender with MAIL first.");
  if (chunks_begun_) return mistake(503, "5.5.1", "The message has begun already.");
  if (!command_.problem.empty()) return wrong_path("5.1.3");
  const bool smtputf8 = transaction_.requests.smtputf8;
  auto parameters = recipient_parameters(command_.parameters, offers_, smtputf8);
  if (!parameters) return mistake(parameters.error());
  if (!smtputf8 && !command_.address.ascii()) return mistake(553, "5.6.7", needs_smtputf8);
  if (transaction_.recipients.size() >= options_.recipients) {
    return refuse_and_note(
        reply(452, "4.5.3", "Too many recipients; send the others a message later."));
  }
  next_recipient_ = std::move(*parameters);
  waiting_ = Verdict::recipient;
  return Step::rcpt;
}

ServerProtocol::Step ServerProtocol::data_command() {
  if (!command_.problem.empty()) return mistake(501, "5.5.4", command_.problem);
  if (!mail_given_) return mistake(503, "5.5.1", "Name sender and recipients first.");
  if (chunks_begun_) return mistake(503, "5.5.1", "The message comes by BDAT already.");
  if (transaction_.body == mail::Body::binary) {
    return mistake(503, "5.5.1", "BODY=BINARYMIME needs BDAT.");  // RFC 3030 3
  }
  if (transaction_.recipients.empty()) {
    // RFC 2920 3.1: not the client's mistake when all its recipients were refused.
    return refuse_and_note(reply(554, "5.5.1", "No recipient was accepted."));
  }
  waiting_ = Verdict::data;
  return Step::data;
}

// RFC 3030 2. Whatever is wrong, the octets that were announced are no commands: they are dropped
// before the answer is given. Where their number is not known, the session cannot go on.
ServerProtocol::Step ServerProtocol::chunk_command() {
  if (!command_.chunk_octets) return end_session("4.5.4", command_.problem);
  bool taken_back = false;
  if (chunks_failed_) {
    refuse_chunk(intake_.answer(), Blame::none);
  } else if (!offers_.chunking) {
    refuse_chunk(reply(502, "5.5.1", "That command is not offered here."), Blame::mistake);
  } else if (!command_.problem.empty()) {
    refuse_chunk(reply(501, "5.5.4", command_.problem), Blame::mistake);
    taken_back = std::exchange(chunks_begun_, false);
  } else if (!mail_given_) {
    refuse_chunk(reply(503, "5.5.1", "Name sender and recipients first."), Blame::mistake);
  } else if (transaction_.recipients.empty()) {
    refuse_chunk(reply(554, "5.5.1", "No recipient was accepted."), Blame::note);
  } else if (chunks_begun_) {
    intake_.chunk(*command_.chunk_octets, command_.last_chunk);
    phase_ = Phase::content;
  } else {
    waiting_ = Verdict::data;
    return Step::data;
  }
  return taken_back ? Step::content_refused : content_step();
}

// Drops the chunk of command_, and answers this at its end.
void ServerProtocol::refuse_chunk(const Reply& reply, Blame blame) {
  const Reply answer = reply;  // it may be intake_'s
  intake_.begin_chunks(0, ChunkDecoder::Lines::binary);
  intake_.refuse(answer);
  intake_.chunk(*command_.chunk_octets, command_.last_chunk);
  blame_ = blame;
  phase_ = Phase::content;
}

// RFC 5321 3.5.3: 252 says that nothing is told. RFC 6531 3.7.4.2: SMTPUTF8 may follow.
ServerProtocol::Step ServerProtocol::verify_command() {
  const std::string_view argument = command_.argument;
  const std::size_t blank = argument.find_last_of(" \t");
  const bool smtputf8 = offers_.smtputf8 && blank != std::string_view::npos &&
                        same_text(argument.substr(blank + 1), "SMTPUTF8");
  if (!smtputf8 && !is_ascii(argument)) {
    return mistake(550, "5.6.7", "The address is not plain ASCII: say SMTPUTF8 behind it.");
  }
  say(252, "2.0.0", "Send the mail, and I will try to deliver it.");
  return Step::need_input;
}

// RFC 1985 5.2, 5.3: no name has a queue of its own here, and none is told whether mail waits.
ServerProtocol::Step ServerProtocol::etrn_command() {
  if (helo_.empty()) return mistake(503, "5.5.1", "Say HELO or EHLO first.");
  if (mail_given_) return mistake(503, "5.5.1", "Finish the message first.");
  return refuse_and_note(reply(459, "4.7.1", "Mail is not kept for that name here."));
}

}  // namespace malleposte::smtp
