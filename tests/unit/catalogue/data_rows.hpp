// Rows of data/, as people read them: with where each fact is known from.
#pragma once

#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <string>

/// `file`: "gpus.json".
inline boost::json::array data_rows(const std::string& file) {
  std::ifstream in(VRAMBUDGET_DATA "/" + file, std::ios::binary);
  return boost::json::parse(std::string(std::istreambuf_iterator<char>(in), {})).as_array();
}

/// As the library holds them.
inline boost::json::array without_sources(boost::json::array rows) {
  for (boost::json::value& row : rows) row.as_object().erase("sources");
  return rows;
}
