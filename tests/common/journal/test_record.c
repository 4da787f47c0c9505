/* SPDX-License-Identifier: MIT */
/* Packed values: what was packed comes back, and no other bytes are taken for it. */
#include "common/journal/record.h"

#include <stdlib.h>

#include <criterion/criterion.h>

/* Every field another value, every text its longest. */
static void fill(char *text, size_t size_max, char with)
{
    memset(text, with, size_max);
    text[size_max] = '\0';
}

static struct actor_record full_actor(void)
{
    struct actor_record actor;
    memset(&actor, 0, sizeof(actor));
    for (size_t i = 0; i < sizeof(actor.head); i++)
        ((unsigned char *)&actor.head)[i] = (unsigned char)(i + 1);
    for (unsigned i = 0; i < ACTOR_PARTS; i++)
        actor.owners[i] = (struct record_owner){i, i + 100, 0700 + i};
    fill(actor.name, ACTOR_NAME_BYTES_MAX, 'n');
    fill(actor.behavior, BEHAVIOR_NAME_BYTES_MAX, 'b');
    fill(actor.state_type, CONTENT_TYPE_BYTES_MAX, 't');
    fill(actor.last_error, ERROR_TEXT_BYTES_MAX, 'e');
    fill(actor.last_refusal, ERROR_TEXT_BYTES_MAX, 'r');
    actor.failed_key.size = FULL_KEY_BYTES_MAX;
    memset(actor.failed_key.text, 'k', FULL_KEY_BYTES_MAX);
    return actor;
}

static struct actor_record small_actor(void)
{
    struct actor_record actor;
    memset(&actor, 0, sizeof(actor));
    for (unsigned i = 0; i < ACTOR_PARTS; i++)
        actor.owners[i].mode = UINT32_MAX;
    actor.name[0] = 'a';
    return actor;
}

static void assert_same_actor(const struct actor_record *a,
                              const struct actor_record *b)
{
    cr_assert_eq(memcmp(&a->head, &b->head, sizeof(a->head)), 0);
    cr_assert_eq(memcmp(a->owners, b->owners, sizeof(a->owners)), 0);
    cr_assert_str_eq(a->name, b->name);
    cr_assert_str_eq(a->behavior, b->behavior);
    cr_assert_str_eq(a->state_type, b->state_type);
    cr_assert_str_eq(a->last_error, b->last_error);
    cr_assert_str_eq(a->last_refusal, b->last_refusal);
    cr_assert(view_equal(key_view(&a->failed_key), key_view(&b->failed_key)));
}

static void pack_log(const struct log_record *log, struct bytes *out)
{
    bytes_clear(out);
    log_record_pack(log, bytes_reserve(out, log_record_packed_size(log)));
    out->size = log_record_packed_size(log);
}

Test(record, an_actor_comes_back_as_it_was_packed)
{
    struct actor_record actors[] = {full_actor(), small_actor(), full_actor()};
    actors[2].owners[3].mode = UINT32_MAX;
    actors[2].owners[3].uid = actors[2].owners[3].gid = 0;
    for (size_t i = 0; i < 3; i++) {
        BYTES_AUTO(packed);
        struct actor_record back;
        memset(&back, 'x', sizeof(back));
        actor_pack(&actors[i], &packed);
        cr_assert(actor_unpack(view_bytes(&packed), &back));
        assert_same_actor(&back, &actors[i]);
    }
}

Test(record, an_actor_without_anything_set_is_small)
{
    struct actor_record actor = small_actor();
    BYTES_AUTO(packed);
    actor_pack(&actor, &packed);
    cr_assert_leq(packed.size, sizeof(actor.head) + 20);
}

