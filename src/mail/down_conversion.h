// A message made fit for a way that offers less (RFC 6152 3, RFC 3030 3): its parts encoded for
// transfer (RFC 2045 6) where they must be, all else as it was, octet for octet. No message is
// kept: it is read as often as it takes, which deliver::ConvertedMessage does:
//
//   1. mail::ContentSurvey tells whether it fits, or why it cannot be made to, and makes the plan;
//   2. a DownConversion with that plan tells its new size (for SIZE=);
//   3. another one gives the octets while they are sent.
//
// What is changed: the body of a part that does not fit becomes quoted-printable (text) or base64,
// and its Content-Transfer-Encoding with it; labels of parts around and beside it that say more
// than is left are lowered (RFC 2045 6.4). A message without Content-Type gets one (RFC 1428), with
// MIME-Version. In a multipart's preamble and epilogue, which are for nobody (RFC 2046 5.1.1), what
// does not fit becomes "?". A DKIM signature (RFC 6376) does not survive; see docs/adr/0040.
//
// Pure; any thread, one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mail/content_survey.h"

namespace malleposte::mail {

class DownConversion final : private MimeStructure::Reader {
 public:
  // The same octets are to be added that the plan was made from.
  explicit DownConversion(std::vector<EntityPlan> plan);

  // Appends to `out` what the octets become; some of it may wait for the next call.
  void add(std::string_view octets, std::string& out);
  // The message is complete.
  void end(std::string& out);

 private:
  void piece(const MimePiece& piece) override;
  void header_ended(std::uint32_t entity, const MimeEntity& what) override;
  void entity_ended(std::uint32_t entity) override;
  void field(const MimePiece& piece, const EntityPlan& plan);
  void replace_unfit(const MimePiece& piece);
  void label(const EntityPlan& plan);

  std::vector<EntityPlan> plan_;
  MimeStructure structure_{*this};
  std::string* out_ = nullptr;
  std::optional<TransferEncoder> encoder_;  // of the leaf that is being read
  bool labelled_ = false;                   // this header has its new label
  std::size_t column_ = 0;                  // in a preamble or epilogue
};

}  // namespace malleposte::mail
