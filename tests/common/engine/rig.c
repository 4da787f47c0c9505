/* SPDX-License-Identifier: MIT */
#include "tests/common/engine/rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "common/base/foldertree.h"

#define NOON_MS INT64_C(1766664000000) /* 2025-12-25T12:00:00Z */
#define SEGMENT_BYTES (1u << 20)
#define STEPS_MAX 100000

static int64_t rig_wall_ms(struct clock *clock)
{
    return ((struct rig *)clock)->wall_ms;
}

static int64_t rig_monotonic_ns(struct clock *clock)
{
    return ((struct rig *)clock)->monotonic_ns;
}

void rig_init(struct rig *rig)
{
    *rig = (struct rig){
        .clock = {.wall_ms = rig_wall_ms, .monotonic_ns = rig_monotonic_ns},
        .wall_ms = NOON_MS,
        .monotonic_ns = 1000000000,
        .folder = "/tmp/actorfs-engine-XXXXXX"};
    cr_assert_not_null(mkdtemp(rig->folder));
    rig->faulty = faulty_disk_open(1);
    engine_options_init(&rig->options);
    rig->options.clock = &rig->clock;
    rig->options.journal_disk = faulty_disk_interface(rig->faulty);
    rig->options.segment_bytes = SEGMENT_BYTES;
}

void rig_open(struct rig *rig)
{
    BYTES_AUTO(message);
    enum status status =
        engine_open(rig->folder, &rig->options, &rig->engine, &message);
    cr_assert_eq(status, STATUS_OK, "%s: %.*s", status_text(status), (int)message.size,
                 message.data);
}

void rig_close(struct rig *rig)
{
    if (rig->engine) {
        engine_stop(rig->engine); /* if it was started */
        rig_check(rig);
    }
    engine_close(rig->engine);
    faulty_disk_close(rig->faulty);
    cr_expect(foldertree_remove(AT_FDCWD, rig->folder));
}

void rig_check(struct rig *rig)
{
    BYTES_AUTO(faults);
    rig_run(rig);
    cr_expect_eq(engine_check(rig->engine, &faults), 0, "%.*s", (int)faults.size,
                 faults.data);
}

void rig_reopen(struct rig *rig)
{
    engine_close(rig->engine);
    faulty_disk_kill(rig->faulty);
    rig_open(rig);
}

void rig_crash(struct rig *rig)
{
    engine_close(rig->engine);
    faulty_disk_crash(rig->faulty);
    rig_open(rig);
}

void rig_advance(struct rig *rig, int64_t ms)
{
    rig->wall_ms += ms;
    rig->monotonic_ns += ms * 1000000;
}

void rig_run(struct rig *rig)
{
    unsigned steps = 0;
    do {
        core_step(rig->engine);
        core_commit(rig->engine);
        cr_assert_lt(++steps, STEPS_MAX, "the engine does not come to rest");
    } while (rig->engine->queue.first || core_idle_ns(rig->engine) == 0);
}

void rig_tidy(struct rig *rig)
{
    rig_run(rig);
    cr_assert_eq(checkpoint_now(rig->engine), STATUS_OK);
}

/* ------------------------------------------------------------------ asking --- */

void rig_done(void *context, const struct engine_answer *answer)
{
    struct reply *reply = context;
    cr_assert_not_null(answer->detail);
    *reply = (struct reply){.called = reply->called + 1,
                            .status = answer->status,
                            .actor = answer->actor,
                            .sequence = answer->sequence,
                            .version = answer->version,
                            .replayed = answer->replayed};
    snprintf(reply->detail, sizeof(reply->detail), "%s", answer->detail);
}

static struct reply answered(struct rig *rig, const struct reply *reply)
{
    rig_run(rig);
    cr_assert_eq(reply->called, 1);
    return *reply;
}

uint64_t rig_create(struct rig *rig, const char *name)
{
    struct engine_owner owner = {.uid = 1, .gid = 2, .mode = 0755};
    struct reply reply = {0};
    engine_create(rig->engine, view_text(name), &owner, rig_done, &reply);
    answered(rig, &reply);
    cr_assert_eq(reply.status, STATUS_OK, "%s: %s", name, reply.detail);
    return reply.actor;
}

struct reply rig_remove(struct rig *rig, uint64_t actor)
{
    struct reply reply = {0};
    engine_remove(rig->engine, actor, rig_done, &reply);
    return answered(rig, &reply);
}

struct parameters rig_parameters(const char *name)
{
    struct parameters parameters;
    struct view base;
    cr_assert_eq(name_parse(view_text(name), &base, &parameters), STATUS_OK, "%s",
                 name);
    return parameters;
}

struct key rig_key(const char *name)
{
    struct key key;
    cr_assert_eq(key_from_name(view_text(name), &key), STATUS_OK, "%s", name);
    return key;
}

