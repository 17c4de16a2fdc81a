// The reader's files as they are: their paths and headers.

#include "os/files.hpp"
#include "vrambudget/hub/remote_model.hpp"
#include "vrambudget/hub/url.hpp"
#include "vrambudget/io/model_file.hpp"
#include "vrambudget/request/model_reader.hpp"

namespace vrambudget::request {

result<std::string> model_reader::find_path(const std::string& typed) {
  if (is_ollamas(typed)) {
    const auto found = find_ollamas(around_, typed);
    return found ? result<std::string>(found->path) : found.error();
  }
  if (typed.starts_with("~/") && !around_.home.empty())
    if (const std::string path = around_.home + typed.substr(1);
        detail::is_there(path))
      return path;
  if (detail::is_there(typed)) return typed;
  const auto whole = find_whole_name(stored(), typed);
  if (!whole) return whole.error();
  if (*whole) return (*whole)->path;
  if (const auto begins = find_stored_model(stored(), typed)) return begins->path;
  if (find_catalogued_file(typed))
    return error{errc::not_found, typed + ": the catalogue knows its shape alone: name a file"};
  return error{errc::not_found, "no file '" + typed + "'"};
}

result<void> model_reader::look_at(const std::string& typed, const look& show) {
  std::string meant = hub_name_of_page(typed);
  if (meant.empty()) meant = typed;
  if (!is_remote(meant)) {
    const auto path = find_path(typed);
    if (path) {
      const auto f = open_model_file(*path);
      if (!f) return f.error();
      std::vector<bytes> sizes;
      for (const header_file& file : f->files) sizes.push_back(file.size());
      if (auto shown = show({f->paths, std::move(sizes), f->headers}); !shown) return shown;
      return f->check_unchanged();
    }
    if (!looks_like_repository(typed)) return path.error();
    meant = "hf:" + typed;
  }
  const auto r = open_remote(meant);
  if (!r) return r.error();
  std::vector<std::string> urls;
  for (const std::string& url : r->urls) urls.push_back(shown_url(url));
  return show({std::move(urls), {}, r->headers});
}

}  // namespace vrambudget::request
