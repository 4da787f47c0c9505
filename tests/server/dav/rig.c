/* SPDX-License-Identifier: MIT */
#include "tests/server/dav/rig.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct dav *rig;
int64_t rig_seconds;

static char folder[64];
static struct engine *engine;

static int64_t wall_ms(struct clock *clock)
{
    (void)clock;
    return 0; /* must mean nothing */
}

static int64_t monotonic_ns(struct clock *clock)
{
    (void)clock;
    return rig_seconds * INT64_C(1000000000) + 1;
}

static struct clock our_clock = {wall_ms, monotonic_ns};

static void begin(void)
{
    struct engine_options options;
    BYTES_AUTO(message);
    engine_options_init(&options);
    cr_assert_eq(engine_open(folder, &options, &engine, &message), STATUS_OK);
    rig = dav_open(engine, &our_clock, folder);
    engine_start(engine);
}

static void end(void)
{
    engine_stop(engine);
    dav_close(rig);
    engine_close(engine);
}

void rig_open(void)
{
    strcpy(folder, "/tmp/test-dav-XXXXXX");
    cr_assert(mkdtemp(folder));
    begin();
}

void rig_close(void)
{
    char command[128];
    end();
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    cr_expect_eq(system(command), 0);
}

void rig_restart(void)
{
    end();
    begin();
}

struct dav_place place(const char *path)
{
    return (struct dav_place){1, view_text(path)};
}

static void kept(void *context, const struct engine_answer *answer)
{
    atomic_int *status = context;
    atomic_store(status, (int)answer->status);
}

/* The engine commits on a thread of its own. */
static void keep(const char *path, const struct dav_lock *lock)
{
    struct dav_place at = place(path);
    atomic_int status = -1;
    BYTES_AUTO(key);
    BYTES_AUTO(value);
    dav_lock_note_key(&key, lock->token);
    dav_lock_note_value(&value, dav_entry_find(rig, &at), lock);
    struct engine_note note = {view_bytes(&key), view_bytes(&value)};
    engine_keep_notes(engine, &note, 1, kept, &status);
    while (atomic_load(&status) < 0)
        continue;
    cr_assert_eq(atomic_load(&status), STATUS_OK);
}

const char *rig_lock(const char *path, bool is_shared, bool is_deep, uint32_t timeout_s)
{
    struct dav_place at = place(path);
    struct dav_lock *lock = dav_lock_new(is_shared, is_deep, "", view_of("", 0));
    dav_enter(rig);
    dav_lock_refresh(rig, lock, timeout_s);
    dav_lock_add(rig, &at, lock);
    dav_leave(rig);
    keep(path, lock);
    return lock->token;
}

bool rig_permits(const char *path, enum dav_touch touch, const char *header)
{
    struct dav_place at = place(path);
    struct dav_if parsed;
    struct dav_holder holder = {.login = ""};
    if (header) {
        cr_assert_eq(dav_if_parse(view_text(header), &parsed), STATUS_OK);
        holder.header = &parsed;
    }
    dav_enter(rig);
    bool permits = dav_locks_forbid(rig, &at, touch, &holder) == NULL;
    dav_leave(rig);
    return permits;
}
