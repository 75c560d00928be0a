// A DNS server of a few lines for the tests: UDP and TCP on one port of 127.0.0.1, answering from a
// table on a thread of its own.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "net/file_descriptor.h"

namespace malleposte::net {

class DnsResponder {
 public:
  enum class Kind { found, no_such_name, no_data, servfail, silent, only_by_tcp };
  struct Entry {
    Kind kind = Kind::found;
    std::vector<std::string> records;  // on the wire
    std::string alias;                 // a CNAME before them, when not empty
  };

  DnsResponder();
  ~DnsResponder();
  DnsResponder(const DnsResponder&) = delete;
  DnsResponder& operator=(const DnsResponder&) = delete;

  // Names in lower case. What is not in the table does not exist.
  void set(const std::string& name, int type, Entry entry);
  // "127.0.0.1@PORT"
  std::string server() const;
  int questions(const std::string& name, int type);

  static std::string wire_name(const std::string& name);
  static std::string mx(unsigned preference, const std::string& host);

 private:
  void serve();
  void serve_tcp();
  // "" is silence.
  std::string reply(const std::string& query, bool tcp);

  FileDescriptor udp_;
  FileDescriptor tcp_;
  FileDescriptor ending_;
  unsigned port_ = 0;
  std::mutex mutex_;
  std::map<std::pair<std::string, int>, Entry> table_;
  std::map<std::pair<std::string, int>, int> asked_;
  std::thread thread_;
};

}  // namespace malleposte::net
