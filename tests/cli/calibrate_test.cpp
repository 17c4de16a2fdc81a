// `vrambudget calibrate`: what is measured once is in later plans, and what cannot be is not kept.
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <string>

#include "fake_devices.hpp"

namespace {

const std::string args = "Llama-3.1-8B-Q4_K_M -c 8192 -np 1 ";
const std::string on_3090 = args + "--gpu 3090 ";

/// A user's configuration for one test.
struct home {
  fs::path folder = fs::temp_directory_path() / ("vrambudget-home-" + std::to_string(::getpid()));
  home() { fs::remove_all(folder); }
  ~home() { fs::remove_all(folder); }

  [[nodiscard]] fs::path file() const { return folder / "vrambudget" / "calibration.json"; }
  [[nodiscard]] outcome run(const std::string& a, const std::string& driver = "none",
                            const std::string& environment = "") const {
    return ::run(a, driver, "XDG_CONFIG_HOME=" + folder.string() + " " + environment);
  }
  [[nodiscard]] json::value json_of(const std::string& a, const std::string& driver = "none",
                                    const std::string& environment = "") const {
    const outcome o = run(a + " --json", driver, environment);
    CAPTURE(o.err);
    REQUIRE(o.status == 0);
    return json::parse(o.out);
  }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(folder / "vrambudget");
    std::ofstream(folder / name, std::ios::binary) << text;
  }
};

json::object term(const json::value& plan, const std::string& name, std::size_t device = 0) {
  for (const json::value& t : plan.at("devices").at(device).at("terms").as_array())
    if (t.at("term").as_string() == name) return t.as_object();
  return {};
}

/// What the engine's process takes on a 3090 if the driver takes nothing: buffers and pool, or buffers.
std::uint64_t without_driver(bool with_pool = true) {
  const json::value v = json::parse(run(on_3090 + "--json").out);
  const std::uint64_t used = number(v.at("devices").at(0), "used_bytes");
  return used - number(term(v, "driver_context"), "bytes") -
         (with_pool ? 0 : number(term(v, "pool"), "bytes"));
}

std::string used(std::uint64_t bytes) { return "calibrate --used " + std::to_string(bytes) + " "; }

}  // namespace

