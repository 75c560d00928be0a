// The only file that sees CLI11.
#include "appliance/command_line.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <sstream>

#include "appliance/version.h"
#include "config/values.h"
#include "mail/outcome_class.h"

namespace malleposte::appliance {
namespace {

// "" when the text is good, else what is wrong with it: CLI11's form of a check.
std::string check_duration(const std::string& text) {
  auto parsed = config::parse_duration(text);
  return parsed ? std::string() : fmt::format("\"{}\" {}", text, parsed.error());
}

// The library would take -1 as a large number.
std::string check_count(const std::string& text) {
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string::npos) return {};
  return fmt::format("\"{}\" is no number of messages", text);
}

std::string check_size(const std::string& text) {
  auto parsed = config::parse_size(text);
  return parsed ? std::string() : fmt::format("\"{}\" {}", text, parsed.error());
}

std::string check_next_hops(const std::string& text) {
  auto parsed = config::parse_next_hops(text);
  return parsed ? std::string() : fmt::format("\"{}\" {}", text, parsed.error());
}

std::string check_class(const std::string& text) {
  if (mail::parse_outcome_class(text)) return {};
  return fmt::format("\"{}\" is no class of outcomes", text);
}

std::string check_assignment(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals != std::string::npos && equals != 0) return {};
  return fmt::format("\"{}\" is no setting; write --set name=value", text);
}

struct Parser {
  CommandLine line;
  std::vector<std::string> assignments;
  CLI::App app{"Malleposte, a mail transfer appliance.", "malleposte"};

  CLI::App* add(CLI::App* parent, const char* name, const char* help, Command command) {
    CLI::App* sub = parent->add_subcommand(name, help);
    sub->fallthrough();
    sub->callback([this, command] { line.command = command; });
    return sub;
  }

  void add_filter(CLI::App* sub) {
    sub->add_option("--sender", line.filter.sender, "address of the sender, <> for bounces");
    sub->add_option("--recipient", line.filter.recipient, "address of a recipient");
    sub->add_option("--domain", line.filter.domain, "domain of a recipient");
    sub->add_option("--site", line.filter.site, "domains that share it, see `malleposte sites`");
    sub->add_option("--state", line.filter.state, "active, deferred, held, scheduled or deleting")
        ->check(CLI::IsMember({"active", "deferred", "held", "scheduled", "deleting"}));
    sub->add_option("--older-than", line.filter.older_than, "in the queue for so long, as in 4h")
        ->check(check_duration);
    sub->add_option("--younger-than", line.filter.younger_than, "in the queue for less, as in 10m")
        ->check(check_duration);
    sub->add_option("--larger-than", line.filter.larger_than, "more content than this, as in 5MB")
        ->check(check_size);
    sub->add_option("--smaller-than", line.filter.smaller_than, "less content, as in 64KB")
        ->check(check_size);
    sub->add_option("--reply", line.filter.reply,
                    "part of the last answer, in any case of letters");
    sub->add_option("--class", line.filter.outcome_class,
                    "kind of the last answer, as unknown_user or network")
        ->check(check_class);
  }

  CLI::App* add_action(CLI::App* queue, const char* name, const char* help, Command command) {
    CLI::App* sub = add(queue, name, help, command);
    add_filter(sub);
    sub->add_option("id", line.ids, "messages; none: all that match");
    sub->add_flag("--yes,-y", line.yes, "do not ask");
    sub->add_option("--limit", line.limit, "at most so many messages, the oldest first")
        ->check(check_count);
    sub->add_option("--reason", line.reason, "why, for the record");
    return sub;
  }

  void add_order(CLI::App* orders, const char* name, const char* help, const char* pattern,
                 Command command) {
    CLI::App* sub = add(orders, name, help, command);
    sub->add_option("pattern", line.subject, pattern)->required();
    sub->add_option("--reason", line.reason, "why; shown wherever the order is")->required();
    sub->add_option("--for", line.lasting,
                    "how long it stands, as in 2h; not given: until cancelled")
        ->check(check_duration);
  }

  void add_orders() {
    constexpr auto domain = "domain of recipients, .example.org for all below it, or *";
    CLI::App* orders =
        app.add_subcommand("orders", "standing orders: for mail that is there and mail that comes");
    orders->fallthrough();
    orders->require_subcommand(1);
    add(orders, "list", "lists those in force", Command::orders_list);
    add_order(orders, "suspend", "tries nothing for a destination", domain,
              Command::orders_suspend);
    add_order(orders, "bounce", "gives back what goes to a destination", domain,
              Command::orders_bounce);
    add_order(orders, "hold", "holds what a sender sends", "a@example.org, @example.org or <>",
              Command::orders_hold);
    add(orders, "cancel", "ends an order", Command::orders_cancel)
        ->add_option("number", line.order, "of the order")
        ->required();
  }

  void add_explanations() {
    add(&app, "sites", "how the next hops are doing", Command::sites);
    add(&app, "why", "why mail waits, and when it is tried", Command::why)
        ->add_option("subject", line.subject, "a message, an address or a domain")
        ->required();
    add(&app, "route", "where mail to an address goes, and what decides", Command::route)
        ->add_option("address", line.subject, "an address or a domain")
        ->required();
    CLI::App* test = add(&app, "test",
                         "what would happen to a message, and what decides; nothing is "
                         "sent or changed",
                         Command::test);
    test->add_option("--client", line.client, "IP address that connects")->required();
    test->add_option("--from", line.from, "sender, <> for the null one")->required();
    test->add_option("--to", line.test_to, "recipient")->required();
    test->add_option("--helo", line.helo, "name it gives; not given: its address");
    test->add_option("--listener", line.listener, "IP address of ours that it connects to");
  }

