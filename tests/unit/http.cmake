# Tests of the http layer.
unit_test(assets LINKS http)
unit_test(body LINKS http)
unit_test(head LINKS http support)
unit_test(target LINKS http support)
unit_test(router LINKS http)
unit_test(request LINKS http)
unit_test(waiting_room LINKS http support)
target_include_directories(test_body PRIVATE ${CMAKE_SOURCE_DIR}/src/http)
