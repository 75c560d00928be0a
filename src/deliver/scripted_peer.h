// For tests: a next hop as a value that keeps to RFC 5321 but for one fault, at a numbered reply or
// after a number of octets. It writes down what it took; a stream brings it to the delivery.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "deliver/fake_loop.h"
#include "net/stream.h"

namespace malleposte::deliver {

// How a connection ends: with its end in order, with a reset, or not at all: it goes silent.
enum class End { closed, reset, silent };

// What happens instead of the reply of that number (counted over all connections), before or after
// the command took effect; or at an octet.
struct Mischief {
  enum class Kind {
    none,
    ends_before,     // of doing what was asked
    ends_after,      // it was done; the reply is lost
    closing,         // 421, then the end
    later,           // 450
    never,           // 550
    wrong_class,     // 354, or 250 to DATA
    garbage_before,  // no SMTP
    garbage_after,
    nul,
    endless_line,
    endless_lines,
    mixed_codes,
    twice,      // the reply comes two times
    dribbling,  // a reply of one octet a minute that never ends
    unknown,    // 502, as for a command that does not exist; what belongs to BDAT is not taken
    cut_said,   // the end after so many octets were said
    cut_heard,  // the end after so many octets were heard
  };
  Kind kind = Kind::none;
  std::size_t at = 0;
  End end = End::closed;
};

// What all connections to it share.
struct ScriptedHop {
  bool pipelining = true;
  bool data_for_nobody = false;  // 354 although no recipient was taken
  // CHUNKING, SMTPUTF8 and DSN are offered; a chunk that is refused leaves its transaction open.
  bool extended = false;
  bool knows_bdat = true;
  Mischief mischief;
  std::map<std::string, std::deque<std::string>>
      to_recipient;  // replies in turn, a 5xx for ever; then 250

  std::vector<std::string> labels;              // of the replies
  std::size_t said = 0, heard = 0;              // octets
  std::map<std::string, unsigned> taken;        // "mark recipient": how often
  std::map<std::string, std::string> contents;  // by mark: the last that was taken
  std::vector<std::string> commands;            // those that were understood
  unsigned connections = 0;
  bool refuses_connections = false;
  bool fired = false;
};

class ScriptedPeer : public std::enable_shared_from_this<ScriptedPeer> {
 public:
  ScriptedPeer(FakeLoop& loop, ScriptedHop& hop) : loop_(loop), hop_(hop) {}

  void greet() {
    ++hop_.connections;
    answer("greeting", "220 hop ESMTP", [] {});
  }

  void hear(std::string_view octets) {
    for (char c : octets) {
      if (gone()) return;
      if (cut(Mischief::Kind::cut_heard, hop_.heard)) return end(hop_.mischief.end);
      ++hop_.heard;
      input_ += c;
      if (chunk_left_ > 0) {
        if (--chunk_left_ == 0) chunk();
      } else if (c == '\n') {
        line();
      }
    }
  }

  // For the stream: what was said and not read yet, and how it ended.
  std::string output;
  bool closed = false, reset = false, silent = false;
  std::function<void()> on_output = [] {};
  bool gone() const { return closed || reset || silent; }

 private:
  using Kind = Mischief::Kind;

  bool cut(Kind kind, std::size_t octets) {
    return !hop_.fired && hop_.mischief.kind == kind && octets >= hop_.mischief.at;
  }

  void end(End how) {
    hop_.fired = true;
    (how == End::closed ? closed : how == End::reset ? reset : silent) = true;
    on_output();
  }

  void say(std::string_view octets) {
    for (char c : octets) {
      if (gone()) return;
      if (cut(Kind::cut_said, hop_.said)) return end(hop_.mischief.end);
      ++hop_.said;
      output += c;
    }
    on_output();
  }

