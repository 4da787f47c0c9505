/* SPDX-License-Identifier: MIT */
/* Generations of receipts: filled for a while, expired by the store's clock, dropped.
 */
#include "common/journal/receipts.h"

#include <stdlib.h>

#include <criterion/criterion.h>

#include "tests/common/journal/scratch.h"

static const char *folder;
static struct store *store;
static struct receipts *receipts;

static void open_store(void)
{
    BYTES_AUTO(message);
    struct store_writer *writer;
    cr_assert_eq(store_open(folder, false, &store, &message), STATUS_OK);
    cr_assert_eq(store_write_begin(store, &writer), STATUS_OK);
    cr_assert_eq(store_open_table(writer, "meta", true, &receipts->meta), STATUS_OK);
    cr_assert_eq(generations_load(writer, receipts->meta, &receipts->now), STATUS_OK);
    cr_assert_eq(store_commit(writer), STATUS_OK);
}

static void setup(void)
{
    folder = scratch_make();
    receipts = memory_take_zeroed(1, sizeof(*receipts));
    receipts->retention_ms[RECEIPT_DONE] = 400;
    receipts->retention_ms[RECEIPT_FAILED] = 4000;
    receipts->retention_ms[RECEIPT_KEYLESS] = 40;
    open_store();
}

static void teardown(void)
{
    store_close(store);
    free(receipts);
    scratch_remove();
}

TestSuite(receipts, .init = setup, .fini = teardown);

/* The generation that takes a receipt of that class at that time; a checkpoint. */
static uint32_t fill(enum receipt_class class, int64_t clock_ms)
{
    struct store_writer *writer;
    struct generation *generation, *same;
    receipts->clock_ms = clock_ms;
    memset(receipts->current, 0, sizeof(receipts->current));
    cr_assert_eq(store_write_begin(store, &writer), STATUS_OK);
    cr_assert_eq(receipts_current(receipts, writer, class, &generation), STATUS_OK);
    cr_assert_eq(receipts_current(receipts, writer, class, &same), STATUS_OK);
    cr_assert_eq(generation, same);
    cr_assert_eq(generation->class, class);
    cr_assert_eq(generation->last_ms, clock_ms);
    cr_assert_eq(
        store_put(writer, generation->done, view_text("k"), view_text("receipt")),
        STATUS_OK);
    uint32_t number = generation->number;
    cr_assert_eq(store_commit(writer), STATUS_OK);
    return number;
}

static uint32_t expire(int64_t clock_ms, struct generations *expired)
{
    receipts->clock_ms = clock_ms;
    receipts_expire(receipts, expired);
    return expired->count;
}

static bool has(uint32_t number)
{
    for (uint32_t i = 0; i < receipts->now.count; i++)
        if (receipts->now.list[i].number == number)
            return true;
    return false;
}

Test(receipts, a_generation_is_filled_for_a_quarter_of_its_retention)
{
    uint32_t first = fill(RECEIPT_DONE, 1000);
    cr_assert_eq(fill(RECEIPT_DONE, 1050), first);
    cr_assert_eq(fill(RECEIPT_DONE, 1100), first);
    uint32_t second = fill(RECEIPT_DONE, 1101);
    cr_assert_gt(second, first);
    cr_assert_eq(fill(RECEIPT_DONE, 1150), second);
}

Test(receipts, each_class_has_generations_of_its_own)
{
    uint32_t done = fill(RECEIPT_DONE, 1000), failed = fill(RECEIPT_FAILED, 1000);
    uint32_t keyless = fill(RECEIPT_KEYLESS, 1000);
    cr_assert_neq(done, failed);
    cr_assert_neq(failed, keyless);
    cr_assert_eq(fill(RECEIPT_FAILED, 1999), failed);
    cr_assert_eq(fill(RECEIPT_DONE, 1099), done);
    cr_assert_neq(fill(RECEIPT_KEYLESS, 1020), keyless);
}

Test(receipts, a_generation_expires_after_its_youngest_receipt)
{
    struct generations expired;
    uint32_t number = fill(RECEIPT_DONE, 1000);
    fill(RECEIPT_DONE, 1080);
    cr_assert_eq(expire(1480, &expired), 0);
    cr_assert_eq(expire(1481, &expired), 1);
    cr_assert_eq(expired.list[0].number, number);
    cr_assert_not(has(number));
    cr_assert_eq(expire(1481, &expired), 0);
}

