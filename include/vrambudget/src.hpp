// The definitions that take long to compile. Whoever uses the headers alone includes this in exactly one of
// their source files; vrambudget::vrambudget has them compiled.
#pragma once

#include "vrambudget/advise/best_run.ipp"
#include "vrambudget/advise/cards.ipp"
#include "vrambudget/advise/rank.ipp"
#include "vrambudget/advise/prompt_speed.ipp"
#include "vrambudget/advise/speed.ipp"
#include "vrambudget/advise/together.ipp"
#include "vrambudget/advise/what_would_fit.ipp"
#include "vrambudget/arch/registry.ipp"
#include "vrambudget/memory/compute_buffer.ipp"
#include "vrambudget/memory/encoder_buffers.ipp"
#include "vrambudget/memory/weights.ipp"
#include "vrambudget/model/model.ipp"
#include "vrambudget/model/name_pattern.ipp"
#include "vrambudget/plan/fitted_run.ipp"
#include "vrambudget/plan/max_context.ipp"
#include "vrambudget/plan/planner.ipp"
#include "vrambudget/plan/projector_budget.ipp"
#include "vrambudget/plan/sweep.ipp"
#include "vrambudget/plan/verdict.ipp"
