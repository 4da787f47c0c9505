/* SPDX-License-Identifier: MIT */
/*
 * The log is a chain of segments: each begins with the sequence that follows the last
 * valid record of the one before, and its incarnation is not lower. Why that finds what
 * was acknowledged, and nothing else, wherever a crash came:
 *
 * - An opening (opening.c) turns the chain it found into one of its own incarnation
 *   from the last segment to the first, each copy complete and synced before it gets
 *   its name. Where two segments begin with the same sequence, the higher incarnation
 *   is thus a whole copy of the other, and is taken first. The chain is right with any
 *   number of its last segments replaced.
 * - It starts in the highest incarnation that has a segment beginning at or before the
 *   first record asked for, in the last one such. The first segment of an incarnation
 *   is named after all its others, so whatever began earlier is not needed.
 * - Records that were torn off the end of the log in one incarnation, and written anew
 *   in a later one, never come back: behind the later ones they would be of a lower
 *   incarnation, and before them they are not next.
 *
 * A file whose head does not agree with its name holds nothing: it was recycled, or
 * named for records that were never synced, hence never acknowledged.
 */
#include "common/journal/replay.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/log.h"

/* ------------------------------------------------------------------------ finding */

struct finding {
    struct replay *replay;
    enum status status;
};

static void find_one(void *context, const char *name, uint64_t bytes)
{
    struct finding *finding = context;
    struct segment values;
    struct segment *segment;

    if (finding->status != STATUS_OK || !segment_parse_name(name, &values))
        return;
    values.bytes = bytes;
    finding->status = segment_open(finding->replay->disk, &values, &segment);
    if (finding->status == STATUS_OK) {
        segment->next = finding->replay->rest;
        finding->replay->rest = segment;
    }
}

enum status replay_find(struct replay *replay, struct disk *disk)
{
    struct finding finding = {.replay = replay};
    enum status status;

    replay->disk = disk;
    status = disk->list(disk, find_one, &finding);
    return status == STATUS_OK ? finding.status : status;
}

/* ----------------------------------------------------------------------- choosing */

/* Where the chain goes on. Before it has begun, `begun` is false and `next` is the
   first record asked for. */
struct place {
    bool begun;
    uint64_t next;
    uint32_t incarnation;
};

static bool may_follow(const struct segment *segment, const struct place *place)
{
    if (segment->kind != SEGMENT_LIVE || segment->records > 0)
        return false;
    if (!place->begun)
        return segment->first <= place->next;
    return segment->first == place->next && segment->incarnation >= place->incarnation;
}

static bool is_better(const struct segment *left, const struct segment *right)
{
    if (left->incarnation != right->incarnation)
        return left->incarnation > right->incarnation;
    return left->first > right->first;
}

/* Takes the segment to try next out of `candidates`; null when there is none. */
static struct segment *take_best(struct segment **candidates, const struct place *place)
{
    struct segment **best = NULL;
    struct segment *taken;

    for (struct segment **link = candidates; *link != NULL; link = &(*link)->next)
        if (may_follow(*link, place) && (best == NULL || is_better(*link, *best)))
            best = link;
    if (best == NULL)
        return NULL;
    taken = *best;
    *best = taken->next;
    return taken;
}

static void push(struct segment **list, struct segment *segment)
{
    segment->next = *list;
    *list = segment;
}

static void push_chain(struct replay *replay, struct segment *segment)
{
    if (replay->chain_count == replay->chain_capacity) {
        replay->chain_capacity = replay->chain_capacity * 2 + 8;
        replay->chain = memory_resize(replay->chain, replay->chain_capacity *
                                                         sizeof(replay->chain[0]));
    }
    replay->chain[replay->chain_count++] = segment;
}

/* ------------------------------------------------------------------------ reading */

struct reading {
    struct segment_reader reader;
    uint64_t after;
    journal_replay_fn *each;
    void *context;
    bool is_torn; /* so ended the last run */
};

/* Counts the segment's records and hands on those that were asked for. OK at the end of
   its run, also where it has none. */
