// Boost.JSON, compiled into the library: its headers are all that a build needs, and nothing of it is
// needed at run time.
#include <boost/json/src.hpp>
