/* SPDX-License-Identifier: MIT */
/*
 * Control words (contract, section 4). The words of one write are decided together and
 * become one record; each is judged as if those before it had taken effect, so the
 * decision keeps its own copy of what they change. A write with any bad word does
 * nothing.
 */
#include "common/engine/control.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/engine/core.h"
#include "common/engine/notice.h"

#define SHOWN_BYTES_MAX                                                                \
    200 /* of a word that was refused: the reason is of bounded size */

void control_refuse(struct control *control, enum status status, const char *word,
                    struct view argument, const char *why)
{
    control->status = status;
    if (argument.size > SHOWN_BYTES_MAX)
        argument.size = SHOWN_BYTES_MAX;
    bytes_format(control->reason, "%s%s%.*s: %s", word,
                 *word && argument.size ? " " : "", (int)argument.size, argument.data,
                 why);
}

void control_add(struct control *control, const struct change *change)
{
    record_add(control->engine, change);
    control->changed = true;
}

static void set_flags(struct control *control, uint32_t set, uint32_t clear)
{
    control->head.flags = (control->head.flags & ~clear) | set;
    struct change change = {
        .type = CHANGE_FLAGS, .actor = control->head.id, .flags = control->head.flags};
    control_add(control, &change);
}

/* -------------------------------------------------------------------------- words */

static void suspend(struct control *control)
{
    set_flags(control, ACTOR_SUSPENDED, 0);
}

static void resume(struct control *control)
{
    set_flags(control, 0, ACTOR_SUSPENDED);
}

static void retire(struct control *control)
{
    set_flags(control, ACTOR_RETIRING, 0);
}

static void restart(struct control *control)
{
    control->restarts = true;
}

struct word {
    const char *text;
    void (*act)(struct control *control);
    void (*act_on)(struct control *control, struct view argument);
};

static const struct word words[] = {
    {"suspend", suspend, NULL},
    {"resume", resume, NULL},
    {"clear", control_clear, NULL},
    {"restart", restart, NULL},
    {"retire", retire, NULL},
    {"retry", NULL, control_retry},
    {"cancel", NULL, control_cancel},
    {"forget", NULL, control_forget},
    {"canceltimer", NULL, control_cancel_timer},
    {"watch", NULL, control_watch},
    {"unwatch", NULL, control_unwatch},
    {"link", NULL, control_link},
    {"unlink", NULL, control_unlink},
};

static const char words_known[] =
    "not a control word; known are suspend, resume, retry KEY, retry failed, cancel "
    "KEY, "
    "forget KEY, clear, restart, retire, canceltimer NAME, watch A, unwatch A, link A, "
    "unlink A";

static void act_on_line(struct control *control, struct view line)
{
    const char *space = memchr(line.data, ' ', line.size);
    struct view word = space ? view_of(line.data, (size_t)(space - line.data)) : line;
    control->ended_before = control->ended.count;
    struct view argument = view_of(word.data + word.size, line.size - word.size);
    while (argument.size && *argument.data == ' ')
        argument = view_of(argument.data + 1, argument.size - 1);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!view_equal(word, view_text(words[i].text)) ||
            (argument.size == 0) != (words[i].act != NULL))
            continue;
        if (words[i].act)
            words[i].act(control);
        else
            words[i].act_on(control, argument);
        return;
    }
    control_refuse(control, STATUS_INVALID, "", line, words_known);
}

/* A line of the file's own form, as an editor writes it back. */
static bool is_shown_line(struct view line)
{
    const char *colon = memchr(line.data, ':', line.size);
    return colon && (colon + 1 == line.data + line.size || colon[1] == ' ') &&
           !memchr(line.data, ' ', (size_t)(colon - line.data));
}

static void act_on_lines(struct control *control, struct view lines)
{
    while (lines.size && !control->status) {
        const char *end = memchr(lines.data, '\n', lines.size);
        size_t size = end ? (size_t)(end - lines.data) : lines.size;
        struct view line = text_trimmed(view_of(lines.data, size), " \t\r");
        if (line.size && !is_shown_line(line))
            act_on_line(control, line);
        size += end != NULL;
        lines = view_of(lines.data + size, lines.size - size);
    }
}

/* The words have taken effect. */
static void follow_up(struct control *control)
{
    struct actor *actor = control->actor;
    struct behavior *behavior =
        control->restarts ? behavior_of(control->engine->behaviors, &actor->record)
                          : NULL;
    if (control->voids_turn)
        turn_void(actor);
    if (behavior && behavior->restart)
        behavior->restart(behavior);
}

static void finish(struct control *control, struct request *request)
{
    struct engine *engine = control->engine;
    struct actor *actor = control->actor;
    enum status status = control->changed ? record_commit(engine) : STATUS_OK;
    if (!status) {
        follow_up(control);
        if (!decide_retire(engine, actor))
            scheduler_offer(engine, actor);
    }
    decide_committed(engine, request, status);
}

void decide_control(struct engine *engine, struct request *request)
{
    BYTES_AUTO(reason);
    struct actor *actor = actor_get(engine, request->actor);
    if (!actor) {
        decide_answer(engine, request, STATUS_NOT_FOUND, "no such actor");
        return;
    }
    struct control control = {.engine = engine,
                              .actor = actor,
                              .head = actor->record.head,
                              .reason = &reason};
    record_begin(engine);
    act_on_lines(&control, view_bytes(&request->text));
    if (control.status)
        decide_answer(engine, request, control.status, "%.*s", (int)reason.size,
                      reason.data);
    else
        finish(&control, request);
    free(control.ended.list);
    free(control.bonds);
}

enum status control_line(struct engine *engine, struct actor *actor, struct actor *me,
                         struct view line, struct bytes *reason)
{
    struct control control = {.engine = engine,
                              .actor = actor,
                              .me = me,
                              .head = actor->record.head,
                              .reason = reason};
    const char *end = line.size ? memchr(line.data, '\n', line.size) : NULL;
    ENSURE(engine->record_is_open);
    if (end)
        line.size = (size_t)(end - line.data);
    act_on_lines(&control, line);
    if (!control.status) {
        follow_up(&control);
        record_tell(engine, actor->id);
    }
    free(control.ended.list);
    free(control.bonds);
    return control.status;
}

size_t control_bytes_max(struct engine *engine, const struct actor *actor,
                         struct view line)
{
    static const struct change retry = {.type = CHANGE_RETRY};
    size_t told = 4, retried = 0;
    if (view_starts_with(line, "clear"))
        told += 2 * actor_unfinished(actor);
    if (view_starts_with(line, "retry"))
        retried = actor->record.head.counts.failed;
    return told * (NOTICE_BYTES_MAX + notice_letter_bytes_max(engine)) +
           retried * change_size_max(&retry);
}
