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

# No pkg-config file comes with these. postern_find_library(spf2 spf2/spf.h): the target libspf2.
function(postern_find_library name header)
  find_path(LIB${name}_INCLUDE ${header} REQUIRED)
  find_library(LIB${name}_LIBRARY ${name} REQUIRED)
  add_library(lib${name} UNKNOWN IMPORTED GLOBAL)
  set_target_properties(lib${name} PROPERTIES
    IMPORTED_LOCATION ${LIB${name}_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${LIB${name}_INCLUDE})
endfunction()
postern_find_library(spf2 spf2/spf.h)
postern_find_library(opendmarc opendmarc/dmarc.h)
