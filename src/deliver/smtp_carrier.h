// One connection at work for one site; when there is nothing more to carry the connection goes into
// the cache. Loop thread.
//
// With PIPELINING the commands of the next message go out together with the final dot of the one
// before, so that a message costs one write and one read. What did not reach the peer when a used
// connection ends is carried again over a new one, without counting an attempt.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "deliver/carrier.h"
#include "deliver/connector.h"
#include "deliver/depot.h"
#include "deliver/fitting.h"

namespace malleposte::deliver {

class SmtpCarrier final : public Carrier {
 public:
  SmtpCarrier(Depot& depot, Site& site) : depot_(depot), site_(site) {}

  Task<void> run(queue::Assignment first) override;

  // Ends the connection unless a message is past its final dot.
  void stop() override;
  void abort() override;
  bool past_final_dot() const override;
  mail::MessageId message() const override {
    return current_ ? current_->job().message : mail::MessageId{};
  }
  std::string host() const override;

 private:
  // A parcel on its way over the connection.
  struct Load : Parcel {
    explicit Load(Parcel parcel) : Parcel(std::move(parcel)) {}
    Fitting fitting;
    bool begun = false;      // given to the protocol
    bool lookahead = false;  // behind the final dot of another
    bool read = false;       // not at its beginning any more
    bool replaced = false;   // its connection had gone away, or was none for it: takes a new one
    // What is sent: the message, or what it was converted to.
    spool::StoredMessage& content() const {
      return fitting.content() != nullptr ? *fitting.content() : *message;
    }
  };
  enum class Content { sent, connection_lost, unreadable };

  Task<std::optional<Load>> prepare(queue::Assignment assignment);
  Task<bool> get_connection();
  Task<void> no_connection(Unreachable reason);
  Task<void> carry();
  Task<void> look_ahead();
  Task<Content> send_content();
  Task<void> defer(Unreachable reason, bool all);
  void finished(smtp::Finished finished);
  void conclude(const Load& parcel, const std::vector<smtp::Ruling>& rulings,
                const Target* target) {
    depot_.conclude(parcel, rulings, target);
  }
  Unreachable said(const smtp::Ruling& ruling) const { return {ruling, connection_->target()}; }
  void learn(const std::vector<smtp::Ruling>& results);
  void drop_connection();
  bool used_up(unsigned more = 0) const;
  void put_back(const queue::Assignment& assignment) { depot_.put_back(site_, assignment); }
  void offer_again(smtp::Finished& finished);
  void look_at(Load& parcel, smtp::ClientProtocol& protocol);
  std::optional<smtp::Ruling> unfit(Load& parcel, smtp::ClientProtocol& protocol);
  Task<std::optional<smtp::Ruling>> fit(Load& parcel);
  bool keep_to_limits(Load& parcel);
  void split_off(Load& parcel, const std::vector<std::size_t>& positions);

  Depot& depot_;
  Site& site_;
  std::unique_ptr<Connection> connection_;
  std::optional<Load> current_, next_;
  bool ended_ = false;  // nothing more is to be taken
};

}  // namespace malleposte::deliver