Test(record, an_actor_cut_short_anywhere_is_none)
{
    struct actor_record actor = full_actor(), back;
    BYTES_AUTO(packed);
    actor_pack(&actor, &packed);
    for (size_t size = 0; size < packed.size; size++) {
        /* A copy of its own, so that a read beyond its end is found. */
        char *cut = memory_take(size + 1);
        memcpy(cut, packed.data, size);
        cr_assert_not(actor_unpack(view_of(cut, size), &back), "of %zu bytes", size);
        free(cut);
    }
    bytes_append_text(&packed, "x");
    cr_assert_not(actor_unpack(view_bytes(&packed), &back), "with a byte more");
}

Test(record, an_actor_of_another_version_is_none)
{
    struct actor_record actor = full_actor(), back;
    BYTES_AUTO(packed);
    actor_pack(&actor, &packed);
    packed.data[0]++;
    cr_assert_not(actor_unpack(view_bytes(&packed), &back));
}

Test(record, texts_longer_than_they_can_be_are_refused)
{
    struct actor_record actor = full_actor(), back;
    BYTES_AUTO(packed);
    actor_pack(&actor, &packed);
    size_t at = 1 + sizeof(actor.head) + 2 + sizeof(actor.owners);
    uint16_t size;
    memcpy(&size, packed.data + at, sizeof(size));
    cr_assert_eq(size, ACTOR_NAME_BYTES_MAX);
    size++;
    memcpy(packed.data + at, &size, sizeof(size));
    cr_assert_not(actor_unpack(view_bytes(&packed), &back));
    actor_pack(&actor, &packed);
    packed.data[packed.size - FULL_KEY_BYTES_MAX - 1]++;
    cr_assert_not(actor_unpack(view_bytes(&packed), &back));
}

static struct task_record full_task(void)
{
    struct task_record task;
    memset(&task, 0, sizeof(task));
    for (size_t i = 0; i < sizeof(task.head); i++)
        ((unsigned char *)&task.head)[i] = (unsigned char)(i + 1);
    task.key = view_text("key");
    task.timer = view_text("timer");
    task.caller = view_text("caller");
    task.message = view_of("a\0b\n", 4);
    task.result = view_text("result");
    return task;
}

static char *pack_task(const struct task_record *task, size_t *size_out)
{
    char *packed = memory_take(task_packed_size(task));
    task_pack(task, packed);
    *size_out = task_packed_size(task);
    return packed;
}

static void assert_same_task(const struct task_record *a, const struct task_record *b)
{
    cr_assert_eq(memcmp(&a->head, &b->head, sizeof(a->head)), 0);
    cr_assert(view_equal(a->key, b->key));
    cr_assert(view_equal(a->timer, b->timer));
    cr_assert(view_equal(a->caller, b->caller));
    cr_assert(view_equal(a->message, b->message));
    cr_assert(view_equal(a->result, b->result));
}

Test(record, a_task_comes_back_as_it_was_packed)
{
    struct task_record tasks[] = {full_task(), {.head = {.sequence = 1}}};
    for (size_t i = 0; i < 2; i++) {
        struct task_record back;
        size_t size;
        char *packed = pack_task(&tasks[i], &size);
        cr_assert(task_unpack(view_of(packed, size), &back));
        assert_same_task(&back, &tasks[i]);
        free(packed);
    }
}

Test(record, a_task_cut_short_anywhere_is_none)
{
    struct task_record task = full_task(), back;
    size_t full;
    char *packed = pack_task(&task, &full);
    for (size_t size = 0; size < full; size++) {
        char *cut = memory_take(size + 1);
        memcpy(cut, packed, size);
        cr_assert_not(task_unpack(view_of(cut, size), &back), "of %zu bytes", size);
        free(cut);
    }
    char *more = memory_take(full + 1);
    memcpy(more, packed, full);
    more[full] = 0;
    cr_assert_not(task_unpack(view_of(more, full + 1), &back), "with a byte more");
    free(more);
    packed[0]++;
    cr_assert_not(task_unpack(view_of(packed, full), &back), "of another version");
    free(packed);
}

