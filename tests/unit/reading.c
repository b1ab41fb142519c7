/* SPDX-License-Identifier: MIT */
#include "reading.h"

#include "base/document.h"
#include "support/cmocka.h"

struct arena arena;
struct faults faults;

static json_t *body;

void reading_begin(struct form *form, const char *json, const char *pointer)
{
    struct error error = {0};

    reading_let_go();
    body = document_parse(text_of(json), &error);
    if (body == NULL)
        fail_msg("%s: %s", json, error.message);
    faults = (struct faults){0};
    assert_true(form_open(form, body, pointer, &faults));
}

void reading_let_go(void)
{
    json_decref(body);
    body = NULL;
}

void reading_expect_fault(const char *pointer, const char *detail)
{
    assert_int_equal(faults.count, 1);
    assert_string_equal(faults.at[0].pointer, pointer);
    assert_string_equal(faults.at[0].detail, detail);
}

int reading_end(void **state)
{
    (void)state;
    reading_let_go();
    arena_close(&arena);
    return 0;
}
