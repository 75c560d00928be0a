// For tests: what RFC 5321, 3030, 2920 and 1985 let a server answer, and what state it is in then.
//
// Written from the RFCs and from what Malleposte has decided where they leave it open, not from
// ServerProtocol: it knows nothing of octets, buffers or replies' texts, and is given each command
// as facts (`Act`). session_model_test lets both judge the same random commands.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace malleposte::smtp {

class SessionModel {
 public:
  enum class Verb : std::uint8_t {
    helo,
    ehlo,
    mail,
    rcpt,
    data,
    content,  // what follows a 354, with the final dot
    bdat,     // with its octets
    rset,
    noop,
    help,
    vrfy,
    expn,
    etrn,
    quit,
    starttls,  // known, and not offered
    unknown,   // no command, or a line that is none
    http,
  };

  struct Act {
    Verb verb = Verb::noop;
    int wrong = 0;              // the command itself: 500, 501, 553 or 555; 0 nothing
    bool size_wrong = false;    // of MAIL: the declared size is beyond the limit
    int policy = 0;             // of MAIL and RCPT: refused by policy with this
    int at_data = 0;            // of MAIL: its message will be refused with this at DATA
    int at_end = 0;             // of MAIL: or at its end
    bool binary = false;        // of MAIL: BODY=BINARYMIME
    bool uncounted = false;     // of BDAT: without a number, so that nobody knows where it ends
    bool last = false;          // of BDAT: LAST
    std::uint64_t octets = 0;   // of content
    bool line_fault = false;    // of content: a bare CR, a bare LF or a NUL
    std::uint64_t repairs = 0;  // of content: a trusted client's bare LF, which get a CR
  };

  struct Limits {
    std::uint64_t size;
    std::size_t recipients, errors;
  };

  explicit SessionModel(Limits limits) : limits_(limits) {}

  // The replies that are right, by their codes; the state follows.
  std::vector<int> answer(const Act& act) {
    switch (act.verb) {
      case Verb::http:
        return close(421);
      case Verb::unknown:
        return mistake(500);
      case Verb::starttls:
      case Verb::expn:
        return mistake(502);
      case Verb::noop:
        return {250};
      case Verb::help:
        return {214};
      case Verb::bdat:
        return bdat(act);
      case Verb::content:
        return content(act);
      case Verb::mail:
        return mail(act);
      case Verb::rcpt:
        return rcpt(act);
      default:
        break;
    }
    if (act.wrong != 0) return mistake(act.wrong);
    switch (act.verb) {
      case Verb::helo:
      case Verb::ehlo:
        greeted_ = true;
        forget();
        return {250};
      case Verb::rset:
        forget();
        return {250};
      case Verb::vrfy:
        return {252};
      case Verb::etrn:
        if (!greeted_ || mail_) return mistake(503);
        return {458, 459};
      case Verb::data:
        return data();
      default:
        return close(221);
    }
  }

  bool closed() const { return closed_; }
  // The next is the content of a message.
  bool in_content() const { return in_content_; }

 private:
  using Codes = std::vector<int>;

  Codes mail(const Act& act) {
    if (!greeted_ || mail_) return mistake(503);
    if (act.wrong != 0) return mistake(act.wrong);
    if (act.size_wrong) return {552};
    if (act.policy != 0) return {act.policy};
    forget();
    mail_ = true;
    sender_ = act;
    return {250};
  }

  Codes rcpt(const Act& act) {
    if (!mail_ || begun_) return mistake(503);
    if (act.wrong != 0) return mistake(act.wrong);
    if (recipients_ == limits_.recipients) return {452};
    if (act.policy != 0) return {act.policy};
    ++recipients_;
    return {250};
  }

  Codes data() {
    if (!mail_ || begun_ || sender_.binary) return mistake(503);
    if (recipients_ == 0) return {554};
    if (sender_.at_data != 0) return {sender_.at_data};
    in_content_ = true;
    return {354};
  }

  Codes content(const Act& act) {
    in_content_ = false;
    count(act);
    return end_of_message(act);
  }

  // RFC 3030 2. A chunk that fails takes its transaction with it, and so do those behind it, up to
  // the one that says LAST.
  Codes bdat(const Act& act) {
    if (act.uncounted) return close(421);
    if (failed_ != 0) {
      const int code = failed_;
      if (act.last) failed_ = 0;
      return {code};
    }
    if (act.wrong != 0) return fail(act, act.wrong, true);
    if (!mail_) return fail(act, 503, true);
    if (recipients_ == 0) return fail(act, 554, false);
    if (!begun_ && sender_.at_data != 0) return fail(act, sender_.at_data, false);
    count(act);
    if (act.last) return end_of_message(act);
    if (const int code = fault(act)) return fail(act, code, false);
    begun_ = true;
    return {250};
  }

  Codes end_of_message(const Act& act) {
    int code = fault(act);
    if (code == 0) code = sender_.at_end;
    if (code == 0) errors_ = 0;
    forget();
    return {code == 0 ? 250 : code};
  }

  void count(const Act& act) { octets_ += act.octets + (sender_.binary ? 0 : act.repairs); }

  // Of the content so far.
  int fault(const Act& act) const {
    if (act.line_fault && !sender_.binary) return 550;
    return octets_ > limits_.size ? 552 : 0;
  }

  Codes fail(const Act& act, int code, bool mistaken) {
    forget();
    if (!act.last) failed_ = code;
    return mistaken ? mistake(code) : Codes{code};
  }

  Codes mistake(int code) { return ++errors_ > limits_.errors ? close(421) : Codes{code}; }

  Codes close(int code) {
    closed_ = true;
    return {code};
  }

  void forget() {
    mail_ = begun_ = false;
    recipients_ = 0;
    octets_ = 0;
    failed_ = 0;
    sender_ = {};
  }

  Limits limits_;
  bool greeted_ = false, mail_ = false, closed_ = false, in_content_ = false;
  bool begun_ = false;  // by a chunk that was not the last
  int failed_ = 0;      // what chunks are answered until the last
  Act sender_;          // MAIL of the transaction
  std::size_t recipients_ = 0, errors_ = 0;
  std::uint64_t octets_ = 0;  // of content in this transaction
};

}  // namespace malleposte::smtp
