# Tests of the limit layer, and of the script that decides the same way inside Redis.
unit_test(rate LINKS limit)
unit_test(charge_log LINKS limit support)
unit_test(decide LINKS limit)
unit_test(subject LINKS limit)
unit_test(policy LINKS limit)
unit_test(policy_set LINKS limit)
unit_test(verdict LINKS limit)
unit_test(rate_headers LINKS limit)
unit_test(take_script LINKS support store limit LABELS redis)
unit_test(stored_logs LINKS support store limit LABELS redis)
unit_test(vectors LINKS support store redis limit LABELS redis)
unit_test(model LINKS support store redis limit LABELS redis)
foreach(invariants invariants invariants_hints invariants_algorithms invariants_log)
  unit_test(${invariants} LINKS support store redis limit LABELS redis)
  target_sources(test_${invariants} PRIVATE counted.c script_redis.c)
endforeach()

target_compile_definitions(test_policy
  PRIVATE INVALID_DIRECTORY="${CMAKE_SOURCE_DIR}/tests/policies/invalid")
target_compile_definitions(test_vectors
  PRIVATE VECTORS_DIRECTORY="${CMAKE_SOURCE_DIR}/tests/vectors")
target_sources(test_take_script PRIVATE script_redis.c)
target_sources(test_stored_logs PRIVATE script_redis.c)
target_sources(test_vectors PRIVATE script_redis.c state_copy.c)
target_sources(test_decide PRIVATE state_copy.c)
target_sources(test_model
  PRIVATE model_engine.c model_history.c sample_policy.c script_redis.c)
