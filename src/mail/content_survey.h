// What a message needs of the way it goes, and how it can be changed for a way that offers less:
// the first reading of a conversion (mail/down_conversion.h). Pure; any thread. Memory is bounded
// by limits::mime_entities, not by the message.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "mail/mime_structure.h"
#include "mail/utf8_check.h"

namespace malleposte::mail {

// What a way takes, of what not all ways take. NUL, and CR or LF alone, only go by BINARYMIME.
struct Transport {
  bool eight_bit = true;   // octets above 127: 8BITMIME (RFC 6152)
  bool long_lines = true;  // of more than limits::content_line_octets
};

// Why a message cannot be converted.
enum class Obstacle : std::uint8_t {
  none,
  header,      // of the message, or of one in it: fields cannot be encoded
  sealed,      // it would break a signature, or an encrypted part (RFC 1847)
  unchanging,  // a part of a type that may not be encoded (RFC 2046 5.2)
  encoded,     // a part is encoded already, and yet not fit
  structure,   // broken, or in doubt
  limit,       // more parts or levels than we look at
};

// For a person, of the message: "it is signed or encrypted, and ...".
std::string_view explain(Obstacle obstacle);

// What becomes of an entity.
struct EntityPlan {
  TransferEncoding encoding = TransferEncoding::none;  // to be encoded so; none: as it is
  TransferEncoding label =
      TransferEncoding::none;  // the new Content-Transfer-Encoding; none: as it is
  bool edges = false;          // of a multipart: octets of preamble and epilogue are to be replaced
  bool add_version = false;
  std::string_view
      add_charset;  // not empty: it had no Content-Type and becomes text/plain with this
};

class ContentSurvey final : private MimeStructure::Reader {
 public:
  void add(std::string_view octets);
  void end();

  // The rest is asked behind the end.

  // Whether it can go as it is.
  bool fits(Transport transport) const;
  // Whether a header has octets above 127: of the message, a message in it, or a part. Such a
  // message needs SMTPUTF8 (RFC 6531), if it is not just broken.
  bool eight_bit_header() const;
  // Why it cannot be made to fit.
  Obstacle obstacle(Transport transport) const;
  // How it is made to fit: one for each entity. There is no obstacle.
  std::vector<EntityPlan> plan(Transport transport) const;

 private:
  struct Facts {
    bool eight_bit = false, bare = false, long_line = false;
    void join(const Facts& other);
    // Must be changed; `long_line` alone is none of it when the way takes long lines.
    bool unfit(Transport transport) const;
  };
  struct Entity {
    MimeEntity::Kind kind = MimeEntity::Kind::leaf;
    TransferEncoding encoding = TransferEncoding::none;
    bool text = true, typed = false, versioned = false, whole = false, sealed = false;
    Facts header, body;
    std::uint64_t octets = 0, high_octets = 0;
    Utf8Check utf8;
  };

  void piece(const MimePiece& piece) override;
  void header_ended(std::uint32_t entity, const MimeEntity& what) override;
  Entity& entity(std::uint32_t number);
  Obstacle obstacle(const Entity& entity, Transport transport) const;
  EntityPlan plan(const Entity& entity, Transport transport) const;

  MimeStructure structure_{*this};
  std::vector<Entity> entities_;
  Facts header_, all_;
  std::size_t column_ = 0;
};

}  // namespace malleposte::mail
