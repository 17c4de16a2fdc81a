// {fmt}, compiled into the library: distributions have it as a shared library only, and what is built
// here is to run without.
#include <fmt/format-inl.h>

// What fmt/format.h says is instantiated elsewhere.
FMT_BEGIN_NAMESPACE
namespace detail {
#if FMT_VERSION >= 100000 && FMT_VERSION < 110000
template FMT_API void vformat_to(buffer<char>&, string_view, vformat_args<>::type, locale_ref);
#endif
template FMT_API auto thousands_sep_impl<char>(locale_ref) -> thousands_sep_result<char>;
template FMT_API auto decimal_point_impl(locale_ref) -> char;
}  // namespace detail
FMT_END_NAMESPACE
