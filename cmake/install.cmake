# What `cmake --install` puts where. Nothing goes to /etc: the sample is an example, and a server
# without a configuration does not start.
install(TARGETS posternd RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS postern RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# posternd looks for its roles in ../libexec/postern, seen from its own directory.
install(TARGETS postern-smtp postern-deliver postern-verify postern-opinion
  postern-resolve
  RUNTIME DESTINATION libexec/postern)

file(GLOB pages CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/man/*.[1-9])
foreach(page ${pages})
  string(REGEX MATCH "[1-9]$" section ${page})
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()

install(FILES conf/postern.conf systemd/postern-socket.conf
  DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/postern/examples)
install(DIRECTORY conf/fail2ban DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/postern/examples)

# systemd looks into lib of /usr and of /usr/local, whatever the library folder is.
install(FILES systemd/postern.sysusers DESTINATION lib/sysusers.d RENAME postern.conf)
install(FILES systemd/postern.tmpfiles DESTINATION lib/tmpfiles.d RENAME postern.conf)
install(FILES systemd/postern.socket DESTINATION lib/systemd/system)
# The unit names programs by their full paths, which are known at installation only (--prefix).
install(CODE "set(bin \"${CMAKE_INSTALL_BINDIR}\")\nset(sbin \"${CMAKE_INSTALL_SBINDIR}\")")
install(CODE "set(unit_source \"${CMAKE_SOURCE_DIR}/systemd/postern.service\")")
install(CODE [[
  file(READ "${unit_source}" unit)
  string(REPLACE "/usr/sbin/" "${CMAKE_INSTALL_PREFIX}/${sbin}/" unit "${unit}")
  string(REPLACE "/usr/bin/" "${CMAKE_INSTALL_PREFIX}/${bin}/" unit "${unit}")
  set(unit_target "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/lib/systemd/system/postern.service")
  file(WRITE "${unit_target}" "${unit}")
  message(STATUS "Installing: ${unit_target}")
]])
