// What a page cannot ask for, each with the answer that it has there: a driver, other programs' stores, a server, this
// machine. Files are those that the page gives: package/files.js.
#include <boost/throw_exception.hpp>
#include <exception>
#include <string>
#include <utility>

#include "gpu/live_machine.hpp"
#include "gpu/vulkan_probe.hpp"
#include "hub/transfer.hpp"
#include "hub/url_parts.hpp"
#include "vrambudget/hub/header_cache.hpp"
#include "vrambudget/hub/http.hpp"
#include "vrambudget/hub/model_store.hpp"
#include "vrambudget/io/settings_file.hpp"
#include "vrambudget/os/this_system.hpp"

namespace boost {

// A bug of ours, or no memory: the module ends there, and who called it makes another.
void throw_exception(const std::exception&) { __builtin_trap(); }
void throw_exception(const std::exception&, const source_location&) {
  __builtin_trap();
}

}  // namespace boost

namespace vrambudget {
namespace {

error no_driver() { return {errc::io, "a page sees no GPU of its machine"}; }
error no_server() { return {errc::io, "the page itself asks servers, and not what it calls"}; }
error no_disk(std::string_view typed) {
  return {errc::not_found, "model \"" + std::string(typed) + "\" is not on this disk"};
}

}  // namespace

operating_system this_system() { return operating_system::native_linux; }
std::optional<cpu_variant> this_cpu() { return std::nullopt; }
std::optional<bytes> available_memory() { return std::nullopt; }

result<live_machine> this_machine() { return no_driver(); }
device to_device(const live_device& d) { return d.gpu; }
result<std::vector<live_vulkan_device>> vulkan_devices_here() { return no_driver(); }
std::vector<live_vulkan_device> used_by_engine(std::vector<live_vulkan_device> all) { return all; }
std::string_view name(vulkan_kind) { return "other"; }

result<std::optional<std::string>> read_settings(const std::string&) {
  return std::optional<std::string>();
}

std::vector<stored_model> stored_models(const store_folders&) { return {}; }
result<std::optional<stored_model>> find_whole_name(const std::vector<stored_model>&,
                                                    std::string_view) {
  return std::optional<stored_model>();
}
result<stored_model> find_stored_model(const std::vector<stored_model>&, std::string_view typed) {
  return no_disk(typed);
}
result<stored_model> ollama_model(const std::string&, std::string_view typed) {
  return no_disk(typed);
}

detail::url_parts detail::parts_of(const std::string&) { return {}; }
http_client::http_client(http_settings, std::function<void(const http_traffic&)>) {}
http_client::~http_client() = default;
result<http_reply> http_client::get(const http_request&, const http_sink&) { return no_server(); }
std::optional<remote_header> header_cache::find(const std::string&) const { return std::nullopt; }
std::vector<std::string> header_cache::kept_urls(const std::string&) const { return {}; }
result<void> header_cache::keep(const std::string&, const remote_header&) const { return {}; }

}  // namespace vrambudget
