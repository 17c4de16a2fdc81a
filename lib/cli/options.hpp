// What commands can be told. The library that reads command lines stays behind this header.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "vrambudget/request/option.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace vrambudget::cli {

/// The options of one command. Names are "NAME" by position, "-m", "--model", with commas between.
class command_options {
 public:
  explicit command_options(CLI::App& app);

  void flag(const char* names, bool& to, const char* help);
  void text(const char* names, std::string& to, const char* shown, const char* help);
  void required_text(const char* names, std::string& to, const char* help);
  /// Several, one after the other.
  void texts(const char* names, std::vector<std::string>& to, const char* help);
  /// Several, with commas between or repeated.
  void list(const char* names, std::vector<std::string>& to, const char* shown, const char* help);
  /// Several, repeated, each as it is.
  void words(const char* names, std::vector<std::string>& to, const char* shown, const char* help);
  /// One whose value may be left out, which is then an empty one.
  void optional_text(const char* names, std::optional<std::string>& to, const char* shown,
                     const char* help);
  void number(const char* names, std::uint32_t& to, const char* shown, const char* help);
  void tokens(const char* names, std::uint32_t& to, const char* shown, const char* help);

  /// Rows of the table.
  void rows(std::initializer_list<request::topic> about, request::plan_request& q);
  void row(const char* name, request::plan_request& q);
  /// Files beside the model, sources, and all of a run.
  void rows_of_run(request::plan_request& q);

  /// That an option is of no use without another.
  void needs(const char* name, const char* other);
  /// That only one of two can be given.
  void exclude(const char* one, const char* other);

  /// The options of files and runs that were given, as they can be typed again.
  [[nodiscard]] std::string given_of_run() const;

 private:
  CLI::Option* add(const request::option& o, request::plan_request& q);

  CLI::App& app_;
  std::vector<const CLI::Option*> of_run_;
};

/// The arguments with names of one dash and several letters ("-ub") replaced by their long ones, since
/// only single letters can follow one dash elsewhere; unknown ones get a second dash, so that they are
/// reported whole.
[[nodiscard]] std::vector<std::string> with_long_names(const std::vector<std::string>& args);

/// The arguments with a value for each option that may stand alone, "--display=light": the next argument
/// where it can be one, else what the option means alone.
[[nodiscard]] std::vector<std::string> with_all_values(const std::vector<std::string>& args);

}  // namespace vrambudget::cli
