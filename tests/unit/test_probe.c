/* SPDX-License-Identifier: MIT */
#include "store/probe.h"

#include "store/take_script.h"
#include "support/cmocka.h"

/* Otherwise another node would answer for it. */
static void the_probe_of_a_node_is_in_a_slot_that_it_has(void **state)
{
    struct redis_map *map = redis_map_new(4);
    struct digest tag;
    (void)state;
    map->is_sliced = true;
    for (size_t slot = 0; slot < REDIS_SLOTS; slot++)
        map->node_of_slot[slot] = slot < 100 ? 0 : 1;
    map->node_of_slot[REDIS_SLOTS - 1] = 2;

    for (uint16_t i = 0; i < 3; i++) {
        assert_true(probe_find_tag(map, i, &tag));
        assert_int_equal(map->node_of_slot[take_script_slot(&tag)], i);
    }
    assert_false(probe_find_tag(map, 3, &tag));
    redis_map_release(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_probe_of_a_node_is_in_a_slot_that_it_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
