# Third-party libraries, each as an imported target that only its owning folder links.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(spdlog REQUIRED)
pkg_check_modules(LIBEVENT REQUIRED IMPORTED_TARGET libevent_core>=2.1.12 libevent_pthreads)
pkg_check_modules(LIBIDN2 REQUIRED IMPORTED_TARGET libidn2)
pkg_check_modules(LIBOPENDKIM REQUIRED IMPORTED_TARGET opendkim>=2.11)
pkg_check_modules(LIBSECCOMP REQUIRED IMPORTED_TARGET libseccomp>=2.5)
pkg_check_modules(TOMLPLUSPLUS REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(LIBUNBOUND REQUIRED IMPORTED_TARGET libunbound>=1.17)
pkg_check_modules(LIBPSL REQUIRED IMPORTED_TARGET libpsl>=0.21)

# No pkg-config file comes with it.
find_path(LIBSPF2_INCLUDE spf2/spf.h REQUIRED)
find_library(LIBSPF2_LIBRARY spf2 REQUIRED)
add_library(libspf2 UNKNOWN IMPORTED)
set_target_properties(libspf2 PROPERTIES
  IMPORTED_LOCATION ${LIBSPF2_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${LIBSPF2_INCLUDE})
