# Runs when Sluice is installed, because only then the prefix is known. The units get the paths of
# the binary and of the settings. Settings that are there already stay as they are.
set(settings /etc/sluice)
if(NOT CMAKE_INSTALL_PREFIX MATCHES "^/usr(/local)?/?$")
  set(settings ${CMAKE_INSTALL_PREFIX}/etc/sluice)
endif()

foreach(unit sluice.service sluice.socket)
  file(READ ${SLUICE_CONFIG}/${unit} text)
  string(REPLACE /usr/local/bin/ ${CMAKE_INSTALL_PREFIX}/bin/ text "${text}")
  string(REPLACE /etc/sluice ${settings} text "${text}")
  file(WRITE ${SLUICE_SCRATCH}/${unit} "${text}")
  file(INSTALL ${SLUICE_SCRATCH}/${unit}
    DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/systemd/system)
endforeach()

if(NOT EXISTS $ENV{DESTDIR}${settings}/sluice.yaml)
  file(INSTALL ${SLUICE_CONFIG}/sluice.yaml DESTINATION ${settings})
endif()
