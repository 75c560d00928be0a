// The client's side of SMTP (RFC 5321) without a socket: replies in, octets out, a result for every
// recipient. deliver::Connection drives it: it does what need() says until a transaction can begin,
// begins one, sends content when asked for, and takes the results.
//
// With PIPELINING (RFC 2920) MAIL, all RCPTs and DATA go in one write, and the commands of the next
// transaction may follow the content in the same write; without it one command waits for the
// other. Whatever the peer sends or however the connection ends, every recipient of every begun
// transaction gets exactly one result.
//
// Where the peer offers CHUNKING (RFC 3030) the content goes as one chunk, BDAT LAST, its length
// being known, and only when somebody is to get it (docs/adr/0037). Else it goes by DATA.
//
// A reply is believed as the answer to the command whose turn it is. One that comes before its
// command was written, or that cannot answer it, shows that commands and replies have come apart:
// then what was said about the recipients of that transaction is not believed either, and all of
// them are temporary failures.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "smtp/ehlo_answer.h"
#include "smtp/peer_fit.h"
#include "smtp/peer_limits.h"
#include "smtp/reply_parser.h"
#include "smtp/ruling.h"
#include "smtp/transaction.h"

namespace malleposte::smtp {

struct Finished {
  std::vector<Ruling> results;  // one for each recipient, in order
  // The connection ended before the peer asked for the content: another connection may be tried
  // without any risk.
  bool untouched = false;
  // The connection ended behind the end of the content: the peer may have taken the message.
  bool in_doubt = false;
  // The peer offers CHUNKING and does not know BDAT: it has not taken the message, whose octets it
  // may have read as commands. Over another connection, with forgo_chunking(), it may.
  bool chunking_broken = false;
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

  // From now on as if the peer offered no CHUNKING; before anything is begun.
  void forgo_chunking();

  // Positions of recipients that the peer's limits leave no place for, and whether it takes no
  // further transaction in this session: see PeerLimits.
  std::vector<std::size_t> beyond_limits(const Transaction& transaction) const {
    return limits_.beyond(offers_, transaction.recipients);
  }
  bool exhausted() const { return limits_.exhausted(offers_); }

  // Starts a transaction that fits the peer: not unfit() nor without return in time. Allowed when
  // need() is `transaction`, and with takes_next() while the content of the one before is being
  // sent.
  void begin(Transaction transaction);
  bool takes_next() const;

  // What goes before the first octet of the content: BDAT for a chunk, else nothing.
  std::string content_head() const;
  // Whether the content goes as it is, exactly the octets of Transaction::size; else by DATA, with
  // dots stuffed.
  bool sends_chunk() const { return offers_.chunking; }
  // The content is about to be complete: `end` (DotStuffer::end, or nothing behind a chunk) goes
  // out, followed by the commands of the next transaction if there is one. Returns what is to be
  // written behind the last block; valid until the next call of anything. From here on the peer may
  // have the whole message: it is past its final dot, or the end of its chunk.
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
    dot,       // the final dot, or the end of the chunk, was written, perhaps
    lone_dot,  // DATA was taken though no recipient was: ends it without content
    quit,
    closed,
  };

  // A transaction on its way. Its commands are numbered: [RSET] MAIL RCPT... [DATA].
  struct Exchange {
    Transaction transaction;
    bool rset = false;
    bool data = false;                   // not by BDAT
    std::size_t sent = 0, answered = 0;  // commands
    std::optional<Ruling> mail_refused;
    std::vector<std::optional<Ruling>> results;  // refusals at first, all at the end
    std::vector<std::size_t> surplus;            // see Finished
    std::size_t accepted = 0;
    bool recipient_without_sender = false;  // MAIL was refused, and a RCPT taken nevertheless
    std::size_t commands() const {
      return transaction.recipients.size() + 1 + (rset ? 1 : 0) + (data ? 1 : 0);
    }
  };

  void consume(std::string_view bytes);
  void replied(const PeerReply& reply);
  void greeted(const PeerReply& reply);
  void command_answered(const PeerReply& reply);
  void recipient_answered(std::size_t position, const PeerReply& reply);
  void data_answered(const PeerReply& reply);
  void content_refused_early(const PeerReply& reply);
  void content_answered(const PeerReply& reply);
  bool knows_no_chunk(const PeerReply& reply) const;
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
  PeerLimits limits_;
  std::optional<Ruling> refusal_;
  std::optional<Exchange> current_, next_;
  std::optional<Finished> finished_;
  Ruling loss_;                    // what the recipients of what was begun get, once closed
  bool loss_is_harmless_ = false;  // the connection just ended, as opposed to a broken peer
  bool rset_needed_ = false;
  std::uint64_t replies_ = 0;
};

}  // namespace malleposte::smtp
