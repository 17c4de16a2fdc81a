// An SVG file that is written from the top to the bottom, as wide as a page of text.
#pragma once

#include <string>
#include <string_view>

namespace vrambudget {

/// What stands in it is added at `y`, in pixels from the top. Texts that are given here are XML already: what
/// comes from files and drivers goes through xml_text() first.
class picture {
 public:
  static constexpr int width = 720, left = 24, right = width - left;

  int y = 0;

  /// Elements as they are, on a line of their own.
  void add(std::string_view elements);
  /// `classes` of the picture's style: b bold, m muted, n a number that ends at x, s small, t large, h on top of
  /// lines, yes, no.
  void text(double x, std::string_view classes, std::string_view xml);
  /// From `x` to `end`, at least a pixel wide.
  void rectangle(double x, double end, int height, std::string_view attributes);

  /// The whole file; title and description are for who does not see it.
  [[nodiscard]] std::string file(std::string_view title, std::string_view description) const;

 private:
  std::string elements_;
};

}  // namespace vrambudget
