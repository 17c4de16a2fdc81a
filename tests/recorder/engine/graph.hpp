// Writes the graphs that contexts reserve, in the form of tests/truth/dump_graph.
#pragma once

#include <string>

namespace recorder {

/// From now on graphs are written to this file, one tensor a line with its place in the buffer; a further
/// column names the sources.
void write_graphs(const std::string& file);

/// What comes before `prompt` and `generation` in the phases that follow: "" or "draft "; null: nothing is written.
void graphs_of(const char* prefix);

}  // namespace recorder
