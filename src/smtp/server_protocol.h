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
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "mail/address.h"
#include "mail/envelope.h"
#include "mail/message_id.h"
#include "smtp/command.h"
#include "smtp/data_decoder.h"
#include "smtp/reply.h"

namespace malleposte::smtp {

// What the sessions of a listener offer. Outlives its sessions.
struct ServerOptions {
  std::string hostname;
  std::uint64_t size_limit = 0;  // octets of content; 0 none
  std::size_t recipients = limits::recipients_per_message;
  std::size_t errors = limits::errors_per_session;
  std::size_t command_line = limits::command_line_octets;  // with its line end
  std::size_t junk_commands = limits::junk_commands;
  bool pipelining = true;       // RFC 2920
  bool eight_bit_mime = true;   // RFC 6152
  bool enhanced_status = true;  // RFC 2034
};

// The mail transaction so far (RFC 5321 3.3): what was accepted.
struct ServerTransaction {
  mail::Address reverse_path;
  std::vector<mail::Recipient> recipients;
  mail::Body body = mail::Body::seven_bit;
  std::uint64_t declared_size = 0;  // SIZE=, 0 unknown
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
    content_refused,  // forget the message: the rest will be dropped, the answer follows its end
    end_of_data,      // verdict accept_message() or refuse()
    refused,          // for the record: we answered refusal() ourselves
    close,            // send output(), then close
  };

  // `repair_bare_lf`: the client is trusted, and its bare LF becomes CRLF.
  ServerProtocol(const ServerOptions& options, bool repair_bare_lf)
      : options_(options), repair_bare_lf_(repair_bare_lf) {}

  // Opens the session with the banner. Who turns a client away calls hang_up() instead.
  void greet();

  // More bytes. All earlier ones must have been used (Step::need_input), and these must stay valid
  // until they are, or until keep_input().
  void feed(std::string_view bytes);
  // Copies the bytes not yet used, so that the buffer given to feed() may be used again.
  void keep_input();
  bool has_input() const { return !input_.empty(); }

  Step next();

  const mail::Address& address() const { return command_.address; }
  // Of Step::mail: what the client says its message will have, in octets; 0 unknown.
  std::uint64_t declared_size() const { return next_transaction_.declared_size; }
  std::string_view content() const { return content_; }
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
  std::uint64_t content_octets() const { return decoder_.octets(); }
  std::string_view helo() const { return helo_; }
  bool esmtp() const { return esmtp_; }
  // Between the 354 and the end of the data.
  bool in_data() const { return in_data_; }
  // Within a command line: its beginning has come, its end has not.
  bool in_line() const { return line_too_long_ || !line_.empty(); }
  unsigned commands() const { return commands_; }

  // Replies to be sent. Clear it after sending.
  std::string& output() { return out_; }

 private:
  enum class Verdict : std::uint8_t { none, mail, recipient, data, message };

  Step command_step();
  Step content_step();
  Step execute(std::string_view line);
  Step greeting();
  Step mail_command();
  Step recipient_command();
  Step data_command();
  // Answers a client's mistake; too many of them end the session.
  Step mistake(int code, std::string_view status, std::string_view text);
  Step mistake(const Reply& answer);
  Step end_session(Limit limit);
  Step refuse_and_note(const Reply& answer);
  Step refuse_and_note(int code, std::string_view status, std::string_view text);
  std::string_view take_parameters(ServerTransaction& into, int& code);
  void say(int code, std::string_view status, std::string_view text, char separator = ' ');
  void say(const Reply& reply);
  void reset_transaction();
  void expect(Verdict verdict);

  const ServerOptions& options_;
  bool repair_bare_lf_;
  bool in_data_ = false;
  bool esmtp_ = false;
  bool mail_given_ = false;
  bool content_void_ = false;
  bool line_too_long_ = false;
  bool closing_ = false;
  bool input_kept_ = false;  // input_ points into kept_
  Verdict waiting_ = Verdict::none;
  unsigned commands_ = 0;
  std::size_t errors_ = 0;         // since the last accepted message
  std::size_t junk_commands_ = 0;  // the same

  std::string_view input_;  // not yet used
  std::string kept_;
  std::string line_;          // the start of a command line whose end has not come
  std::string_view content_;  // of Step::content
  std::string refusal_;       // of Step::refused
  std::string out_;
  std::string helo_;
  Command command_;
  DataDecoder decoder_;
  Reply void_reply_;  // answer to content that is void
  ServerTransaction transaction_, next_transaction_;
};

}  // namespace malleposte::smtp
