// The structure of a message as MIME sees it (RFC 2045, RFC 2046), found while its octets go by.
// Every octet is reported once, in order, with its place: who copies them all has the message. So a
// conversion can change what it must and leave the rest as it was, octet for octet.
//
// Nothing is kept but the open levels and what is left of a line: memory does not grow with the
// message, whatever is in it (limits::mime_depth, mime_line_kept, mime_field_octets). Past a limit
// the rest of the message is reported as one body. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mail/mime_codec.h"

namespace malleposte::mail {

// What an entity (RFC 2045 2.4: a message or a part) is, once its header is complete.
struct MimeEntity {
  enum class Kind : std::uint8_t {
    leaf,       // content that may be encoded for transfer
    multipart,  // RFC 2046 5.1, with a boundary
    message,    // RFC 2046 5.2.1: another message
    opaque,     // may not be encoded: message/partial and its like, or a structure we cannot see
  };
  Kind kind = Kind::leaf;
  ContentType type{"text", "plain", {}};
  TransferEncoding encoding = TransferEncoding::none;
  bool typed = false;      // has a Content-Type
  bool versioned = false;  // has a MIME-Version
  bool whole = false;      // a message, rather than a part of one
  // Inside of multipart/signed or multipart/encrypted: not to be changed (RFC 1847 2.1, 2.2).
  bool sealed = false;
};

// Where an octet stands.
enum class MimePlace : std::uint8_t {
  field,      // of the header
  separator,  // the empty line behind it
  body,       // of a leaf or something opaque
  delimiter,  // of a multipart, with the line break before it, which belongs to it
  preamble,   // of a multipart, before its first delimiter
  epilogue,   // behind its last
};

struct MimePiece {
  enum class Field : std::uint8_t { other, content_type, transfer_encoding, mime_version };
  MimePlace place;
  std::uint32_t entity;  // counted from 0 in the order in which they begin
  Field field = Field::other;
  // Of content (body, preamble, epilogue) any number of lines; CR and the LF behind it are never
  // cut apart.
  std::string_view octets;
  bool line_begins = false;  // this is the beginning of a line
};

// Why a message can be read in more than one way, or not at all. Whoever only copies need not care.
enum class MimeDefect : std::uint8_t {
  none,
  header,     // a line that is no field, or a field twice that tells what the entity is
  delimiter,  // a line that some take for a delimiter and some do not
  unclosed,   // a multipart without any part
  limit,      // too many entities, or too deep
};

class MimeStructure {
 public:
  // Told of what is found; all views are valid during the call only.
  class Reader {
   public:
    virtual ~Reader() = default;
    virtual void piece(const MimePiece& piece) = 0;
    // Before the separator, when there is one.
    virtual void header_ended(std::uint32_t entity, const MimeEntity& what) = 0;
    // Behind its last octet, before a delimiter that ends it; also of entities without a body.
    virtual void entity_ended(std::uint32_t entity) { (void)entity; }
  };

  explicit MimeStructure(Reader& reader);

  void add(std::string_view octets);
  // The message is complete.
  void end();

  // The first that was found.
  MimeDefect defect() const { return defect_; }

 private:
  struct Level {
    std::uint32_t entity;
    std::string boundary;  // "" for a message in a message
    bool digest;
    bool sealed;  // what is in it
    bool parts = false;
    bool closed = false;
  };

  std::size_t plain_lines(std::string_view octets) const;
  void content(std::string_view lines);
  void line(std::string_view octets, bool begins, bool ends);
  void header_line(std::string_view text, std::string_view line_end, bool begins);
  void begin_field(std::string_view text);
  void end_field();
  void content_line(std::string_view text, std::string_view line_end, bool begins);
  bool delimiter(std::string_view octets, std::string_view text, std::string_view line_end);
  void begin_entity(bool whole, bool sealed, bool digest);
  void end_header();
  void close_levels(std::size_t left);
  void measure_boundaries();
  void report(MimePlace place, std::uint32_t entity, std::string_view octets, bool begins = false);
  void pass_line_end();
  void found(MimeDefect defect);

  Reader& reader_;
  std::vector<Level> levels_;
  std::size_t shortest_boundary_ = SIZE_MAX;  // of the levels that have one
  std::uint32_t entities_ = 0;
  MimeDefect defect_ = MimeDefect::none;
  bool blind_ = false;  // past a limit: the rest is one body

  // The entity that is being read, or whose multipart's preamble or epilogue is.
  std::uint32_t entity_ = 0;
  bool open_ = false;  // it has not ended
  MimeEntity what_;
  MimePlace place_ = MimePlace::field;  // field, body, preamble or epilogue
  bool digest_ = false;                 // what has no type here is a message

  MimePiece::Field field_ = MimePiece::Field::other;
  bool any_field_ = false, encoded_ = false;
  std::string value_;

  std::string held_;              // the beginning of a line
  bool in_line_ = false;          // the beginning of this line was dealt with
  std::string_view line_end_;     // not reported yet: it may belong to a delimiter
  bool after_line_feed_ = false;  // the line before ended with LF alone
};

}  // namespace malleposte::mail
