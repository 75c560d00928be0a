// Makes a message fit for a peer that offers less than it needs: content is converted, parameters
// that turn out to be needless are left out (RFC 6152 3, RFC 3030 3, RFC 6531 3.2); or says why
// that cannot be. One belongs to each message that a deliver::Carrier has in hand. Loop thread.
//
// What a message needs is what is in it, not what was said about it: 8-bit content that came
// without BODY=8BITMIME is none for a peer without it, and ASCII that came with SMTPUTF8 goes
// everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "deliver/surroundings.h"
#include "mail/content_survey.h"
#include "smtp/ehlo_answer.h"
#include "smtp/ruling.h"
#include "smtp/transaction.h"

namespace malleposte::deliver {

class Fitting {
 public:
  // Whether fit() may have to read the content for a peer with these offers.
  static bool needed(const smtp::EhloAnswer& offers, const spool::StoredMessage& message);

  // Positions of recipients whose address has no form in ASCII: theirs is another fate than the
  // others' at a peer without SMTPUTF8.
  static std::vector<std::size_t> international(const smtp::Transaction& transaction);

  // Makes `transaction` what `message` needs, whatever it was changed to for another peer.
  void forget(const spool::StoredMessage& message, smtp::Transaction& transaction);

  // Makes `transaction` what the peer can be asked for, and content() with it. Else says why the
  // peer cannot be given the message: permanent, with 5.6.1, 5.6.3 or 5.6.7; temporary when the
  // message cannot be read. Asking again with the same offers costs nothing.
  Task<std::optional<smtp::Ruling>> fit(const Surroundings& with, mail::MessageId id,
                                        const spool::StoredMessage& message,
                                        const smtp::EhloAnswer& offers,
                                        smtp::Transaction& transaction);

  // What is to be sent in place of the message; null: the message.
  spool::StoredMessage* content() const { return content_.get(); }

 private:
  Task<std::optional<smtp::Ruling>> decide(const Surroundings& with, mail::MessageId id,
                                           const smtp::EhloAnswer& offers,
                                           smtp::Transaction& transaction);
  Task<Result<void>> survey(const Surroundings& with, mail::MessageId id);
  Task<Result<std::uint64_t>> convert(const Surroundings& with, mail::MessageId id,
                                      mail::Transport transport);

  std::unique_ptr<mail::ContentSurvey> survey_;  // once the content was read
  std::optional<smtp::EhloAnswer> offers_;       // of the last peer
  std::optional<smtp::Ruling> refusal_;          // for it
  std::unique_ptr<spool::StoredMessage> content_;
};

}  // namespace malleposte::deliver
