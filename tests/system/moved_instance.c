/* SPDX-License-Identifier: MIT */
#include "moved_instance.h"

#include "support/cmocka.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PATH_BYTES (SCRATCH_PATH_BYTES + 8)

static void clock_map(struct moved_instance *instance, char path[static PATH_BYTES]);

struct moved_instance moved_instance_start(struct service_options options, int64_t ahead_us)
{
    char path[PATH_BYTES];
    char moved[PATH_BYTES + 24];
    const char *const environment[] = {
        "LD_PRELOAD=" MOVED_CLOCK_LIBRARY,
        "ASAN_OPTIONS=verify_asan_link_order=0",
        moved,
        NULL,
    };
    struct moved_instance instance = {0};

    clock_map(&instance, path);
    moved_instance_step(&instance, ahead_us);
    (void)snprintf(moved, sizeof(moved), "MOVED_CLOCK=%s", path);
    options.environment = environment;
    instance.service = service_start(&options);
    return instance;
}

void moved_instance_step(const struct moved_instance *instance, int64_t ahead_us)
{
    atomic_store(instance->behind_us, -ahead_us);
}

void moved_instance_stop(const struct moved_instance *instance)
{
    service_stop(instance->service);
    (void)munmap(instance->behind_us, sizeof(*instance->behind_us));
}

static void clock_map(struct moved_instance *instance, char path[static PATH_BYTES])
{
    char directory[SCRATCH_PATH_BYTES];

    scratch_directory("clock", directory);
    (void)snprintf(path, PATH_BYTES, "%s/moved", directory);
    const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(ftruncate(file, sizeof(*instance->behind_us)), 0);
    void *mapped =
        mmap(NULL, sizeof(*instance->behind_us), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    assert_true(mapped != MAP_FAILED);
    instance->behind_us = mapped;
    (void)close(file);
}
