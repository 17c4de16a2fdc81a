// What was done to a header, told.
#include <fmt/format.h>

#include <boost/json.hpp>

#include "io/json_text.hpp"
#include "vrambudget/gguf/printable.hpp"
#include "vrambudget/gguf/utf8.hpp"
#include "vrambudget/report/template.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget {
namespace {

std::string way_of(const header_change& c) {
  const std::string size = grouped(c.header_after.count);
  switch (c.how) {
    case header_method::unchanged:
      return c.undid_another ? "a change that was interrupted is undone" : "is so already";
    case header_method::in_place:
      return size + " bytes of header are written in place";
    case header_method::blocks: {
      const bool grows = c.header_after > c.header_before;
      const bytes n = grows ? saturating_sub(c.header_after, c.header_before)
                            : saturating_sub(c.header_before, c.header_after);
      return fmt::format(
          "{} bytes of blocks are {} before the data, {} bytes of header are written",
          grouped(n.count), grows ? "put in" : "taken out", size);
    }
    case header_method::copy:
      break;
  }
  return "a new file is written, and has the name";
}

}  // namespace

std::string change_text(const header_change& c) {
  const std::string path = gguf::printable(c.path);
  std::string text = path + ": " + way_of(c) + "\n";
  if (c.undid_another && c.how != header_method::unchanged)
    text = path + ": a change that was interrupted is undone first\n" + text;
  if (!c.backup.empty())
    text += gguf::printable(c.backup) + " has the old header; --restore brings it back\n";
  return text;
}

std::string change_json(const header_change& c) {
  namespace json = boost::json;
  json::object o{{"schema", json_schema},
                 {"vrambudget", version},
                 {"path", gguf::valid_utf8(c.path)},
                 {"how", text_of(c.how)},
                 {"header_bytes_before", c.header_before.count},
                 {"header_bytes", c.header_after.count},
                 {"undid_interrupted", c.undid_another}};
  if (!c.backup.empty()) o["backup"] = gguf::valid_utf8(c.backup);
  return json_text(o) + "\n";
}

}  // namespace vrambudget
