// Hugging Face's listing of a repository, and the engine's rule for choosing from it.
#include "vrambudget/hub/hub.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>

#include "catalogue/names.hpp"
#include "vrambudget/hub/url.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

constexpr std::size_t max_listing_page = 4u << 20;
constexpr int max_listing_pages = 50;

bool is_letter_or_digit(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

std::string capitals(std::string_view s) {
  std::string out(s);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

bool is_name(std::string_view s) {
  return !s.empty() && s.size() <= 96 && s.front() != '.' &&
         std::all_of(s.begin(), s.end(), [](char c) {
           return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
         });
}

std::string_view file_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

/// The place in "-00002-of-00003" at the end of a name without ".gguf"; 0: it has none.
std::uint32_t split_number(std::string_view stem) {
  constexpr std::string_view form = "-00000-of-00000";
  if (stem.size() <= form.size()) return 0;
  const std::string_view end = stem.substr(stem.size() - form.size());
  std::uint32_t n = 0;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool is_digit = end[i] >= '0' && end[i] <= '9';
    if (form[i] == '0' ? !is_digit : form[i] != end[i]) return 0;
    if (i < 6 && is_digit) n = n * 10 + static_cast<std::uint32_t>(end[i] - '0');
  }
  return n;
}

std::string_view without_split(std::string_view path) {
  if (path.ends_with(".gguf")) path.remove_suffix(5);
  if (split_number(path)) path.remove_suffix(15);
  return path;
}

bool is_first(std::string_view path) {
  if (path.ends_with(".gguf")) path.remove_suffix(5);
  return split_number(path) <= 1;
}

bool has_tag(std::string_view path, std::string_view tag) {
  const std::string in = capitals(path), wanted = capitals(tag);
  for (auto at = in.find(wanted); at != in.npos; at = in.find(wanted, at + 1)) {
    const std::size_t end = at + wanted.size();
    if (end < in.size() && (in[end] == '.' || in[end] == '-')) return true;
  }
  return false;
}

std::optional<hub_file> file_of(const json::value& row) {
  const json::object* o = row.if_object();
  if (o == nullptr) return std::nullopt;
  const json::value *type = o->if_contains("type"), *path = o->if_contains("path"),
                    *size = o->if_contains("size");
  if (!type || !type->is_string() || type->get_string() != "file" || !path || !path->is_string())
    return std::nullopt;
  hub_file f{std::string(path->get_string()), {}};
  boost::system::error_code failed;
  if (size && size->is_number()) {
    const auto n = size->to_number<std::uint64_t>(failed);
    if (!failed) f.size = bytes{n};
  }
  if (!f.path.ends_with(".gguf")) return std::nullopt;
  return f;
}

}  // namespace