static enum status read_segment(struct reading *reading, struct disk *disk,
                                struct segment *segment)
{
    enum status status = segment_read_start(&reading->reader, disk, segment);
    struct view body;

    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    reading->is_torn = false;
    while ((status = segment_read_next(&reading->reader, &body)) == STATUS_OK) {
        uint64_t sequence = segment->first + segment->records++;

        if (sequence > reading->after)
            status = reading->each(reading->context, sequence, body);
        if (status != STATUS_OK)
            return status;
    }
    reading->is_torn = reading->reader.is_torn;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* Follows the chain to its end. Segments that turn out to hold nothing go to `empty`.
 */
static enum status follow(struct replay *replay, struct reading *reading,
                          struct place *place, struct segment **empty)
{
    struct segment *segment;

    while ((segment = take_best(&replay->rest, place)) != NULL) {
        enum status status = read_segment(reading, replay->disk, segment);

        if (status != STATUS_OK) {
            push(empty, segment);
            return status;
        }
        if (segment->records == 0) {
            push(empty, segment);
            continue;
        }
        push_chain(replay, segment);
        place->begun = true;
        place->next = segment->first + segment->records;
        place->incarnation = segment->incarnation;
    }
    return STATUS_OK;
}

/* A batch that spans two segments may leave its second half behind a power failure; so
   this is no proof of a loss, and yet the only trace that one would leave. */
static void note_end(struct replay *replay, const struct reading *reading,
                     const struct place *place)
{
    replay->end.is_torn = reading->is_torn;
    if (reading->is_torn)
        log_warning("journal: record %" PRIu64
                    " is torn or corrupt: the log ends there",
                    place->next);
    for (const struct segment *one = replay->rest; one != NULL; one = one->next)
        if (one->kind == SEGMENT_LIVE && one->first > place->next &&
            one->incarnation >= place->incarnation) {
            replay->end.is_cut_off = true;
            log_warning("journal: what begins at record %" PRIu64
                        " is left out, for the "
                        "log ends before record %" PRIu64,
                        one->first, place->next);
        }
}

/* A journal whose records are all in LMDB still has a spare. */
static void note_missing(struct replay *replay, uint64_t after)
{
    replay->end.is_missing = after > 0 && replay->rest == NULL;
    if (replay->end.is_missing)
        log_warning("journal: there is none, though record %" PRIu64 " was written",
                    after);
}

static enum status check_incarnations(const struct replay *replay, uint32_t incarnation)
{
    for (const struct segment *one = replay->rest; one != NULL; one = one->next)
        if (one->kind == SEGMENT_LIVE && one->incarnation >= incarnation) {
            log_error("journal: a segment is of incarnation %" PRIu32
                      ", this opening only of %" PRIu32,
                      one->incarnation, incarnation);
            return STATUS_INVALID;
        }
    return STATUS_OK;
}

enum status replay_run(struct replay *replay, uint64_t after, uint32_t incarnation,
                       journal_replay_fn *each, void *context)
{
    struct reading reading = {.after = after, .each = each, .context = context};
    struct place place = {.next = after + 1};
    struct segment *empty = NULL;
    struct segment *segment;
    enum status status = check_incarnations(replay, incarnation);

    if (status != STATUS_OK)
        return status;
    note_missing(replay, after);
    status = follow(replay, &reading, &place, &empty);
    if (status == STATUS_OK)
        note_end(replay, &reading, &place);
    while ((segment = empty) != NULL) {
        empty = segment->next;
        push(&replay->rest, segment);
    }
    replay->last = place.begun && place.next > after + 1 ? place.next - 1 : after;
    segment_read_end(&reading.reader);
    return status;
}

void replay_free(struct replay *replay)
{
    struct segment *segment;

    for (size_t i = 0; i < replay->chain_count; i++)
        segment_close(replay->disk, replay->chain[i]);
    while ((segment = replay->rest) != NULL) {
        replay->rest = segment->next;
        segment_close(replay->disk, segment);
    }
    free(replay->chain);
    *replay = (struct replay){0};
}
