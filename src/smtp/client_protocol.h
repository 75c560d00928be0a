// The client's side of SMTP (RFC 5321) without a socket: replies in, octets out, a result for every
// recipient. deliver::Connection drives it: it does what need() says until a transaction can begin,
// begins one, sends content when asked for, and takes the results.
//
// With PIPELINING (RFC 2920) MAIL, all RCPTs and DATA go in one write, and the commands of the next
// transaction may follow the final dot in the same write; without it one command waits for the
// other. Whatever the peer sends or however the connection ends, every recipient of every begun
// transaction gets exactly one result.
//
// A reply is believed as the answer to the command whose turn it is. One that comes before its
// command was written, or that cannot answer it, shows that commands and replies have come apart:
// then what was said about the recipients of that transaction is not believed either, and all of
// them are temporary failures.
//
// 8-bit content goes unchanged to a peer without 8BITMIME; it is not converted yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "smtp/ehlo_answer.h"
#include "smtp/reply_parser.h"

namespace malleposte::smtp {

struct Transaction {
  std::string reverse_path;             // as between the angle brackets, "" for null
  std::vector<std::string> recipients;  // the same; at least one
  std::uint64_t size = 0;               // octets of content, exactly
  bool eight_bit = false;
};

enum class Verdict : std::uint8_t { accepted, temporary, permanent };

// What became of one recipient, or of a whole conversation.
struct Ruling {
  Verdict verdict = Verdict::temporary;
  int code = 0;        // of the reply; 0 when none came
  std::string status;  // enhanced code, always set
  std::string text;    // one line
};

struct Finished {
  std::vector<Ruling> results;  // one for each recipient, in order
  // The connection ended before the peer asked for the content: another connection may be tried
  // without any risk.
  bool untouched = false;
  // The connection ended behind the final dot: the peer may have taken the message.
  bool in_doubt = false;
  // Positions of recipients that were too many for one transaction, when the peer took the message
  // for others: they may be offered again at once (RFC 5321 4.5.3.1.10). Their results are
  // temporary.
  std::vector<std::size_t> surplus;
};

class ClientProtocol {
 public:
  enum class Need : std::uint8_t {
    write,        // output() is to be written, then written()
    read,         // octets of the peer are to be given to received()
    content,      // content is to be sent, see finish_content()
    transaction,  // nothing; begin() or quit() may be called
    closed,       // output(), if any, is to be written without waiting; then close the connection
  };

  // `hostname` is what we call ourselves.
  explicit ClientProtocol(std::string hostname);

  Need need() const;
  std::string_view output() const { return output_; }
  void written();
  void received(std::string_view bytes);
  // The connection ended; `how` is "lost connection" or "timed out".
  void lost(std::string_view how);
  // How long the present read or write may take (RFC 5321 4.5.3.2), counted from the moment the
  // last reply was complete.
  Duration timeout() const;
  // Counts complete replies: a deadline starts anew when it changes.
  std::uint64_t replies() const { return replies_; }

  // Why the conversation ended while no transaction was on its way, always set then: at the
  // greeting or EHLO, or behind the answer to it. Permanent for 5xx.
  const std::optional<Ruling>& refusal() const { return refusal_; }
  const EhloAnswer& offers() const { return offers_; }

  // Why this peer can be known not to take a message of this size: 5.3.4 (RFC 1870 6.1).
  std::optional<Ruling> refuses(std::uint64_t size) const;

  // Starts a transaction. Allowed when need() is `transaction`, and with takes_next() while the
  // content of the one before is being sent.
  void begin(Transaction transaction);
  bool takes_next() const;

  // The content is about to be complete: `end` (DotStuffer::end) goes out, followed by the commands
  // of the next transaction if there is one. Returns what is to be written behind the last block;
  // valid until the next call of anything. From here on the message is past its final dot.
  std::string_view finish_content(std::string_view end);
  // The octets of finish_content() were written.
  void content_written();
  bool past_final_dot() const { return stage_ == Stage::dot; }

  // The results of the oldest transaction, once each, when all of them are known. To be asked
  // before need().
  std::optional<Finished> take_finished();
  bool has_finished() const { return finished_.has_value(); }

  // Ends the conversation politely; need() is `transaction`.
  void quit();

 private:
  enum class Stage : std::uint8_t {
    greeting,
    ehlo,
    helo,
    ready,     // no transaction
    commands,  // RSET, MAIL, RCPT, DATA
    content,
    dot,       // the final dot was written, perhaps
    lone_dot,  // DATA was taken though no recipient was: ends it without content
    quit,
    closed,
  };

  // A transaction on its way. Its commands are numbered: [RSET] MAIL RCPT... DATA.
  struct Exchange {
    Transaction transaction;
    bool rset = false;
    std::size_t sent = 0, answered = 0;  // commands
    std::optional<Ruling> mail_refused;
    std::vector<std::optional<Ruling>> results;  // refusals at first, all at the end
    std::vector<std::size_t> surplus;            // see Finished
    std::size_t accepted = 0;
    bool recipient_without_sender = false;  // MAIL was refused, and a RCPT taken nevertheless
    std::size_t commands() const { return transaction.recipients.size() + 2 + (rset ? 1 : 0); }
  };

  void consume(std::string_view bytes);
  void replied(const PeerReply& reply);
  void greeted(const PeerReply& reply);
  void command_answered(const PeerReply& reply);
  void recipient_answered(std::size_t position, const PeerReply& reply);
  void data_answered(const PeerReply& reply);
  void dot_answered(const PeerReply& reply);
  void send_commands(Exchange& exchange);
  void write_command(const Exchange& exchange, std::size_t number);
  void decide_rest(const Ruling& result);
  void finish(bool untouched = false, bool undecided = false);
  void broken(std::string_view complaint);
  bool spoke_too_early() const;
  void close(const Ruling& why, bool peer_said_so);
  std::string doing() const;

  std::string hostname_;
  Stage stage_ = Stage::greeting;
  ReplyParser parser_;
  std::string output_;
  std::string pending_;  // received behind the end of a transaction whose results wait to be taken
  EhloAnswer offers_;
  std::optional<Ruling> refusal_;
  std::optional<Exchange> current_, next_;
  std::optional<Finished> finished_;
  Ruling loss_;                    // what the recipients of what was begun get, once closed
  bool loss_is_harmless_ = false;  // the connection just ended, as opposed to a broken peer
  bool rset_needed_ = false;
  std::uint64_t replies_ = 0;
};

}  // namespace malleposte::smtp
