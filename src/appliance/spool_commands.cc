#include "appliance/spool_commands.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstring>

#include "net/file_descriptor.h"

namespace malleposte::appliance {
namespace {

constexpr std::size_t piece_octets = 64 * 1024;
constexpr std::string_view unreadable_field = "X-Malleposte-Unreadable";
constexpr std::string_view messages_field = "X-Malleposte-Messages";

tl::unexpected<Error> system_error(const std::string& file) {
  return fail(Fault::disk, fmt::format("{}: {}", file, std::strerror(errno)));
}

Result<void> write_all(int fd, std::string_view octets, const std::string& file) {
  while (!octets.empty()) {
    const auto written = ::write(fd, octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error(file);
    octets.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

int failed(const std::string& text, Console& console) {
  console.err(printable(text) + "\n");
  return exit_code::failed;
}

std::string value_of(const net::HttpBody::Fields& fields, std::string_view name) {
  for (const auto& [field, value] : fields)
    if (field == name) return value;
  return "0";
}

// Mail is nobody else's business: mode 0600. A file that is there may be the only copy of
// something. Exit code 1 when something is left out, as a copy that lacks something is no copy.
int export_queue(const CommandLine& line, const ApiClient& api, Console& console) {
  net::FileDescriptor file;
  if (!line.file.empty()) {
    file = net::FileDescriptor(
        ::open(line.file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return failed(system_error(line.file).value().text, console);
  }
  auto done = api.download("queue/export", query_of(line.filter),
                           [&](std::string_view octets) -> Result<void> {
                             if (file) return write_all(file.get(), octets, line.file);
                             console.out(octets);
                             return {};
                           });
  if (done && file && ::fsync(file.get()) != 0)
    return failed(system_error(line.file).value().text, console);
  if (!done) {
    if (file) ::unlink(line.file.c_str());
    return failed(done.error().text, console);
  }
  const auto messages = value_of(*done, messages_field);
  const auto unreadable = value_of(*done, unreadable_field);
  if (file && line.json)
    console.out(fmt::format("{{\"count\":{},\"unreadable\":{}}}\n", messages, unreadable));
  else if (file)
    console.out(fmt::format("{} messages are in {}.\n", messages, line.file));
  if (unreadable == "0") return exit_code::done;
  return failed(fmt::format("{} messages could not be read and are left out; the log says which.",
                            unreadable),
                console);
}

int import_queue(const CommandLine& line, const ApiClient& api, Console& console) {
  const net::FileDescriptor file(::open(line.file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return failed(system_error(line.file).value().text, console);
  auto answer = api.upload("queue/import", "application/mbox", [&]() -> Result<std::string> {
    std::string piece(piece_octets, '\0');
    ssize_t got = -1;
    do {
      got = ::read(file.get(), piece.data(), piece.size());
    } while (got < 0 && errno == EINTR);
    if (got < 0) return system_error(line.file);
    piece.resize(static_cast<std::size_t>(got));
    return piece;
  });
  if (!answer) return failed(fmt::format("{}: {}", line.file, answer.error().text), console);
  if (line.json) {
    console.out(*answer);
    return exit_code::done;
  }
  boost::json::error_code error;
  const auto document = boost::json::parse(*answer, error);
  const auto number = [&](std::string_view name) {
    const auto* value =
        !error && document.is_object() ? document.get_object().if_contains(name) : nullptr;
    return value && value->is_int64() ? value->get_int64() : 0;
  };
  console.out(fmt::format("{} messages are back in the queue, {} were there already.\n",
                          number("count"), number("skipped")));
  return exit_code::done;
}

}  // namespace

int execute_spool_command(const CommandLine& line, const ApiClient& api, Console& console) {
  return line.command == Command::spool_export ? export_queue(line, api, console)
                                               : import_queue(line, api, console);
}

}  // namespace malleposte::appliance
