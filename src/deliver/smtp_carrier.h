// One connection at work for one site: takes job after job from the scheduler, delivers each, and
// concludes it. Runs from the moment it gets a slot until there is nothing more to carry; then the
// connection goes into the cache and the slot back. Loop thread.
//
// With PIPELINING the commands of the next message go out together with the final dot of the one
// before, so that a message costs one write and one read. What did not reach the peer when a used
// connection ends is carried again over a new one, without counting an attempt.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "deliver/connection_cache.h"
#include "deliver/connector.h"
#include "deliver/consignments.h"
#include "deliver/fitting.h"
#include "deliver/host_memory.h"
#include "deliver/sites.h"
#include "queue/scheduler.h"

namespace malleposte::deliver {

class Carrier {
 public:
  // What carriers share.
  struct Depot {
    Surroundings with;
    queue::Scheduler& scheduler;
    Consignments& consignments;
    ConnectionCache& cache;
    Sites& sites;
    HostMemory& hosts;
    const bool& stopping;
    std::function<void(std::unique_ptr<Connection>)> say_good_bye;
    std::function<void()> no_room;  // the store has no room for outcomes: try again later
  };

  Carrier(Depot& depot, Site& site) : depot_(depot), site_(site) {}

  // Holds a slot of the site and gives it back at the end.
  Task<void> run(queue::Assignment first);
  // Without a slot: for a job whose time was over before its turn came (mode R of BY), or that waits
  // for a closed site and is too old or late: that is told what the site has said last.
  Task<void> end(queue::Assignment assignment);

  // Shutdown: ends the connection unless a message is past its final dot.
  void stop();
  void abort();
  bool past_final_dot() const;
  // The message that is past its final dot, and where.
  mail::MessageId message() const { return current_ ? current_->job().message : mail::MessageId{}; }
  std::string host() const;

 private:
  // A job with its message opened.
  struct Parcel {
    queue::Assignment assignment;
    std::unique_ptr<spool::StoredMessage> message;
    smtp::Transaction transaction;
    Fitting fitting;
    WallTime began{};        // when it was taken in hand: before the connection is made for it
    bool begun = false;      // given to the protocol
    bool lookahead = false;  // behind the final dot of another
    bool read = false;       // not at its beginning any more
    bool replaced = false;   // its connection had gone away, or was none for it: takes a new one
    const queue::Job& job() const { return assignment.job; }
    // What is sent: the message, or what it was converted to.
    spool::StoredMessage& content() const {
      return fitting.content() != nullptr ? *fitting.content() : *message;
    }
  };
  enum class Content { sent, connection_lost, unreadable };

  Task<std::optional<Parcel>> prepare(queue::Assignment assignment);
  Task<bool> get_connection();
  Task<void> no_connection(Unreachable reason);
  Task<void> carry();
  Task<void> look_ahead();
  Task<Content> send_content();
  Task<void> defer(Unreachable reason, bool all);
  void finished(smtp::Finished finished);
  void conclude(Parcel& parcel, std::vector<smtp::Ruling> rulings, const Target* target);
  Unreachable said(const smtp::Ruling& ruling) const { return {ruling, connection_->target()}; }
  void learn(const std::vector<smtp::Ruling>& results);
  void drop_connection();
  bool used_up(unsigned more = 0) const;
  void put_back(const queue::Assignment& assignment);
  void offer_again(smtp::Finished& finished);
  void look_at(Parcel& parcel, smtp::ClientProtocol& protocol);
  std::optional<smtp::Ruling> unfit(Parcel& parcel, smtp::ClientProtocol& protocol);
  Task<std::optional<smtp::Ruling>> fit(Parcel& parcel);
  bool keep_to_limits(Parcel& parcel);
  void split_off(Parcel& parcel, const std::vector<std::size_t>& positions);

  Depot& depot_;
  Site& site_;
  std::unique_ptr<Connection> connection_;
  std::optional<Parcel> current_, next_;
  bool ended_ = false;  // nothing more is to be taken
};

}  // namespace malleposte::deliver
