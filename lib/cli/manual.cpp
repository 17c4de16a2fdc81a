// The manual page: what the commands do and take, in the language of man.
#include <fmt/format.h>

#include <algorithm>

#include "described.hpp"
#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::cli {
namespace {

/// Text in which nothing means anything to man.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if (out.empty() && (c == '.' || c == '\''))
      out += std::string("\\&") + c;
    else
      out += c;
  }
  return out;
}

std::string entry(const described_option& o) {
  std::string names;
  for (const std::string& n : o.names)
    names += (names.empty() ? "\\fB" : "\\fR, \\fB") + escaped(n);
  const std::string value =
      o.shown.empty() || o.is_positional() ? "" : " \\fI" + escaped(o.shown) + "\\fR";
  return fmt::format(".TP\n{}\\fR{}\n{}\n", names, value, escaped(o.help));
}

bool is_same(const described_option& a, const described_option& b) {
  return a.names == b.names && a.help == b.help;
}

/// A command's options; those that the first command has too are named only.
std::string section(const described_command& c, const described_command& first) {
  std::string text = fmt::format(".SS {}\n{}\n", escaped(c.name), escaped(c.help)), also, group;
  for (const described_option& o : c.options) {
    const bool is_known =
        &c != &first && std::any_of(first.options.begin(), first.options.end(),
                                    [&](const described_option& f) { return is_same(f, o); });
    if (is_known) {
      also += (also.empty() ? "" : ", ") + escaped(o.names.back());
      continue;
    }
    if (o.group != group && o.group != "Options" && !o.group.empty())
      text += fmt::format(".PP\n{}:\n", escaped(o.group));
    group = o.group;
    text += entry(o);
  }
  if (!also.empty())
    text += fmt::format(".PP\nAs \\fB{}\\fR takes them: {}.\n", escaped(first.name), also);
  return text;
}

}  // namespace

std::string manual_of(const std::vector<described_command>& commands) {
  std::string text = fmt::format(R"(.TH VRAMBUDGET 1 "" "vrambudget {0}"
.SH NAME
vrambudget \- what llama.cpp will allocate for a model, before it is loaded
.SH SYNOPSIS
.B vrambudget
[\fICOMMAND\fR] [\fIOPTION\fR]... [\fIMODEL\fR]
.SH DESCRIPTION
Reads the header of a GGUF file and rebuilds what {1} would allocate for it on given GPUs: every
byte by term, whether it fits, and with how much context. Without a command the budget is made.
.SH COMMANDS
)",
                                 version, escaped(engine_name));
  for (const described_command& c : commands) text += section(c, commands.front());
  return text + R"(.SH EXIT STATUS
0 fits or done, 1 does not fit or differs, 2 usage, 3 bad input, 4 no usable GPU or driver, 70 a bug of
vrambudget, 74 the output cannot be written.
.SH FILES
.TP
.I $XDG_CONFIG_HOME/vrambudget/calibration.json
what \fBcalibrate\fR found of GPUs
.TP
.I $XDG_CACHE_HOME/vrambudget/headers
headers of models on servers
.SH EXAMPLES
.nf
vrambudget Qwen3\-8B\-Q8_0 \-\-gpu 3090 \-\-ctx 32768
vrambudget hf:org/repo:Q4_K_M \-\-gpu 2x4090
vrambudget \-\-gpu 3090 \-\-ctx 32768
.fi
)";
}

}  // namespace vrambudget::cli
