/* SPDX-License-Identifier: MIT */
#include "catalogue/app_index.h"

#include "support/cmocka.h"

#include <pthread.h>
#include <sodium.h>

static struct app_index *the_index;

static int setup(void **state)
{
    the_index = app_index_new();
    *state = the_index;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    app_index_free(the_index);
    return 0;
}

static struct key_digest digest_of_number(unsigned number)
{
    struct key_digest digest = {0};

    memcpy(digest.bytes, &number, sizeof(number));
    return digest;
}

/* The app number `number` with `key_count` keys, numbered from `first_key`. */
static struct app *app_with(unsigned number, int64_t revision, unsigned first_key,
                            unsigned key_count)
{
    struct app *app = app_new();

    (void)snprintf(app->id, sizeof(app->id), "app_%012u", number);
    app->revision = revision;
    app->key_count = key_count;
    for (unsigned i = 0; i < key_count; i++)
        app->keys[i] = digest_of_number(first_key + i);
    return app;
}

static struct app *find(struct app_index *index, unsigned key)
{
    struct key_digest digest = digest_of_number(key);

    return app_index_find(index, &digest);
}

static void expect_key(struct app_index *index, unsigned key, const char *app_id)
{
    struct app *app = find(index, key);

    if (app_id == NULL) {
        assert_null(app);
        return;
    }
    assert_non_null(app);
    assert_string_equal(app->id, app_id);
    app_release(app);
}

static void an_app_is_found_by_each_of_its_keys(void **state)
{
    struct app_index *index = *state;
    struct app *app = app_with(1, 1, 100, APP_KEYS_MAX);

    app_index_publish_give(index, app);

    for (unsigned i = 0; i < APP_KEYS_MAX; i++)
        expect_key(index, 100 + i, "app_000000000001");
    expect_key(index, 100 + APP_KEYS_MAX, NULL);
    struct app *found = find(index, 100);
    assert_ptr_equal(found, app);
    app_release(found);
    assert_int_equal(app_index_count(index), 1);
}

static void digests_are_compared_whole(void **state)
{
    struct app_index *index = *state;
    struct key_digest digest = digest_of_number(100);
    app_index_publish_give(index, app_with(1, 1, 100, 1));

    for (size_t i = 0; i < KEY_DIGEST_BYTES; i++) {
        struct key_digest other = digest;
        other.bytes[i] ^= 1;
        assert_null(app_index_find(index, &other));
    }
    expect_key(index, 100, "app_000000000001");
}

static void a_newer_value_replaces_the_older_and_its_keys(void **state)
{
    struct app_index *index = *state;
    app_index_publish_give(index, app_with(1, 1, 100, 3));

    app_index_publish_give(index, app_with(1, 2, 102, 2));

    expect_key(index, 100, NULL);
    expect_key(index, 101, NULL);
    expect_key(index, 102, "app_000000000001");
    expect_key(index, 103, "app_000000000001");
    assert_int_equal(app_index_count(index), 1);
}

static void an_older_value_changes_nothing(void **state)
{
    struct app_index *index = *state;
    app_index_publish_give(index, app_with(1, 2, 100, 1));

    app_index_publish_give(index, app_with(1, 1, 200, 1));

    expect_key(index, 100, "app_000000000001");
    expect_key(index, 200, NULL);
    assert_int_equal(app_index_count(index), 1);
}

static void the_same_revision_replaces(void **state)
{
    struct app_index *index = *state;
    app_index_publish_give(index, app_with(1, 2, 100, 1));

    app_index_publish_give(index, app_with(1, 2, 200, 1));

    expect_key(index, 100, NULL);
    expect_key(index, 200, "app_000000000001");
}

