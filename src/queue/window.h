// How many connections a site may have at once, by what came of those it had: an answer counts 1/N
// of a connection up, a failure 1/N down, where N is the window. So it takes a window full of
// answers to open it by one, and one bad host among several does not close it. Pure.
//
// A limit of the site is found sooner: while no new connection succeeds each failure counts twice
// as much as the one before, until each closes it by one.
//
// It begins with one connection, and opens quickly while there was no failure yet.
//
// Failures without an answer between them are also counted in cohorts, windows full of failures;
// past limits::fail_cohorts the site is given up (queue/site_feedback.h), and one that has never
// answered with the first.
#pragma once

#include <algorithm>

#include "base/limits.h"

namespace malleposte::queue {

class Window {
 public:
  static constexpr unsigned quick = 5;

  unsigned size() const { return std::min(size_, most_); }
  unsigned most() const { return most_; }
  // By the operator; at least 1.
  void set_most(unsigned connections) { most_ = std::max(connections, 1U); }

  // The site answered about a message. Before the first failure one more connection is allowed for
  // each answer, up to the quick size.
  void answered() {
    cohorts_ = 0;
    has_answered_ = true;
    size_ = size();  // the most may have been lowered
    balance_ += opening_ && size_ < quick ? 1 : 1.0 / size_;
    if (size_ >= most_) balance_ = std::min(balance_, 0.0);
    if (balance_ < 1 - rounding) return;
    ++size_;
    balance_ = 0;
  }

  // A new connection could be made.
  void connected() { weight_ = 1; }

  // No connection could be made, or one was ended by the site for lack of room.
  void failed() {
    size_ = size();
    cohorts_ += 1.0 / size_;
    opening_ = false;
    balance_ -= weight_ / size_;
    weight_ = std::min(2 * weight_, 2.0 * size_);  // which outweighs the answers between them
    if (balance_ > rounding - 1) return;
    size_ = std::max(size_ - 1, 1U);
    balance_ = 0;
  }

  // More than the bearable number of windows full of failures, and not one answer.
  bool lost() const { return cohorts_ > (has_answered_ ? limits::fail_cohorts : 0) + rounding; }

  // Once more from one connection.
  void reopen() {
    size_ = 1;
    opening_ = true;
    balance_ = cohorts_ = 0;
    weight_ = 1;
  }

 private:
  static constexpr double rounding = 1e-9;  // five fifths are a whole

  unsigned size_ = 1;
  unsigned most_ = limits::connections_per_next_hop;
  bool opening_ = true, has_answered_ = false;
  double balance_ = 0;  // of a connection: answers less failures since the size changed
  double cohorts_ = 0;
  double weight_ = 1;  // of the next failure
};

}  // namespace malleposte::queue
