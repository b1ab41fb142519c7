# Tests of the http layer.
unit_test(assets LINKS http)
unit_test(framing LINKS http)
unit_test(router LINKS http)
unit_test(request LINKS http)