  Parser() {
    app.require_subcommand(1);
    app.set_version_flag("--version", fmt::format("malleposte {}", version));
    app.add_option("--config", line.config, "configuration file (malleposte.toml)");
    app.add_option("--set", assignments, "sets a property: --set name=value; repeatable")
        ->allow_extra_args(false)
        ->check(check_assignment);
    app.add_flag("--json", line.json, "answers in JSON");
    app.footer(
        "Exit codes: 0 done, 1 failed, 2 usage, 78 configuration.\n"
        "`malleposte COMMAND --help` says more about a command.");

    add(&app, "run", "serves mail in the foreground", Command::run);
    add(&app, "check", "says what is in force, or all that is wrong", Command::check);
    add(&app, "properties", "lists everything that can be set", Command::properties)
        ->add_flag("--markdown", line.markdown, "as the page of the manual");
    add(&app, "status", "how the running server is", Command::status);
    add(&app, "version", "prints the version", Command::version);

    CLI::App* queue = app.add_subcommand("queue", "looks into the queue and acts on it");
    queue->fallthrough();
    queue->require_subcommand(1);
    CLI::App* list = add(queue, "list", "lists messages, oldest first", Command::queue_list);
    add_filter(list);
    list->add_option("--limit", line.limit, "at most so many; not given: all")->check(check_count);
    list->add_option("--cursor", line.cursor, "goes on where `next` of an earlier list points");
    list->add_option("id", line.ids, "messages; none: all that match");
    add(queue, "show", "everything about messages", Command::queue_show)
        ->add_option("id", line.ids, "messages")
        ->required();
    add_action(queue, "flush", "tries messages again now", Command::queue_flush);
    add_action(queue, "hold", "keeps messages from being tried", Command::queue_hold);
    add_action(queue, "release", "ends a hold", Command::queue_release);
    add_action(queue, "delete", "removes messages; nobody is told", Command::queue_delete)
        ->add_flag("--now", line.now, "for good: nothing brings them back");
    add_action(queue, "undelete", "takes back what was deleted within the last minute",
               Command::queue_undelete);
    add_action(queue, "bounce", "gives messages back to their senders", Command::queue_bounce);
    add_action(queue, "reroute", "sends messages to another next hop", Command::queue_reroute)
        ->add_option("--to", line.to,
                     "next hop, as in the configuration; not given: as the routes say")
        ->check(check_next_hops);
    add_action(queue, "lifetime", "lets messages expire at another time", Command::queue_lifetime)
        ->add_option("--to", line.to, "from arrival, as in 2d; not given: as queue_lifetime")
        ->check(check_duration);
    CLI::App* ages = add(queue, "ages", "what waits, by domain and by age", Command::queue_ages);
    ages->add_option("--domain", line.domain, "of recipients; not given: those with most mail");
    ages->add_option("--limit", line.limit, "at most so many domains; not given: 20")
        ->check(check_count);

    add_orders();
    add_explanations();

    CLI::App* dns = app.add_subcommand("dns", "shows where mail goes, forgets what DNS said");
    dns->fallthrough();
    dns->require_subcommand(1);
    add(dns, "lookup", "the way of mail to a domain, as a delivery would find it now",
        Command::dns_lookup)
        ->add_option("domain", line.domain, "of a recipient")
        ->required();
    add(dns, "flush", "forgets what was learnt of DNS", Command::dns_flush);

    CLI::App* spool = app.add_subcommand("spool", "checks, copies and brings back the queue");
    spool->fallthrough();
    spool->require_subcommand(1);
    add(spool, "verify", "checks every record", Command::spool_verify)
        ->add_option("directory", line.directory, "not given: the spool of volume_data");
    add(spool, "dump", "prints every record", Command::spool_dump)
        ->add_option("directory", line.directory, "not given: the spool of volume_data");
    CLI::App* copy = add(spool, "export", "copies the running server's queue into an mbox",
                         Command::spool_export);
    add_filter(copy);
    copy->add_option("--to", line.file, "a new file; not given: standard output");
    add(spool, "import", "brings back what an export holds", Command::spool_import)
        ->add_option("file", line.file, "the mbox")
        ->required();
  }
};

}  // namespace

bool QueueFilter::empty() const {
  return sender.empty() && recipient.empty() && domain.empty() && site.empty() && state.empty() &&
         older_than.empty() && younger_than.empty() && larger_than.empty() &&
         smaller_than.empty() && reply.empty() && outcome_class.empty();
}

Result<CommandLine, Answer> parse_command_line(std::vector<std::string> arguments) {
  Parser parser;
  if (arguments.empty())
    return tl::make_unexpected(Answer{exit_code::usage, "", parser.app.help()});
  try {
    // The library takes its arguments from the back.
    std::reverse(arguments.begin(), arguments.end());
    parser.app.parse(std::move(arguments));
  } catch (const CLI::ParseError& ending) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = parser.app.exit(ending, out, err) == 0 ? exit_code::done : exit_code::usage;
    return tl::make_unexpected(Answer{code, out.str(), err.str()});
  }
  for (const std::string& text : parser.assignments) {
    const std::size_t equals = text.find('=');
    parser.line.set.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return std::move(parser.line);
}

}  // namespace malleposte::appliance
