// Addresses of resources, as far as they must be understood here.
#pragma once

#include <string>

namespace vrambudget {

/// "https://host:443" of an address, always with the port; empty if it has no scheme or host.
[[nodiscard]] std::string origin_of(const std::string& url);

/// Whether a user, a password or a query stands in it: what may be nobody else's to know.
[[nodiscard]] bool may_hold_secrets(const std::string& url);

/// An address fit to be shown: without user, password, query and fragment.
[[nodiscard]] std::string shown_url(const std::string& url);

}  // namespace vrambudget
