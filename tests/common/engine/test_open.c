/* SPDX-License-Identifier: MIT */
/* Opening what cannot be opened, and stopping in the midst of things. */
#include "tests/common/engine/rig.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#include <criterion/criterion.h>

#include "common/journal/index_internal.h"
#include "tests/common/engine/cast.h"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
    rig.options.behaviors = cast_open();
    rig_open(&rig);
}

static void teardown(void)
{
    rig_close(&rig);
}

TestSuite(open, .init = setup, .fini = teardown);

static void expect_refusal(enum status status, const char *why)
{
    BYTES_AUTO(message);
    struct engine *none = NULL;
    engine_close(rig.engine);
    rig.engine = NULL;
    enum status is = engine_open(rig.folder, &rig.options, &none, &message);
    cr_assert_eq(is, status, "%s", status_text(is));
    cr_assert_null(none);
    bytes_append(&message, view_of("", 1));
    cr_assert_not_null(strstr(message.data, why), "%s", message.data);
}

Test(open, a_journal_record_of_another_format_is_refused)
{
    cr_assert_eq(journal_reserve(rig.engine->journal, 20), STATUS_OK);
    journal_append(rig.engine->journal, view_of("\x63, from the future!", 20));
    cr_assert(journal_seal(rig.engine->journal));
    cr_assert_eq(journal_commit(rig.engine->journal), STATUS_OK);
    expect_refusal(STATUS_INVALID, "journal");
}

Test(open, tables_of_another_format_are_refused)
{
    BYTES_AUTO(message);
    struct store *store;
    struct store_writer *writer;
    store_table meta;
    uint32_t format = RECORD_VERSION + 1;
    char path[128];
    engine_close(rig.engine);
    rig.engine = NULL;
    snprintf(path, sizeof(path), "%s/index", rig.folder);
    cr_assert_eq(store_open(path, false, &store, &message), STATUS_OK);
    cr_assert_eq(store_write_begin(store, &writer), STATUS_OK);
    cr_assert_eq(store_open_table(writer, "meta", false, &meta), STATUS_OK);
    cr_assert_eq(
        store_put(writer, meta, view_text("format"), view_of(&format, sizeof(format))),
        STATUS_OK);
    cr_assert_eq(store_commit(writer), STATUS_OK);
    store_close(store);
    expect_refusal(STATUS_INVALID, "another format");
}

Test(open, a_journal_that_cannot_be_listed_says_so)
{
    rig_create(&rig, "a");
    faulty_disk_fail(rig.faulty, FAULTY_LIST, 1, STATUS_IO);
    expect_refusal(STATUS_IO, "journal");
    faulty_disk_kill(rig.faulty);
    rig_open(&rig);
    cr_assert_eq(rig_info(&rig, 1).id, 1);
}

Test(open, opened_again_and_again_it_is_the_same)
{
    uint64_t actor = rig_create(&rig, "counter_1");
    rig_send(&rig, actor, "tasks@k", "5");
    for (unsigned i = 0; i < 20; i++) {
        if (i % 3 == 0)
            rig_crash(&rig);
        else
            rig_reopen(&rig);
        rig_expect(&rig, actor, "k", STATUS_OK, "5\n");
        cr_assert(rig_send(&rig, actor, "tasks@k", "5").replayed);
    }
    cr_assert_eq(rig_info(&rig, actor).done, 1);
}

/* ------------------------------------------------------------------ stopping --- */

Test(open, stopped_while_a_turn_runs_its_answer_is_awaited)
{
    rig.options.clock = NULL;
    rig.options.stop_turns_ms = 10000;
    uint64_t actor = rig_create(&rig, "later_1");
    rig_send(&rig, actor, "tasks@k", "x");
    rig_send(&rig, actor, "tasks@next", "y");
    cast.result = "in time";
    cast_finish();
    engine_start(rig.engine);
    engine_stop(rig.engine);
    rig_reopen(&rig);
    rig_expect(&rig, actor, "k", STATUS_OK, "in time");
    rig_run(&rig);
    rig_expect(&rig, actor, "next", STATUS_AGAIN, "");
    cast_finish();
    rig_run(&rig);
}

