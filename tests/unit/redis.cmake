# Tests of the redis layer.
unit_test(redis_bounds LINKS redis support)
unit_test(redis_command LINKS redis support)
unit_test(redis_complaints LINKS redis support)
unit_test(redis_link LINKS redis support LABELS redis)
unit_test(redis_session LINKS redis support THREADS LABELS redis)
unit_test(redis_eviction LINKS redis support LABELS redis)
unit_test(redis_url LINKS redis support)
unit_test(redis_wire LINKS redis support)
