// The server's side of an SMTP session without a socket (RFC 5321): bytes in, steps out; verdicts
// in, bytes out. receive/session drives it; the conversation tests and fuzzers drive it too.
//
//   feed(bytes); while ((step = next()) != need_input) carry out the step, give the verdict
//
// Replies gather in output() and are sent when the input is used up or a step has to wait, so that
// a pipelined burst is answered by one write (RFC 2920). How the input is cut into pieces makes no
// difference to what comes out.
//
// Lines in the command phase may end with a LF alone, as people with netcat type them: that is
// safe, since only CRLF.CRLF ends the data (data_decoder.h) and so nothing inside a message can
// become a command. A NUL, or a CR inside a line, is answered with 500.
//
// Content comes by DATA or in the chunks of BDAT (RFC 3030); who drives sees the same steps. A
// chunk that fails ends its transaction: the chunks behind it are dropped and get the same answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/time.h"
#include "mail/address.h"
#include "mail/envelope.h"
#include "mail/message_id.h"
#include "smtp/command.h"
#include "smtp/content_intake.h"
#include "smtp/mail_parameters.h"
#include "smtp/offers.h"
#include "smtp/reply.h"

namespace malleposte::smtp {

// What the sessions of a listener have in common. Outlives them.
struct ServerOptions {
  std::string hostname;
  std::uint64_t size_limit = 0;  // octets of content; 0 none
  std::size_t recipients = limits::recipients_per_message;
  std::size_t errors = limits::errors_per_session;
};

// The mail transaction so far (RFC 5321 3.3): what was accepted.
struct ServerTransaction : MailParameters {
  mail::Address reverse_path;
  std::vector<mail::Recipient> recipients;
};

class ServerProtocol {
 public:
  enum class Step : std::uint8_t {
    need_input,       // everything fed was used: send output(), then feed()
    flush,            // output() has grown: send it, then go on
    mail,             // address() is the reverse-path; verdict accept_mail() or refuse()
    rcpt,             // address() is a recipient; verdict accept_recipient() or refuse()
    data,             // the transaction is complete; verdict accept_data() or refuse()
    content,          // content() is the next piece of the message, valid until next()
    content_refused,  // forget the message: it failed (its answer follows) or was taken back
    end_of_data,      // verdict accept_message() or refuse()
    refused,          // for the record: we answered refusal() ourselves
    close,            // send output(), then close
  };

  // `repair_bare_lf`: the client is trusted, and its bare LF becomes CRLF.
  ServerProtocol(const ServerOptions& options, bool repair_bare_lf, const Offers& offers = {})
      : options_(options), offers_(offers), repair_bare_lf_(repair_bare_lf) {}

  // Opens the session with the banner. Who turns a client away calls hang_up() instead.
  void greet();

  // More bytes. All earlier ones must have been used (Step::need_input), and these must stay valid
  // until they are, or until keep_input(). `now` is when they came.
  void feed(std::string_view bytes, WallTime now = {});
  // Copies the bytes not yet used, so that the buffer given to feed() may be used again.
  void keep_input();
  bool has_input() const { return !input_.empty(); }

  Step next();

  const mail::Address& address() const { return command_.address; }
  // Of Step::mail: what the client says its message will have, in octets; 0 unknown.
  std::uint64_t declared_size() const { return next_transaction_.declared_size; }
  std::string_view content() const { return intake_.content(); }
  std::string_view refusal() const { return refusal_; }

  // Verdicts: exactly one after each of the steps that ask for one. Policy may rewrite addresses.
  void accept_mail(mail::Address reverse_path);
  void accept_recipient(mail::Address recipient);
  void accept_data();
  void accept_message(mail::MessageId id);
  void refuse(const Reply& reply);

  // While content streams: drop the rest and answer this at its end.
  void refuse_content(const Reply& reply);

  // Says a last word (421) at any time; the next step is close.
  void hang_up(const Reply& reply);

  const ServerTransaction& transaction() const { return transaction_; }
  std::uint64_t content_octets() const { return intake_.octets(); }
  std::string_view helo() const { return helo_; }
  bool esmtp() const { return esmtp_; }
  // A message is coming in: between the 354 and the end of the data, or the first chunk and the
  // last.
  bool in_data() const { return phase_ != Phase::commands || chunks_begun_; }
  unsigned commands() const { return commands_; }

  // Replies to be sent. Clear it after sending.
  std::string& output() { return out_; }

 private:
  enum class Verdict : std::uint8_t { none, mail, recipient, data, message };
  enum class Phase : std::uint8_t { commands, content };  // what the next octet belongs to
  // What the end of a refused message or chunk means for the client.
  enum class Blame : std::uint8_t { none, note, mistake };

  Step command_step();
  Step content_step();
  Step end_of_content();
  Step execute(std::string_view line);
  Step simple_command();
  Step greeting();
  Step mail_command();
  Step recipient_command();
  Step data_command();
  Step chunk_command();
  Step verify_command();
  Step etrn_command();
  void refuse_chunk(const Reply& reply, Blame blame);
  // Of a wrong address of MAIL or RCPT.
  Step wrong_path(std::string_view status);
  // Answers a client's mistake; too many of them end the session.
  Step mistake(int code, std::string_view status, std::string_view text);
  Step mistake(const Reply& reply);
  Step refuse_and_note(const Reply& reply);
  // Says 421 and closes.
  Step end_session(std::string_view status, std::string_view text);
  void say(int code, std::string_view status, std::string_view text);
  void say(const Reply& reply);
  // Forgets the transaction; true when content of it was handed out already.
  bool reset_transaction();
  void expect(Verdict verdict);

  const ServerOptions& options_;
  Offers offers_;
  bool repair_bare_lf_;
  Phase phase_ = Phase::commands;
  bool esmtp_ = false;
  bool mail_given_ = false;
  bool chunks_begun_ = false;   // a chunk of the transaction was taken, and it was not the last
  bool chunks_failed_ = false;  // so do those that follow, with the answer of intake_
  Blame blame_ = Blame::note;   // of refused content
  bool line_too_long_ = false;
  bool closing_ = false;
  bool input_kept_ = false;  // input_ points into kept_
  Verdict waiting_ = Verdict::none;
  unsigned commands_ = 0;
  std::size_t errors_ = 0;  // since the last accepted message
  WallTime now_{};          // when the input came

  std::string_view input_;  // not yet used
  std::string kept_;
  std::string line_;     // the start of a command line whose end has not come
  std::string refusal_;  // of Step::refused
  std::string out_;
  std::string helo_;
  Command command_;
  ContentIntake intake_;
  ServerTransaction transaction_, next_transaction_;
  RecipientParameters next_recipient_;
};

}  // namespace malleposte::smtp
