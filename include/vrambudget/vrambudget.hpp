// Everything in one include: reading models, planning runs, reports, catalogues, live GPUs.
#pragma once

#include "vrambudget/gpu/allocate.hpp"
#include "vrambudget/gpu/calibration.hpp"
#include "vrambudget/gpu/catalogue.hpp"
#include "vrambudget/gpu/probe.hpp"
#include "vrambudget/io/model_catalogue.hpp"
#include "vrambudget/io/model_file.hpp"
#include "vrambudget/io/settings_file.hpp"
#include "vrambudget/io/shape.hpp"
#include "vrambudget/log/log_parser.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/plan/solve.hpp"
#include "vrambudget/report/json.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/version.hpp"
