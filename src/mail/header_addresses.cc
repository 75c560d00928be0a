#include "mail/header_addresses.h"

#include <utility>

#include "base/limits.h"
#include "base/utf8.h"

namespace malleposte::mail {
namespace {

using Failure = tl::unexpected<Error>;

Failure wrong(const char* text) {
  return fail(Fault::peer, text);
}

bool blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
bool control(char c) {
  return (c >= 0 && c < ' ' && c != '\t') || c == 0x7f;
}
// What ends an atom: RFC 5322 3.2.3 specials, blanks and controls.
bool ends_atom(char c) {
  return std::string_view("()<>[]:;@\\,.\"").find(c) != std::string_view::npos || blank(c) ||
         control(c);
}

class ListReader {
 public:
  explicit ListReader(std::string_view text) : text_(text) {}

  Result<std::vector<HeaderMailbox>> list() {
    for (;;) {
      if (auto skipped = skip_comments(); !skipped) return Failure(skipped.error());
      if (done()) {
        if (in_group_) return wrong("A group of addresses has no end.");
        return std::move(mailboxes_);
      }
      if (take(',')) {
        separated_ = true;  // RFC 5322 4.4: empty places are allowed
        continue;
      }
      if (in_group_ && take(';')) {
        in_group_ = false;
        separated_ = false;
        continue;
      }
      if (!std::exchange(separated_, false)) return wrong("Addresses are not parted by a comma.");
      if (auto taken = member(); !taken) return Failure(taken.error());
    }
  }

 private:
  // Words and dots in a row: a phrase, or the local part of an address; what follows will tell.
  struct Words {
    std::string phrase;     // words with one blank between them
    std::string local;      // words and dots without anything between
    bool dotted = true;     // as a local part: word, dot, word, ...
    bool after_dot = true;  // also before the first word
    bool any = false;
  };

  bool done() const { return at_ == text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  bool take(char c) {
    if (done() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // CFWS (RFC 5322 3.2.2). No recursion: comments of any depth are a number.
  Result<void> skip_comments() {
    std::size_t depth = 0;
    for (; !done(); ++at_) {
      const char c = text_[at_];
      if (c == '(') {
        ++depth;
      } else if (depth == 0) {
        if (!blank(c)) return {};
      } else if (c == ')') {
        --depth;
      } else if (c == '\\') {
        if (++at_ == text_.size()) break;
      } else if (control(c) && !blank(c)) {
        return wrong("There is a control character among the addresses.");
      }
    }
    if (depth > 0) return wrong("A comment among the addresses has no end.");
    return {};
  }

  Result<void> words(Words& into) {
    for (;;) {
      const std::size_t before = at_;
      if (auto skipped = skip_comments(); !skipped) return skipped;
      const bool gap = at_ != before;
      if (take('.')) {  // RFC 5322 4.1 obs-phrase: "John Q. Public"
        into.dotted = into.dotted && !into.after_dot;
        into.after_dot = true;
        into.local.push_back('.');
        into.phrase.push_back('.');
        continue;
      }
      std::string word;
      if (peek() == '"') {
        if (auto taken = quoted_string(word); !taken) return taken;
      } else {
        const std::size_t begin = at_;
        while (!done() && !ends_atom(text_[at_])) ++at_;
        if (at_ == begin) return {};
        word = text_.substr(begin, at_ - begin);
      }
      into.dotted = into.dotted && into.after_dot;
      into.after_dot = false;
      into.local += word;
      if (gap && !into.phrase.empty()) into.phrase.push_back(' ');
      into.phrase += word;
      into.any = true;
    }
  }

  Result<void> quoted_string(std::string& into) {
    ++at_;
    for (; !done(); ++at_) {
      char c = text_[at_];
      if (c == '"') {
        ++at_;
        return {};
      }
      if (c == '\r' || c == '\n') continue;  // of a folded line
      if (c == '\\') {
        if (++at_ == text_.size()) break;
        c = text_[at_];
      }
      if (control(c)) return wrong("There is a control character among the addresses.");
      into.push_back(c);
    }
    return wrong("A quoted string among the addresses has no end.");
  }

  // A mailbox, or the name of a group up to its colon.
  Result<void> member() {
    Words found;
    if (auto taken = words(found); !taken) return taken;
    if (take('<')) return angle_address(std::move(found.phrase));
    if (take(':')) {
      if (!found.any || in_group_) return wrong("There is a colon where no group begins.");
      in_group_ = separated_ = true;
      return {};
    }
    return address(found, {});
  }

  Result<void> angle_address(std::string display_name) {
    if (auto skipped = skip_comments(); !skipped) return skipped;
    if (peek() == '@' || peek() == ',') {
      if (auto dropped = source_route(); !dropped) return dropped;
    }
    Words local;
    if (auto taken = words(local); !taken) return taken;
    if (auto taken = address(local, std::move(display_name)); !taken) return taken;
    if (!take('>')) return wrong("An address has no closing >.");
    return {};
  }

  // RFC 5322 4.4 obs-route `@a,,@b:`; dropped.
  Result<void> source_route() {
    for (;;) {
      if (auto skipped = skip_comments(); !skipped) return skipped;
      if (take(':')) return {};
      if (take(',')) continue;
      if (!take('@')) return wrong("The source route in an address is not complete.");
      std::string dropped;
      if (auto taken = domain(dropped); !taken) return taken;
    }
  }

  // What follows the local part; then all of it goes to the parser of addresses.
  Result<void> address(Words& local, std::string display_name) {
    if (!local.any || !local.dotted || local.after_dot) return wrong("An address is not one.");
    Address found{std::move(local.local), {}};
    if (take('@')) {
      if (auto taken = domain(found.domain); !taken) return taken;
      if (found.domain.empty()) return wrong("The domain of an address is missing.");
    }
    auto parsed = parse_address(to_string(found));
    if (!parsed) return Failure(parsed.error());
    if (mailboxes_.size() == limits::header_mailboxes)
      return wrong("There are too many addresses.");
    mailboxes_.push_back({std::move(display_name), std::move(*parsed), in_group_});
    return {};
  }

  // Atoms and dots (RFC 5322 4.4 obs-domain: with anything between) or a domain-literal.
  Result<void> domain(std::string& into) {
    if (auto skipped = skip_comments(); !skipped) return skipped;
    if (peek() == '[') {
      for (; !done(); ++at_) {
        const char c = text_[at_];
        if (!blank(c)) into.push_back(c);
        if (c == ']') {
          ++at_;
          return skip_comments();
        }
      }
      return wrong("The address literal has no closing bracket.");
    }
    while (!done()) {
      const std::size_t begin = at_;
      if (!take('.')) {
        while (!done() && !ends_atom(text_[at_])) ++at_;
      }
      if (at_ == begin) break;
      // Two atoms with a gap between are two words, not one label.
      if (text_[begin] != '.' && !into.empty() && into.back() != '.') {
        return wrong("The domain of an address is not one.");
      }
      into.append(text_.substr(begin, at_ - begin));
      if (auto skipped = skip_comments(); !skipped) return skipped;
    }
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool in_group_ = false;
  bool separated_ = true;  // a mailbox may come
  std::vector<HeaderMailbox> mailboxes_;
};

}  // namespace

Result<std::vector<HeaderMailbox>> parse_header_addresses(std::string_view value) {
  if (!is_utf8(value)) return wrong("The field is not UTF-8.");
  return ListReader(value).list();
}

}  // namespace malleposte::mail
