#include "vrambudget/report/ranking.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <sstream>

#include "../header_of.hpp"

using namespace vrambudget;

namespace {

ranked_model of_disk(const char* name, on_host moved) {
  ranked_model r;
  r.name = name;
  r.quantization = "Q4_K_M";
  r.path = "/models/file.gguf";
  candidate& c = r.planned;
  c.fits = true;
  c.moved = moved;
  c.n_ctx = 32768;
  c.spare = 3_GiB;
  c.host = 40_GiB;
  c.weights = 20_GiB;
  c.bits_per_weight = 4.8;
  c.has_experts = moved == on_host::feed_forward;
  if (c.has_experts) {
    c.how = {.changes = {change_kind::n_cpu_moe}, .n_on_host = 26};
    c.how.changed.n_cpu_moe = 26;
  }
  if (moved == on_host::layers) {
    c.planned.n_gpu_layers = 31;
    c.how = {.changes = {change_kind::n_gpu_layers}, .changed = c.planned, .n_on_host = 5};
  }
  return r;
}

decode_speed speed(double low, double high, double most) {
  decode_speed s;
  s.most = most;
  if (low > 0) s.expected = {low, (low + high) / 2, high, 33, "Ampere"};
  return s;
}

std::vector<ranked_model> some() {
  ranked_model a = of_disk("Measured", on_host::nothing);
  a.planned.speed = speed(26.4, 42.2, 57);
  a.quality = {find_quality("Qwen3.6-27B", "UD-Q4_K_XL"), {}};
  ranked_model b = of_disk("Bound", on_host::nothing);
  b.planned.speed = speed(0, 0, 50.2);
  b.quality = {nullptr, kld_interval{0.0072, 0.21}};
  ranked_model c = of_disk("Unknown", on_host::nothing);
  ranked_model d = of_disk("Moved", on_host::feed_forward);
  d.planned.speed = speed(2.26, 9.11, 9.5);
  d.quality = {nullptr, kld_interval{0.0004, 0.013}};
  ranked_model e = of_disk("Layers", on_host::layers);
  return {a, b, c, d, e};
}

const ranking_question asked{.devices = {testing::card()}, .base = {.n_ctx = 32768}};

}  // namespace

TEST_CASE("every line of the table has room, and narrow ones keep speed and what is moved") {
  const auto all = some();
  for (const std::size_t width : {60, 80, 100, 160}) {
    std::istringstream text(ranking_text(asked, all, 0, width));
    std::string line, lines;
    bool is_table = false;
    while (std::getline(text, line)) {
      is_table = is_table ? !line.empty() : line.find("tokens/s") != line.npos;
      if (!is_table) continue;
      CAPTURE(line);
      CHECK(line.size() <= width);
      lines += line + "\n";
    }
    CAPTURE(lines);
    CHECK(lines.find("Disk, experts on h") != std::string::npos);
    CHECK(lines.find("     26-43") != std::string::npos);
    CHECK(lines.find("    max 51") != std::string::npos);
    CHECK(lines.find("   unknown") != std::string::npos);
    CHECK(lines.find("   2.2-9.2") != std::string::npos);
    CHECK((lines.find("-ncmoe") < lines.find("-ngl") && lines.find("-ngl") != lines.npos));
    CHECK((lines.find("0.0225") != lines.npos) == (width >= 80));
    CHECK((lines.find("94.08 %") != lines.npos) == (width >= 100));
  }
}

TEST_CASE("an estimate is an interval, and one from next to nothing only has an end") {
  const std::string text = ranking_text(asked, some(), 0, 80);
  CHECK(text.find(" 0.007-0.2\n") != std::string::npos);
  CHECK(text.find(" <0.01\n") != std::string::npos);
  CHECK(text.find("assume that it reads 15 to 50 GB/s") != std::string::npos);
  CHECK(text.find("3 of 5 known models fit with 32,768 tokens") != std::string::npos);
  CHECK(text.find("2 more run with a part on the host") != std::string::npos);
  CHECK(text.find("--ram SIZE") != std::string::npos);
  ranking_question known = asked;
  known.held_against.ram = 64_GiB;
  CHECK(ranking_text(known, some(), 0, 80).find("--ram SIZE") == std::string::npos);
}

TEST_CASE("what is not known is no key") {
  const auto o = boost::json::parse(ranking_json(asked, some())).as_object();
  CHECK(o.at("schema") == 1);
  CHECK(o.at("prefer") == "quality");
  const auto& models = o.at("models").as_array();
  const auto row = [&](std::size_t i) { return models.at(i).as_object(); };
  CHECK(row(0).at("kld").at("same_top_percent") == 94.08);
  CHECK(row(0).at("speed").at("expected").at("n") == 33);
  CHECK(row(1).at("kld").at("basis") == "assumed");
  CHECK_FALSE(row(1).at("speed").as_object().contains("expected"));
  CHECK_FALSE(row(2).contains("speed"));
  CHECK_FALSE(row(2).contains("kld"));
  CHECK_FALSE(row(2).contains("on_host"));
  CHECK(row(3).at("on_host").at("what") == "feed_forward");
  CHECK(row(3).at("flags") == "-ncmoe 26");
  CHECK(row(4).at("flags") == "-ngl 31");
  CHECK_FALSE(row(4).contains("max_context"));
}
