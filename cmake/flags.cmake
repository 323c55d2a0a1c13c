# Compiler and linker flags of every preset. POSTERN_SANITIZE: "" | "address" | "thread".
include(CheckCXXCompilerFlag)
include(CheckPIESupported)

set(POSTERN_SANITIZE "" CACHE STRING "empty, address (with undefined) or thread")
option(POSTERN_FUZZ "build the libFuzzer targets (clang)" OFF)
option(POSTERN_TIDY "run clang-tidy while compiling" OFF)
set(POSTERN_LANDLOCK_ABI_CAP "" CACHE STRING "for tests: the highest Landlock ABI to use")

check_pie_supported()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(postern_flags INTERFACE)
target_compile_options(postern_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual -Wformat=2 -Wundef -Werror
  -fstack-protector-strong -fstack-clash-protection -fno-strict-aliasing)
target_compile_definitions(postern_flags INTERFACE _GLIBCXX_ASSERTIONS)
target_link_options(postern_flags INTERFACE
  -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed)

# g++ 12 sees uninitialised members in every std::optional that it inlines.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(postern_flags INTERFACE -Wno-maybe-uninitialized)
endif()

if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|i.86")
  target_compile_options(postern_flags INTERFACE -fcf-protection=full)
endif()

if(POSTERN_SANITIZE STREQUAL "address")
  target_compile_options(postern_flags INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(postern_flags INTERFACE -fsanitize=address,undefined)
elseif(POSTERN_SANITIZE STREQUAL "thread")
  target_compile_options(postern_flags INTERFACE -fsanitize=thread -fno-omit-frame-pointer)
  target_link_options(postern_flags INTERFACE -fsanitize=thread)
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  # Needs optimisation, and sanitizers bring checks of their own.
  target_compile_definitions(postern_flags INTERFACE _FORTIFY_SOURCE=2)
endif()

# A release does not tell where it was built: two builds of it are the same. The relative paths are
# those that ccache, below, gives the compiler.
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  file(RELATIVE_PATH up ${CMAKE_BINARY_DIR} ${CMAKE_SOURCE_DIR}/)
  target_compile_options(postern_flags INTERFACE
    -ffile-prefix-map=${CMAKE_SOURCE_DIR}/= -ffile-prefix-map=${up}=)
endif()

if(POSTERN_FUZZ)
  target_compile_options(postern_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Sanitizers open files, trace threads and write reports: no role can do that once it is confined.
# There is no other way to switch the confinement off.
if(POSTERN_SANITIZE OR POSTERN_FUZZ)
  target_compile_definitions(postern_flags INTERFACE POSTERN_UNCONFINED)
endif()
if(POSTERN_LANDLOCK_ABI_CAP)
  target_compile_definitions(postern_flags INTERFACE
    POSTERN_LANDLOCK_ABI_CAP=${POSTERN_LANDLOCK_ABI_CAP})
endif()

if(POSTERN_TIDY)
  set(CMAKE_CXX_CLANG_TIDY clang-tidy)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # Another checkout of the same sources takes the objects of this one, the package's build too,
  # whatever the language of the compiler's messages.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_SLOPPINESS=locale ${CCACHE})
endif()
