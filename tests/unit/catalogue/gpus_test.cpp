#include "vrambudget/catalogue/gpus.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace vrambudget;

static const surroundings on_linux{operating_system::native_linux};

static std::string gpu_named(const char* typed) {
  const auto gpu = find_gpu(typed);
  return gpu ? gpu->id : gpu.error().message;
}

TEST_CASE("a GPU is found however its name is typed") {
  const std::pair<const char*, const char*> names[] = {
      {"3090", "rtx-3090"},
      {"rtx 3090", "rtx-3090"},
      {"RTX3090", "rtx-3090"},
      {"rtx-3090", "rtx-3090"},
      {"GeForce RTX 3090", "rtx-3090"},
      {"NVIDIA GeForce RTX 3090", "rtx-3090"},
      {"rtx 3090 24gb", "rtx-3090"},
      {"RTX 3090 (24 GiB)", "rtx-3090"},
      {"3090ti", "rtx-3090-ti"},
      {"4060ti-16g", "rtx-4060-ti-16gb"},
      {"4060 ti 16gb", "rtx-4060-ti-16gb"},
      {"RTX 4060 Ti 16 GB", "rtx-4060-ti-16gb"},
      {"4070 Super", "rtx-4070-super"},
      {"4090 laptop", "rtx-4090-laptop"},
      {"RTX 4090 Mobile", "rtx-4090-laptop"},
      {"NVIDIA GeForce RTX 4090 Laptop GPU", "rtx-4090-laptop"},
      {"a100 80g", "a100-sxm4-80gb"},
      {"A100-80GB", "a100-sxm4-80gb"},
      {"NVIDIA A100 80GB PCIe", "a100-pcie-80gb"},
      {"h100", "h100-sxm5-80gb"},
      {"NVIDIA H100 80GB HBM3", "h100-sxm5-80gb"},
      {"Tesla T4", "t4"},
      {"rtx 6000 ada", "rtx-6000-ada"},
      {"NVIDIA RTX 6000 Ada Generation", "rtx-6000-ada"},
      {"rtx pro 6000", "rtx-pro-6000-blackwell-workstation"},
      {"dgx spark", "dgx-spark-gb10"},
      {"gtx 1080ti", "gtx-1080-ti"},
      {"NVIDIA GeForce RTX 4070 Ti SUPER", "rtx-4070-ti-super"},
      {"rtx 5070 ti laptop", "rtx-5070-ti-laptop"},
      {"tesla v100 32gb", "v100-pcie-32gb"},
      {"V100-SXM2-32GB", "v100-sxm2-32gb"},
      {"tesla p40", "p40"},
      {"titan rtx", "titan-rtx"},
      {"GeForce GTX TITAN X", "titan-x-maxwell"},
      {"titan x pascal", "titan-x-pascal"},
      {"gt 1030", "gt-1030"},
      {"GTX 960M", "gtx-960m"},
      {"4090d 48gb", "rtx-4090-d-48gb"},
      {"4080 32gb", "rtx-4080-super-32gb"},
      {"h20-3e", "h20-141gb"},
      {"h20 141gb", "h20-141gb"},
      {"a800 sxm4 80gb", "a800-sxm4-80gb"},
      {"rtx 6000d", "rtx-6000d"},
      {"jetson t4000", "jetson-t4000-64gb"},
  };
  for (const auto& name : names) {
    CAPTURE(name.first);
    CHECK(gpu_named(name.first) == name.second);
  }
}

TEST_CASE("a shared name means one variant and the others can be asked for") {
  CHECK(gpu_named("4060 ti") == "rtx-4060-ti-8gb");
  CHECK(gpu_named("NVIDIA GeForce RTX 4060 Ti") == "rtx-4060-ti-8gb");
  CHECK(gpu_named("5060 ti") == "rtx-5060-ti-16gb");
  CHECK(gpu_named("a100") == "a100-pcie-40gb");
  CHECK(other_variants(find_gpu("4060ti").value()) == std::vector<std::string>{"rtx-4060-ti-16gb"});
  CHECK(other_variants(find_gpu("3090").value()).empty());
}

TEST_CASE("a memory size that the card was not sold with is not found") {
  CHECK(gpu_named("3080 12gb") == "rtx-3080-12gb");
  CHECK(find_gpu("3080 24gb").error().code == errc::not_found);
  CHECK(find_gpu("4090 16gb").error().code == errc::not_found);
}

TEST_CASE("a driver name that many cards share asks which one") {
  const auto orin = find_gpu("Orin");
  REQUIRE_FALSE(orin.has_value());
  CHECK(orin.error().message.find("jetson-orin-nano-8gb") != std::string::npos);
  CHECK(orin.error().message.find("name one") != std::string::npos);
}

TEST_CASE("a typing error is answered with the nearest names") {
  const std::pair<const char*, const char*> typos[] = {{"3009", "rtx-3090"},
                                                       {"rtx 40900", "rtx-4090"},
                                                       {"4060 it", "rtx-4060-ti"},
                                                       {"h1000", "h100"},
                                                       {"rtx 6000", "rtx-6000-ada"}};
  for (const auto& typo : typos) {
    CAPTURE(typo.first);
    const auto gpu = find_gpu(typo.first);
    REQUIRE_FALSE(gpu.has_value());
    CHECK(gpu.error().code == errc::not_found);
    CHECK(gpu.error().message.find(typo.second) != std::string::npos);
  }
  for (const char* nonsense : {"", "   ", "rtx", "nvidia geforce", "24gb", "\xff\xfe"}) {
    CAPTURE(nonsense);
    CHECK(find_gpu(nonsense).error().code == errc::not_found);
  }
  CHECK(find_gpu(std::string(100000, 'x')).error().code == errc::not_found);
  for (const char* word : {"rtx", "NVIDIA", "nvidia geforce"}) {
    CAPTURE(word);
    const std::string said = gpu_named(word);
    CHECK(said.find(std::string("`vrambudget gpus ") + word + "` lists") != said.npos);
    CHECK(said.find("nearest") == said.npos);
  }
}

