#include "mail/dsn_words.h"

namespace malleposte::mail {
namespace {

constexpr std::string_view ask_them =
    "Ask the recipient by other means, or ask the postmaster of that domain.";
constexpr std::string_view check_address = "Check the address for slips, then send it again.";
constexpr std::string_view later = "Send it again later.";
constexpr std::string_view smaller = "Send it in smaller pieces.";
constexpr std::string_view ask_ours =
    "If it concerns more than one recipient, tell the postmaster of this mail system.";
constexpr std::string_view not_so = "Something in the message cannot be taken by that mail system.";

constexpr auto meanings = std::to_array<Meaning>({
    {"1.0", {"Something is wrong with the address.", check_address}},
    {"1.1", {"There is no mailbox of that name in this domain.", check_address}},
    {"1.2", {"The domain, the part behind the @, does not exist.", check_address}},
    {"1.3", {"The address is not written as the domain expects it.", check_address}},
    {"1.6", {"The mailbox has moved, and its new address is not known.", ask_them}},
    {"1.7", {"Your own address is not accepted there.", ask_ours}},
    {"1.8", {"Your own address is not accepted there.", ask_ours}},
    {"1.10", {"The domain says that it takes no mail at all.", check_address}},
    {"2.1", {"The mailbox is there, but it is closed.", ask_them}},
    {"2.2", {"The mailbox is full.", "Send it again when the recipient has made room."}},
    {"2.3", {"The message is larger than the mailbox takes.", smaller}},
    {"2.4", {"The mailing list behind this address does not work.", ask_them}},
    {"3.1", {"The mail system of the recipient is full.", later}},
    {"3.2", {"The mail system of the recipient takes no mail at present.", later}},
    {"3.4", {"The message is larger than the next mail system takes.", smaller}},
    {"4.1", {"The mail system of the recipient does not answer.", ask_them}},
    {"4.2", {"The connection to the mail system of the recipient broke off.", later}},
    {"4.3", {"The directory of names (DNS) of that domain gives no answer.", later}},
    {"4.4", {"No way to a mail system of that domain is known.", check_address}},
    {"4.5", {"The mail system of the recipient is overloaded.", later}},
    {"4.6", {"The message would go round in circles.", ask_ours}},
    {"4.7", {"The time in which it could have been delivered is over.", later}},
    {"5.3", {"The message has too many recipients.", "Send it to fewer at once."}},
    {"6.0", {not_so, ask_them}},
    {"6.1", {not_so, ask_them}},
    {"6.3", {not_so, ask_them}},
    {"6.7",
     {"The address or the header has letters, such as accents, that the next mail system does not "
      "understand.",
      "Use an address in plain letters (a to z) for this recipient, if there is one."}},
    {"7.0", {"The mail system of the recipient does not want this message.", ask_them}},
    {"7.1",
     {"The mail system of the recipient does not want this message, or none from you.", ask_them}},
    {"7.2", {"You may not write to this mailing list.", ask_them}},
    {"7.8", {"The next mail system wants a log-in.", ask_ours}},
    {"7.20", {"The message carries no signature (DKIM) that is accepted there.", ask_ours}},
    {"7.23", {"Our mail system may not send mail in the name of your domain (SPF).", ask_ours}},
    {"7.25", {"The address of our mail system has no proper name.", ask_ours}},
    {"7.26", {"The message does not prove that it is from your domain (SPF, DKIM).", ask_ours}},
    {"7.28", {"You or others have sent too much to that mail system.", later}},
});

}  // namespace

constinit const DsnWords english_words{
    .language = Language::english,
    .failure_subject = "Undelivered mail returned to sender",
    .delay_subject = "Delayed mail (still being tried)",
    .success_subject = "Mail passed on to the next mail system",
    .delivered_subject = "Mail delivered",
    .report_subject = "Undelivered mail: {} notices in one",
    .greeting = "This is the mail system at {host}.",
    .failure =
        "Your message could not be delivered to the recipients named below, and it will not "
        "be tried again. The reason stands under each of them.",
    .warning = "THIS IS ONLY A WARNING. YOU DO NOT NEED TO SEND YOUR MESSAGE AGAIN.",
    .delay =
        "For {span} your message could not be delivered to the recipients named below. It is "
        "kept here and will be tried again until {until}; then it is returned to you. There "
        "will be no further warning.",
    .success =
        "You asked to be told what becomes of your message. For the recipients named below "
        "it was passed on to the next mail system. That system does not send confirmations "
        "of delivery: you will hear of it again only if it fails.",
    .delivered =
        "You asked to be told what becomes of your message. It is in the mailboxes of the "
        "recipients named below.",
    .expired =
        "It could not be delivered in the time allowed: it was tried for {span}. The last "
        "attempt ended with:",
    .host_said = "The host {host} said:",
    .at_host = "At the host {host}:",
    .more = "And {count} more recipients, too many to be named.",
    .all_attached = "All of your message, as it arrived here on {date}, is attached.",
    .header_attached = "The header of your message, as it arrived here on {date}, is attached.",
    .report =
        "There is so much to tell about messages from your address that notices are gathered "
        "into reports. This report takes the place of {count} notices. What is named as "
        "failed will not be tried again; what is late is kept here and still tried.",
    .message_of = "Message of {date}",
    .failed = "{} failed:",
    .late = "{} is late:",
    .relayed = "{} was passed on:",
    .delivered_to = "{} has it in the mailbox.",
    .meanings = meanings,
    .refused = {"The mail system of the recipient refuses the message.", ask_them},
    .not_now = {"The mail system of the recipient does not take the message at present.", later},
    .day = {"{} day", "{} days"},
    .hour = {"{} hour", "{} hours"},
    .minute = {"{} minute", "{} minutes"},
    .second = {"{} second", "{} seconds"},
    .under_a_second = "less than a second",
    .date = "{weekday}, {day} {month} {year} {clock} +0000",
    .weekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
    .months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
};

}  // namespace malleposte::mail
