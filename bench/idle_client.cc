// The client of bench/idle.py: brings one mail after another and tells when its last dot was sent
// and when the answer was there. A client whose own time does not count in what is measured: a
// waking interpreter's would.
//
//   build/bin/idle_client, then a line "port number" for each mail on its standard input; each is
//   answered with a line "sent answered", in nanoseconds of the clock that all processes share.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "idle_peer.h"

namespace {

class Connection {
 public:
  explicit Connection(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    must(fd_ >= 0, "socket");
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0, "connect");
    const int on = 1;
    must(::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0, "TCP_NODELAY");
  }
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void say(std::string_view octets) {
    while (!octets.empty()) {
      const auto sent = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
      must(sent > 0, "send");
      octets.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // A whole reply, all lines of it; it must begin with this.
  void hear(std::string_view beginning) {
    std::string reply;
    for (;;) {
      char octets[4096];
      const auto count = ::recv(fd_, octets, sizeof(octets), 0);
      must(count > 0, "recv");
      reply.append(octets, static_cast<std::size_t>(count));
      const auto line = reply.rfind('\n', reply.size() - 2);
      const auto last = line == std::string::npos ? 0 : line + 1;
      if (reply.ends_with('\n') && reply.size() > last + 3 && reply[last + 3] == ' ') break;
    }
    if (reply.starts_with(beginning)) return;
    std::fprintf(stderr, "%.*s was expected, and this came: %s", static_cast<int>(beginning.size()),
                 beginning.data(), reply.c_str());
    std::exit(1);
  }

 private:
  int fd_;
};

}  // namespace

int main() {
  unsigned port = 0, number = 0;
  while (std::scanf("%u %u", &port, &number) == 2) {
    Connection server(static_cast<std::uint16_t>(port));
    server.hear("220");
    server.say("EHLO client.test\r\n");
    server.hear("250");
    server.say("MAIL FROM:<anna@bench.test>\r\n");
    server.hear("250");
    server.say("RCPT TO:<bert@sink.test>\r\n");
    server.hear("250");
    server.say("DATA\r\n");
    server.hear("354");
    const auto content = "From: anna@bench.test\r\nTo: bert@sink.test\r\nSubject: number " +
                         std::to_string(number) + "\r\n\r\n" + std::string(900, 'x') + "\r\n.\r\n";
    server.say(content);
    const auto sent = now_ns();
    server.hear("250");
    const auto answered = now_ns();
    std::printf("%lld %lld\n", sent, answered);
    std::fflush(stdout);
    server.say("QUIT\r\n");
    server.hear("221");
  }
}
