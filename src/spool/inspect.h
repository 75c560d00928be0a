// Looking at a spool from outside, server running or not: what `malleposte spool verify` and
// `malleposte spool dump` print. Reads only; any thread.
#pragma once

#include <string>

namespace malleposte::spool {

// Reads every record of the spool directory and checks it. Returns 0 when all is well, 1 when there
// is damage or the directory cannot be read; `out` receives the report.
int verify(const std::string& directory, bool json, std::string& out);

// Lists every record, one item a line.
int dump(const std::string& directory, bool json, std::string& out);

}  // namespace malleposte::spool
