// What happens in a run: mail is sent, the weather changes, our server is cut off or stopped.
#include <algorithm>

#include "world.h"

namespace malleposte::sim {

Task<void> World::send_mail(Client& client, bool stranger) {
  ++active_;
  while (storming_ && mails_left_ > 0) {
    co_await sleep_until(outside_, outside_.steady() + up_to(storm_ / 20));
    const auto sessions = chance(150) ? 2 + random_() % 12 : 1;
    for (std::size_t i = 0; i < sessions && mails_left_ > 0; ++i) {
      std::vector<Mail> mails;
      for (auto count = 1 + random_() % 4; count > 0 && mails_left_ > 0; --count, --mails_left_) {
        mails.push_back(make_mail());
        if (stranger)  // some of it is refused, and must never be delivered
          for (auto& recipient : mails.back().recipients)
            if (chance(800))
              recipient = recipient.substr(0, recipient.find('@') + 1) + settings_.relay_domains[0];
      }
      Manner manner;
      manner.pipelining = !chance(300);
      manner.quits = !chance(100);
      if (chance(300)) manner.piece = 1 + random_() % 4000;
      if (chance(200)) manner.pause = up_to(chance(100) ? Duration(4min) : Duration(50ms));
      if (chance(storming_ ? 120 : 0)) {
        std::size_t octets = 60;
        for (const auto& mail : mails) octets += mail.content.size() + 150;
        manner.leaves_at = random_() % octets;
        manner.leaves_silently = chance(200);
      }
      spawn([](World& world, Client& sender, std::vector<Mail> all, Manner how) -> Task<void> {
        ++world.active_;
        co_await sender.send(std::move(all), how);
        --world.active_;
      }(*this, client, std::move(mails), manner));
    }
    // Much at once for one domain: its next hop is to see no more connections than it may.
    if (!stranger && chance(20)) {
      const auto domain = one_of(domains_);
      for (int i = 0; i < 12; ++i) {
        std::vector<Mail> mails;
        for (int j = 0; j < 10; ++j) {
          mails.push_back(make_mail());
          mails.back().recipients = {fmt::format("t{}-0@{}", mails.back().token, domain)};
          mails.back().content.resize(mails.back().content.find("\r\n\r\n") + 4);
        }
        spawn([](World& world, Client& sender, std::vector<Mail> all) -> Task<void> {
          ++world.active_;
          co_await sender.send(std::move(all), {});
          --world.active_;
        }(*this, client, std::move(mails)));
      }
    }
    // A stranger holds as many sessions as it can.
    if (stranger && chance(100))
      for (int i = 0; i < 60; ++i) {
        Manner idle;
        idle.leaves_at = 25;
        idle.leaves_silently = true;
        spawn([](World& world, Client& sender, Manner how) -> Task<void> {
          ++world.active_;
          co_await sender.send({}, how);
          --world.active_;
        }(*this, client, idle));
      }
  }
  --active_;
}

Task<void> World::change_weather() {
  ++active_;
  while (storming_) {
    co_await sleep_until(outside_, outside_.steady() + up_to(storm_ / 30));
    if (!storming_) break;
    switch (random_() % 7) {
      case 0:
        weather_.refused = random_() % 200;
        weather_.unanswered = random_() % 100;
        weather_.resets = random_() % 400;
        weather_.swallows = random_() % 200;
        weather_.slow = random_() % 400;
        ++figures_.network_spells;
        break;
      case 1:
        weather_.acts = random_() % 900;
        ++figures_.host_spells;
        break;
      case 2:
        weather_.servfail = random_() % 400;
        weather_.dns_time_out = random_() % 200;
        change_names();
        break;
      case 3:
        weather_.write_errors = chance(500) ? 0 : random_() % 60;
        weather_.sync_errors = chance(500) ? 0 : random_() % 100;
        weather_.mailbox_troubles = random_() % 300;
        if (chance(200)) move_mailboxes();
        weather_.read_errors = chance(700) ? 0 : random_() % 100;
        break;
      case 4: {
        const bool full = chance(500);
        if (full) ++figures_.full_disks;
        machine_->set_disk_capacity(full ? std::max<std::uint64_t>(machine_->disk_used(), 1 << 20) +
                                               random_() % 100'000
                                         : 6 << 20);
        break;
      }
      case 5: {
        auto jump = up_to(chance(200) ? Duration(6h) : Duration(20min));
        if (chance(500)) jump = -jump;
        if (jump < Duration{}) jumped_back_ -= jump;
        ++figures_.clock_jumps;
        machine_->set_wall_by(jump);
        ++ledger_.words.clock_jumps;
        trace_.note(outside_.steady(), fmt::format("the clock is set by {} s", jump / 1s));
        break;
      }
      default:  // fine for a while
        if (chance(500)) weather_ = {};
        break;
    }
  }
  --active_;
}

// A name has other hosts for a while, or none, or is not there at all.
void World::change_names() {
  const auto& domain = one_of(domains_);
  auto& name = names_.names[domain];
  name.addresses.clear();
  switch (random_() % 4) {
    case 0:
      names_.names.erase(domain);
      break;
    case 1:
      name.mx = {{5, "mx0." + one_of(domains_)}, {10, "mx0." + domain}};
      break;
    case 2:
      name.mx = {{10, "mx0." + domain}, {10, "gone.example"}};
      break;
    default:
      name.mx.reset();
      name.addresses = names_.names["mx0." + domain].addresses;
  }
}

// There are no mailboxes for a while: mail that was accepted for them goes back.
void World::move_mailboxes() {
  volume_.swap(aside_);
}

Task<void> World::bring_crashes() {
  ++active_;
  while (storming_) {
    co_await sleep_until(outside_, outside_.steady() + up_to(storm_ / 4));
    if (!storming_) break;
    switch (random_() % 4) {
      case 0:
        machine_->crash();
        break;
      case 1:
        machine_->stop();
        break;
      default:
        machine_->crash_in(1 + static_cast<unsigned>(random_() % 40));
    }
  }
  --active_;
}

void World::heal() {
  storming_ = false;
  weather_ = {};
  for (const auto& domain : domains_) {
    auto& name = names_.names[domain];
    name.addresses.clear();
    name.mx = {{10, "mx0." + domain}};
  }
  if (!aside_.empty()) move_mailboxes();
  machine_->set_disk_capacity(64 << 20);
  machine_->crash_in(0);
  start_again_ = std::min(start_again_, outside_.steady() + 1s);
  trace_.note(outside_.steady(), "all heals");
}

}  // namespace malleposte::sim
