// For tests: hosts that speak SMTP as they are told to, and a network that reaches them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "deliver/fake_loop.h"
#include "net/stream.h"

namespace malleposte::deliver {

// What a host says. Nothing and no close: it stays silent.
struct Say {
  std::string text;
  bool close = false;
};
inline Say close_now() {
  return {"", true};
}
inline Say say(std::string line) {
  return {line + "\r\n", false};
}
inline Say say_and_close(std::string line) {
  return {line + "\r\n", true};
}
inline Say silence() {
  return {};
}

struct FakeHost {
  // How it behaves.
  bool refuses_connections = false, never_answers = false;
  Say greeting = say("220 peer ESMTP");
  std::vector<std::string> offers = {"PIPELINING", "8BITMIME"};
  // The answer to a command line or, with "." and the content, to the end of data; empty: the
  // usual.
  std::function<std::optional<Say>(const std::string& line, const std::string& content)> answer;
  std::optional<std::size_t> breaks_after_content_octets;  // closes in the middle of the content
  Duration takes_a_block_in{};                             // of content

  // What it saw.
  struct Mail {
    std::string from;
    std::vector<std::string> to;
    std::string content;
    unsigned connection;
  };
  std::vector<Mail> mails;            // those it answered with 250
  std::vector<std::string> commands;  // of all connections
  std::vector<std::string> writes;    // as they came
  unsigned connections = 0, open = 0, most_open = 0;
};

class FakeStream final : public net::Stream {
 public:
  FakeStream(FakeLoop& loop, FakeHost& host, net::Endpoint peer)
      : loop_(loop), host_(host), peer_(std::move(peer)), number_(++host.connections) {
    host_.most_open = std::max(host_.most_open, ++host_.open);
    say_now(host_.greeting);
  }
  ~FakeStream() override { end(); }

  Task<Result<void>> wait_readable(SteadyTime deadline) override {
    if (!inbound_.empty() || closed_by_peer_) co_return Result<void>{};
    co_return co_await wait(deadline);
  }
  Task<Result<std::size_t>> read_some(std::span<char> into, SteadyTime deadline) override {
    while (inbound_.empty()) {
      if (closed_) co_return fail(Fault::peer, "closed");
      if (closed_by_peer_) co_return std::size_t{0};
      if (auto waited = co_await wait(deadline); !waited)
        co_return tl::make_unexpected(waited.error());
    }
    auto n = inbound_.copy(into.data(), into.size());
    inbound_.erase(0, n);
    co_return n;
  }
  Task<Result<void>> write(std::span<const std::string_view> buffers,
                           SteadyTime deadline) override {
    if (closed_ || closed_by_peer_) co_return fail(Fault::peer, "broken pipe");
    if (in_data_ && host_.takes_a_block_in > Duration::zero()) {
      const auto taken = loop_.steady() + host_.takes_a_block_in;
      co_await sleep_until(loop_, std::min(taken, deadline));
      if (taken > deadline) co_return fail(Fault::deadline, "not written in time");
    }
    std::string all;
    for (auto buffer : buffers) all += buffer;
    host_.writes.push_back(all);
    received(all);
    co_return Result<void>{};
  }
  void close() override {
    closed_ = true;
    end();
    wake();
  }
  net::Endpoint local() const override { return {"127.0.0.9", 1}; }
  net::Endpoint peer() const override { return peer_; }

