# Tests of what the tests themselves rely on.
unit_test(fault_proxy LINKS support THREADS)
unit_test(one_counter LINKS support)
