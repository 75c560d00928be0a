#include "smtp/server_protocol.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <utility>

namespace malleposte::smtp {
namespace {

constexpr std::size_t flush_octets = 16 * 1024;  // of output that may gather

// As much of a line as tells its verb: of one that is too long no more is kept.
std::string_view start_of(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return line.substr(0, 5);
}

bool announces_chunk(std::string_view line) {
  const std::string_view start = start_of(line);
  return same_text(start.substr(0, start.find_first_of(" \t")), "BDAT");
}

Reply bad_character() {
  return reply(500, "5.5.2", "The line has a character it may not have.");
}

}  // namespace

// --- Bytes in ------------------------------------------------------------------------------------

void ServerProtocol::feed(std::string_view bytes, WallTime now) {
  assert(input_.empty() && waiting_ == Verdict::none);
  if (input_kept_) kept_ = std::string();  // idle sessions hold no buffer
  input_kept_ = false;
  input_ = bytes;
  now_ = now;
}

void ServerProtocol::keep_input() {
  if (input_kept_ || input_.empty()) return;
  kept_.assign(input_);
  input_ = kept_;
  input_kept_ = true;
}

ServerProtocol::Step ServerProtocol::next() {
  assert(waiting_ == Verdict::none);
  for (;;) {
    if (closing_) return Step::close;
    if (out_.size() > flush_octets) return Step::flush;
    // Each returns need_input also after a command that needs nobody else: then there may be more.
    const Step step = phase_ == Phase::content ? content_step() : command_step();
    if (step != Step::need_input) return step;
    if (input_.empty() && !closing_) return Step::need_input;
  }
}

ServerProtocol::Step ServerProtocol::content_step() {
  switch (intake_.next(input_)) {
    case ContentIntake::Event::need_input:
      return Step::need_input;
    case ContentIntake::Event::content:
      return Step::content;
    case ContentIntake::Event::refused:
      return Step::content_refused;
    case ContentIntake::Event::chunk_end:
    case ContentIntake::Event::end:
      break;
  }
  return end_of_content();
}

ServerProtocol::Step ServerProtocol::end_of_content() {
  const bool last = intake_.last();
  phase_ = Phase::commands;
  if (intake_.refused()) {
    reset_transaction();
    chunks_failed_ = !last;
    const Reply answer = intake_.answer();
    const Blame blame = std::exchange(blame_, Blame::note);
    if (blame == Blame::mistake) return mistake(answer);
    if (blame == Blame::note) return refuse_and_note(answer);
    say(answer);
    return Step::need_input;
  }
  if (!last) {
    chunks_begun_ = true;
    say(250, "2.0.0", "Chunk taken.");
    return Step::need_input;
  }
  waiting_ = Verdict::message;
  return Step::end_of_data;
}

ServerProtocol::Step ServerProtocol::command_step() {
  const std::size_t line_end = input_.find('\n');
  if (line_end == std::string_view::npos) {
    if (!line_too_long_) line_.append(input_);
    if (line_.size() > limits::command_line_octets) {
      line_too_long_ = true;
      line_ = std::string(start_of(line_));
    }
    input_ = {};
    return Step::need_input;
  }

  std::string_view line = input_.substr(0, line_end + 1);
  input_.remove_prefix(line_end + 1);
  if (!line_.empty()) line = line_.append(line);
  const bool too_long = line_too_long_ || line.size() > limits::command_line_octets;
  line_too_long_ = false;
  line.remove_suffix(1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);

  ++commands_;
  const bool has_bad_character =
      line.find_first_of(std::string_view("\r\0", 2)) != std::string_view::npos;
  Step step;
  if ((too_long || has_bad_character) && announces_chunk(line)) {
    step = end_session("4.5.4", "That was no BDAT.");  // nobody knows how many octets follow
  } else if (too_long) {
    step = mistake(500, "5.5.2", "The line is too long.");
  } else if (has_bad_character) {
    step = mistake(bad_character());
  } else {
    step = execute(line);
  }
  line_.clear();
  return step;
}

// --- Verdicts ------------------------------------------------------------------------------------

void ServerProtocol::expect(Verdict verdict) {
  assert(waiting_ == verdict);
  waiting_ = Verdict::none;
}

void ServerProtocol::accept_mail(mail::Address reverse_path) {
  expect(Verdict::mail);
  transaction_ = std::move(next_transaction_);
  transaction_.reverse_path = std::move(reverse_path);
  mail_given_ = true;
  chunks_failed_ = false;
  say(250, "2.1.0", "Sender accepted.");
}

void ServerProtocol::accept_recipient(mail::Address recipient) {
  expect(Verdict::recipient);
  mail::Recipient& added = transaction_.recipients.emplace_back(std::move(recipient));
  added.notify = next_recipient_.notify;
  added.original = std::move(next_recipient_.original);
  say(250, "2.1.5", "Recipient accepted.");
}

void ServerProtocol::accept_data() {
  expect(Verdict::data);
  blame_ = Blame::note;
  phase_ = Phase::content;
  if (command_.verb == Verb::data) {
    intake_.begin_data(options_.size_limit, repair_bare_lf_);
    say(354, "", "End your message with a period.");
    return;
  }
  using Lines = ChunkDecoder::Lines;
  const Lines text = repair_bare_lf_ ? Lines::repair_bare_lf : Lines::strict;
  intake_.begin_chunks(options_.size_limit,
                       transaction_.body == mail::Body::binary ? Lines::binary : text);
  intake_.chunk(*command_.chunk_octets, command_.last_chunk);
}

void ServerProtocol::accept_message(mail::MessageId id) {
  expect(Verdict::message);
  errors_ = 0;
  say(250, "2.0.0", "Message accepted as " + to_string(id) + ".");
  reset_transaction();
}

void ServerProtocol::refuse(const Reply& reply) {
  assert(waiting_ != Verdict::none);
  const Verdict refused = std::exchange(waiting_, Verdict::none);
  if (refused == Verdict::data && command_.verb == Verb::bdat) {
    refuse_chunk(reply, Blame::none);
    return;
  }
  // RFC 5321 4.1.1.4: after the end of the data the transaction is over, whatever the answer.
  if (refused == Verdict::message) reset_transaction();
  say(reply);
}

void ServerProtocol::refuse_content(const Reply& reply) {
  assert(phase_ == Phase::content);
  intake_.refuse(reply);
}

// --- Replies -------------------------------------------------------------------------------------

void ServerProtocol::greet() {
  say(220, "", options_.hostname + " ESMTP Malleposte");
}

void ServerProtocol::hang_up(const Reply& reply) {
  waiting_ = Verdict::none;
  say(reply);
  closing_ = true;
}

ServerProtocol::Step ServerProtocol::mistake(int code, std::string_view status,
                                             std::string_view text) {
  return mistake(reply(code, status, text));
}

ServerProtocol::Step ServerProtocol::mistake(const Reply& reply) {
  if (++errors_ > options_.errors) return end_session("4.7.0", "Too many mistakes; good bye.");
  return refuse_and_note(reply);
}

ServerProtocol::Step ServerProtocol::end_session(std::string_view status, std::string_view text) {
  closing_ = true;
  return refuse_and_note(reply(421, status, text));
}

ServerProtocol::Step ServerProtocol::refuse_and_note(const Reply& reply) {
  say(reply);
  refusal_ = to_string(reply);
  return Step::refused;
}

void ServerProtocol::say(int code, std::string_view status, std::string_view text) {
  char digits[3];
  std::to_chars(digits, digits + 3, code);
  out_.append(digits, 3).push_back(' ');
  if (offers_.enhanced_status && !status.empty()) out_.append(status).push_back(' ');
  out_.append(text).append("\r\n");
}

void ServerProtocol::say(const Reply& reply) {
  if (offers_.enhanced_status) {
    append_wire(out_, reply);
  } else {
    append_wire(out_, Reply{reply.code, "", reply.lines});
  }
}

bool ServerProtocol::reset_transaction() {
  mail_given_ = false;
  transaction_.reverse_path = {};
  transaction_.recipients.clear();
  if (transaction_.recipients.capacity() > 8) transaction_.recipients = {};  // for idle sessions
  static_cast<MailParameters&>(transaction_) = {};
  chunks_failed_ = false;
  return std::exchange(chunks_begun_, false);
}

}  // namespace malleposte::smtp
