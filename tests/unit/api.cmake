# Tests of the api layer.
unit_test(openapi LINKS api)
unit_test(nearest_route LINKS api)
unit_test(local_limit LINKS api support)
unit_test(batch_body LINKS api support)
unit_test(policy_list LINKS api support)
target_sources(test_policy_list PRIVATE sample_policy.c)
foreach(replay replay replay_report simulation)
  unit_test(${replay} LINKS api support)
  target_sources(test_${replay} PRIVATE replaying.c sample_policy.c)
endforeach()

foreach(orders check_orders charge_orders period_orders batch_orders state_orders decision_times
        second_look)
  unit_test(${orders} LINKS api support)
  target_sources(test_${orders} PRIVATE fake_store.c handling.c sample_policy.c
    ${CMAKE_SOURCE_DIR}/tests/support/whole_catalogue.c)
endforeach()