static void what_was_not_published_in_an_epoch_is_gone_at_its_end(void **state)
{
    struct app_index *index = *state;
    app_index_publish_give(index, app_with(1, 9, 100, 2));
    app_index_publish_give(index, app_with(2, 9, 200, 2));
    struct app *held = find(index, 100);

    app_index_begin_epoch(index);
    app_index_publish_give(index, app_with(2, 1, 201, 1));
    expect_key(index, 100, "app_000000000001");
    app_index_end_epoch(index);

    expect_key(index, 100, NULL);
    expect_key(index, 101, NULL);
    expect_key(index, 200, NULL);
    expect_key(index, 201, "app_000000000002");
    assert_int_equal(app_index_count(index), 1);
    assert_true(atomic_load(&held->is_replaced));
    app_release(held);
}

static void a_deleted_app_is_let_go_of(void **state)
{
    struct app_index *index = *state;
    app_index_publish_give(index, app_with(1, 5, 100, 2));
    app_index_publish_give(index, app_with(2, 5, 200, 1));
    struct app *held = find(index, 100);

    app_index_publish_give(index, app_new_deleted("app_000000000001", 4));
    expect_key(index, 100, "app_000000000001");
    app_index_publish_give(index, app_new_deleted("app_000000000001", 6));
    app_index_publish_give(index, app_new_deleted("app_000000000003", 7));

    expect_key(index, 100, NULL);
    expect_key(index, 101, NULL);
    expect_key(index, 200, "app_000000000002");
    assert_int_equal(app_index_count(index), 1);
    assert_true(atomic_load(&held->is_replaced));
    app_release(held);
}

static size_t list_and_count_deleted(struct app_index *index, int64_t *oldest)
{
    size_t count = 0;
    size_t deleted = 0;
    struct app **apps = app_index_list(index, &count);

    *oldest = INT64_MAX;
    for (size_t i = 0; i < count; i++) {
        if (apps[i]->state == APP_DELETED) {
            deleted++;
            *oldest = apps[i]->revision < *oldest ? apps[i]->revision : *oldest;
        }
        app_release(apps[i]);
    }
    free(apps);
    return deleted;
}

static void deletions_are_remembered_and_listed(void **state)
{
    struct app_index *index = *state;
    int64_t oldest = 0;

    app_index_publish_give(index, app_new_deleted("app_000000000001", 6));
    app_index_publish_give(index, app_new_deleted("app_000000000001", 6));
    app_index_publish_give(index, app_with(1, 5, 100, 1));
    app_index_publish_give(index, app_with(2, 5, 200, 1));

    expect_key(index, 100, NULL);
    assert_int_equal(app_index_count(index), 1);
    assert_int_equal(list_and_count_deleted(index, &oldest), 1);
    assert_true(oldest == 6);
    app_index_begin_epoch(index);
    assert_int_equal(list_and_count_deleted(index, &oldest), 1);
    app_index_end_epoch(index);
    assert_int_equal(list_and_count_deleted(index, &oldest), 0);
}

static void the_oldest_of_too_many_deletions_is_forgotten(void **state)
{
    struct app_index *index = *state;
    int64_t oldest = 0;
    app_index_publish_give(index, app_with(1, 1, 100, 1));

    for (int64_t i = 0; i < APPS_DELETED_MAX + 3; i++) {
        char app_id[APP_ID_BYTES + 1];
        (void)snprintf(app_id, sizeof(app_id), "app_%012d", (int)(100 + i));
        app_index_publish_give(index, app_new_deleted(app_id, 10 + i));
    }

    assert_int_equal(list_and_count_deleted(index, &oldest), APPS_DELETED_MAX);
    assert_true(oldest == 13);
    assert_int_equal(app_index_count(index), 1);
}

static void a_damaged_app_is_let_go_of(void **state)
{
    struct app_index *index = *state;
    app_index_publish_give(index, app_with(1, 5, 100, 2));
    app_index_publish_give(index, app_with(2, 5, 200, 1));

    app_index_publish_give(index, app_new_damaged("app_000000000001", 4));
    expect_key(index, 100, "app_000000000001");
    app_index_publish_give(index, app_new_damaged("app_000000000001", 6));
    app_index_publish_give(index, app_new_damaged("app_000000000003", 7));

    expect_key(index, 100, NULL);
    expect_key(index, 200, "app_000000000002");
    assert_int_equal(app_index_count(index), 1);
    app_index_publish_give(index, app_with(1, 8, 100, 1));
    expect_key(index, 100, "app_000000000001");
}

