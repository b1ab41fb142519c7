# Tests of the store layer.
unit_test(counter_table LINKS store)
unit_test(store_memory LINKS store THREADS)
unit_test(memory_logs LINKS store support)
unit_test(breaker LINKS store support)
unit_test(handback LINKS store support)
unit_test(store_redis LINKS store support LABELS redis)

target_sources(test_store_memory PRIVATE state_copy.c)
