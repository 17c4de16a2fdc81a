// doctest where there are no files to write to, which it asks for by name.
#include <sstream>

struct no_file : std::stringstream {
  static constexpr int out = 0;
  void open(const char*, int) {}
  [[nodiscard]] bool is_open() const { return false; }
  void close() {}
};
namespace std {
using ::no_file;
}
#define fstream no_file

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
