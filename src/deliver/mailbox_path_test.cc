#include "deliver/mailbox_path.h"

#include <gtest/gtest.h>

namespace malleposte::deliver {
namespace {

std::string path(std::string_view pattern, mail::Address recipient) {
  const auto found = mailbox_path(pattern, recipient);
  return found ? found->root + " + " + found->below : "none";
}

TEST(MailboxPath, HasTheAddressInItsPlace) {
  EXPECT_EQ(path("/srv/mail/{domain}/{local}", {"anna", "example.org"}),
            "/srv/mail + example.org/anna");
  EXPECT_EQ(path("/srv/{domain}/users/mail-{local}/Maildir", {"anna", "example.org"}),
            "/srv + example.org/users/mail-anna/Maildir");
  EXPECT_EQ(path("/{local}", {"anna", "example.org"}), "/ + anna");
}

TEST(MailboxPath, OfADomainOrOfAllIsOne) {
  EXPECT_EQ(path("/srv/mail/all", {"anna", "example.org"}), "/srv/mail/all + ");
  EXPECT_EQ(to_string(*mailbox_path("/srv/mail/all", {"anna", "example.org"})), "/srv/mail/all");
  EXPECT_EQ(path("/srv/mail/{domain}", {"anna", "example.org"}), "/srv/mail + example.org");
}

TEST(MailboxPath, IsInLowerCase) {
  EXPECT_EQ(path("/srv/{domain}/{local}", {"Anna", "Example.ORG"}), "/srv + example.org/anna");
  EXPECT_EQ(path("/srv/{domain}/{local}", {"j\xc3\xbcrg",
                                           "b\xc3\xbc"
                                           "cher.example"}),
            "/srv + xn--bcher-kva.example/j\xc3\xbcrg");
}

TEST(MailboxPath, NeverLeavesItsDirectory) {
  for (const char* local : {"..", ".", "../bert", "a/b", "/etc", ".hidden", "", "a\nb", "a\x7f"})
    EXPECT_EQ(path("/srv/{domain}/{local}", {local, "example.org"}), "none") << local;
  EXPECT_EQ(path("/srv/{domain}/{local}", {std::string("a\0b", 3), "example.org"}), "none");
  EXPECT_EQ(path("/srv/{domain}/{local}", {"anna", ""}), "none");
  EXPECT_EQ(path("/srv/{domain}/x-{local}", {"..", "example.org"}), "none");
}

TEST(MailboxPath, HasNoNameThatNoFileSystemTakes) {
  const std::string label(61, 'a');
  const auto domain = label + '.' + label + '.' + label + '.' + label;  // 247
  EXPECT_NE(path("/srv/{domain}/{local}", {"anna", domain}), "none");
  EXPECT_EQ(path("/srv/{local}@{domain}", {"anna-and-bert", domain}), "none");
}

}  // namespace
}  // namespace malleposte::deliver
