// Grows a range until the parser is content.
#include "vrambudget/hub/remote_header.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "vrambudget/gguf/header.hpp"
#include "vrambudget/hub/url.hpp"

namespace vrambudget {
namespace {

/// Collects the beginning of a file from ranges, or from the whole file where there are none.
class collector {
 public:
  collector(remote_header& h, std::uint64_t want) : h_(h), want_(want) {}

  /// The bytes that are to come next, or those that the parser asks for.
  [[nodiscard]] std::uint64_t want() const { return want_; }
  /// An error of the parser, of the limit or of a file that is too short.
  [[nodiscard]] const std::optional<error>& wrong() const { return wrong_; }
  /// The file changed on the server between two ranges.
  [[nodiscard]] bool has_changed() const { return has_changed_; }

  bool take(const http_reply& reply, std::uint64_t offset, std::span<const std::byte> part) {
    if (!h_.data.empty() && (reply.validator != h_.validator || reply.total != h_.total)) {
      h_ = {};
      has_changed_ = offset != 0;
      if (has_changed_) return false;
    }
    h_.validator = reply.validator;
    h_.total = reply.total;
    const std::uint64_t have = h_.data.size();
    if (offset > have) return false;
    if (offset + part.size() > have) {
      part = part.subspan(static_cast<std::size_t>(have - offset));
      h_.data.insert(h_.data.end(), part.begin(), part.end());
    }
    // a range ends by itself, which leaves the connection open; the whole file is cut off
    if (reply.status == 206) return h_.data.size() <= want_;
    return h_.data.size() < want_ || check();
  }

  /// Whether more is needed, and how much.
  bool check() {
    const auto extent = gguf::header_extent(h_.data);
    const std::uint64_t have = h_.data.size();
    if (!extent) {
      wrong_ = extent.error();
    } else if (*extent <= have) {
      h_.data.resize(static_cast<std::size_t>(*extent));
      h_.is_complete = true;
    } else if (h_.total && *extent > *h_.total) {
      wrong_ = error{errc::truncated, fmt::format("found a file of {} bytes, expected at least {} "
                                                  "for its header",
                                                  *h_.total, *extent)};
    } else {
      want_ = std::min(std::max(*extent, have + have / 2), gguf::max_header.count);
      if (h_.total) want_ = std::min(want_, *h_.total);
    }
    return !wrong_ && !h_.is_complete;
  }

 private:
  remote_header& h_;
  std::uint64_t want_;
  std::optional<error> wrong_;
  bool has_changed_ = false;
};

/// The tensors' data must lie within the file.
result<void> check_data(const remote_header& h, const std::string& url) {
  const gguf::parse_options options{h.total ? std::optional(bytes{*h.total}) : std::nullopt,
                                    h.total.has_value()};
  if (const auto parsed = gguf::parse(h.data, options); !parsed)
    return in_context(shown_url(url), parsed.error());
  return {};
}

/// What to ask first: whether a header that is known still holds, or for the rest of it.
http_request first_request(const std::string& url, remote_header& known) {
  http_request q{url, 0, std::nullopt, {}, {}};
  if (known.is_complete && !known.validator.empty()) {
    q.if_none_match = known.validator;
  } else if (known.is_complete || known.validator.empty()) {
    known = {};  // nothing to ask about
  } else {
    q.if_range = known.validator;
    q.first = known.data.size();
  }
  return q;
}

// Ranges that grow by half reach gguf::max_header in 11.
constexpr int most_answers = 64;

/// Asks until the header is whole, or the file has changed. `old` holds if the server says so.
result<void> read_ranges(http_client& client, http_request q, remote_header old, collector& c,
                         remote_header& known, int& n_answers) {
  const http_sink sink = [&](const http_reply& r, std::uint64_t offset,
                             std::span<const std::byte> part) { return c.take(r, offset, part); };
  while (!known.is_complete) {
    const std::uint64_t before = q.first;
    if (n_answers++ == most_answers)
      return error{errc::io, fmt::format("{}: {} answers brought {} bytes of its header, and not all",
                                         shown_url(q.url), most_answers, before)};
    q.last = c.want() - 1;
    const auto reply = client.get(q, sink);
    if (reply && reply->status == 304 && old.is_complete) {
      known = std::move(old);
      return {};
    }
    if (!reply) return reply.error();
    if (c.has_changed()) return {};
    if (!known.is_complete && !c.wrong()) (void)c.check();
    if (c.wrong()) {
      known = {};
      return in_context(shown_url(q.url), *c.wrong());
    }
    q = {q.url, known.data.size(), std::nullopt, {}, known.validator};
    if (!known.is_complete && q.first <= before)
      return error{errc::io, fmt::format("{}: the server sends nothing from byte {} on",
                                         shown_url(q.url), before)};
  }
  return {};
}

}  // namespace

result<void> read_remote_header(http_client& client, const std::string& url, bytes first_range,
                                remote_header& known) {
  int n_answers = 0;
  for (int n_restarts = 0;; ++n_restarts) {
    const http_request q = first_request(url, known);
    remote_header old;
    if (known.is_complete) std::swap(old, known);
    collector c(known, first_range.count);
    if (q.first > 0 && !c.check()) {  // what was kept is damaged
      known = {};
      continue;
    }
    if (const auto ok = read_ranges(client, q, std::move(old), c, known, n_answers); !ok) return ok.error();
    if (!c.has_changed()) return check_data(known, url);
    known = {};
    if (n_restarts > 1)
      return error{errc::io, shown_url(url) + ": the file changes while it is read"};
  }
}

}  // namespace vrambudget
