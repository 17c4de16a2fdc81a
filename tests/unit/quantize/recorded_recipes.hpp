// Recipes whose dry run was recorded, and the models that they were over.
#pragma once

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/quantize/quantized_file.hpp"
#include "vrambudget/request/recipe_request.hpp"

namespace vrambudget::testing {

inline std::vector<boost::json::value> recorded_recipes() {
  std::ifstream in(VRAMBUDGET_TRUTH "/recipes.jsonl");
  std::vector<boost::json::value> rows;
  for (std::string line; std::getline(in, line);) rows.push_back(boost::json::parse(line));
  return rows;
}

/// A recorded shape as a file of full precision: what is not F32 there is BF16.
inline model full_precision(const std::string& id) {
  std::filesystem::path file = VRAMBUDGET_TRUTH "/models/" + id + ".json";
  if (!std::filesystem::exists(file)) file = VRAMBUDGET_DATA "/models/" + id + ".json";
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto header = header_from_shape(text).value();
  const auto parsed = gguf::parse(header, {.check_data = false}).value();
  model m = read_model({&parsed, 1}).value();
  for (model_tensor& t : m.tensors)
    if (t.type != ggml_type::f32) {
      t.type = ggml_type::bf16;
      t.size = data_size(t.type, t.ne);
    }
  return m;
}

/// The words of a recorded command line, of which some are in single quotes.
inline request::recipe_request request_of(const boost::json::value& row) {
  request::recipe_request q;
  q.base = std::string(row.at("file_type").as_string());
  std::istringstream flags{std::string(row.at("flags").as_string())};
  const auto word = [&] {
    std::string w;
    flags >> w;
    return w.size() > 1 && w.front() == '\'' ? w.substr(1, w.size() - 2) : w;
  };
  for (std::string flag = word(); !flag.empty(); flag = word()) {
    if (flag == "--tensor-type")
      q.tensor_types.push_back(word());
    else if (flag == "--token-embedding-type")
      q.token_embedding_type = word();
    else if (flag == "--output-tensor-type")
      q.output_tensor_type = word();
    else if (flag == "--imatrix")
      q.imatrix = word();
    else if (flag == "--prune-layers")
      q.prune_layers = word();
    else if (flag == "--pure")
      q.pure = true;
    else if (flag == "--leave-output-tensor")
      q.leave_output_tensor = true;
    else
      FAIL("unknown flag " << flag);
  }
  return q;
}

}  // namespace vrambudget::testing