TEST_SUITE("calibrate") {
  TEST_CASE("a measured total is what later plans of that card give and they say so") {
    const home h;
    const std::uint64_t total = without_driver() + 300 * mib;
    const outcome o = h.run(used(total) + on_3090);
    CHECK(o.status == 0);
    CHECK(o.err.empty());
    CHECK(contains(o.out, "driver_context  300.0 MiB"));
    CHECK(contains(o.out, "before: "));
    const json::value v = h.json_of(on_3090);
    const json::object context = term(v, "driver_context");
    CHECK(number(v.at("devices").at(0), "used_bytes") - number(context, "bytes") + 300 * mib ==
          total);
    // one reading is as far off as any 3090: 0.10 x 265.014 + 40 + 0.55 x 123
    CHECK(number(context, "bytes") / mib == 434);
    CHECK(term(v, "driver_context").at("basis").as_string() == "fitted");
    CHECK(contains(json::serialize(v.at("notes")), "calibrated from 1 measured run of this card"));
    CHECK(contains(h.run(on_3090).out, "note: NVIDIA GeForce RTX 3090: driver_context calibrated"));
    // under another backend the driver takes something else
    CHECK_FALSE(contains(json::serialize(h.json_of(on_3090 + "--backend vulkan").at("notes")),
                         "calibrated"));
    CHECK(h.run(used(total) + on_3090 + "--backend vulkan").status == 2);
    // the same card in the machine itself
    const json::value live = h.json_of(args, "whole");
    CHECK(number(term(live, "driver_context"), "expected_bytes") == 300 * mib);
    CHECK(contains(json::serialize(live.at("notes")), "calibrated"));
  }

  TEST_CASE("what changes of the engine cost is told for the card as it was measured") {
    const home h;
    CHECK(h.run(used(without_driver() + 300 * mib) + on_3090).status == 0);
    const auto context = [&](const std::string& more) {
      const json::value all = h.json_of("engines " + on_3090 + more);
      for (const json::value& t : all.at("model").at("terms").as_array())
        if (t.at("term").as_string() == "driver_context") return number(t, "bytes");
      return std::uint64_t{0};
    };
    CHECK(context("") == number(term(h.json_of(on_3090), "driver_context"), "bytes"));
    CHECK(context("--no-calibration ") ==
          number(term(json::parse(run(on_3090 + "--json").out), "driver_context"), "bytes"));
  }

  TEST_CASE("other cards and plans without calibration are as before") {
    const home h;
    const std::string plain = run(on_3090 + "--json").out, other = args + "--gpu 4090 --json";
    CHECK(h.run(used(without_driver() + 300 * mib) + on_3090).status == 0);
    CHECK(h.run(on_3090 + "--no-calibration --json").out == plain);
    CHECK(h.run(other).out == run(other).out);
    CHECK(run(on_3090 + "--json").out == plain);  // another user
  }

  TEST_CASE("more runs narrow it and the upper end counts") {
    const home h;
    const std::uint64_t rest = without_driver();
    for (const std::uint64_t context : {300, 302, 304})
      CHECK(h.run(used(rest + context * mib) + on_3090).status == 0);
    // mean 302, standard error 2 / sqrt(3), t of two degrees of freedom 4.303
    const json::value v = h.json_of(on_3090);
    const double high = static_cast<double>(number(term(v, "driver_context"), "bytes")) / mib;
    CHECK(high == doctest::Approx(302 + 4.9687).epsilon(1e-5));
    const json::value shown = h.json_of("calibrate").at("devices").at(0);
    CHECK(shown.at("measurements").as_array().size() == 3);
    CHECK(shown.at("measurements").at(0).at("residual_bytes").to_number<std::int64_t>() ==
          -2 * static_cast<std::int64_t>(mib));
    CHECK(number(shown.at("driver_context"), "measurements") == 3);
  }

  TEST_CASE("a card of this machine is kept with its driver and another driver is told") {
    const home h;
    const std::uint64_t total = without_driver() + 300 * mib;
    CHECK(h.run(used(total) + args, "whole").status == 0);
    const std::string driver(h.json_of("calibrate").at("devices").at(0).at("driver").as_string());
    CHECK(number(term(h.json_of(on_3090), "driver_context"), "expected_bytes") == 300 * mib);
    CHECK(term(h.json_of(args, "whole"), "driver_context").at("basis").as_string() == "fitted");
    CHECK(h.run(used(total + 8 * mib) + on_3090 + "--driver 1.2.3").status == 0);
    CHECK(h.json_of("calibrate").at("devices").as_array().size() == 2);
    CHECK(number(term(h.json_of(args, "whole"), "driver_context"), "expected_bytes") == 300 * mib);
    CHECK(h.run("calibrate --forget").status == 0);
    CHECK(h.run(used(total) + on_3090 + "--driver 1.2.3").status == 0);
    const json::value other = h.json_of(args, "whole");
    CHECK(term(other, "driver_context").at("basis").as_string() == "assumed");
    CHECK(contains(json::serialize(other.at("notes")), "by driver 1.2.3, this one is " + driver));
  }

  TEST_CASE("another system's calibration does not count for this one") {
    const home h;
    CHECK(h.run(used(without_driver() + 300 * mib) + on_3090 + "--os wsl2").status == 0);
    CHECK(h.run(on_3090).out == run(on_3090).out);
    CHECK(number(term(h.json_of(on_3090 + "--os wsl2"), "driver_context"), "expected_bytes") ==
          300 * mib);
  }

  TEST_CASE("a total read before any prompt has no pool in it") {
    const home h;
    CHECK(h.run(used(without_driver(false) + 300 * mib) + on_3090 + "--loaded").status == 0);
    CHECK(number(term(h.json_of(on_3090), "driver_context"), "expected_bytes") == 300 * mib);
  }

  TEST_CASE("each card of a run has its own total and a coarse reading a wide interval") {
    const home h;
    const std::string two = args + "--gpu 3090 --gpu 4090 ";
    const json::value v = json::parse(run(two + "--json").out);
    std::string sizes;
    for (std::size_t i = 0; i < 2; ++i)
      sizes += (i ? "," : "") +
               std::to_string(number(v.at("devices").at(i), "used_bytes") -
                              number(term(v, "driver_context", i), "bytes") + (400 + i) * mib);
    CHECK(h.run("calibrate --used " + sizes + " " + two).status == 0);
    const json::value after = h.json_of(two);
    CHECK(number(term(after, "driver_context", 0), "expected_bytes") == 400 * mib);
    CHECK(number(term(after, "driver_context", 1), "expected_bytes") == 401 * mib);
    CHECK(h.run("calibrate --forget 4090").status == 0);
    CHECK(h.json_of("calibrate").at("devices").as_array().size() == 1);
    CHECK(h.run("calibrate --forget").status == 0);
    CHECK(contains(h.run("calibrate").out, "Nothing is calibrated"));
    // 6.0 GiB is 51.2 MiB more or less: 1.960 x 51.2 / sqrt(3) = 57.9 MiB; and one reading is 36.2 under
    // to 134.2 over
    CHECK(contains(h.run("calibrate --used 6.0GiB " + on_3090).out, "as cards spread"));
    const json::object coarse = term(h.json_of(on_3090), "driver_context");
    CHECK((number(coarse, "bytes") - number(coarse, "low_bytes")) / mib == 286);
  }

  TEST_CASE("recordings of probes are fitted card by card") {
    const home h;
    h.write("probe.json", run("probe --json", "whole", "FAKE_CUDA_DEVICES=2").out);
    const std::string file = (h.folder / "probe.json").string();
    const outcome o = h.run("calibrate " + file);
    CHECK(o.status == 0);
    CHECK(contains(o.out, "probe.json: CUDA1"));
    const json::value v = h.json_of("calibrate").at("devices").at(0);
    CHECK(v.at("measurements").as_array().size() == 2);
    CHECK(v.at("driver_context").at("of").as_string() == "contexts");
    CHECK(number(v.at("driver_context"), "bytes") == 250 * mib);  // the fake driver's
    // as a plan for the live card, which adds what contexts grow by in use
    const json::value live = json::parse(run(args + "--json", "whole").out);
    const std::uint64_t grown = number(term(live, "driver_context"), "bytes");
    CHECK(grown > 250 * mib);
    CHECK(number(term(h.json_of(on_3090), "driver_context"), "bytes") == grown);
    CHECK(h.run("calibrate " + file).status == 0);  // again: it is known
    CHECK(h.json_of("calibrate").at("devices").at(0).at("measurements").as_array().size() == 2);
    // a run counts more than contexts alone
    CHECK(h.run(used(without_driver() + 300 * mib) + on_3090).status == 0);
    CHECK(number(term(h.json_of(on_3090), "driver_context"), "expected_bytes") == 300 * mib);
  }

  TEST_CASE("a recording of taken buffers adds what rounding took") {
    const home h;
    const std::string text = run("probe --allocate " + args + "--json", "whole").out;
    std::uint64_t rounding = 0;
    const json::value taken = json::parse(text);
    for (const json::value& b : taken.at("devices").at(0).at("buffers").as_array())
      if (b.at("term").as_string() != "driver_context")
        rounding += number(b, "taken_bytes") - number(b, "predicted_bytes");
    CHECK(rounding > 0);
    h.write("allocate.json", text);
    CHECK(h.run("calibrate " + (h.folder / "allocate.json").string()).status == 0);
    const json::value fit = h.json_of("calibrate").at("devices").at(0).at("driver_context");
    CHECK(number(fit, "bytes") == 250 * mib + rounding);
  }

  TEST_CASE("a dump tells the buffers it took as the same probe does on stdout") {
    const home h;
    fs::create_directories(h.folder);
    const std::string dump = (h.folder / "dump.json").string();
    const std::string text = run("probe --allocate " + args + "--json --dump " + dump, "whole").out;
    h.write("stdout.json", text);
    const auto fit_of = [&](const std::string& file) {
      CHECK(h.run("calibrate --forget").status == 0);
      CHECK(h.run("calibrate " + file).status == 0);
      return h.json_of("calibrate").at("devices").at(0);
    };
    const json::value dumped = fit_of(dump), told = fit_of((h.folder / "stdout.json").string());
    CHECK(number(dumped.at("driver_context"), "bytes") ==
          number(told.at("driver_context"), "bytes"));
    CHECK(number(dumped.at("driver_context"), "bytes") > 250 * mib);  // rounding is in it
    CHECK(contains(json::serialize(dumped), "dump.json: CUDA0, llama-3.1-8b"));
  }

  TEST_CASE("what cannot be a measurement is refused and nothing is kept") {
    const home h;
    h.write("text.json", "no recording");
    h.write("empty.json", "{\"schema\": 1, \"devices\": [{\"gpu\": \"x\"}]}");
    h.write("later.json", "{\"schema\": 2, \"devices\": []}");
    const std::string in = h.folder.string() + "/";
    struct wrong {
      std::string args, message;
      int status;
    };
    const wrong all[] = {
        {"calibrate --used 4GiB " + on_3090, "buffers alone", 3},
        {used(without_driver() - 1) + on_3090, "nothing for the driver", 3},
        {"calibrate --used 8GiB Llama-3.1-8B --gpu 3090", "-c N", 2},
        {"calibrate --used 8GiB Llama-3.1-8B -c 8192 --gpu 3090", "name the one that ran", 2},
        {"calibrate --used 8GiB,9GiB " + on_3090, "2 sizes", 2},
        {"calibrate --used lots " + on_3090, "lots", 2},
        {"calibrate --used 8GiB --gpu 3090 -c 8192", "MODEL", 2},
        {"calibrate --used 8GiB " + args, "--gpu", 2},
        {"calibrate --loaded", "--used", 2},
        {"calibrate --forget 4090", "4090", 3},
        {"calibrate " + in + "none.json", "none.json", 3},
        {"calibrate " + in + "text.json", "text.json", 3},
        {"calibrate " + in + "empty.json", "empty.json", 3},
        {"calibrate " + in + "later.json", "schema 2", 3},
        {"calibrate " + in, h.folder.filename().string(), 3},
    };
    for (const wrong& w : all) {
      CAPTURE(w.args);
      const outcome o = h.run(w.args);
      CAPTURE(o.err);
      CHECK(o.status == w.status);
      CHECK(o.out.empty());
      CHECK(contains(o.err, w.message));
      CHECK(std::count(o.err.begin(), o.err.end(), '\n') == 1);
      CHECK_FALSE(fs::exists(h.file()));
    }
  }

  TEST_CASE("a damaged or newer file is named and left as it is") {
    for (const std::string text :
         {"", "{\"schema\": 1,", "[]", "{\"schema\": 2, \"devices\": []}",
          "{\"schema\": 1, \"devices\": [{\"gpu\": \"NVIDIA GeForce RTX 3090\"}]}"}) {
      CAPTURE(text);
      const home h;
      h.write("vrambudget/calibration.json", text);
      for (const std::string& a : {on_3090, "calibrate --used 8GiB " + on_3090,
                                   std::string("calibrate"), std::string("calibrate --forget")}) {
        CAPTURE(a);
        const outcome o = h.run(a);
        CHECK(o.status == 3);
        CHECK(o.out.empty());
        std::string said = o.err;  // with either of Windows' separators
        std::replace(said.begin(), said.end(), '\\', '/');
        CHECK(contains(said, h.file().generic_string()));
        CHECK(contains(o.err, "--no-calibration"));
        CHECK(read_text(h.file()) == text);
      }
      CHECK(h.run(on_3090 + "--no-calibration").status == 0);
    }
  }

  TEST_CASE("the folder is the configuration's or the home's and there may be none") {
    const home h;
    const std::string measure = used(without_driver() + 300 * mib) + on_3090;
#ifndef _WIN32  // where the configuration is told alone
    const std::string home_only = "XDG_CONFIG_HOME=not/absolute HOME=" + h.folder.string() + " ";
    CHECK(run(measure, "none", home_only).status == 0);
    CHECK(fs::exists(h.folder / ".config/vrambudget/calibration.json"));
    CHECK(contains(run(on_3090, "none", home_only).out, "calibrated"));
#endif
    const outcome homeless = run(measure, "none", "XDG_CONFIG_HOME= HOME=");
    CHECK(homeless.status == 3);
    CHECK(contains(homeless.err, "HOME"));
    CHECK(run(on_3090, "none", "XDG_CONFIG_HOME= HOME=").status == 0);
  }
}