static void all_apps_are_listed_once(void **state)
{
    struct app_index *index = *state;
    size_t count = 0;
    for (unsigned i = 0; i < 100; i++)
        app_index_publish_give(index, app_with(i, 1, 1000 + 3 * i, 3));

    struct app **apps = app_index_list(index, &count);

    assert_int_equal(count, 100);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++)
            assert_ptr_not_equal(apps[i], apps[j]);
    }
    for (size_t i = 0; i < count; i++)
        app_release(apps[i]);
    free(apps);
}

static void a_value_in_use_outlives_its_replacement(void **state)
{
    struct app_index *index = *state;
    app_index_publish_give(index, app_with(1, 1, 100, 1));
    struct app *held = find(index, 100);

    app_index_publish_give(index, app_with(1, 2, 200, 1));

    assert_true(held->revision == 1);
    assert_int_equal(atomic_load(&held->references), 1);
    app_release(held);
}

static void a_new_app_has_an_empty_set_of_policies(void **state)
{
    (void)state;
    struct app *app = app_new();

    assert_int_equal(policy_set_count(app->policies), 0);

    app_release(app);
    app_release(NULL);
}

static void many_apps_are_all_found(void **state)
{
    enum { APPS = 3000 };
    struct app_index *index = *state;

    for (unsigned i = 0; i < APPS; i++)
        app_index_publish_give(index, app_with(i, 1, 2 * i, 2));

    assert_int_equal(app_index_count(index), APPS);
    for (unsigned i = 0; i < APPS; i++) {
        char app_id[APP_ID_BYTES + 1];
        (void)snprintf(app_id, sizeof(app_id), "app_%012u", i);
        expect_key(index, 2 * i, app_id);
        expect_key(index, 2 * i + 1, app_id);
    }
    expect_key(index, 2 * APPS, NULL);
}

static void the_pepper_is_set_once(void **state)
{
    struct app_index *index = *state;
    const struct pepper first = {.bytes = {1}};
    const struct pepper second = {.bytes = {2}};
    const struct digest_key subject_key = digest_key_derive(&first, TEXT("subject"));

    assert_null(app_index_pepper(index));
    assert_null(app_index_subject_key(index));
    app_index_set_pepper(index, &first);
    const struct pepper *pepper = app_index_pepper(index);
    app_index_set_pepper(index, &second);

    assert_ptr_equal(app_index_pepper(index), pepper);
    assert_memory_equal(pepper, &first, sizeof(first));
    assert_memory_equal(app_index_subject_key(index), &subject_key, sizeof(subject_key));
}

#define SHARED_APPS 8
#define PUBLISHES   4000
#define READERS     3

static atomic_bool published_all;

/* App n always has the key n and, while its revision is odd, the key 1000 + n. */
static void *publisher_run(void *context)
{
    struct app_index *index = context;

    for (unsigned i = 0; i < PUBLISHES; i++) {
        unsigned number = i % SHARED_APPS;
        int64_t revision = i / SHARED_APPS + 1;
        struct app *app = app_with(number, revision, number, 1);

        if (revision % 2 == 1)
            app->keys[app->key_count++] = digest_of_number(1000 + number);
        app_index_publish_give(index, app);
    }
    atomic_store(&published_all, true);
    return NULL;
}

struct reader {
    struct app_index *index;
    const char *complaint; /* NULL: every value was whole, and no older than the one before */
};

static void *reader_run(void *context)
{
    struct reader *reader = context;
    int64_t newest[SHARED_APPS] = {0};

    for (unsigned number = 0; !atomic_load(&published_all); number = (number + 1) % SHARED_APPS) {
        struct app *app = find(reader->index, number);
        struct app *by_second_key = find(reader->index, 1000 + number);

        if (app != NULL && app->revision < newest[number])
            reader->complaint = "an older value came back";
        if (app != NULL)
            newest[number] = app->revision;
        if (by_second_key != NULL && by_second_key->revision % 2 != 1)
            reader->complaint = "a key was found that its app does not have";
        app_release(app);
        app_release(by_second_key);
    }
    return NULL;
}