TEST_CASE("every id and alias finds its own row") {
  for (const gpu_entry& gpu : gpus()) {
    CHECK(gpu_named(gpu.id.c_str()) == gpu.id);
    for (const std::string& alias : gpu.aliases) {
      CAPTURE(alias);
      CHECK(gpu_named(alias.c_str()) == gpu.id);
    }
  }
}

TEST_CASE("every driver name finds a row of that name or asks") {
  for (const gpu_entry& gpu : gpus()) {
    CAPTURE(gpu.name);
    const auto row = find_gpu(gpu.name);
    if (row)
      CHECK(row->name == gpu.name);
    else
      CHECK(row.error().message.find("name one") != std::string::npos);
  }
}

TEST_CASE("a device takes the most exact total that is known") {
  const device d = to_device(find_gpu("3090").value(), on_linux);
  CHECK(d.name == "NVIDIA GeForce RTX 3090");
  CHECK(d.cc == 860);
  CHECK(d.n_sm == 82);
  CHECK(d.total == 24124_MiB);  // cudaMemGetInfo in logs of Linux drivers of 2024 to 2026
  // No CUDA total was seen for these: nvidia-smi's 143,771 MiB less 600; the specification's 64 GiB.
  CHECK(to_device(find_gpu("h200").value(), on_linux).total == 143171_MiB);
  CHECK(to_device(find_gpu("agx orin").value()).total == 64_GiB);
  CHECK(to_device(find_gpu("gb300").value()).n_sm == 0);
}

TEST_CASE("a card's total is what CUDA was seen to report or what the driver leaves of NVML's") {
  const auto total = [](const char* name) {
    return to_device(find_gpu(name).value(), on_linux).total.count >> 20;
  };
  CHECK(total("gtx-1080-ti") == 11165);
  CHECK(total("rtx-4070-laptop") == 7805);
  CHECK(total("rtx-5090") == 32109);
  // by rule: 8,188 - (375 + 3.4 x 8) = 7,785.8, as the 4070 laptop's 7,805
  CHECK(total("rtx-4060-laptop") == 7785);
  // P40 with ECC, as delivered: 24,576 x 15 / 16 = 23,040, less 60 + 3 x 24
  CHECK(total("p40") == 22908);
  CHECK(total("k80") == 11441);  // observed with ECC
}

TEST_CASE("no card is larger to CUDA than to nvidia-smi and none has much less") {
  for (const gpu_entry& g : gpus()) {
    if (g.form == "unified") continue;
    CAPTURE(g.id);
    const bytes whole = g.nvml_total.value_or(g.memory), total = to_device(g, on_linux).total;
    CHECK(total < whole);
    CHECK(whole < total + 1000_MiB);
    CHECK(to_device(g, {operating_system::windows}).total + 1_MiB == whole);
  }
}

TEST_CASE("cards of one name are told apart by their size") {
  const auto shown = [](const char* name) { return to_device(find_gpu(name).value()).full_name(); };
  CHECK(shown("4060ti") == "NVIDIA GeForce RTX 4060 Ti 8 GB");
  CHECK(shown("4060ti-16g") == "NVIDIA GeForce RTX 4060 Ti 16 GB");
  CHECK(shown("3090") == "NVIDIA GeForce RTX 3090");
  CHECK(shown("a100") == "NVIDIA A100-PCIE-40GB");  // its name has the size
  CHECK(shown("RTX A3000 Laptop") == "NVIDIA RTX A3000 Laptop GPU 6 GB");
  CHECK(to_device(find_gpu("4060ti").value()).name == "NVIDIA GeForce RTX 4060 Ti");
  for (const gpu_entry& g : gpus()) {
    if (g.form == "unified") continue;  // Orin modules share a name and a size
    CAPTURE(g.id);
    CHECK(gpu_named(to_device(g).full_name().c_str()) == g.id);
  }
}

TEST_CASE("a name that does not say the size is answered with the one that was taken") {
  const auto said = [](const char* typed) { return choice_made(typed, find_gpu(typed).value()); };
  CHECK(said("4060ti") ==
        "4060ti: the card with 8 GiB is planned for; there is rtx-4060-ti-16gb, too");
  CHECK(
      said("RTX A3000 Laptop") ==
      "RTX A3000 Laptop: the card with 6 GiB is planned for; there is rtx-a3000-12gb-laptop, too");
  CHECK(said("4060 ti 16gb").empty());
  CHECK(said("3090").empty());
  // who has 48 GB on a 4090 knows it
  CHECK(said("4090").empty());
  CHECK(other_variants(find_gpu("4090").value()) == std::vector<std::string>{"rtx-4090-48gb"});
  CHECK(to_device(find_gpu("4090").value()).full_name() == "NVIDIA GeForce RTX 4090");
  CHECK(said("3080") == "3080: the card with 10 GiB is planned for; there is rtx-3080-12gb, too");
}
