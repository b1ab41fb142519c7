/* SPDX-License-Identifier: MIT */
#include "store/probe.h"

#include "store/take_script.h"
#include "support/cmocka.h"

/* Otherwise another node would answer for it, or nobody would ask a node with a single slot. */
static void there_is_a_probe_for_each_slot(void **state)
{
    (void)state;
    probe_prepare();

    for (uint16_t slot = 0; slot < REDIS_SLOTS; slot++) {
        const struct digest tag = probe_tag(slot);
        assert_int_equal(take_script_slot(&tag), slot);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_a_probe_for_each_slot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