Test(receipts, each_class_expires_by_its_own_retention)
{
    struct generations expired;
    uint32_t done = fill(RECEIPT_DONE, 1000), failed = fill(RECEIPT_FAILED, 1000);
    fill(RECEIPT_KEYLESS, 1000);
    cr_assert_eq(expire(1041, &expired), 1);
    cr_assert_eq(expired.list[0].class, RECEIPT_KEYLESS);
    cr_assert_eq(expire(1401, &expired), 1);
    cr_assert_eq(expired.list[0].number, done);
    cr_assert(has(failed));
    cr_assert_eq(expire(5001, &expired), 1);
    cr_assert_eq(receipts->now.count, 0);
}

Test(receipts, opened_again_the_generations_are_there_and_go_on)
{
    uint32_t first = fill(RECEIPT_DONE, 1000), second = fill(RECEIPT_DONE, 1200);
    uint32_t failed = fill(RECEIPT_FAILED, 1200);
    store_close(store);
    open_store();
    cr_assert_eq(receipts->now.count, 3);
    cr_assert(has(first) && has(second) && has(failed));
    cr_assert_eq(fill(RECEIPT_DONE, 1250), second);
    cr_assert_gt(fill(RECEIPT_DONE, 1400), failed);
    struct store_reader *reader = store_read_begin(store);
    struct view value;
    cr_assert(store_get(reader, receipts->now.list[0].done, view_text("k"), &value));
    store_read_end(reader);
}

Test(receipts, dropped_generations_are_gone_for_good_and_their_numbers_too)
{
    struct generations expired;
    struct store_writer *writer;
    uint32_t first = fill(RECEIPT_DONE, 1000), second = fill(RECEIPT_DONE, 1200);
    cr_assert_eq(expire(1450, &expired), 1);
    cr_assert_eq(store_write_begin(store, &writer), STATUS_OK);
    cr_assert_eq(receipts_drop(writer, receipts->meta, &expired), STATUS_OK);
    cr_assert_eq(store_commit(writer), STATUS_OK);
    store_close(store);
    open_store();
    cr_assert_not(has(first));
    cr_assert(has(second));
    cr_assert_gt(fill(RECEIPT_DONE, 1500), second);
}

Test(receipts, generations_expired_and_not_yet_dropped_are_found_again)
{
    struct generations expired;
    uint32_t first = fill(RECEIPT_DONE, 1000);
    cr_assert_eq(expire(1450, &expired), 1);
    store_close(store);
    open_store();
    cr_assert(has(first));
    cr_assert_eq(expire(1450, &expired), 1);
}

Test(receipts, a_drop_that_was_aborted_can_be_done_again)
{
    struct generations expired;
    struct store_writer *writer;
    uint32_t first = fill(RECEIPT_DONE, 1000);
    fill(RECEIPT_DONE, 1200);
    cr_assert_eq(expire(1450, &expired), 1);
    cr_assert_eq(store_write_begin(store, &writer), STATUS_OK);
    cr_assert_eq(receipts_drop(writer, receipts->meta, &expired), STATUS_OK);
    store_abort(writer);
    cr_assert_eq(store_write_begin(store, &writer), STATUS_OK);
    cr_assert_eq(receipts_drop(writer, receipts->meta, &expired), STATUS_OK);
    cr_assert_eq(store_commit(writer), STATUS_OK);
    store_close(store);
    open_store();
    cr_assert_not(has(first));
}

Test(receipts, years_of_use_need_few_generations)
{
    struct generations expired;
    struct store_writer *writer;
    for (int64_t clock_ms = 0; clock_ms < 100000; clock_ms += 37) {
        fill(RECEIPT_DONE, clock_ms);
        fill(RECEIPT_FAILED, clock_ms);
        fill(RECEIPT_KEYLESS, clock_ms);
        if (expire(clock_ms, &expired) == 0)
            continue;
        cr_assert_eq(store_write_begin(store, &writer), STATUS_OK);
        cr_assert_eq(receipts_drop(writer, receipts->meta, &expired), STATUS_OK);
        cr_assert_eq(store_commit(writer), STATUS_OK);
    }
    cr_assert_leq(receipts->now.count, 18);
}
