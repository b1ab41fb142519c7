# Tests of what the tests themselves rely on.
unit_test(one_counter LINKS support)
