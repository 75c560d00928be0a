#include "config/property_text.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace malleposte::config {
namespace {

// Made anew by: malleposte properties --markdown > docs/manual/properties.md
TEST(PropertyText, TheManualIsCurrent) {
  std::ifstream file(MALLEPOSTE_SOURCE_DIR "/docs/manual/properties.md", std::ios::binary);
  const std::string manual{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(manual, properties_as_markdown());
}

TEST(PropertyText, FitsATerminal) {
  Sources sources;
  sources.set = {{"ui_port", "8080"}, {"password", "tell nobody"}};
  const Loaded loaded = load(sources);
  const std::string text = properties_as_text(loaded.values);
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = text.find('\n', start);
    EXPECT_LE(end - start, 100u) << text.substr(start, end - start);
    start = end + 1;
  }
  EXPECT_NE(text.find("\nsmtp_port = 25\n"), std::string::npos);
  EXPECT_NE(text.find("\nui_port = 8080    (--set ui_port; default: 80)\n"), std::string::npos);
  EXPECT_EQ(text.find("tell nobody"), std::string::npos);
}

}  // namespace
}  // namespace malleposte::config
