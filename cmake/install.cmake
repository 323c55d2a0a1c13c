# What `cmake --install` puts where. Nothing goes to /etc: the sample is an example, and a server
# without a configuration does not start.
install(TARGETS posternd RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS postern RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

file(GLOB pages CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/man/*.[1-9])
foreach(page ${pages})
  string(REGEX MATCH "[1-9]$" section ${page})
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()

install(FILES conf/postern.conf DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/postern/examples)

# The unit names the program by its full path, which is known at installation only (--prefix).
# systemd looks into lib/systemd/system of /usr and of /usr/local, whatever the library folder is.
install(CODE "set(sbin \"${CMAKE_INSTALL_SBINDIR}\")")
install(CODE "set(unit_source \"${CMAKE_SOURCE_DIR}/systemd/postern.service\")")
install(CODE [[
  file(READ "${unit_source}" unit)
  string(REPLACE "/usr/sbin/" "${CMAKE_INSTALL_PREFIX}/${sbin}/" unit "${unit}")
  set(unit_target "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/lib/systemd/system/postern.service")
  file(WRITE "${unit_target}" "${unit}")
  message(STATUS "Installing: ${unit_target}")
]])
