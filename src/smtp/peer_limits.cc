#include "smtp/peer_limits.h"

#include "mail/address.h"

namespace malleposte::smtp {
namespace {

std::string domain_of(const ForwardPath& recipient) {
  const auto at = recipient.path.rfind('@');
  if (at == std::string::npos) return "";
  return mail::canonical_domain(std::string_view(recipient.path).substr(at + 1));
}

}  // namespace

std::vector<std::size_t> PeerLimits::beyond(const EhloAnswer& offers,
                                            const std::vector<ForwardPath>& recipients) const {
  std::vector<std::size_t> positions;
  if (offers.recipients_max == 0 && offers.recipient_domains_max == 0 && !exhausted(offers))
    return positions;
  auto domains = domains_;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    bool place = !exhausted(offers);
    if (offers.recipients_max > 0 && taken >= offers.recipients_max) place = false;
    if (place && offers.recipient_domains_max > 0) {
      auto domain = domain_of(recipients[i]);
      place = domains.contains(domain) || domains.size() < offers.recipient_domains_max;
      if (place) domains.insert(std::move(domain));
    }
    if (place)
      ++taken;
    else
      positions.push_back(i);
  }
  return positions;
}

void PeerLimits::begun(const Transaction& transaction) {
  ++mails_;
  for (const auto& recipient : transaction.recipients) domains_.insert(domain_of(recipient));
}

}  // namespace malleposte::smtp
