// What was measured on a user's own cards, and what plans make of it: the driver's context fitted to
// it. Where this is kept is the caller's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/machine/driver_context.hpp"
#include "vrambudget/machine/operating_system.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// What a process was seen to hold on a card.
struct calibration_measurement {
  bytes used;     ///< measured: the engine's process, or the context of a process without buffers
  bytes buffers;  ///< of the run's plan: all that is exact
  bytes pool;     ///< of the run's plan: its bound; 0: no prompt had been processed
  bytes resolution;        ///< `used` may be off by this much to either side
  std::string date;        ///< "2026-11-24"
  std::string model, run;  ///< what the process ran; both empty for a context without buffers
  std::string source;      ///< the recording it comes from, if any

  [[nodiscard]] bool is_of_a_run() const { return !model.empty(); }
  friend bool operator==(const calibration_measurement&, const calibration_measurement&) = default;
};

/// The driver's context as a card's measurements have it; machine/driver_context_fit.hpp makes it.
struct calibrated_context {
  bytes context, low, high;                ///< low..high: with 95 % confidence
  double pool_share = 1;                   ///< part of the pool's bound that was drawn
  std::optional<double> pool_share_error;  ///< absent: taken as 1, not fitted
  std::size_t n_measurements = 0;
  bool of_runs = false;  ///< false: contexts without buffers; kernels' code is not in them
  std::string date;      ///< of the last measurement
};

/// One kind of card under one system and driver.
struct calibrated_device {
  std::string gpu;  ///< as the driver spells it
  operating_system system = operating_system::native_linux;
  std::string driver;  ///< "550.54.14"; empty: not known
  std::vector<calibration_measurement> measurements;
  calibrated_context fit;
};

/// All calibrated cards.
struct calibration {
  std::vector<calibrated_device> devices;
};

/// Fits again to all measurements: of runs, or where there are none of contexts without buffers.
/// Errors: invalid_argument  there are none, or they leave nothing for the driver
[[nodiscard]] result<void> refit(calibrated_device& d);

/// Adds a measurement to its card and fits again; one that is there already changes nothing.
/// Errors: those of refit; nothing is added then
[[nodiscard]] result<void> add_measurement(calibration& all, const calibrated_device& key,
                                           calibration_measurement m);

/// What the fit leaves unexplained of a measurement.
/// Units: bytes, measured less fitted
[[nodiscard]] double residual(const calibrated_context& fit, const calibration_measurement& m);

/// The card's calibration: with that driver, else the last one under that system. Null: there is none.
/// `driver`: empty if it is not known
[[nodiscard]] const calibrated_device* find_calibration(const calibration& all,
                                                        std::string_view gpu,
                                                        operating_system system,
                                                        std::string_view driver);

/// The context that plans for this card count: `high`, fitted; assumed where `driver` is another one.
/// One reading alone is as uncertain as the model is of any card.
/// `modelled`: the same card's without its own readings (catalogue/overheads.hpp: driver_context_of)
///
/// Formula:  of runs:     one: reading - (expected - low) .. reading + (high - expected), of `in_use`;
///                        several: the fit's interval
///           of contexts: one: reading - (bare - low) of `fresh` .. reading + (`in_use`.high - bare);
///                        several: the fit's interval, and `most_growth` above it; `growth` expected
[[nodiscard]] measured_range context_range(const calibrated_device& d, std::string_view driver,
                                           const modelled_context& modelled);

}  // namespace vrambudget