Test(record, a_task_with_a_key_longer_than_can_be_is_none)
{
    char key[FULL_KEY_BYTES_MAX + 1];
    struct task_record task = full_task(), back;
    size_t size;
    memset(key, 'k', sizeof(key));
    task.key = view_of(key, sizeof(key));
    char *packed = pack_task(&task, &size);
    cr_assert_not(task_unpack(view_of(packed, size), &back));
    free(packed);
}

Test(record, corrupt_bytes_are_refused_or_read_within_their_bounds)
{
    struct task_record task = full_task(), back;
    struct actor_record actor = full_actor(), back_actor;
    struct log_record log = {.key = view_text("key"), .line = view_text("line\n")};
    struct log_record back_log;
    BYTES_AUTO(packed);
    size_t size;
    char *bytes = pack_task(&task, &size);
    for (size_t bit = 0; bit < size * 8; bit++) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        if (task_unpack(view_of(bytes, size), &back))
            cr_assert_leq(back.message.size + back.result.size + back.key.size, size);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
    }
    free(bytes);
    actor_pack(&actor, &packed);
    for (size_t bit = 0; bit < packed.size * 8; bit++) {
        packed.data[bit / 8] = (char)(packed.data[bit / 8] ^ 1 << bit % 8);
        if (actor_unpack(view_bytes(&packed), &back_actor))
            cr_assert_leq(strlen(back_actor.name), ACTOR_NAME_BYTES_MAX);
        packed.data[bit / 8] = (char)(packed.data[bit / 8] ^ 1 << bit % 8);
    }
    pack_log(&log, &packed);
    for (size_t bit = 0; bit < packed.size * 8; bit++) {
        packed.data[bit / 8] = (char)(packed.data[bit / 8] ^ 1 << bit % 8);
        if (log_record_unpack(view_bytes(&packed), &back_log))
            cr_assert_leq(back_log.line.size, packed.size);
        packed.data[bit / 8] = (char)(packed.data[bit / 8] ^ 1 << bit % 8);
    }
}

Test(record, a_result_that_is_the_message_is_read_from_there)
{
    struct task_record task = full_task();
    task.head.flags = TASK_RESULT_IS_MESSAGE;
    cr_assert(view_equal(task_result(&task), task.message));
    task.head.flags = TASK_KEYED;
    cr_assert(view_equal(task_result(&task), task.result));
}

Test(record, a_log_record_comes_back_as_it_was_packed)
{
    struct log_record log = {.sequence = 1,
                             .accepted_ms = 2,
                             .due_ms = -3,
                             .finished_ms = 4,
                             .attempts = 5,
                             .state = 6,
                             .keyed = 1,
                             .key = view_text("key"),
                             .line = view_text("a line\n")};
    struct log_record back;
    BYTES_AUTO(packed);
    pack_log(&log, &packed);
    cr_assert(log_record_unpack(view_bytes(&packed), &back));
    cr_assert_eq(back.sequence, 1);
    cr_assert_eq(back.accepted_ms, 2);
    cr_assert_eq(back.due_ms, -3);
    cr_assert_eq(back.finished_ms, 4);
    cr_assert_eq(back.attempts, 5);
    cr_assert_eq(back.state, 6);
    cr_assert_eq(back.keyed, 1);
    cr_assert(view_equal(back.key, log.key));
    cr_assert(view_equal(back.line, log.line));
    for (size_t size = 0; size < packed.size; size++)
        cr_assert_not(log_record_unpack(view_of(packed.data, size), &back));
}

Test(record, numbers_as_keys_sort_as_numbers)
{
    static const uint64_t numbers[] = {
        0, 1, 255, 256, 65535, 65536, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX};
    char before[8], after[8];
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        number_to_key(numbers[i], after);
        cr_assert_eq(number_from_key(after), numbers[i]);
        if (i > 0)
            cr_assert_lt(memcmp(before, after, 8), 0);
        memcpy(before, after, 8);
    }
}
