// Why a prediction differs from the log: what else the run could have been.
#pragma once

#include "vrambudget/log/log_check.hpp"

namespace vrambudget {

/// Plans variants of the run, each with one rule or setting changed, and names the one that gives what
/// the log has. Lines that none explains keep no cause.
void explain_differences(const logged_model& m, checked_context& c);

}  // namespace vrambudget
