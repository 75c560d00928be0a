// One conversation of two messages for three recipients each, with everything a next hop can do
// wrong at every reply and every octet. Whatever happens: each recipient of each attempt has one
// outcome, nothing is said to be delivered that was not taken, nothing that was taken is sent again
// unless its outcome said that it might have been, nobody is given up for a reason that may pass,
// and once the next hop behaves all arrives.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <functional>

#include "deliver/dispatcher.h"
#include "deliver/fake_world.h"
#include "deliver/scripted_peer.h"

namespace malleposte::deliver {
namespace {

using namespace std::chrono_literals;
using Kind = Mischief::Kind;

// How the two messages meet: the second's commands behind the first's dot (or, without PIPELINING,
// on the same connection at once), or over the connection that was kept.
// `extended`: by BDAT, with all that SMTPUTF8 and DSN add.
struct Mode {
  bool pipelining, together, data_for_nobody = false, extended = false;
};

// What the recipients of the first message are told at first.
using Script = std::array<std::string, 3>;
const Script all_taken = {"", "", ""};
const Script mixed = {"", "550 5.1.1 nobody", "450 4.2.1 busy"};
// Without content: RSET, or the lone dot, stands between the messages.
const Script none_taken = {"550 5.1.1 nobody", "450 4.2.1 busy", "550 5.1.1 nobody"};

std::string name_of(const Mode& mode, const Mischief& mischief, const Script& script) {
  return std::string(mode.pipelining ? "pipelining" : "plain") +
         (mode.together ? " together" : " kept") + (mode.data_for_nobody ? " lone dot" : "") +
         (mode.extended ? " extended" : "") + " kind " +
         std::to_string(static_cast<int>(mischief.kind)) + " at " + std::to_string(mischief.at) +
         " end " + std::to_string(static_cast<int>(mischief.end)) + " script " + script[0] + '/' +
         script[1] + '/' + script[2];
}

class Conversation {
 public:
  Conversation(const Mode& mode, const Mischief& mischief, const Script& script,
               bool knows_bdat = true)
      : mode_(mode), mischief_(mischief), script_(script) {
    hop.knows_bdat = knows_bdat;
    hop.pipelining = mode.pipelining;
    hop.data_for_nobody = mode.data_for_nobody;
    hop.extended = mode.extended;
    for (std::size_t i = 0; i < 3; ++i)
      if (!script[i].empty()) hop.to_recipient[address('a', i)].push_back(script[i]);
    world.settings.smart_relay = {{"192.0.2.1", 25, false}};
    dispatcher.emplace(Surroundings{world.loop, world.store, network, world.resolver, world.record,
                                    world.settings, own, routes(), world.mailboxes});
    dispatcher->start();
    mode.together ? together() : one_after_the_other();
    world.loop.pass(3h);
  }

  static std::string address(char mark, std::size_t i) {
    return std::string(1, mark) + std::to_string(i) + "@x.example";
  }

  void check() {
    for (char mark : {'a', 'b'}) {
      const auto& message = world.store.messages.at(mark == 'a' ? first.value : second.value);
      EXPECT_TRUE(message.leased.empty()) << "a recipient without an outcome";
      for (std::size_t i = 0; i < 3; ++i) check(mark, i, message);
      if (auto content = hop.contents.find(std::string(1, mark)); content != hop.contents.end()) {
        EXPECT_EQ(content->second, message.content);
      }
    }
  }

  const std::vector<mail::Outcome>& of_second(std::size_t i) {
    return world.store.messages.at(second.value).history[i];
  }

  ScriptedHop hop;
  FakeWorld world;
  ScriptedNetwork network{world.loop, hop};
  OwnAddresses own{world.settings, std::vector<IpAddress>{}};
  std::optional<RouteTable> routes_;
  std::optional<Dispatcher> dispatcher;
  mail::MessageId first, second;

 private:
  const RouteTable& routes() { return routes_.emplace(world.settings); }

  mail::MessageId put(char mark) {
    const auto id = world.store.put(std::string(1, mark) + "@s.example",
                                    {address(mark, 0), address(mark, 1), address(mark, 2)},
                                    std::string("Subject: ") + mark + "\r\n\r\n.dot\r\n..\r\n");
    if (mode_.extended) ask_for_everything(world.store.messages.at(id.value).envelope);
    return id;
  }
  static void ask_for_everything(mail::Envelope& envelope) {
    envelope.body = mail::Body::eight_bit;
    envelope.requests.smtputf8 = true;
    envelope.requests.envelope_id = "id";
    envelope.requests.returned = mail::Return::headers;
    for (auto& recipient : envelope.recipients) {
      recipient.notify.success = recipient.notify.failure = true;
      recipient.original = "rfc822;" + recipient.local + "@before.example";
    }
  }

  // A site is given one connection before it has answered: both messages are for that.
  void together() {
    hop.mischief = mischief_;
    first = put('a');
    second = put('b');
    world.loop.settle();
  }
  void one_after_the_other() {
    hop.mischief = mischief_;
    first = put('a');
    world.loop.pass(1s);
    second = put('b');
    world.loop.settle();
  }

