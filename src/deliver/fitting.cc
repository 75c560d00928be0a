#include "deliver/fitting.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "deliver/converted_message.h"
#include "deliver/outcome_of.h"
#include "smtp/peer_fit.h"

namespace malleposte::deliver {
namespace {

// The address in ASCII: a domain has such a form, a local part has none (RFC 6531 3.2).
std::optional<std::string> in_ascii(const std::string& path) {
  if (is_ascii(path)) return path;
  const auto address = mail::parse_address(path);
  const auto ascii = address ? mail::to_ascii(*address) : std::nullopt;
  return ascii ? std::optional(mail::to_string(*ascii)) : std::nullopt;
}

bool make_ascii(std::string& path) {
  auto ascii = in_ascii(path);
  if (ascii) path = std::move(*ascii);
  return ascii.has_value();
}

bool make_ascii(smtp::Transaction& transaction) {
  return make_ascii(transaction.reverse_path) &&
         std::all_of(transaction.recipients.begin(), transaction.recipients.end(),
                     [](auto& recipient) { return make_ascii(recipient.path); });
}

}  // namespace

std::vector<std::size_t> Fitting::international(const smtp::Transaction& transaction) {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < transaction.recipients.size(); ++i)
    if (!in_ascii(transaction.recipients[i].path)) positions.push_back(i);
  return positions;
}

bool Fitting::needed(const smtp::EhloAnswer& offers, const spool::StoredMessage& message) {
  const auto& envelope = message.envelope();
  const bool binary = envelope.body == mail::Body::binary;
  return (binary ? !offers.binary_mime : !offers.eight_bit_mime) ||
         (envelope.requests.smtputf8 && !offers.smtputf8);
}

void Fitting::forget(const spool::StoredMessage& message, smtp::Transaction& transaction) {
  transaction.size = message.size();
  transaction.body = message.envelope().body;
  transaction.requests.smtputf8 = message.envelope().requests.smtputf8;
  offers_.reset();
  refusal_.reset();
  content_.reset();
}

Task<std::optional<smtp::Ruling>> Fitting::fit(const Surroundings& with, mail::MessageId id,
                                               const spool::StoredMessage& message,
                                               const smtp::EhloAnswer& offers,
                                               smtp::Transaction& transaction) {
  if (offers_ == offers) co_return refusal_;
  forget(message, transaction);
  const auto asked = offers;  // the connection may end while we read
  auto refusal = co_await decide(with, id, asked, transaction);
  offers_ = asked;
  refusal_ = refusal;
  co_return refusal;
}

Task<std::optional<smtp::Ruling>> Fitting::decide(const Surroundings& with, mail::MessageId id,
                                                  const smtp::EhloAnswer& offers,
                                                  smtp::Transaction& transaction) {
  if (auto refusal = smtp::refusal_of(offers, transaction)) co_return refusal;
  auto lack = smtp::lacking(offers, transaction);
  if (lack.ascii_only) {
    if (!make_ascii(transaction)) co_return smtp::refusal_for(lack);
    lack.ascii_only = transaction.requests.smtputf8;
  }
  const bool binary = transaction.body == mail::Body::binary && !offers.binary_mime;
  const bool eight_bit =
      offers.eight_bit_mime || (transaction.body == mail::Body::binary && !binary);
  if (!binary && eight_bit && !lack.ascii_only) co_return std::nullopt;

  if (auto read = co_await survey(with, id); !read) co_return unreadable(read.error());
  if (lack.ascii_only) {
    if (survey_->eight_bit_header()) co_return smtp::refusal_for(lack);
    transaction.requests.smtputf8 = lack.ascii_only = false;
  }
  const mail::Transport transport{.eight_bit = eight_bit, .long_lines = !binary};
  const bool fits = survey_->fits(transport);
  if (const auto obstacle = survey_->obstacle(transport); obstacle != mail::Obstacle::none) {
    lack.seven_bit_content = true;  // or it came without a word of that
    auto refusal = smtp::refusal_for(lack);
    refusal.text += fmt::format("; it cannot be converted: {}", mail::explain(obstacle));
    co_return refusal;
  }
  if (!fits) {
    const auto size = co_await convert(with, id, transport);
    if (!size) co_return unreadable(size.error());
    transaction.size = *size;
  }
  if (!eight_bit)
    transaction.body = mail::Body::seven_bit;
  else if (binary)
    transaction.body = mail::Body::eight_bit;
  co_return std::nullopt;
}

Task<Result<void>> Fitting::survey(const Surroundings& with, mail::MessageId id) {
  if (survey_) co_return Result<void>{};
  auto message = co_await with.store.open(id);
  if (!message) co_return tl::make_unexpected(std::move(message.error()));
  auto survey = std::make_unique<mail::ContentSurvey>();
  for (;;) {
    auto block = co_await (*message)->read();
    if (!block) co_return tl::make_unexpected(std::move(block.error()));
    if (block->empty()) break;
    co_await on_reader_lane(with.loop, [&survey, octets = *block] { survey->add(octets); });
  }
  co_await on_reader_lane(with.loop, [&survey] { survey->end(); });
  survey_ = std::move(survey);
  co_return Result<void>{};
}

// Once for the size, and ready to be read for the octets.
Task<Result<std::uint64_t>> Fitting::convert(const Surroundings& with, mail::MessageId id,
                                             mail::Transport transport) {
  const auto plan = survey_->plan(transport);
  auto message = co_await with.store.open(id);
  if (!message) co_return tl::make_unexpected(std::move(message.error()));
  ConvertedMessage counted(with.loop, std::move(*message), plan, 0);
  std::uint64_t size = 0;
  for (;;) {
    auto block = co_await counted.read();
    if (!block) co_return tl::make_unexpected(std::move(block.error()));
    if (block->empty()) break;
    size += block->size();
  }
  message = co_await with.store.open(id);
  if (!message) co_return tl::make_unexpected(std::move(message.error()));
  content_ = std::make_unique<ConvertedMessage>(with.loop, std::move(*message), plan, size);
  co_return size;
}

}  // namespace malleposte::deliver
