# The build id: the version and a hash over all sources of the programs, so that programs of
# different builds never talk to each other. Run at build time:
#   cmake -DROOT=... -DVERSION=... -DOUTPUT=... -P build_id.cmake
file(GLOB_RECURSE sources RELATIVE ${ROOT}
  ${ROOT}/lib/*.cc ${ROOT}/lib/*.h ${ROOT}/lib/*.def ${ROOT}/daemon/*.cc ${ROOT}/daemon/*.h
  ${ROOT}/daemon/*.def ${ROOT}/cmake/*.cmake)
list(SORT sources)
set(hashes "")
foreach(source ${sources})
  file(SHA256 ${ROOT}/${source} hash)
  string(APPEND hashes "${source} ${hash}\n")
endforeach()
string(SHA256 id "${hashes}")
string(SUBSTRING ${id} 0 16 id)
set(text "#include \"daemon/common/build_id.h\"
namespace common {
const char* build_id() { return \"${VERSION}-${id}\"; }
const char* version() { return \"${VERSION}\"; }
}  // namespace common
")
# Untouched when it is the same: nothing is compiled again.
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "${text}" @ONLY)
