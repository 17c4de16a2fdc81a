// `template`: what is said of a file's chat template, its difference from another, and the text itself.
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "io/temporary_folder.hpp"
#include "program.hpp"
#include "vrambudget/gguf/writer.hpp"

namespace {

namespace json = boost::json;

std::string path_of_known(const std::string& name) {
  return VRAMBUDGET_TEMPLATES "/templates/" + name + ".jinja";
}

std::string file_with(const std::string& source, const std::string& name = "Qwen3.6 27B") {
  vrambudget::gguf::writer w;
  w.add("general.architecture", "qwen35").add("general.name", std::string_view(name));
  w.add("tokenizer.chat_template", std::string_view(source));
  w.add("tokenizer.ggml.tokens",
        std::vector<std::string>{"<|im_start|>", "<tool_call>", "<think>"});
  const auto bytes = w.finish();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_SUITE("template") {
  TEST_CASE("Qwen3's template in a Qwen3.6 file is said to be another dialect, and how to go on") {
    const temporary_folder at;
    const auto r = run("template " +
                       at.write("m.gguf", file_with(read_text(path_of_known("Qwen-Qwen3-0.6B")))));
    CHECK(r.status == 0);
    CHECK(contains(r.out, "  template      4,116 bytes, 85 lines; llama.cpp's Qwen-Qwen3-0.6B\n"));
    CHECK(contains(r.out, "  family        Qwen3.5 and 3.6: <function=NAME><parameter=KEY>\n"));
    CHECK(contains(r.out, "  verdict       other dialect: "));
    CHECK(contains(r.out, "note: llama-server --chat-template-file FILE "));
    CHECK(contains(r.out, "\n{%- if tools %}\n"));
    const auto head = r.out.substr(0, r.out.find("\n\n"));
    check_width(head + "\n");
  }

  TEST_CASE("JSON has the verdict, llama.cpp's names and the template whole") {
    const temporary_folder at;
    const std::string source = read_text(path_of_known("Qwen3.5-4B"));
    const auto r = run("template --json " + at.write("m.gguf", file_with(source)));
    const json::object o = json::parse(r.out).as_object();
    CHECK(o.at("schema") == 1);
    CHECK(o.at("verdict") == "match");
    CHECK(o.at("parser") == "Qwen3-Coder");
    CHECK(o.at("format") == "peg-native");
    CHECK(o.at("think_ends").as_array().size() == 3);
    CHECK(o.at("same_as") == "Qwen3.5-4B");
    CHECK(o.at("template").as_string() == source);
  }

  TEST_CASE("--text gives the template byte by byte") {
    const temporary_folder at;
    const std::string source = "a\x1b[31m\xff\r\n{{ x }}";
    const std::string file = at.write("m.gguf", file_with(source));
    CHECK(run("template --text " + file).out == source);
    const auto shown = run("template " + file);
    CHECK(contains(shown.out, "\na?[31m"));
    CHECK_FALSE(contains(shown.out, "\x1b"));
    const auto o = json::parse(run("template --json " + file).out).as_object();
    CHECK(o.at("is_utf8") == false);
  }

  TEST_CASE("--diff tells the lines that differ from a file or another model, and exits with 1") {
    const temporary_folder at;
    const std::string a = at.write("a.gguf", file_with("one\ntwo\nthree\n"));
    const std::string b = at.write("b.gguf", file_with("one\n2\nthree\n"));
    const auto r = run("template " + a + " --diff " + b);
    CHECK(r.status == 1);
    CHECK(r.out == "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n");
    const auto same = run("template " + a + " --diff " + at.write("t.jinja", "one\ntwo\nthree\n"));
    CHECK(same.status == 0);
    CHECK(same.out == "the templates are the same\n");
    const auto end = run("template " + a + " --diff " + at.write("e.jinja", "one\ntwo\nthree"));
    CHECK(end.status == 1);
    CHECK(end.out == "only the line feed at the end differs\n");
  }

  TEST_CASE(
      "what has no template, is no UTF-8, or is known by its shape alone, is refused with the "
      "reason") {
    const temporary_folder at;
    const auto bad = run("template " + at.write("bad.jinja", "a\xff"));
    CHECK(bad.status == 3);
    CHECK(contains(bad.err, "bad.jinja: byte 1: no UTF-8"));
    const auto shape = run("template Qwen3-8B");
    CHECK(shape.status == 3);
    CHECK(contains(shape.err, "the catalogue knows its shape alone"));
    vrambudget::gguf::writer w;
    w.add("general.architecture", "qwen35");
    const auto bytes = w.finish();
    const std::string none =
        at.write("none.gguf", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    CHECK(contains(run("template " + none).out, "no template: the file has none"));
    CHECK(run("template --text " + none).status == 3);
  }

  TEST_CASE(
      "--set gives a file another template, says how, and --restore brings the old one back") {
    const temporary_folder at;
    const std::string path = fs::path(at.write("m.gguf", file_with("short"))).make_preferred().string();
    const std::string before = read_text(path);
    const auto r = run("template " + path + " --set " + path_of_known("Qwen3.5-4B"));
    CHECK(r.status == 0);
    CHECK(contains(r.out, path + ".header-backup has the old header; --restore brings it back\n"));
    CHECK(run("template --text " + path).out == read_text(path_of_known("Qwen3.5-4B")));
    CHECK(contains(run("template " + path).out, "verdict       match: "));
    const auto back = run("template " + path + " --restore --json");
    CHECK(back.status == 0);
    CHECK(json::parse(back.out).as_object().at("path").as_string() == path);
    CHECK(read_text(path) == before);
    CHECK(run("template " + path + " --restore").status == 3);
  }

  TEST_CASE("a change that cannot be made is refused before anything is written") {
    const temporary_folder at;
    const std::string path = fs::path(at.write("m.gguf", file_with("short"))).make_preferred().string();
    const std::string before = read_text(path);
    const auto bad = run("template " + path + " --set " + at.write("bad.jinja", "a\xff"));
    CHECK(bad.status == 3);
    CHECK(contains(bad.err, "bad.jinja: byte 1: no UTF-8"));
    const auto remote = run("template hf:org/repo --set " + at.write("t.jinja", "x"));
    CHECK(remote.status == 2);
    CHECK(contains(remote.err, "lies on a server"));
    CHECK(run("template " + path + " --set x --restore").status == 2);
#ifndef _WIN32  // which has no such limit
    const auto limited = outcome{
        run("template " + path + " --set " + path_of_known("Qwen3.5-4B"), "none", "ulimit -f 1;")};
    CHECK(limited.status == 3);
    CHECK(contains(limited.err, "File too large"));
#endif
    CHECK(read_text(path) == before);
  }

  TEST_CASE("a file whose change was interrupted says what undoes it") {
    const temporary_folder at;
    const std::string path = at.write("m.gguf", std::string(500, '\0'));
    CHECK(at.write("m.gguf.header-change", "") == path + ".header-change");
    const auto r = run("template " + path);
    CHECK(r.status == 3);
    CHECK(contains(r.err, "was interrupted: --restore undoes it"));
  }
}
