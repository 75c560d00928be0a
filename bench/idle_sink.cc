// The next hop of bench/idle.py: takes all mail and tells when the content of each was there. In a
// process of its own and no interpreter, so that its own time hardly counts in what is measured.
//
//   build/bin/idle_sink PORT prints "ready", then "number when" for each mail whose subject has
//   "number N", in nanoseconds of the clock that all processes share; until its standard input
//   ends.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "idle_peer.h"

namespace {

void tell(std::string_view content, long long when) {
  constexpr std::string_view mark = "Subject: number ";
  const auto at = content.find(mark);
  if (at == std::string_view::npos) return;
  std::printf("%d %lld\n", std::atoi(content.data() + at + mark.size()), when);
  std::fflush(stdout);
}

// One session; answers what is whole of its input.
class Session {
 public:
  // False: it has come to its end.
  bool take(int fd, std::string_view octets) {
    const auto came = now_ns();
    input_ += octets;
    std::string replies;
    bool goes_on = true;
    while (goes_on && step(replies, goes_on, came)) {
    }
    return ::send(fd, replies.data(), replies.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(replies.size()) &&
           goes_on;
  }

 private:
  bool step(std::string& replies, bool& goes_on, long long came) {
    if (in_data_) {
      constexpr std::string_view dot = "\r\n.\r\n";
      const auto end = input_.find(dot);
      if (end == std::string::npos) return false;
      tell(input_.substr(0, end), came);
      input_.erase(0, end + dot.size());
      in_data_ = false;
      replies += "250 2.0.0 Ok\r\n";
      return true;
    }
    const auto end = input_.find("\r\n");
    if (end == std::string::npos) return false;
    const auto verb = input_.substr(0, 4);
    input_.erase(0, end + 2);
    if (verb == "EHLO") {
      replies +=
          "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 200000000\r\n"
          "250 ENHANCEDSTATUSCODES\r\n";
    } else if (verb == "DATA") {
      in_data_ = true;
      replies += "354 Go on\r\n";
    } else if (verb == "QUIT") {
      goes_on = false;
      replies += "221 2.0.0 Bye\r\n";
    } else {
      replies += "250 2.0.0 Ok\r\n";
    }
    return true;
  }

  std::string input_;
  bool in_data_ = false;
};

}  // namespace

int main(int count, char** arguments) {
  must(count == 2, "usage: idle_sink PORT");
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  must(listener >= 0, "socket");
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_port = htons(static_cast<std::uint16_t>(std::atoi(arguments[1])));
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  must(::bind(listener, reinterpret_cast<sockaddr*>(&here), sizeof(here)) == 0, "bind");
  must(::listen(listener, 128) == 0, "listen");
  std::puts("ready");
  std::fflush(stdout);
  std::map<int, Session> sessions;
  std::vector<char> octets(65536);
  for (;;) {
    std::vector<pollfd> all{{STDIN_FILENO, POLLIN, 0}, {listener, POLLIN, 0}};
    for (const auto& [fd, session] : sessions) all.push_back({fd, POLLIN, 0});
    must(::poll(all.data(), all.size(), -1) > 0, "poll");
    if (all[0].revents != 0) return 0;
    if (all[1].revents != 0) {
      const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      must(fd >= 0, "accept");
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      constexpr std::string_view banner = "220 sink.test ESMTP\r\n";
      (void)::send(fd, banner.data(), banner.size(), MSG_NOSIGNAL);
      sessions[fd];
    }
    for (std::size_t i = 2; i < all.size(); ++i) {
      if (all[i].revents == 0) continue;
      const int fd = all[i].fd;
      const auto came = ::recv(fd, octets.data(), octets.size(), 0);
      if (came > 0 && sessions[fd].take(fd, {octets.data(), static_cast<std::size_t>(came)}))
        continue;
      ::close(fd);
      sessions.erase(fd);
    }
  }
}
