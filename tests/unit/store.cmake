# Tests of the store layer.
unit_test(counter_table LINKS store support)
unit_test(crowd LINKS store support)
unit_test(eviction LINKS store support)
foreach(memory store_memory store_memory_bounds store_memory_floods store_memory_logs
        store_memory_histories)
  unit_test(${memory} LINKS store support)
  target_sources(test_${memory} PRIVATE table_case.c)
endforeach()
unit_test(store_memory_threads LINKS store support THREADS)
unit_test(breaker LINKS store support)
unit_test(call_window LINKS store support)
unit_test(handback LINKS store support)
unit_test(store_redis LINKS store support LABELS redis)
target_sources(test_store_redis PRIVATE asker.c)

target_sources(test_store_memory_histories PRIVATE state_copy.c)
target_sources(test_store_memory_threads PRIVATE table_case.c)
target_sources(test_store_memory PRIVATE sample_policy.c)