  // Says `reply` after `act`, or does what the fault wants in its place.
  template <typename Act>
  void answer(std::string label, const std::string& reply, Act act) {
    const auto number = hop_.labels.size();
    const bool data = label.ends_with("DATA");
    hop_.labels.push_back(std::move(label));
    const auto& mischief = hop_.mischief;
    if (hop_.fired || mischief.kind == Kind::cut_said || mischief.kind == Kind::cut_heard ||
        mischief.kind == Kind::none || number != mischief.at) {
      act();
      return say(reply + "\r\n");
    }
    hop_.fired = true;
    switch (mischief.kind) {
      case Kind::ends_after:
        act();
        [[fallthrough]];
      case Kind::ends_before:
        return end(mischief.end);
      case Kind::closing:
        say("421 4.3.2 going down\r\n");
        return end(mischief.end);
      case Kind::later:
        return say("450 4.3.0 later\r\n");
      case Kind::never:
        return say("550 5.7.1 never\r\n");
      case Kind::wrong_class:
        return say(data ? "250 taken\r\n" : "354 go\r\n");
      case Kind::garbage_after:
        act();
        [[fallthrough]];
      case Kind::garbage_before:
        return say("<html>\r\n");
      case Kind::nul:
        return say(std::string_view("250 o\0k\r\n", 9));
      case Kind::endless_line:
        return say("250 " + std::string(100'000, 'x'));
      case Kind::endless_lines:
        for (int i = 0; i < 10'000; ++i) say("250-and\r\n");
        return;
      case Kind::mixed_codes:
        return say("250-one\r\n550 another\r\n");
      case Kind::twice:
        act();
        return say(reply + "\r\n" + reply + "\r\n");
      case Kind::dribbling:
        return dribble("250-");
      case Kind::unknown:
        return say("502 5.5.1 what\r\n");
      default:
        return;
    }
  }

  void dribble(std::string_view text) {
    if (gone() || abandoned) return;
    say(text.substr(0, 1));
    text.remove_prefix(1);
    loop_.call_at(loop_.steady() + std::chrono::minutes(1),
                  [self = shared_from_this(), text] { self->dribble(text.empty() ? "x" : text); });
  }

  static std::string between(const std::string& line) {
    const auto from = line.find('<') + 1;
    return line.substr(from, line.find('>') - from);
  }

  // A chunk has come whole. RFC 3030 does not say that a refused one ends the transaction.
  void chunk() {
    const auto content = std::exchange(input_, {});
    const auto recipients = recipients_;
    if (recipients.empty()) return answer(mark_ + " dot", "503 5.5.1 for nobody", [] {});
    answer(mark_ + " dot", "250 2.0.0 taken", [&] {
      for (const auto& one : recipients) ++hop_.taken[mark_ + ' ' + one];
      hop_.contents[mark_] = content;
      over();
    });
  }

  void line() {
    if (in_data_) {
      if (input_ != ".\r\n") {
        content_ += input_.starts_with('.') ? input_.substr(1) : input_;
        input_.clear();
        return;
      }
      in_data_ = false;
      input_.clear();
      const auto recipients = recipients_;
      const auto content = content_;
      over();  // whatever is answered
      if (recipients.empty()) return answer(mark_ + " dot", "554 5.5.1 for nobody", [] {});
      return answer(mark_ + " dot", "250 2.0.0 taken", [&] {
        for (const auto& one : recipients) ++hop_.taken[mark_ + ' ' + one];
        hop_.contents[mark_] = content;
      });
    }
    auto line = std::exchange(input_, {});
    line.resize(line.size() - 2);
    command(line);
  }

  void over() {
    mail_ = false;
    recipients_.clear();
    content_.clear();
  }

  void command(const std::string& line) {
    hop_.commands.push_back(line);
    if (line.starts_with("EHLO")) {
      std::string offers = "250-hop\r\n";
      if (hop_.pipelining) offers += "250-PIPELINING\r\n";
      if (hop_.extended) offers += "250-CHUNKING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n";
      return answer("EHLO", offers + "250 HELP", [] {});
    }
    if (line.starts_with("HELO")) return answer("HELO", "250 hop", [] {});
    if (line == "RSET") return answer("RSET", "250 ok", [this] { over(); });
    if (line.starts_with("MAIL FROM:")) {
      mark_ = between(line).substr(0, 1);
      if (mail_) return answer(mark_ + " MAIL", "503 5.5.1 nested", [] {});
      return answer(mark_ + " MAIL", "250 2.1.0 ok", [this] {
        over();
        mail_ = true;
      });
    }
    if (line.starts_with("RCPT TO:")) return recipient(between(line));
    if (line == "DATA") {
      if (recipients_.empty() && !(hop_.data_for_nobody && mail_))
        return answer(mark_ + " DATA", "503 5.5.1 no recipients", [] {});
      return answer(mark_ + " DATA", "354 go", [this] { in_data_ = true; });
    }
    if (hop_.extended && hop_.knows_bdat && line.starts_with("BDAT ")) {
      chunk_left_ = std::stoul(line.substr(5));
      return;
    }
    if (line == "QUIT") {
      answer("QUIT", "221 bye", [] {});
      if (!gone()) closed = true;
      return on_output();
    }
    hop_.commands.pop_back();
    answer("?", "500 5.5.2 what", [] {});
  }

  void recipient(const std::string& address) {
    const auto label = mark_ + " RCPT " + address;
    if (!mail_) return answer(label, "503 5.5.1 MAIL first", [] {});
    std::string reply = "250 2.1.5 ok";
    auto special = hop_.to_recipient.find(address);
    if (special != hop_.to_recipient.end() && !special->second.empty()) {
      reply = special->second.front();
      if (!reply.starts_with('5')) special->second.pop_front();
    }
    answer(label, reply, [&] {
      if (reply.starts_with('2')) recipients_.push_back(address);
    });
  }

 public:
  bool abandoned = false;  // the other side has closed

 private:
  FakeLoop& loop_;
  ScriptedHop& hop_;
  std::string input_, mark_ = "?", content_;
  bool mail_ = false, in_data_ = false;
  std::size_t chunk_left_ = 0;  // octets
  std::vector<std::string> recipients_;
};

// What is written arrives in a later turn of the loop, and so does the answer. After an orderly end
// writes still succeed, as they do in TCP; after a reset nothing does.
class ScriptedStream final : public net::Stream {
 public:
  ScriptedStream(FakeLoop& loop, ScriptedHop& hop, net::Endpoint peer)
      : loop_(loop), peer_(std::make_shared<ScriptedPeer>(loop, hop)), endpoint_(std::move(peer)) {
    peer_->on_output = [this] { wake(); };
    loop_.post([peer = peer_] { peer->greet(); });
  }
  ~ScriptedStream() override { close(); }

  Task<Result<void>> wait_readable(SteadyTime) override { co_return fail(Fault::peer, "not here"); }
  Task<Result<std::size_t>> read_some(std::span<char> into, SteadyTime deadline) override {
    for (;;) {
      if (closed_) co_return fail(Fault::peer, "closed");
      if (peer_->reset) co_return fail(Fault::peer, "reset");
      auto& from = peer_->output;
      if (!from.empty()) {
        const auto n = from.copy(into.data(), into.size());
        from.erase(0, n);
        co_return n;
      }
      if (peer_->closed) co_return std::size_t{0};
      auto shot = waiting_ = std::make_shared<OneShot<bool>>();
      const auto timer = loop_.call_at(deadline, [shot] {
        if (!shot->ready()) shot->set(false);
      });
      const bool woken = co_await *shot;
      waiting_.reset();
      loop_.cancel(timer);
      if (!woken) co_return fail(Fault::deadline, "nothing came in time");
    }
  }
  Task<Result<void>> write(std::span<const std::string_view> buffers, SteadyTime) override {
    if (closed_ || peer_->reset) co_return fail(Fault::peer, "broken pipe");
    std::string all;
    for (auto buffer : buffers) all += buffer;
    loop_.post([peer = peer_, all] { peer->hear(all); });
    co_return Result<void>{};
  }
  void close() override {
    closed_ = true;
    peer_->abandoned = true;
    peer_->on_output = [] {};
    wake();
  }
  net::Endpoint local() const override { return {"127.0.0.9", 1}; }
  net::Endpoint peer() const override { return endpoint_; }

 private:
  void wake() {
    if (auto shot = waiting_; shot && !shot->ready())
      loop_.post([shot] {
        if (!shot->ready()) shot->set(true);
      });
  }

  FakeLoop& loop_;
  std::shared_ptr<ScriptedPeer> peer_;
  net::Endpoint endpoint_;
  bool closed_ = false;
  std::shared_ptr<OneShot<bool>> waiting_;
};

class ScriptedNetwork final : public net::Network {
 public:
  ScriptedNetwork(FakeLoop& loop, ScriptedHop& hop) : loop_(loop), hop_(hop) {}

  Result<std::unique_ptr<net::Listener>> listen(const net::Endpoint&, Accept) override {
    return fail(Fault::resource, "not here");
  }
  Result<std::unique_ptr<net::Listener>> listen_unix(const std::string&, Accept) override {
    return fail(Fault::resource, "not here");
  }
  Task<Result<std::unique_ptr<net::Stream>>> connect(const net::Endpoint& to, const std::string&,
                                                     SteadyTime) override {
    if (hop_.refuses_connections) co_return fail(Fault::peer, "Connection refused");
    co_return std::make_unique<ScriptedStream>(loop_, hop_, to);
  }

 private:
  FakeLoop& loop_;
  ScriptedHop& hop_;
};

}  // namespace malleposte::deliver
