// The GPUs of this machine, asked in a process of their own: a driver may end its process, and what it
// keeps for one would lie in the way of the next.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/gpu/probe.hpp"

namespace vrambudget::request {

/// What `work` gives in a process of its own, which must not have asked the driver for anything yet.
/// SIGINT and SIGTERM reach it as is_interrupted(); when it has ended, this process ends by them.
/// Errors: what work failed with; io  how its process ended
[[nodiscard]] result<boost::json::object> in_own_process(
    const std::function<result<boost::json::object>()>& work);

/// Whether a signal asks `work` to give back what it holds and end.
[[nodiscard]] bool is_interrupted();

/// This machine's driver and devices as they are now.
struct live_machine {
  driver_version version;
  std::vector<live_device> devices;  ///< in CUDA's order
};

/// The device as plans take it: with the context that was measured and what others hold.
[[nodiscard]] device to_device(const live_device& d);

/// Errors: io  no driver, no device, or either fails
[[nodiscard]] result<live_machine> this_machine();

/// A device as `probe --json` and recordings show it; what is not known is absent.
[[nodiscard]] boost::json::object device_json(std::size_t index, const live_device& d);

/// All devices of a machine: what `probe --json` says.
[[nodiscard]] boost::json::object devices_json(const std::vector<live_device>& all);

}  // namespace vrambudget::request
