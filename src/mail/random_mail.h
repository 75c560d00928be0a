// For tests: mail with a random MIME tree, as senders make it, from a seed.
#pragma once

#include <random>
#include <string>

#include "mail/converted.h"
#include "mail/mime_codec.h"

namespace malleposte::mail {

class RandomMail {
 public:
  // `binary`: some parts are not made of lines.
  RandomMail(unsigned seed, bool binary) : random_(seed), binary_(binary) {}

  std::string make() {
    const std::string mail = "From: a@example.org\r\nSubject: random\r\n";
    if (below(4) == 0) return mail + "\r\n" + text();
    return mail + "MIME-Version: 1.0\r\n" + entity(0, false);
  }
  // A signed part of it has content that not everybody takes.
  bool sealed_unfit() const { return sealed_unfit_; }

 private:
  std::size_t below(std::size_t count) { return random_() % count; }

  std::string words(std::size_t length, bool eight_bit) {
    static const std::string letters = "abc xyz=.-\t Q?";
    std::string words;
    while (words.size() < length) {
      if (eight_bit && below(6) == 0)
        words += below(2) != 0 ? "\xC3\xA9" : "\xE9";
      else
        words += letters[below(letters.size())];
    }
    return words;
  }

  std::string text() {
    const bool eight_bit = below(2) != 0;
    std::string text;
    for (auto lines = below(8); lines > 0; --lines) {
      if (below(10) == 0) text += "--";
      text += words(below(20) == 0 ? 900 + below(3000) : below(90), eight_bit) + "\r\n";
    }
    if (below(3) == 0) text += words(below(40), eight_bit);
    return text;
  }

  std::string octets() {
    std::string octets;
    for (auto length = below(3000); length > 0; --length)
      octets += static_cast<char>(below(5) == 0 ? "\r\n\0-"[below(4)] : below(256));
    return octets;
  }

  // Header lines that say what it is, an empty line, and the body.
  std::string entity(unsigned depth, bool sealed) {
    const auto kind = below(depth < 5 ? 9 : 6);
    if (kind == 6)
      return "Content-Type: message/rfc822\r\n" + label() + "\r\n" +
             "Subject: inside\r\nMIME-Version: 1.0\r\n" + entity(depth + 1, sealed);
    if (kind > 6) return multipart(depth, sealed);
    static const char* const types[] = {"text/plain; charset=utf-8", "text/html",
                                        "application/octet-stream", "Image/JPEG; name=\"x y\""};
    const auto type = below(5);
    const std::string head =
        type < 4 ? std::string("Content-Type: ") + types[type] + "\r\n" : std::string{};
    if (below(4) == 0) {
      std::string encoded;
      const bool base64 = below(2) != 0;
      TransferEncoder encoder(base64 ? TransferEncoding::base64
                                     : TransferEncoding::quoted_printable);
      encoder.encode(base64 ? octets() : text(), encoded);
      encoder.finish(encoded);
      return head + "Content-Transfer-Encoding: " + (base64 ? "base64" : "Quoted-Printable") +
             "\r\n\r\n" + encoded;
    }
    const std::string content = binary_ && below(2) != 0 ? octets() : text();
    sealed_unfit_ |= sealed && !plain(content + "\r\n");
    return head + label() + "\r\n" + content;
  }

  std::string label() {
    static const char* const labels[] = {"", "7bit", "8bit", "binary"};
    const auto label = below(4);
    return label == 0 ? "" : std::string("Content-Transfer-Encoding: ") + labels[label] + "\r\n";
  }

  std::string multipart(unsigned depth, bool sealed) {
    static const char* const subtypes[] = {"mixed", "alternative", "related", "signed"};
    const auto subtype = below(4);
    const std::string boundary = "=_" + std::to_string(++boundaries_) + "_'()+,./:=?";
    std::string whole = std::string("Content-Type: multipart/") + subtypes[subtype] +
                        ";\r\n\tboundary=\"" + boundary + "\"\r\n" + label() + "\r\n" +
                        (below(3) == 0 ? "Preamble\r\n" : "");
    for (auto parts = 1 + below(4); parts > 0; --parts)
      whole += "--" + boundary + "\r\n" + entity(depth + 1, sealed || subtype == 3) + "\r\n";
    if (below(8) != 0) whole += "--" + boundary + "--\r\n";
    return whole + (below(3) == 0 ? "Epilogue" : "");
  }

  std::mt19937 random_;
  const bool binary_;
  bool sealed_unfit_ = false;
  unsigned boundaries_ = 0;
};

}  // namespace malleposte::mail
