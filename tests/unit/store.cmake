# Tests of the store layer.
unit_test(counter_table LINKS store)
unit_test(store_memory LINKS store THREADS)
unit_test(breaker LINKS store support)
unit_test(store_redis LINKS store support LABELS redis)