result<hub_name> parse_hub_name(std::string_view typed) {
  const error wrong{errc::invalid_argument,
                    fmt::format("'hf:{}' is not hf:org/repo, hf:org/repo:QUANT or "
                                "hf:org/repo/file.gguf",
                                typed.substr(0, 200))};
  const auto slash = typed.find('/');
  if (slash == typed.npos) return wrong;
  const auto end = typed.find_first_of("/:", slash + 1);
  hub_name n;
  n.repo = typed.substr(0, end);
  if (!is_name(typed.substr(0, slash)) || !is_name(std::string_view(n.repo).substr(slash + 1)))
    return wrong;
  if (end == typed.npos) return n;
  const std::string_view rest = typed.substr(end + 1);
  if (typed[end] == ':') {
    if (!is_name(rest)) return wrong;
    n.tag = rest;
  } else {
    const bool is_plain = std::all_of(rest.begin(), rest.end(),
                                      [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
    if (!rest.ends_with(".gguf") || !is_plain || rest.find("..") != rest.npos) return wrong;
    n.file = rest;
  }
  return n;
}

std::string hub_name_of_page(std::string_view typed) {
  const auto take = [&](std::string_view start) {
    if (!typed.starts_with(start)) return false;
    typed.remove_prefix(start.size());
    return true;
  };
  if (!take("hf://")) {
    (void)(take("https://") || take("http://"));
    if (!take("huggingface.co/") && !take("hf.co/")) return {};
  }
  typed = typed.substr(0, typed.find_first_of("?#"));
  while (typed.ends_with('/')) typed.remove_suffix(1);
  const std::size_t org = typed.find('/');
  if (org == typed.npos) return {};
  const std::size_t repo = typed.find('/', org + 1);
  std::string name = "hf:" + std::string(typed.substr(0, repo));
  if (repo != typed.npos) {
    const std::string_view rest = typed.substr(repo + 1);
    constexpr std::string_view file = "blob/main/";
    if (rest.starts_with(file))
      name.append("/").append(rest.substr(file.size()));
    else if (rest != "tree/main" && !rest.starts_with("tree/main/"))
      return {};
  }
  return parse_hub_name(std::string_view(name).substr(3)) ? name : std::string();
}

result<std::vector<hub_file>> list_hub_files(http_client& client, const std::string& endpoint,
                                             const std::string& repo) {
  std::vector<hub_file> files;
  std::string url = endpoint + "/api/models/" + repo + "/tree/main?recursive=true";
  const std::string origin = origin_of(url);
  for (int page = 0; !url.empty(); ++page) {
    if (page == max_listing_pages)
      return error{errc::limit, fmt::format("{}: over {} pages of files", shown_url(url), page)};
    std::string text;
    bool too_long = false;
    const auto reply =
        client.get({url, 0, std::nullopt, {}, {}},
                   [&](const http_reply&, std::uint64_t offset, std::span<const std::byte> part) {
                     if (offset < text.size()) text.resize(offset);  // begun again
                     text.append(reinterpret_cast<const char*>(part.data()), part.size());
                     too_long = text.size() > max_listing_page;
                     return !too_long;
                   });
    if (!reply) return reply.error();
    if (too_long) return error{errc::limit, shown_url(url) + ": a list of over 4 MiB"};
    boost::system::error_code failed;
    const json::value rows = json::parse(text, failed);
    if (failed || !rows.is_array())
      return error{errc::bad_format,
                   shown_url(url) + ": found no JSON array, expected a list of files"};
    for (const json::value& row : rows.get_array())
      if (auto f = file_of(row)) files.push_back(std::move(*f));
    if (!reply->next.empty() && origin_of(reply->next) != origin)
      return error{errc::bad_format, shown_url(url) + ": its next page is on another server"};
    url = reply->next;
  }
  return files;
}

result<hub_file> choose_hub_file(std::span<const hub_file> files, const hub_name& name) {
  const std::string shown = "hf:" + name.repo;
  if (!name.file.empty()) {
    for (const hub_file& f : files)
      if (f.path == name.file) return f;
    return error{errc::not_found, shown + ": has no file '" + name.file + "'"};
  }
  const auto is_choice = [](const hub_file& f) { return !is_sidecar(f.path) && is_first(f.path); };
  std::vector<std::string> tags{name.tag};
  if (name.tag.empty()) tags = {"Q4_K_M", "Q8_0"};
  for (const std::string& tag : tags)
    for (const hub_file& f : files)
      if (is_choice(f) && has_tag(f.path, tag)) return f;
  if (name.tag.empty())
    for (const hub_file& f : files)
      if (is_choice(f)) return f;
  const auto known = quantizations_of(files);
  if (known.empty()) return error{errc::not_found, shown + ": has no GGUF model"};
  return error{errc::not_found,
               fmt::format("{}: has no {}; there is {}", shown, name.tag, detail::joined(known))};
}

bool is_sidecar(std::string_view path) {
  const std::string_view name = file_name(path);
  for (const std::string_view part : {"mmproj", "imatrix", "mtp-", "eagle3-", "dflash-", "dspark-"})
    if (name.find(part) != name.npos) return true;
  return false;
}

std::string quantization_of(std::string_view path) {
  const std::string name = capitals(without_split(file_name(path)));
  const auto at = name.find_last_of("-.");
  if (at == name.npos) return {};
  const std::string tag = name.substr(at + 1);
  const bool is_quant = tag.find_first_of("0123456789") != tag.npos &&
                        (tag.starts_with("Q") || tag.starts_with("IQ") || tag.starts_with("TQ") ||
                         tag.starts_with("F") || tag.starts_with("BF") || tag.starts_with("MXFP") ||
                         tag.starts_with("NVFP"));
  if (!is_quant) return {};
  return std::string_view(name).substr(0, at).ends_with("-UD") ? "UD-" + tag : tag;
}

std::vector<std::string> quantizations_of(std::span<const hub_file> files) {
  std::vector<std::string> all;
  for (const hub_file& f : files)
    if (const std::string q = quantization_of(f.path); !is_sidecar(f.path) && !q.empty())
      if (std::find(all.begin(), all.end(), q) == all.end()) all.push_back(q);
  return all;
}

std::vector<std::string> projectors_of(std::span<const hub_file> files) {
  std::vector<std::string> all;
  for (const hub_file& f : files)
    if (file_name(f.path).find("mmproj") != std::string_view::npos) all.push_back(f.path);
  return all;
}

std::string hub_file_url(const std::string& endpoint, const std::string& repo,
                         const std::string& path) {
  std::string url = endpoint + "/" + repo + "/resolve/main/";
  for (const char c : path) {
    const bool is_plain =
        is_letter_or_digit(c) || std::string_view("-_.~/").find(c) != std::string_view::npos;
    if (is_plain)
      url += c;
    else
      url += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return url;
}

}  // namespace vrambudget
