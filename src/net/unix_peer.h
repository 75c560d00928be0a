// Who is at the other end of a Unix socket, for records: "uid 1000 (anna)". The kernel says so
// (SO_PEERCRED), so nobody can pretend. Loop thread only.
#pragma once

#include <string>

namespace malleposte::net {

// "local" when the system does not tell. The name of a user is looked up once and remembered: of
// root and of the own user, who are all that a socket of mode 0600 lets in, by remember_users().
std::string unix_peer(int fd);

// Looks up root and the own user, which may take a while where users come from a network: called
// before the loop runs.
void remember_users();

}  // namespace malleposte::net
