# Tests of the auth layer.
unit_test(api_key LINKS auth support)
unit_test(client_ip LINKS auth support)
unit_test(key_cache LINKS auth support)
unit_test(page_origin LINKS auth support)
