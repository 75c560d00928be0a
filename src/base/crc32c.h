// CRC-32C (Castagnoli, RFC 3720 appendix B.4): the checksum of the spool. Uses the processor's
// instruction where there is one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace malleposte {

// The checksum of `bytes` continued from `crc` (0 to begin): crc32c(crc32c(0, a), b) ==
// crc32c(0, ab).
std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes);

}  // namespace malleposte