Test(open, stopped_while_a_turn_runs_for_too_long_it_is_as_if_it_never_was)
{
    struct reply parked = {0};
    rig.options.clock = NULL;
    rig.options.stop_turns_ms = 20;
    rig_reopen(&rig);
    uint64_t actor = rig_create(&rig, "later_1");
    rig_send(&rig, actor, "tasks@k", "x");
    engine_set_state(rig.engine, actor, view_text("waits"), view_of("", 0),
                     STATE_VERSION_ANY, rig_done, &parked);
    rig_run(&rig);
    cr_assert_eq(parked.called, 0);
    engine_start(rig.engine);
    engine_stop(rig.engine);
    cr_assert_eq(parked.called, 1);
    cr_assert_eq(parked.status, STATUS_SHUTDOWN);
    cast.finish = NULL;
    rig_reopen(&rig);
    rig_run(&rig);
    cr_assert_eq(cast.turns, 2);
    cr_assert_str_eq(rig_state(&rig, actor), "");
    cast.result = "second";
    cast_finish();
    rig_run(&rig);
    rig_expect(&rig, actor, "k", STATUS_OK, "second");
}

Test(open, a_late_answer_that_finds_no_room_runs_again)
{
    uint64_t actor = rig_create(&rig, "later_1"), filler = rig_create(&rig, "keep_1");
    char text[20000];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    rig_send(&rig, actor, "tasks@k", "x");
    rig_control(&rig, filler, "suspend");
    faulty_disk_set_capacity(rig.faulty, 0);
    while (rig_send(&rig, filler, "tasks", text).status == STATUS_OK)
        ;
    while (rig_control(&rig, filler, "suspend").status == STATUS_OK)
        ;
    cast.result = "lost";
    cast_finish();
    rig_run(&rig);
    rig_expect(&rig, actor, "k", STATUS_AGAIN, "");
    faulty_disk_set_capacity(rig.faulty, FAULTY_CAPACITY_NONE);
    rig_control(&rig, filler, "suspend");
    rig_run(&rig);
    cr_assert_eq(cast.turns, 2);
    cast.result = "kept";
    cast_finish();
    rig_run(&rig);
    rig_expect(&rig, actor, "k", STATUS_OK, "kept");
}

Test(open, a_bulk_load_that_finds_no_room_in_its_midst_can_be_sent_again)
{
    char name[300] = "tasks@";
    uint64_t actor = rig_create(&rig, "counter_1");
    memset(name + 6, 'k', KEY_BYTES_MAX);
    faulty_disk_set_capacity(rig.faulty, faulty_disk_used(rig.faulty));
    cr_assert_eq(rig_send_many(&rig, actor, name, 20000).status, STATUS_NO_SPACE);
    rig_check(&rig);
    faulty_disk_set_capacity(rig.faulty, FAULTY_CAPACITY_NONE);
    cr_assert_eq(rig_send_many(&rig, actor, name, 20000).status, STATUS_OK);
    cr_assert_eq(rig_info(&rig, actor).done, 20000);
    cr_assert_str_eq(rig_state(&rig, actor), "199990000\n");
}

/* --------------------------------------------------- checkpoints on their own --- */

static void note_answer(void *context, const struct engine_answer *answer)
{
    (void)answer;
    atomic_fetch_add((atomic_uint *)context, 1);
}

static bool is_checkpointed(uint64_t actor)
{
    struct store_reader *reader = store_read_begin(index_store(rig.engine->index));
    struct pair_key key;
    struct view value;
    bool stored = store_get(reader, rig.engine->index->tables[TABLE_ACTORS],
                            single_key(&key, actor), &value);
    store_read_end(reader);
    return stored;
}

Test(open, a_checkpoint_that_fails_is_tried_again, .timeout = 30)
{
    atomic_uint answered = 0;
    rig.options.clock = NULL;
    rig.options.checkpoint_bytes = 1;
    rig_reopen(&rig);
    uint64_t actor = rig_create(&rig, "a");
    index_fail_commit(rig.engine->index, 1);
    engine_start(rig.engine);
    while (!is_checkpointed(actor)) {
        unsigned before = atomic_load(&answered);
        engine_control(rig.engine, actor, view_text("suspend"), note_answer, &answered);
        while (atomic_load(&answered) == before)
            sched_yield();
    }
    engine_stop(rig.engine);
    rig_reopen(&rig);
    cr_assert_str_eq(rig_info(&rig, actor).name, "a");
}
