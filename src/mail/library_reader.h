// For tests: a message as the MIME library reads it, to be compared with what we make of it.
#pragma once

#include <gmime/gmime.h>

#include <string>
#include <string_view>
#include <vector>

namespace malleposte::mail {

// A leaf of the tree.
struct ReadPart {
  std::string where;    // "0.2.1": the path to it
  std::string type;     // "text/plain"
  std::string content;  // decoded
  bool operator==(const ReadPart&) const = default;
};

class LibraryReader {
 public:
  static std::vector<ReadPart> read(std::string_view message) {
    g_mime_init();
    GMimeStream* stream = g_mime_stream_mem_new_with_buffer(message.data(), message.size());
    GMimeParser* parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage* parsed = g_mime_parser_construct_message(parser, nullptr);
    LibraryReader reader;
    if (parsed != nullptr) {
      reader.object(g_mime_message_get_mime_part(parsed), "0");
      g_object_unref(parsed);
    }
    g_object_unref(parser);
    g_object_unref(stream);
    return reader.parts_;
  }

 private:
  void object(GMimeObject* object, const std::string& where) {
    if (object == nullptr) return;
    if (GMIME_IS_MESSAGE_PART(object)) {
      GMimeMessage* inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
      if (inner != nullptr) this->object(g_mime_message_get_mime_part(inner), where + ".m");
    } else if (GMIME_IS_MULTIPART(object)) {
      const int count = g_mime_multipart_get_count(GMIME_MULTIPART(object));
      for (int i = 0; i < count; ++i)
        this->object(g_mime_multipart_get_part(GMIME_MULTIPART(object), i),
                     where + "." + std::to_string(i));
    } else if (GMIME_IS_PART(object)) {
      ReadPart part{where, {}, {}};
      char* type = g_mime_content_type_get_mime_type(g_mime_object_get_content_type(object));
      part.type = type;
      g_free(type);
      if (GMimeDataWrapper* content = g_mime_part_get_content(GMIME_PART(object))) {
        GMimeStream* decoded = g_mime_stream_mem_new();
        g_mime_data_wrapper_write_to_stream(content, decoded);
        const auto* octets = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(decoded));
        part.content.assign(reinterpret_cast<const char*>(octets->data), octets->len);
        g_object_unref(decoded);
      }
      parts_.push_back(std::move(part));
    }
  }

  std::vector<ReadPart> parts_;
};

}  // namespace malleposte::mail