  void check(char mark, std::size_t i, const FakeStore::Message& message) {
    unsigned delivered = 0, in_doubt = 0, bounced = 0;
    for (const auto& outcome : message.history[i]) {
      delivered += outcome.fate == mail::Fate::delivered;
      bounced += outcome.fate == mail::Fate::bounced;
      in_doubt += outcome.answer.text.find("may have been delivered") != std::string::npos;
    }
    const auto taken = hop.taken[std::string(1, mark) + ' ' + address(mark, i)];
    EXPECT_EQ(delivered + bounced, 1u) << "not final, once";
    EXPECT_GE(taken, delivered) << address(mark, i) << ": delivered, but not taken";
    EXPECT_LE(taken, delivered + in_doubt) << address(mark, i) << ": sent again without a reason";
    const bool refused = mark == 'a' && script_[i].starts_with('5');
    if (mischief_.kind != Kind::never) {
      EXPECT_EQ(bounced, refused ? 1u : 0u) << address(mark, i) << ": bounced";
    }
    if (refused) EXPECT_EQ(taken, 0u);
  }

  Mode mode_;
  Mischief mischief_;
  Script script_;
};

const Mode modes[] = {{true, true},
                      {true, false},
                      {false, true},
                      {false, false},
                      {true, true, false, true},
                      {true, false, false, true},
                      {false, true, false, true},
                      {false, false, false, true}};
const Mode for_nobody[] = {{true, true, true}, {true, false, true}};  // DATA is taken nevertheless

// Runs all cases of the kinds, at each reply or octet that a conversation without mischief has.
std::size_t run(const std::vector<Kind>& kinds, const std::vector<End>& ends,
                const std::vector<Script>& scripts,
                const std::function<std::size_t(const ScriptedHop&)>& places) {
  std::size_t cases = 0;
  std::vector<Mode> all(std::begin(modes), std::end(modes));
  all.insert(all.end(), std::begin(for_nobody), std::end(for_nobody));
  for (const auto& mode : all)
    for (const auto& script : scripts) {
      if (mode.data_for_nobody && script != none_taken) continue;
      Conversation reference(mode, {}, script);
      reference.check();
      for (std::size_t at = 0; at < places(reference.hop); ++at)
        for (auto kind : kinds)
          for (auto end : ends) {
            const Mischief mischief{kind, at, end};
            SCOPED_TRACE(name_of(mode, mischief, script));
            Conversation conversation(mode, mischief, script);
            EXPECT_TRUE(conversation.hop.fired) << "the mischief was not done";
            conversation.check();
            ++cases;
            if (testing::Test::HasFailure()) return cases;
          }
    }
  return cases;
}

std::size_t replies(const ScriptedHop& hop) {
  return hop.labels.size();
}

void report(std::size_t cases, const char* what) {
  std::printf("%zu conversations: %s\n", cases, what);
  EXPECT_GT(cases, 0u);
}

TEST(Mischief, EveryReplyLostIsLivedThrough) {
  report(run({Kind::ends_before, Kind::ends_after}, {End::closed, End::reset, End::silent},
             {all_taken, mixed, none_taken}, replies),
         "the connection ends or falls silent in place of each reply");
}

// clause: 5321-4.2-i 5321-4.2-j 5321-4.2-k 5321-4.3.2-a 5321-4.3.2-b 2920-3.1-a
TEST(Mischief, EveryReplyReplacedIsLivedThrough) {
  report(run({Kind::closing}, {End::closed, End::reset, End::silent},
             {all_taken, mixed, none_taken}, replies),
         "421 in place of each reply");
  report(
      run({Kind::later, Kind::never, Kind::wrong_class, Kind::garbage_before, Kind::garbage_after,
           Kind::nul, Kind::endless_line, Kind::endless_lines, Kind::mixed_codes, Kind::dribbling},
          {End::closed}, {all_taken, mixed, none_taken}, replies),
      "a wrong, broken or endless reply in place of each");
}

// One reply more moves those that follow: the refusal of one recipient looks like the next one's.
// As long as anything shows it (DATA is answered with 250), nobody is bounced for it.
TEST(Mischief, AReplyTooManyIsLivedThrough) {
  report(run({Kind::twice}, {End::closed}, {all_taken, {"", "550 5.1.1 nobody", ""}}, replies),
         "each reply said twice");
}

TEST(Mischief, TheEndAtEveryOctetIsLivedThrough) {
  report(run({Kind::cut_said}, {End::closed, End::reset, End::silent},
             {all_taken, mixed, none_taken}, [](const ScriptedHop& hop) { return hop.said; }),
         "the end at each octet of the replies");
  report(run({Kind::cut_heard}, {End::closed, End::reset, End::silent},
             {all_taken, mixed, none_taken}, [](const ScriptedHop& hop) { return hop.heard; }),
         "the end at each octet of what we say");
}

// Commands that are not known are refused for good, but for BDAT: the message goes by DATA then,
// with no attempt counted.
TEST(Mischief, AHostThatOffersChunkingAndDoesNotKnowItGetsAllByData) {
  std::size_t cases = 0;
  for (const auto& mode : modes) {
    if (!mode.extended) continue;
    for (bool takes_the_chunk : {true, false}) {
      const auto kind = takes_the_chunk ? Kind::unknown : Kind::none;
      Conversation reference(mode, {}, all_taken);
      const auto at = std::find(reference.hop.labels.begin(), reference.hop.labels.end(), "a dot") -
                      reference.hop.labels.begin();
      const Mischief mischief{kind, static_cast<std::size_t>(at), End::closed};
      SCOPED_TRACE(name_of(mode, mischief, all_taken));
      Conversation conversation(mode, mischief, all_taken, takes_the_chunk);
      conversation.check();
      for (std::size_t i = 0; i < 3; ++i) {
        const auto outcomes = conversation.of_second(i);
        ASSERT_EQ(outcomes.size(), 1u);
        EXPECT_EQ(outcomes[0].fate, mail::Fate::delivered);
      }
      const auto& commands = conversation.hop.commands;
      EXPECT_EQ(std::count(commands.begin(), commands.end(), "DATA"), 2);
      EXPECT_EQ(conversation.hop.connections, 2u);
      ++cases;
    }
  }
  report(cases, "BDAT is not known");
}

TEST(Mischief, AHostThatKnowsTheExtensionsIsToldWhatWasAskedFor) {
  for (const auto& mode : modes) {
    if (!mode.extended) continue;
    Conversation conversation(mode, {}, all_taken);
    const auto& commands = conversation.hop.commands;
    for (auto said :
         {"MAIL FROM:<a@s.example> BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=id",
          "RCPT TO:<a1@x.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a1@before.example",
          "BDAT 24 LAST"})
      EXPECT_NE(std::find(commands.begin(), commands.end(), said), commands.end()) << said;
    EXPECT_TRUE(conversation.of_second(0).back().reports_passed_on);
  }
}

TEST(Mischief, EveryMixtureOfRepliesToRecipientsIsItsOwnOutcomes) {
  const std::string kinds[] = {"", "450 4.2.1 busy", "550 5.1.1 nobody"};
  std::size_t cases = 0;
  for (auto mode : modes)
    for (bool for_nobody : {false, true}) {
      if (for_nobody && mode.extended) continue;  // without DATA there is no such thing
      for (const auto& a : kinds)
        for (const auto& b : kinds)
          for (const auto& c : kinds) {
            mode.data_for_nobody = for_nobody;
            const Script script = {a, b, c};
            SCOPED_TRACE(name_of(mode, {}, script));
            Conversation conversation(mode, {}, script);
            conversation.check();
            const auto& outcomes = conversation.world.store.messages.at(conversation.first.value);
            for (std::size_t i = 0; i < 3; ++i) {
              const auto& last = outcomes.history[i].back();
              EXPECT_EQ(last.answer.text, script[i].starts_with('5') ? "nobody" : "taken");
            }
            const bool retried = a[0] == '4' || b[0] == '4' || c[0] == '4';
            EXPECT_EQ(conversation.hop.connections, retried ? 2u : 1u);
            ++cases;
          }
    }
  report(cases, "mixtures of 250, 450 and 550");
}

// A peer that has gone away since the last message, or said that it goes, costs the next message
// nothing: no attempt is counted, and it goes out over another connection at once.
TEST(Mischief, AUsedConnectionThatEndsCostsNoAttempt) {
  std::size_t cases = 0;
  for (const auto& mode : modes) {
    Conversation reference(mode, {}, all_taken);
    const auto& labels = reference.hop.labels;
    for (std::size_t at = 0; at < labels.size(); ++at) {
      if (!labels[at].starts_with("b ") || labels[at] == "b dot") continue;
      for (auto kind : {Kind::ends_before, Kind::ends_after, Kind::closing})
        for (auto end : {End::closed, End::reset}) {
          // A reset takes the reply to the first message's dot with it.
          if (mode.together && end == End::reset) continue;
          const Mischief mischief{kind, at, end};
          SCOPED_TRACE(name_of(mode, mischief, all_taken) + " " + labels[at]);
          Conversation conversation(mode, mischief, all_taken);
          for (std::size_t i = 0; i < 3; ++i) {
            const auto outcomes = conversation.of_second(i);
            ASSERT_EQ(outcomes.size(), 1u) << "an attempt was counted";
            EXPECT_EQ(outcomes[0].fate, mail::Fate::delivered);
          }
          EXPECT_EQ(conversation.hop.connections, 2u);
          ++cases;
        }
    }
  }
  report(cases, "a used connection ends before the data of the next message");
}

}  // namespace
}  // namespace malleposte::deliver
