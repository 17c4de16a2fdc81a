// Shares of what devices give that measurements reached, by kind of device and weights.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/advise/speed.hpp"
#include "vrambudget/machine/device.hpp"

namespace vrambudget {

/// Of cards and weights for which all that it names holds; an empty name holds for all.
struct share_row {
  std::string memory, generation, weights;
  reached_share share;
};

[[nodiscard]] std::vector<share_row> read_share_rows(const boost::json::array& rows);

/// That of the first row that holds of a device with such memory.
[[nodiscard]] std::optional<reached_share> find_share(const std::vector<share_row>& rows,
                                                      std::string_view memory, const device& d,
                                                      weight_class c);

}  // namespace vrambudget
