// What there is in a run, drawn from its seed: settings, names, hosts, clients, mails.
#include <cmath>

#include "checkers.h"
#include "world.h"

namespace malleposte::sim {
namespace {

constexpr const char* our_name = "mail.sim.example";
constexpr const char* our_address = "192.0.2.1";
constexpr const char* stranger_address = "203.0.113.9";

// From `least` to `most`, each order of magnitude as likely as the others.
std::uint64_t about(std::mt19937_64& random, double least, double most) {
  const auto share = static_cast<double>(random() % 1'000'001) / 1e6;
  return static_cast<std::uint64_t>(least * std::pow(most / least, share));
}

}  // namespace

World::World(Options options)
    : options_(options),
      random_(options.seed * 0x9e3779b97f4a7c15 + 1),
      trace_(options.aloud),
      outside_(random_()),
      network_(random_()) {
  configure();
  make_names();
  network_.line = [this](const auto& from, const auto& to) { return line(from, to); };
  names_.trouble = [this](const std::string&) {
    net::SimulatedNames::Trouble trouble;
    using Kind = net::SimulatedNames::Trouble::Kind;
    if (chance(weather_.servfail)) trouble.kind = Kind::servfail;
    if (chance(weather_.dns_time_out)) trouble.kind = Kind::time_out;
    if (trouble.kind != Kind::none) ++figures_.name_failures;
    trouble.delay = up_to(chance(50) ? Duration(5s) : Duration(20ms));
    return trouble;
  };
  machine_ = std::make_unique<Machine>(
      Machine::Surroundings{network_, names_, ledger_, trace_, findings_, settings_, volume_,
                            options_.planted, our_address, options_.keep},
      random_());
  machine_->disk_fault = [this](const spool::DiskOperation& operation) -> Result<void> {
    using Kind = spool::DiskOperation::Kind;
    const bool sync = operation.kind == Kind::sync || operation.kind == Kind::sync_directory;
    if (!chance(sync ? weather_.sync_errors : weather_.write_errors)) return {};
    ++figures_.disk_errors;
    return fail(Fault::disk, "Input/output error");
  };
  machine_->read_fails = [this] {
    const bool fails = chance(weather_.read_errors);
    if (fails) ++figures_.read_errors;
    return fails;
  };
  machine_->mailbox_trouble = [this]() -> std::optional<smtp::Ruling> {
    if (!chance(weather_.mailbox_troubles)) return std::nullopt;
    ++figures_.mailbox_troubles;
    if (chance(300)) return deliver::no_answer();
    return smtp::Ruling{smtp::Verdict::temporary, 0, "4.2.2", "Disk quota exceeded"};
  };
  machine_->filed = [this](const auto& mailbox, const auto& content) { filed(mailbox, content); };
  machine_->set_disk_capacity(6 << 20);
  const auto clients = 2 + random_() % 4;
  for (std::size_t i = 0; i <= clients; ++i) {
    const bool last = i == clients;
    client_hosts_.push_back(std::make_unique<net::SimulatedHost>(
        network_, outside_,
        std::vector{last ? std::string(stranger_address) : fmt::format("10.0.0.{}", i + 1)}));
    auto client =
        std::make_unique<Client>(*client_hosts_.back(), outside_, net::Endpoint{our_address, 25},
                                 ledger_, trace_, client_figures_);
    if (last)
      stranger_ = std::move(client);
    else
      clients_.push_back(std::move(client));
  }
  make_hops();
}

void World::configure() {
  settings_.hostname = our_name;
  settings_.mail_name = our_name;
  settings_.in = {our_address};
  settings_.smtpd_trusted_networks = {{*parse_ip("10.0.0.0"), 104}};
  settings_.retry_first = 1min * (1 + random_() % 10);
  settings_.retry_max = settings_.retry_first * (1 + random_() % 12);
  settings_.queue_lifetime = 1h * (chance(400) ? 1 + random_() % 4 : 5 + random_() % 70);
  if (chance(700)) settings_.delay_warning_after = 10min * (1 + random_() % 24);
  if (chance(500)) settings_.root_address = "root@o0.example";
  if (chance(300)) settings_.bounce_returns = config::BounceReturns::message;
  settings_.message_size_limit = 100'000;
  settings_.queue_memory_limit = chance(100) ? 20'000 : 64 << 20;
  settings_.segment_size = (48 + random_() % 4 * 16) * 1024;
  // A report is one record, and root may be told of much; no real segment is so small.
  if (!settings_.root_address.empty()) settings_.segment_size = 192 * 1024;
  storm_ = 1h * (2 + random_() % 10);
  mails_left_ = 40 + random_() % 120;
  // Mail from one sender whose recipients fail, so much that its notices are gathered.
  one_sender_ = chance(100);
  if (one_sender_) {
    mails_left_ += 100;
    settings_.segment_size = 512 * 1024;
  }
}

void World::make_names() {
  for (int i = 0; i < 5; ++i) domains_.push_back(fmt::format("d{}.example", i));
  for (int i = 0; i < 2; ++i) origins_.push_back(fmt::format("o{}.example", i));
  broken_domains_ = {"nowhere.example", "null.example", "loop.example", "noaddress.example"};
  unsigned number = 10;
  for (const auto* all : {&domains_, &origins_})
    for (const auto& domain : *all) {
      std::vector<net::Mx> records;
      const auto hosts = 1 + random_() % 2;
      for (std::size_t host = 0; host < hosts; ++host) {
        const auto name = fmt::format("mx{}.{}", host, domain);
        records.push_back({static_cast<std::uint16_t>(chance(300) ? 10 : 10 * (host + 1)), name});
        names_.names[name].addresses = {fmt::format("198.51.100.{}", ++number)};
      }
      names_.names[domain].mx = std::move(records);
    }
  names_.names["null.example"].mx = {{0, ""}};
  names_.names["loop.example"].mx = {{10, our_name}};
  names_.names["noaddress.example"].mx = {{10, "gone.example"}};
  names_.names[our_name].addresses = {our_address};
  names_.reverse["10.0.0.1"] = "client.example";
  settings_.relay_domains = {domains_[0], domains_[1]};
  // Some domains share the hosts of another.
  if (chance(500)) names_.names[domains_[4]].mx = names_.names[domains_[0]].mx;
  settings_.destination_limits_file = "limits";
  if (chance(300)) settings_.destination_limits = {{domains_[1], 2, 3, {}, {}, {}, 1}};
  if (chance(300)) settings_.destination_limits.push_back({"*", 4, {}, {}, {}, {}, 2});
  settings_.routes_file = "routes";
  if (chance(150))
    settings_.smart_relay = {{"mx0." + domains_[0], 0, false}, {"mx0." + domains_[1], 0, false}};
  else if (chance(300))
    settings_.routes = {{domains_[2], {{"mx0." + domains_[2], 25, false}, {domains_[3]}}, 1}};
  if (chance(300))  // the mail of a domain, and that of some senders, ends here
    for (const auto& domain : {domains_[3], origins_[1]}) {
      settings_.routes.push_back({domain, {}, 2, "/mail/{domain}"});
      volume_["/mail/" + domain];
    }
}

void World::make_hops() {
  for (const auto& [name, known] : names_.names) {
    if (!name.starts_with("mx")) continue;
    host_names_[known.addresses.front()] = name;
    NextHop::Character character;
    character.pipelining = !chance(300);
    character.dsn = chance(400);
    if (chance(150)) character.size_limit = 8000;
    hops_.push_back(std::make_unique<NextHop>(
        network_, outside_, name, known.addresses.front(), character, [this] { return script(); },
        [this] { return machine_->life(); },
        [this](const auto& host, const auto& sender, const auto& recipient, const auto& content,
               Take take) { took(host, sender, recipient, content, std::move(take)); },
        hop_figures_));
  }
}

net::SimulatedLine World::line(const net::Endpoint&, const net::Endpoint&) {
  net::SimulatedLine line;
  line.delay = Duration(about(random_, 50, 100'000));
  line.in_pieces = chance(300);
  if (chance(weather_.refused)) line.begin = net::SimulatedLine::Begin::refused;
  if (chance(weather_.unanswered)) line.begin = net::SimulatedLine::Begin::unanswered;
  if (chance(weather_.resets)) line.reset_after = about(random_, 1, 40'000);
  if (chance(weather_.swallows)) line.swallow_after = about(random_, 1, 40'000);
  if (chance(weather_.slow)) {
    line.window = about(random_, 16, 4000);
    line.delay = Duration(about(random_, 10'000, 2'000'000));
  }
  return line;
}

NextHop::Script World::script() {
  NextHop::Script script;
  if (!chance(weather_.acts)) return script;
  script.stage = static_cast<Stage>(random_() % 7);
  script.act = static_cast<Act>(1 + random_() % 8);
  // Stages before the message refuse everything for good; too much of that teaches nothing.
  if (script.act == Act::permanent && script.stage < Stage::rcpt && chance(700))
    script.act = Act::temporary;
  if (chance(200)) script.slow = up_to(30s);
  return script;
}

// What a client asks to be told about a recipient.
std::string World::notify() {
  if (chance(500)) return "";
  if (chance(150)) return " NOTIFY=NEVER";
  std::string events;
  for (const auto* event : {"SUCCESS", "FAILURE", "DELAY"})
    if (chance(500)) events += (events.empty() ? "" : ",") + std::string(event);
  return events.empty() ? "" : " NOTIFY=" + events;
}

Mail World::make_mail() {
  Mail mail;
  mail.token = ++last_token_;
  const bool of_the_one = one_sender_ && chance(700);
  if (of_the_one)
    mail.sender = "bulk@o0.example";
  else if (!chance(150))
    mail.sender =
        fmt::format("m{}@{}", mail.token, chance(50) ? one_of(broken_domains_) : one_of(origins_));
  const auto count = chance(600) ? 1 : chance(700) ? 2 + random_() % 2 : 4 + random_() % 10;
  for (std::size_t i = 0; i < count; ++i)
    mail.recipients.push_back(
        fmt::format("t{}-{}@{}", mail.token, i,
                    chance(of_the_one ? 900 : 60) ? one_of(broken_domains_) : one_of(domains_)));
  for (std::size_t i = 0; i < count; ++i) mail.rcpt_parameters.push_back(notify());
  if (chance(300)) mail.mail_parameters += chance(500) ? " RET=FULL" : " RET=HDRS";
  if (chance(300)) mail.mail_parameters += fmt::format(" ENVID=e{}", mail.token);
  const auto octets = chance(800) ? about(random_, 20, 2000) : about(random_, 2000, 60'000);
  mail.content = fmt::format("X-Sim: {}\r\nSubject: {}\r\n\r\n", mail.token, random_());
  while (mail.content.size() < octets) {
    if (chance(150)) mail.content += '.';
    if (chance(950)) mail.content += std::to_string(random_() * (random_() % 1000));
    mail.content += "\r\n";
  }
  return mail;
}

void World::took(const std::string& host, const std::string& sender, const std::string& recipient,
                 const std::string& content, Take take) {
  trace_.note(outside_.steady(), fmt::format("{} takes a message for {}", host, recipient));
  auto* message = ledger_.find(recipient, content);
  check_content(ledger_, message, sender, recipient, content, findings_);
  if (message == nullptr) return;
  for (auto& known : message->recipients) {
    if (known.address != recipient) continue;
    check_duplicate(ledger_, known, take, findings_);
    check_orders_kept(ledger_, *message, recipient, findings_);
    known.takes.push_back(std::move(take));
    return;
  }
  findings_.add("content", recipient + " is given a message that is not for it");
}

void World::filed(const std::string& mailbox, const std::string& content) {
  ++figures_.filed;
  // As it would have come over a connection.
  const auto first = content.find('\n'), second = content.find('\n', first + 1);
  constexpr std::string_view from = "Return-Path: <", to = "Delivered-To: ";
  if (!content.starts_with(from) || content.compare(first + 1, to.size(), to) != 0)
    return findings_.add("content", mailbox + " has a mail without the fields of final delivery");
  const auto sender = content.substr(from.size(), first - 1 - from.size());
  const auto recipient = content.substr(first + 1 + to.size(), second - first - 1 - to.size());
  std::string lines;
  for (const char c : content.substr(second + 1)) lines += c == '\n' ? "\r\n" : std::string(1, c);
  const auto now = outside_.steady();
  took(mailbox, sender, recipient, lines,
       {mailbox, now, now, machine_->life(), [] { return true; }});
}

}  // namespace malleposte::sim
