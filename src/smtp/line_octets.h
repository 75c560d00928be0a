// The octets that decide what a line is: CR, LF and NUL. Shared by the two ways in which content
// arrives (data_decoder.h, chunk_decoder.h), so that both find the same faults at the same speed.
#pragma once

#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace malleposte::smtp {

// What may be wrong with the lines of a message (RFC 5321 2.3.8).
enum class LineFault : std::uint8_t { none, bare_cr, bare_lf, nul };

// The first CR, LF or NUL in [p, end), or end.
inline const char* find_line_octet(const char* p, const char* end) {
#if defined(__SSE2__)
  const __m128i cr = _mm_set1_epi8('\r');
  const __m128i lf = _mm_set1_epi8('\n');
  const __m128i nul = _mm_setzero_si128();
  for (; end - p >= 16; p += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i hits =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(block, cr), _mm_cmpeq_epi8(block, lf)),
                     _mm_cmpeq_epi8(block, nul));
    const int mask = _mm_movemask_epi8(hits);
    if (mask != 0) return p + __builtin_ctz(static_cast<unsigned>(mask));
  }
#endif
  while (p != end && *p != '\r' && *p != '\n' && *p != '\0') ++p;
  return p;
}

}  // namespace malleposte::smtp