 private:
  Task<Result<void>> wait(SteadyTime deadline) {
    if (closed_) co_return fail(Fault::peer, "closed");
    auto shot = waiting_ = std::make_shared<OneShot<bool>>();
    Loop::TimerId timer = 0;
    if (deadline != never)
      timer = loop_.call_at(deadline, [shot] {
        if (!shot->ready()) shot->set(false);
      });
    const bool woken = co_await *shot;
    waiting_.reset();
    loop_.cancel(timer);
    if (!woken) co_return fail(Fault::deadline, "nothing came in time");
    if (closed_) co_return fail(Fault::peer, "closed");
    co_return Result<void>{};
  }
  void wake() {
    if (auto shot = waiting_; shot && !shot->ready()) shot->set(true);
  }
  void end() {
    if (!ended_) --host_.open;
    ended_ = true;
  }
  void say_now(const Say& what) {
    inbound_ += what.text;
    if (what.close) closed_by_peer_ = true;
    if (what.text.empty()) silent_ = true;
    wake();
  }
  void received(const std::string& bytes) {
    outbound_ += bytes;
    for (;;) {
      if (closed_by_peer_ || silent_) return;
      if (in_data_) {
        if (host_.breaks_after_content_octets &&
            outbound_.size() >= *host_.breaks_after_content_octets)
          return say_now(close_now());
        auto end = outbound_.starts_with(".\r\n") ? 0 : outbound_.find("\r\n.\r\n");
        if (end == std::string::npos) return;
        end += outbound_.starts_with(".\r\n") ? 0 : 2;
        mail_.content = unstuffed(outbound_.substr(0, end));
        outbound_.erase(0, end + 3);
        in_data_ = false;
        auto what = say("250 2.0.0 taken");
        if (host_.answer)
          if (auto special = host_.answer(".", mail_.content)) what = *special;
        if (what.text.starts_with("250")) host_.mails.push_back(mail_);
        mail_ = {};
        mail_open_ = false;
        say_now(what);
        continue;
      }
      auto end = outbound_.find("\r\n");
      if (end == std::string::npos) return;
      auto line = outbound_.substr(0, end);
      outbound_.erase(0, end + 2);
      host_.commands.push_back(line);
      command(line);
    }
  }
  void command(const std::string& line) {
    auto what = usual(line);
    if (host_.answer)
      if (auto special = host_.answer(line, "")) what = *special;
    if (what.text.starts_with("250") && line.starts_with("MAIL FROM:")) {
      mail_ = {between(line), {}, {}, number_};
      mail_open_ = true;
    }
    if (what.text.starts_with("250") && line.starts_with("RCPT TO:"))
      mail_.to.push_back(between(line));
    if (what.text.starts_with("354")) in_data_ = true;
    say_now(what);
  }
  Say usual(const std::string& line) const {
    if (line.starts_with("EHLO")) {
      std::string text = "250";
      text += host_.offers.empty() ? " peer\r\n" : "-peer\r\n";
      for (std::size_t i = 0; i < host_.offers.size(); ++i)
        text += (i + 1 < host_.offers.size() ? "250-" : "250 ") + host_.offers[i] + "\r\n";
      return {text, false};
    }
    if (line.starts_with("RCPT") && !mail_open_) return say("503 no MAIL");
    if (line.starts_with("DATA")) return mail_.to.empty() ? say("503 no") : say("354 go");
    if (line == "QUIT") return say_and_close("221 bye");
    return say("250 ok");
  }
  static std::string between(const std::string& line) {
    auto from = line.find('<') + 1;
    return line.substr(from, line.find('>') - from);
  }
  static std::string unstuffed(const std::string& wire) {
    std::string content;
    for (std::size_t at = 0; at < wire.size();) {
      auto end = wire.find("\r\n", at) + 2;
      if (wire[at] == '.') ++at;
      content += wire.substr(at, end - at);
      at = end;
    }
    return content;
  }

  FakeLoop& loop_;
  FakeHost& host_;
  net::Endpoint peer_;
  unsigned number_;
  std::string inbound_, outbound_;
  bool mail_open_ = false, in_data_ = false, silent_ = false, closed_ = false,
       closed_by_peer_ = false, ended_ = false;
  FakeHost::Mail mail_;
  std::shared_ptr<OneShot<bool>> waiting_;
};

class FakeNetwork final : public net::Network {
 public:
  explicit FakeNetwork(FakeLoop& loop) : loop_(loop) {}

  FakeHost& host(const std::string& endpoint) { return hosts_[endpoint]; }

  Result<std::unique_ptr<net::Listener>> listen(const net::Endpoint&, Accept) override {
    return fail(Fault::resource, "not here");
  }
  Result<std::unique_ptr<net::Listener>> listen_unix(const std::string&, Accept) override {
    return fail(Fault::resource, "not here");
  }
  Task<Result<std::unique_ptr<net::Stream>>> connect(const net::Endpoint& to, const std::string&,
                                                     SteadyTime deadline) override {
    const auto name = to.address + ':' + std::to_string(to.port);
    attempts.push_back(name);
    auto found = hosts_.find(name);
    const bool silent = found != hosts_.end() && found->second.never_answers;
    if (silent) {
      co_await sleep_until(loop_, deadline);
      co_return fail(Fault::deadline, "connect to " + name + ": Connection timed out");
    }
    if (found == hosts_.end() || found->second.refuses_connections)
      co_return fail(Fault::peer, "connect to " + name + ": Connection refused");
    co_return std::make_unique<FakeStream>(loop_, found->second, to);
  }

  std::vector<std::string> attempts;

 private:
  FakeLoop& loop_;
  std::map<std::string, FakeHost> hosts_;
};

}  // namespace malleposte::deliver
