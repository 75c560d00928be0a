// The attributes of a message, and of an operator's marks on it: what most do not have, as (tag,
// string) pairs behind all else (docs/formats/spool.md). A reader skips the tags it does not know.
// Pure; any thread.
#pragma once

#include <string>

#include "spool/bytes.h"
#include "spool/items.h"

namespace malleposte::spool {

void put_attributes(std::string& out, const MessageItem& item);
void put_attributes(std::string& out, const Marks& marks);

// Fills in what the attributes say; `item` has everything else already. False: they make no sense.
bool take_attributes(ByteReader& reader, MessageItem& item);
bool take_attributes(ByteReader& reader, Marks& marks);

}  // namespace malleposte::spool