void rig_ask_send(struct rig *rig, uint64_t actor, const char *name,
                  const char *message, struct reply *reply)
{
    struct parameters parameters = rig_parameters(name);
    struct view bytes = view_text(message);
    struct engine_send send = {.actor = actor,
                               .messages = &bytes,
                               .count = 1,
                               .parameters = &parameters,
                               .first_line = 1};
    *reply = (struct reply){0};
    engine_send(rig->engine, &send, rig_done, reply);
}

struct reply rig_send(struct rig *rig, uint64_t actor, const char *name,
                      const char *message)
{
    struct reply reply;
    rig_ask_send(rig, actor, name, message, &reply);
    return answered(rig, &reply);
}

struct reply rig_send_many(struct rig *rig, uint64_t actor, const char *name,
                           size_t count)
{
    struct parameters parameters = rig_parameters(name);
    struct view *messages = memory_take(count * sizeof(*messages));
    char *texts = memory_take(count * 8);
    struct reply reply = {0};
    for (size_t i = 0; i < count; i++)
        messages[i] = view_of(texts + i * 8,
                              (size_t)snprintf(texts + i * 8, 8, "%zu", i % 1000000));
    struct engine_send send = {.actor = actor,
                               .messages = messages,
                               .count = count,
                               .parameters = &parameters,
                               .first_line = 1};
    engine_send(rig->engine, &send, rig_done, &reply);
    free(messages);
    free(texts);
    return answered(rig, &reply);
}

struct reply rig_control(struct rig *rig, uint64_t actor, const char *lines)
{
    struct reply reply = {0};
    engine_control(rig->engine, actor, view_text(lines), rig_done, &reply);
    return answered(rig, &reply);
}

struct reply rig_set_state(struct rig *rig, uint64_t actor, const char *state,
                           uint64_t expected_version)
{
    struct reply reply = {0};
    engine_set_state(rig->engine, actor, view_text(state), view_text("text/plain"),
                     expected_version, rig_done, &reply);
    return answered(rig, &reply);
}

struct reply rig_set_behavior(struct rig *rig, uint64_t actor, const char *name)
{
    struct reply reply = {0};
    engine_set_behavior(rig->engine, actor, view_text(name), rig_done, &reply);
    return answered(rig, &reply);
}

/* ----------------------------------------------------------------- reading --- */

static const char *text_of(struct bytes *bytes)
{
    bytes_append(bytes, view_of("", 1));
    return bytes->data;
}

struct actor_info rig_info(struct rig *rig, uint64_t actor)
{
    struct actor_info info;
    cr_assert_eq(engine_actor(rig->engine, actor, &info), STATUS_OK);
    return info;
}

const char *rig_outcome(struct rig *rig, uint64_t actor, const char *name,
                        enum status *status_out)
{
    static struct bytes out;
    struct key key = rig_key(name);
    bytes_clear(&out);
    *status_out = engine_outcome(rig->engine, actor, &key, &out);
    return text_of(&out);
}

const char *rig_state(struct rig *rig, uint64_t actor)
{
    static struct bytes out;
    uint64_t version;
    bytes_clear(&out);
    cr_assert_eq(engine_state(rig->engine, actor, &out, &version), STATUS_OK);
    return text_of(&out);
}

const char *rig_log(struct rig *rig, uint64_t actor)
{
    static struct bytes out;
    bytes_clear(&out);
    cr_assert_eq(engine_log(rig->engine, actor, &out), STATUS_OK);
    return text_of(&out);
}

const char *rig_result(struct rig *rig, uint64_t actor)
{
    static struct bytes out;
    bytes_clear(&out);
    cr_assert_eq(engine_last_result(rig->engine, actor, &out), STATUS_OK);
    return text_of(&out);
}

const char *rig_attention(struct rig *rig)
{
    static struct bytes out;
    bytes_clear(&out);
    engine_attention(rig->engine, &out);
    return text_of(&out);
}

static void append_task(void *context, const struct task_info *task)
{
    bytes_format(context, "%llu %s ", (unsigned long long)task->sequence,
                 task_state_text(task->state));
    key_append_encoded(context, &task->key);
    bytes_append_text(context, ";");
}

const char *rig_mailbox(struct rig *rig, uint64_t actor)
{
    static struct bytes out;
    bytes_clear(&out);
    cr_assert_eq(engine_mailbox(rig->engine, actor, append_task, &out), STATUS_OK);
    return text_of(&out);
}

void rig_expect(struct rig *rig, uint64_t actor, const char *key, enum status status,
                const char *text)
{
    enum status is;
    const char *out = rig_outcome(rig, actor, key, &is);
    cr_assert_eq(is, status, "%s: %s, not %s", key, status_text(is),
                 status_text(status));
    cr_assert_str_eq(out, text, "%s: %s, not %s", key, out, text);
}
