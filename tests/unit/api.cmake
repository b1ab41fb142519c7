# Tests of the api layer.
unit_test(openapi LINKS api)
