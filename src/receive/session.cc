#include "receive/session.h"

#include <array>
#include <cassert>
#include <charconv>
#include <utility>

namespace malleposte::receive {
namespace {

using Step = smtp::ServerProtocol::Step;

const smtp::Reply& shutting_down() {
  static const smtp::Reply reply = smtp::reply(421, "4.3.2", "I am closing, please call again.");
  return reply;
}

const smtp::Reply& not_kept() {
  static const smtp::Reply reply =
      smtp::reply(451, "4.3.0", "The message could not be stored safely, please try again later.");
  return reply;
}

const smtp::Reply& too_many_hops() {
  static const smtp::Reply reply =
      smtp::reply(554, "5.4.6", "The message goes round in a loop: too many Received fields.");
  return reply;
}

const smtp::Reply& delivered_before() {
  static const smtp::Reply reply = smtp::reply(
      554, "5.4.6", "The message goes round in a loop: it was delivered to this address before.");
  return reply;
}

Task<void> ask_name(net::Resolver& resolver, std::string address, std::shared_ptr<std::string> into,
                    SteadyTime deadline) {
  const net::NameAnswer answer = co_await resolver.reverse(std::move(address), deadline);
  if (answer.lookup == net::Lookup::found) *into = answer.name;
}

}  // namespace

const smtp::Reply& no_space() {
  static const smtp::Reply reply =
      smtp::reply(452, "4.3.1", "There is no room for mail now, please try again later.");
  return reply;
}

Rules::Rules(const config::Settings& settings)
    : relay(settings), repair_bare_lf(settings.bare_newline == config::BareNewline::repair) {
  options.hostname = settings.hostname;
  options.size_limit = settings.message_size_limit;
  options.recipients = settings.recipient_limit;
  options.errors = settings.mistake_limit;
  options.command_line = settings.command_line_limit;
  options.junk_commands = settings.junk_command_limit;
  patience = {settings.idle_timeout, settings.command_timeout, settings.data_rate_minimum,
              settings.data_rate_window};
  content = {settings.header_size_limit, settings.header_field_limit, settings.line_length_limit};
  proxies = settings.proxy_protocol_clients;
  xclients = settings.xclient_clients;
  xforwards = settings.xforward_clients;
  withheld = settings.ehlo_withheld;
}

smtp::Offers Rules::offers(const IpAddress& caller, bool trusted, std::string_view listener) const {
  smtp::Offers offers = smtp::Offers::to_client(trusted);
  offers.xclient = config::any_contains(xclients, caller);
  offers.xforward = config::any_contains(xforwards, caller);
  for (const auto& [keyword, of] : withheld)
    if (of.empty() || of == listener) offers.withhold(keyword);
  return offers;
}

bool Rules::is_proxy(const IpAddress& client) const {
  return config::any_contains(proxies, client);
}

Session::Session(const Services& services, std::shared_ptr<const Rules> rules,
                 std::unique_ptr<net::Stream> stream, Client client, std::string name)
    : services_(services),
      rules_(std::move(rules)),
      stream_(std::move(stream)),
      caller_(client.address),
      client_(client),
      name_(std::move(name)),
      peer_(net::to_string(stream_->peer())),
      peer_address_(stream_->peer().address),
      client_name_(std::make_shared<std::string>()),
      protocol_(rules_->options, rules_->repair_bare_lf && client.trusted,
                rules_->offers(client.address, client.trusted, stream_->local().address)),
      patience_(rules_->patience),
      loops_(rules_->options.hostname) {
  relay_client_.trusted = client.trusted;
  if (const auto local = parse_ip(stream_->local().address)) relay_client_.reached_at = *local;
}

// --- The coroutine -------------------------------------------------------------------------------

Task<void> Session::run(std::function<void(Session&)> ended) {
  const auto self = shared_from_this();
  services_.record.connected(name_, peer_);
  spawn(ask_name(services_.resolver, peer_address_, client_name_,
                 services_.loop.steady() + limits::ptr_timeout));
  protocol_.greet();
  bool open = true;
  while (open) {
    if (stopping_ && !protocol_.in_data()) {
      protocol_.hang_up(shutting_down());
      open = false;
    }
    if (!protocol_.output().empty()) {
      const Result<void> sent = co_await send();
      open = open && sent.has_value();
    }
    if (!open) break;
    if (stopping_ && !protocol_.in_data()) continue;

    const SteadyTime deadline = patience_.deadline(doing(), services_.loop.steady());
    idle_ = true;
    const Result<void> readable = co_await stream_->wait_readable(deadline);
    idle_ = false;
    const SteadyTime came = services_.loop.steady();  // waiting for a buffer is not its fault
    if (saying_goodbye_) break;
    if (!readable) {
      if (readable.error().fault == Fault::deadline) co_await give_up(patience_.met());
      break;
    }
    ReadBuffers::Loan loan = co_await services_.buffers.borrow();
    const Result<std::size_t> got = co_await stream_->read_some(loan.span(), deadline);
    if (!got || *got == 0) break;
    if (!patience_.received(*got, came)) {
      co_await give_up(patience_.met());
      break;
    }
    protocol_.feed({loan.span().data(), *got}, services_.loop.wall());
    open = co_await carry_out(std::move(loan));
  }
  incoming_.reset();
  stream_->close();
  services_.record.disconnected(name_, peer_, protocol_.commands(), messages_);
  ended(*this);
}

policy::Patience::Doing Session::doing() const {
  using Doing = policy::Patience::Doing;
  if (protocol_.in_data()) return Doing::content;
  return protocol_.in_line() ? Doing::command : Doing::nothing;
}

// The client took too long.
Task<void> Session::give_up(Limit limit) {
  const smtp::Reply last_word = smtp::reply(limit);
  note_refusal("", smtp::to_string(last_word));
  protocol_.hang_up(last_word);
  const Result<void> sent = co_await send();
  (void)sent;
}

// Carries out the steps until the input is used up; false when the session is over.
Task<bool> Session::carry_out(ReadBuffers::Loan loan) {
  for (;;) {
    switch (protocol_.next()) {
      case Step::need_input:
        co_return true;
      case Step::flush: {
        protocol_.keep_input();
        loan.give_back();
        const Result<void> sent = co_await send();
        if (!sent) co_return false;
        break;
      }
      case Step::client:
        judge_client();
        break;
      case Step::mail:
        judge_sender();
        break;
      case Step::rcpt: {
        auto verdict = rules_->relay.recipient(protocol_.address(), relay_client_);
        if (to_be_looked_for(verdict))
          verdict = co_await look_for(std::move(verdict->address), loan);
        judge_recipient(std::move(verdict));
        break;
      }
      case Step::data:
        if (begin_message()) co_await keep(trace_);
        break;
      case Step::content:
        co_await take(protocol_.content());
        break;
      case Step::content_refused:
        incoming_.reset();
        break;
      case Step::end_of_data:
        co_await finish_message(loan);
        break;
      case Step::refused:
        note_refusal("", protocol_.refusal());
        break;
      case Step::close: {
        const Result<void> sent = co_await send();
        (void)sent;
        co_return false;
      }
    }
  }
}

// Sends what the protocol has to say.
Task<Result<void>> Session::send() {
  sending_.clear();
  std::swap(sending_, protocol_.output());
  const std::array<std::string_view, 1> buffers{sending_};
  const Result<void> sent =
      co_await stream_->write(buffers, services_.loop.steady() + limits::command_timeout);
  if (sending_.capacity() > 1024) sending_ = std::string();  // idle sessions hold no buffer
  co_return sent;
}

// --- Verdicts ------------------------------------------------------------------------------------

// XCLIENT: from now on the session is that of the client it names, as if that had connected, but
// that the caller may go on speaking for others.
void Session::judge_client() {
  using smtp::Attribute;
  const smtp::ClientAttributes& told = protocol_.told();
  const std::string before = peer_;
  Client client = client_;
  if (told[Attribute::addr].told) {
    const auto address = parse_ip(told[Attribute::addr].value);
    if (address) client.address = *address;
    client.trusted = address && rules_->relay.trusts(*address);
  }
  if (const auto limit = services_.places.move(client_, client)) {
    const smtp::Reply reply = smtp::reply(*limit);
    note_refusal("", smtp::to_string(reply));
    return protocol_.hang_up(reply);
  }
  client_ = client;
  relay_client_.trusted = client.trusted;
  if (const auto reached = parse_ip(told[Attribute::destaddr].value))
    relay_client_.reached_at = *reached;
  if (!told[Attribute::addr].value.empty()) {
    peer_address_ = told[Attribute::addr].value;
    const std::string& port = told[Attribute::port].value;
    std::uint16_t number = 0;
    std::from_chars(port.data(), port.data() + port.size(), number);
    peer_ = net::to_string(net::Endpoint{peer_address_, number});
  }
  if (told[Attribute::name].told || told[Attribute::addr].told) {
    // Another string: the look-up for the client before may still be under way.
    client_name_ = std::make_shared<std::string>(told[Attribute::name].value);
    if (!told[Attribute::name].told && !told[Attribute::addr].value.empty())
      spawn(ask_name(services_.resolver, peer_address_, client_name_,
                     services_.loop.steady() + limits::ptr_timeout));
  }
  services_.record.vouched(name_, peer_, "xclient", "by=" + before + " " + to_string(told));
  protocol_.accept_client(rules_->offers(caller_, client.trusted, stream_->local().address),
                          rules_->repair_bare_lf && client.trusted);
}

void Session::judge_sender() {
  policy::Verdict verdict = rules_->relay.sender(protocol_.address(), relay_client_);
  if (!verdict) return refuse(verdict.error(), "");
  if (!services_.store.admits(protocol_.declared_size())) return refuse(no_space());
  protocol_.accept_mail(std::move(verdict->address));
}

bool Session::to_be_looked_for(const policy::Verdict& recipient) const {
  return recipient && recipient->because != policy::Because::postmaster &&
         services_.recipients.known(recipient->address.domain);
}

// It may take its time: the read buffer is for others.
Task<policy::Verdict> Session::look_for(mail::Address recipient, ReadBuffers::Loan& loan) {
  protocol_.keep_input();
  loan.give_back();
  const auto found = co_await services_.recipients.find(recipient);
  co_return judge(found, std::move(recipient), rules_->relay, relay_client_);
}

void Session::judge_recipient(policy::Verdict verdict) {
  if (!verdict) return refuse(verdict.error(), to_string(protocol_.address()));
  // A message is held as a whole: it goes to the postmaster or to others, and 4.5.3 has the client
  // send the rest in a transaction of its own (RFC 5321 4.5.3.1.10).
  const auto& others = protocol_.transaction().recipients;
  if (!others.empty() &&
      rules_->relay.holds(others.front()) != rules_->relay.holds(verdict->address))
    return refuse(policy::postmaster_alone, to_string(protocol_.address()));
  protocol_.accept_recipient(std::move(verdict->address));
}

void Session::refuse(const policy::Refusal& refusal, std::string_view recipient) {
  const smtp::Reply reply = smtp::reply(refusal.code, refusal.status, refusal.text);
  note_refusal(recipient, smtp::to_string(reply));
  protocol_.refuse(reply);
}

void Session::refuse(const smtp::Reply& reply) {
  note_refusal("", smtp::to_string(reply));
  protocol_.refuse(reply);
}

void Session::note_refusal(std::string_view recipient, std::string_view reply) {
  services_.record.refused(name_, peer_, protocol_.helo(),
                           to_string(protocol_.transaction().reverse_path), recipient, reply);
}

// --- The message ---------------------------------------------------------------------------------

bool Session::begin_message() {
  const smtp::ServerTransaction& transaction = protocol_.transaction();
  envelope_.reverse_path = transaction.reverse_path;
  envelope_.recipients = transaction.recipients;
  envelope_.body = transaction.body;
  envelope_.requests = transaction.requests;
  envelope_.arrived = services_.loop.wall();
  envelope_.client_address = peer_address_;
  envelope_.client_name = *client_name_;
  envelope_.helo = protocol_.helo();
  envelope_.held = rules_->relay.holds(envelope_.recipients.front());
  auto incoming = services_.store.begin(envelope_, transaction.declared_size);
  if (!incoming) {
    refuse(no_space());
    return false;
  }
  incoming_ = std::move(*incoming);
  header_ = mail::HeaderReader(rules_->content.header_octets);
  loops_ = mail::LoopDetector(rules_->options.hostname);
  completion_.reset();
  lines_ = mail::LineMeasure(rules_->content.line_octets);
  forwarded_ = to_string(protocol_.forwarded());
  if (client_.trusted) complete_header();
  kept_octets_ = 0;
  mail::Trace trace;
  trace.helo = envelope_.helo;
  trace.client_name = envelope_.client_name;
  trace.client_address = client_.address;
  trace.hostname = rules_->options.hostname;
  trace.protocol.esmtp = protocol_.esmtp();
  trace.protocol.utf8 = envelope_.requests.smtputf8;
  trace.priority = envelope_.requests.priority;
  trace.id = incoming_->id();
  trace.only_recipient = envelope_.recipients.size() == 1 ? &envelope_.recipients[0] : nullptr;
  trace.when = envelope_.arrived;
  trace_ = received_field(trace);
  protocol_.accept_data();
  return true;
}

// What submission adds to a header that lacks it; how DSNs of ours name themselves, so does this.
void Session::complete_header() {
  completion_.emplace(
      "Date: " + mail::date_time(envelope_.arrived) + "\r\n",
      "Message-ID: <" + to_string(incoming_->id()) + "@" + rules_->options.hostname + ">\r\n");
}

// The next content, as the client sent it.
Task<void> Session::take(std::string_view content) {
  if (!incoming_) co_return;
  if (const auto refusal = look_at(content)) {
    incoming_.reset();
    protocol_.refuse_content(*refusal);
    co_return;
  }
  if (!completion_) {
    co_await keep(content);
    co_return;
  }
  for (const std::string_view piece : completion_->pass(header_, content)) co_await keep(piece);
}

// Why the message cannot be taken that has this next content.
std::optional<smtp::Reply> Session::look_at(std::string_view content) {
  const bool in_header = !header_.ended();
  if (completion_)
    mail::read_header(header_, content, loops_, *completion_);
  else
    mail::read_header(header_, content, loops_);
  if (in_header) {
    if (const smtp::Reply* reply = loop(header_.ended())) return *reply;
    if (header_.too_long()) return smtp::reply(Limit::header_size);
    if (header_.fields() > rules_->content.header_fields) return smtp::reply(Limit::header_fields);
  }
  if (envelope_.body == mail::Body::binary) {  // has no lines but in its header (RFC 3030 3)
    if (!in_header) return std::nullopt;
    if (header_.ended()) content.remove_suffix(header_.rest().size());
  }
  if (!lines_.feed(content)) return smtp::reply(Limit::line_length);
  return std::nullopt;
}

// What the client is told when the message goes round; null when it does not.
const smtp::Reply* Session::loop(bool header_ended) const {
  if (loops_.too_many_hops()) return &too_many_hops();
  if (header_ended && loops_.delivered_before(envelope_.recipients)) return &delivered_before();
  return nullptr;
}

// Adds to the message on its way in, unless it has been refused meanwhile.
Task<void> Session::keep(std::string_view content) {
  if (!incoming_) co_return;
  const bool added = co_await append(content);
  if (!added) protocol_.refuse_content(no_space());
}

// False when the store has no room for it: then the message is forgotten.
Task<bool> Session::append(std::string_view content) {
  const Result<void> added = co_await incoming_->append(content);
  if (!added) {
    incoming_.reset();
    co_return false;
  }
  kept_octets_ += content.size();
  co_return true;
}

Task<void> Session::finish_message(ReadBuffers::Loan& loan) {
  assert(incoming_);
  protocol_.keep_input();  // others read while we wait for the disk
  loan.give_back();
  loops_.header_ended();  // if it was all header
  if (const smtp::Reply* reply = loop(true)) {
    incoming_.reset();
    refuse(*reply);
    co_return;
  }
  if (completion_) {
    for (const std::string_view piece : completion_->end()) {
      const bool added = co_await append(piece);
      if (!added) {
        refuse(no_space());
        co_return;
      }
    }
  }
  const std::unique_ptr<spool::Incoming> incoming = std::move(incoming_);
  const CommitWatch::Waiting waiting = services_.commits.begin(services_.loop.steady());
  const spool::CommitResult result = co_await incoming->commit();
  services_.commits.end(waiting);
  if (result.status != spool::CommitStatus::durable) {
    refuse(result.status == spool::CommitStatus::no_room ? no_space() : not_kept());
    co_return;
  }
  ++messages_;
  protocol_.accept_message(result.id);
  services_.record.accepted(result.id, envelope_, kept_octets_);
  if (!forwarded_.empty())
    services_.record.vouched(name_, peer_, "xforward",
                             "id=" + to_string(result.id) + " " + forwarded_);
  if (envelope_.recipients.capacity() > 8) envelope_.recipients = {};  // idle sessions are small
}

// --- The end -------------------------------------------------------------------------------------

void Session::stop() {
  if (stopping_) return;
  stopping_ = true;
  if (saying_goodbye_ || !idle_ || protocol_.in_data()) return;
  saying_goodbye_ = true;
  spawn(say_goodbye(shared_from_this(), shutting_down()));
}

bool Session::end_if_idle(Limit limit) {
  if (!idle_ || stopping_ || saying_goodbye_ || protocol_.in_data()) return false;
  saying_goodbye_ = true;
  const smtp::Reply last_word = smtp::reply(limit);
  note_refusal("", smtp::to_string(last_word));
  spawn(say_goodbye(shared_from_this(), last_word));
  return true;
}

void Session::abort() {
  stream_->close();
}

// Beside run(), which waits for input and ends when the stream is closed.
Task<void> Session::say_goodbye(std::shared_ptr<Session> self, smtp::Reply last_word) {
  const std::string text = to_wire(last_word);
  const std::array<std::string_view, 1> buffers{text};
  const Result<void> sent =
      co_await self->stream_->write(buffers, self->services_.loop.steady() + limits::quit_timeout);
  (void)sent;
  self->stream_->close();
}

}  // namespace malleposte::receive
