# Tests of the app layer.
unit_test(file_limit LINKS app support)
target_sources(test_file_limit PRIVATE captured.c)
target_include_directories(test_file_limit PRIVATE ${CMAKE_SOURCE_DIR}/src/app)
unit_test(healthcheck LINKS app)
unit_test(registration LINKS app support)
foreach(sandbox sandbox reach)
  unit_test(${sandbox} LINKS app support)
  target_sources(test_${sandbox} PRIVATE sandbox_case.c)
endforeach()
foreach(settings settings_defaults settings_sources settings_values settings_apps settings_reload
    settings_print settings_redis settings_use settings_mistakes settings_yaml_mistakes
    held_redis_tls)
  unit_test(${settings} LINKS app support)
  target_sources(test_${settings} PRIVATE settings_case.c)
endforeach()
target_sources(test_settings_use PRIVATE captured.c)
target_include_directories(test_held_redis_tls PRIVATE ${CMAKE_SOURCE_DIR}/src/app)
target_sources(test_settings_print PRIVATE captured.c)
target_compile_definitions(test_settings_use
  PRIVATE SAMPLE="${CMAKE_SOURCE_DIR}/config/sluice.yaml")
target_compile_definitions(test_settings_defaults
  PRIVATE SAMPLE="${CMAKE_SOURCE_DIR}/config/sluice.yaml")
unit_test(settings_yaml LINKS app)
unit_test(systemd LINKS app)
foreach(socket tcp_sockets unix_socket)
  unit_test(${socket} LINKS app support)
  target_include_directories(test_${socket} PRIVATE ${CMAKE_SOURCE_DIR}/src/app)
endforeach()
unit_test(manual LINKS app support)
add_dependencies(test_manual manual)
target_compile_definitions(test_manual PRIVATE
  COMMANDS_PAGE="${CMAKE_BINARY_DIR}/sluice.8"
  SETTINGS_PAGE="${CMAKE_BINARY_DIR}/sluice.yaml.5")