static void readers_never_see_half_a_change(void **state)
{
    struct app_index *index = *state;
    pthread_t publisher;
    pthread_t threads[READERS];
    struct reader readers[READERS];
    atomic_store(&published_all, false);

    for (size_t i = 0; i < READERS; i++) {
        readers[i] = (struct reader){.index = index};
        assert_int_equal(pthread_create(&threads[i], NULL, reader_run, &readers[i]), 0);
    }
    assert_int_equal(pthread_create(&publisher, NULL, publisher_run, index), 0);

    assert_int_equal(pthread_join(publisher, NULL), 0);
    for (size_t i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        if (readers[i].complaint != NULL)
            fail_msg("%s", readers[i].complaint);
    }
    assert_int_equal(app_index_count(index), SHARED_APPS);
}

static void *pepper_run(void *context)
{
    struct pepper pepper;

    randombytes_buf(pepper.bytes, sizeof(pepper.bytes));
    app_index_set_pepper(context, &pepper);
    return app_index_pepper(context) == NULL ? NULL : context;
}

static void the_pepper_may_be_set_by_several_threads(void **state)
{
    pthread_t threads[4];

    for (size_t i = 0; i < ARRAY_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, pepper_run, *state), 0);

    for (size_t i = 0; i < ARRAY_COUNT(threads); i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_non_null(result);
    }
}

static void apps_are_numbered_as_they_come_and_keep_their_numbers(void **state)
{
    struct app_index *index = *state;

    app_index_publish_give(index, app_with(1, 1, 1, 1));
    app_index_publish_give(index, app_with(2, 2, 2, 1));
    app_index_publish_give(index, app_new_deleted("app_000000000002", 3));
    app_index_publish_give(index, app_with(1, 4, 1, 1));
    app_index_publish_give(index, app_with(2, 5, 2, 1));
    app_index_publish_give(index, app_with(3, 6, 3, 1));

    for (unsigned number = 1; number <= 3; number++) {
        struct app *app = find(index, number);

        assert_int_equal(app->tenant, number);
        app_release(app);
    }
}

/* The request that looked it up still uses it. */
static void an_app_older_than_the_known_one_has_its_number_all_the_same(void **state)
{
    struct app_index *index = *state;
    struct app *older = app_with(1, 1, 1, 1);

    app_index_publish_give(index, app_with(1, 2, 1, 1));
    app_index_publish_give(index, app_retain(older));

    assert_int_equal(older->tenant, 1);
    app_release(older);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_app_is_found_by_each_of_its_keys),
        TEST(digests_are_compared_whole),
        TEST(a_newer_value_replaces_the_older_and_its_keys),
        TEST(an_older_value_changes_nothing),
        TEST(the_same_revision_replaces),
        TEST(what_was_not_published_in_an_epoch_is_gone_at_its_end),
        TEST(a_deleted_app_is_let_go_of),
        TEST(deletions_are_remembered_and_listed),
        TEST(the_oldest_of_too_many_deletions_is_forgotten),
        TEST(a_damaged_app_is_let_go_of),
        TEST(all_apps_are_listed_once),
        TEST(a_value_in_use_outlives_its_replacement),
        TEST(a_new_app_has_an_empty_set_of_policies),
        TEST(many_apps_are_all_found),
        TEST(the_pepper_is_set_once),
        TEST(readers_never_see_half_a_change),
        TEST(the_pepper_may_be_set_by_several_threads),
        TEST(apps_are_numbered_as_they_come_and_keep_their_numbers),
        TEST(an_app_older_than_the_known_one_has_its_number_all_the_same),
    };
#undef TEST

    if (sodium_init() < 0)
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
