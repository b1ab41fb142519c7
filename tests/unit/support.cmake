# Tests of the helpers that other tests use.
unit_test(fault_proxy LINKS support THREADS)
unit_test(one_counter LINKS support)
