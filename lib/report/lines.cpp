#include "lines.hpp"

#include <algorithm>

namespace vrambudget {

std::size_t columns_of(std::string_view text) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {  // colours end with an m
      i = std::min(text.find('m', i), text.size());
      continue;
    }
    const auto c = static_cast<unsigned char>(text[i]);
    n += (c & 0xc0) != 0x80;  // the rest of a character
  }
  return n;
}

std::vector<std::string> broken(std::string_view line, std::size_t width, std::size_t indent) {
  std::vector<std::string> lines(1);
  std::size_t taken = 0;
  bool is_empty = true;  // but for blanks it begins with
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t word = std::min(line.find_first_not_of(' ', at), line.size());
    const std::size_t end = std::min(line.find(' ', word), line.size());
    const std::string_view blanks = line.substr(at, word - at);
    const std::string_view letters = line.substr(word, end - word);
    const std::size_t n = columns_of(letters);
    if (!is_empty && n > 0 && taken + blanks.size() + n > width) {
      lines.emplace_back(indent, ' ');
      taken = indent;
    } else {
      lines.back() += blanks;
      taken += blanks.size();
    }
    lines.back() += letters;
    taken += n;
    is_empty = is_empty && n == 0;
    at = end;
  }
  return lines;
}

std::string with_both_ends(std::string left, std::string_view right, std::size_t width) {
  const std::size_t taken = columns_of(right);
  std::size_t before = columns_of(left);
  if (before + 1 + taken > width) {
    left += '\n';
    before = 0;
  }
  left.append(width > before + taken ? width - before - taken : 1, ' ');
  return (left += right) += '\n';
}

std::string with_broken_lines(std::string_view text, std::size_t width) {
  constexpr std::size_t further = 2;
  std::string out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    if (columns_of(line) <= width) {
      out += line;
    } else {
      const std::size_t own = std::min(line.find_first_not_of(' '), line.size());
      const std::vector<std::string> lines =
          broken(line, width, std::min(own + further, width / 2));
      for (std::size_t i = 0; i < lines.size(); ++i) (out += i ? "\n" : "") += lines[i];
    }
    if (end < text.size()) out += '\n';
    begin = end + 1;
  }
  return out;
}

}  // namespace vrambudget
