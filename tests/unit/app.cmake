# Tests of the app layer.
unit_test(healthcheck LINKS app)
unit_test(sandbox LINKS app)
unit_test(settings LINKS app)
target_compile_definitions(test_settings PRIVATE SAMPLE="${CMAKE_SOURCE_DIR}/config/sluice.yaml")
unit_test(settings_yaml LINKS app)
unit_test(systemd LINKS app)
