/* SPDX-License-Identifier: MIT */
/* What a face keeps is there again, whatever happened to the process. */
#include "tests/common/engine/rig.h"

#include <criterion/criterion.h>

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
    rig_open(&rig);
}

static void teardown(void)
{
    rig_close(&rig);
}

TestSuite(note, .init = setup, .fini = teardown);

static struct reply keep(const char *key, const char *value)
{
    struct reply reply = {0};
    struct engine_note note = {view_text(key), view_text(value)};
    engine_keep_notes(rig.engine, &note, 1, rig_done, &reply);
    rig_run(&rig);
    cr_assert_eq(reply.called, 1);
    return reply;
}

static void expect(const char *key, const char *value)
{
    BYTES_AUTO(found);
    enum status status = engine_note(rig.engine, view_text(key), &found);
    cr_assert_eq(status, value ? STATUS_OK : STATUS_NOT_FOUND, "%s", key);
    cr_assert(!value || view_equal(view_bytes(&found), view_text(value)), "%s", key);
}

static void append(void *context, const struct engine_note *note)
{
    bytes_format(context, "%.*s=%.*s;", (int)note->key.size, note->key.data,
                 (int)note->value.size, note->value.data);
}

Test(note, is_kept_changed_and_removed)
{
    cr_assert_eq(keep("lock/1", "one").status, STATUS_OK);
    expect("lock/1", "one");
    keep("lock/1", "other");
    expect("lock/1", "other");
    keep("lock/1", "");
    expect("lock/1", NULL);
}

Test(note, survives_a_crash_before_and_after_a_checkpoint)
{
    keep("lock/1", "one");
    keep("lock/2", "two");
    rig_crash(&rig);
    expect("lock/1", "one");
    rig_tidy(&rig);
    keep("lock/2", "");
    rig_crash(&rig);
    expect("lock/1", "one");
    expect("lock/2", NULL);
}

Test(note, all_of_a_prefix_are_found_at_the_opening)
{
    keep("lock/2", "two");
    keep("prop/1", "x");
    rig_tidy(&rig);
    keep("lock/1", "one");
    keep("lock/3", "three");
    keep("lock/3", "");
    BYTES_AUTO(found);
    engine_each_note(rig.engine, view_text("lock/"), append, &found);
    cr_assert(view_equal(view_bytes(&found), view_text("lock/2=two;lock/1=one;")),
              "%.*s", (int)found.size, found.data);
}

Test(note, several_are_kept_together_or_not_at_all)
{
    struct reply reply = {0};
    char long_key[NOTE_KEY_BYTES_MAX + 1] = {0};
    memset(long_key, 'x', sizeof long_key);
    struct engine_note notes[] = {{view_text("a"), view_text("1")},
                                  {view_of(long_key, sizeof long_key), view_text("2")}};
    engine_keep_notes(rig.engine, notes, 2, rig_done, &reply);
    rig_run(&rig);
    cr_assert_eq(reply.status, STATUS_INVALID);
    expect("a", NULL);
}
