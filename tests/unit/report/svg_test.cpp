#include "vrambudget/report/svg.hpp"  // first: proves the header stands alone

#include <doctest/doctest.h>

#include "../contains.hpp"
#include "report/xml.hpp"

using namespace vrambudget;
using testing::contains;

static term exactly(term_kind kind, bytes size) { return {kind, size, basis::exact, {}, {}}; }

static std::string drawn(const budget& b, const std::string& name = "m") {
  model m;
  m.name = name;
  return budget_svg(m, b);
}

/// A card of 1,000 MiB with 500 of weights, and the host with 100 of them.
static budget half_full() {
  budget b;
  b.context.n_ctx = 4096;
  device_budget d;
  d.id = {.index = 0};
  d.gpu.name = "A card";
  d.gpu.total = d.gpu.free = d.usable = 1000_MiB;
  d.add(exactly(term_kind::weights, 500_MiB));
  b.devices.push_back(d);
  b.host.add(exactly(term_kind::output_buffer, 100_MiB));
  return b;
}

TEST_SUITE("svg") {
  TEST_CASE("bars are to scale: the whole of a card is 672 pixels") {
    const std::string svg = drawn(half_full());
    CHECK(contains(svg, R"(width="672.0" height="28" class="track")"));
    CHECK(contains(svg, R"(width="336.0" height="28" fill="#0072b2")"));  // half of it
    CHECK(contains(svg, R"(width="67.2" height="28" fill="#b8a200")"));   // a tenth, on the host
    CHECK(contains(svg, R"(d="M696.0 )"));                                // 24 + 672: all is usable
    CHECK(contains(svg, "500.0 MiB"));
    CHECK(contains(svg, ">fits<"));
  }

  TEST_CASE("what is over a card's memory is framed, and the scale is what is needed") {
    budget b = half_full();
    b.devices[0].add(exactly(term_kind::kv_cache, 1500_MiB));  // 2,000 of 1,000
    const std::string svg = drawn(b);
    CHECK(contains(svg, R"(width="336.0" height="28" class="track")"));
    CHECK(contains(svg, R"(<rect x="360.0" y="118" width="336.0" height="28" class="over"/>)"));
    CHECK(contains(svg, ">does not fit<"));
    CHECK(contains(svg, "1,000.0 MiB"));  // missing
  }

  TEST_CASE("a draft's terms have their model's colours with stripes") {
    budget b = half_full();
    CHECK_FALSE(contains(drawn(b), R"(class="stripes")"));
    b.devices[0].add(exactly(term_kind::draft_weights, 100_MiB));
    CHECK(contains(drawn(b), R"(class="stripes")"));
  }

  TEST_CASE("curves of one card end in a dot where its memory does") {
    const context_curve c{
        ggml_type::f16, {500, 500, context_bound::device, {}}, {{0, 500_MiB}, {1000, 1500_MiB}}};
    model m;
    budget b = half_full();
    const std::string svg = budget_svg(m, b, {c});
    CHECK(contains(svg, R"(<circle class="dot" cx="360.0")"));  // half of 672 from 24
    CHECK(contains(svg, ">f16 500</text>"));
    CHECK(contains(svg, "Largest context by type of KV cache: f16 500."));
    CHECK(contains(svg, ">250</text>"));  // a quarter of the axis

    b.devices.push_back(b.devices[0]);  // of two cards neither is the whole run
    CHECK_FALSE(contains(budget_svg(m, b, {c}), "circle"));
  }

  TEST_CASE("names cannot break the file") {
    const std::string svg = drawn(half_full(), "</svg><script>alert('1')</script>&\x01\xff");
    CHECK_FALSE(contains(svg, "<script"));
    CHECK(contains(svg,
                   "&lt;/svg&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;\uFFFD\uFFFD"));
  }
}

TEST_SUITE("xml") {
  TEST_CASE("characters of one to four bytes stay") {
    for (const char* text : {"a b~", "\u00e9", "\u20ac", "\U0001f600", "\t\n\r", "\u007f"})
      CHECK(xml_text(text) == text);
  }

  TEST_CASE("what is no character of XML becomes the replacement character, byte for byte") {
    CHECK(xml_text("\x1b[31m") == "\uFFFD[31m");
    CHECK(xml_text("\xc0\xaf") == "\uFFFD\uFFFD");                      // '/' in two bytes
    CHECK(xml_text("\xe2\x82") == "\uFFFD\uFFFD");                      // cut
    CHECK(xml_text("\xed\xa0\x80") == "\uFFFD\uFFFD\uFFFD");            // a surrogate
    CHECK(xml_text("\xef\xbf\xbf") == "\uFFFD\uFFFD\uFFFD");            // U+FFFF
    CHECK(xml_text("\xf4\x90\x80\x80") == "\uFFFD\uFFFD\uFFFD\uFFFD");  // above U+10FFFF
    CHECK(xml_text(std::string_view("\0", 1)) == "\uFFFD");
  }

  TEST_CASE("a long text is cut between characters") {
    CHECK(xml_text("\u00e9\u00e9\u00e9", 3) == "\u00e9\u00e9\u00e9");
    CHECK(xml_text("\u00e9\u00e9\u00e9", 2) == "\u00e9\u00e9\u2026");
    CHECK(xml_text("&&", 1) == "&amp;\u2026");
  }
}
