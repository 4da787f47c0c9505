/* SPDX-License-Identifier: MIT */
/*
 * Every operation is one system call that matters, so that its answer is one errno. An
 * errno is right, wrong, or the daemon's end: once the round is `ending`, or the mount
 * says that nobody is there, the answer stays open and the writer ends.
 */
#include "tests/crash/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/mounted.h"

static const char *path_of(const struct writer *writer, int actor, const char *file)
{
    static char path[512];
    char name[64];
    actor_name(writer->generation, actor, name, sizeof name);
    snprintf(path, sizeof path, "%s/%s/%s", writer->actors_path, name, file);
    return path;
}

static _Noreturn void report_fault(struct writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static _Noreturn void report_fault(struct writer *writer, const char *format, ...)
{
    if (writer->round->faulty++ == 0) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(writer->round->fault, sizeof writer->round->fault, format, arguments);
        va_end(arguments);
        writer->round->writer_of_fault = writer->number;
    }
    _exit(1);
}

static bool is_the_end(const struct writer *writer, int error)
{
    return error == ENOTCONN || error == ECONNABORTED ||
           (error != 0 && writer->round->ending);
}

/* ------------------------------------------------------------- writing it down --- */

static struct op *begin(struct writer *writer, enum op_kind kind, int actor, char space,
                        uint32_t index)
{
    uint32_t number = writer->round->op_count[writer->number];
    if (number == OPS_PER_WRITER)
        _exit(0);
    struct op *op = &writer->round->ops[writer->number][number];
    *op = (struct op){.kind = kind, .actor = actor, .space = space, .index = index};
    op->begin_wall_ms = wall_now_ms();
    op->begin_ns = clock_now_ns();
    return op;
}

/* From here on the auditor counts on it: before the call that may take effect. */
static void publish(struct writer *writer)
{
    writer->round->op_count[writer->number]++;
}

/* Takes an answer down. Errors in `right` are refusals as they should be. */
static void end(struct writer *writer, struct op *op, int error, const int *right)
{
    int64_t now = clock_now_ns();
    if (is_the_end(writer, error))
        _exit(0);
    for (; error != 0 && right != NULL && *right != 0; right++) {
        if (error == *right) {
            op->answer = ANSWER_REFUSED;
            return;
        }
    }
    if (error != 0)
        report_fault(writer, "operation %d on actor %d, key %c%u: %s", (int)op->kind,
                     op->actor, op->space != 0 ? op->space : '-', op->index,
                     strerror(error));
    op->end_ns = now;
    op->answer = ANSWER_DONE;
    ledger_note(&writer->ledgers[op->actor], op);
}

/* ------------------------------------------------------------------ operations --- */

static void append_message(struct bytes *out, int actor, char space, uint32_t index,
                           uint32_t epoch)
{
    for (uint32_t line = 1; line <= key_lines(space, index); line++)
        key_message(out, actor, space, index, line, epoch);
}

static const char *send_path(const struct writer *writer, const struct op *op)
{
    char file[128], key[40], delay[40] = "";
    key_text(op->space, op->index, 1, key, sizeof key);
    if (key_delay_ms(op->space, op->index) > 0)
        snprintf(delay, sizeof delay, ",delay=%lldms",
                 (long long)key_delay_ms(op->space, op->index));
    snprintf(file, sizeof file, "%s@%s%s", op->space == 'x' ? "execute" : "tasks", key,
             op->space == 'x' ? ",wait=250ms" : delay);
    return path_of(writer, op->actor, file);
}

static void send_key(struct writer *writer, int actor, char space, uint32_t index,
                     uint32_t epoch)
{
    BYTES_AUTO(message);
    struct op *op = begin(writer, OP_SEND, actor, space, index);
    bool appends = space == 'm' || random_below(&writer->random, 2) == 0;
    op->epoch = epoch;
    append_message(&message, actor, space, index, epoch);
    publish(writer);
    int error = file_write(send_path(writer, op),
                           O_WRONLY | O_CREAT | (appends ? O_APPEND : O_TRUNC),
                           view_bytes(&message));
    /* Of execute: the wait ran out, the message is in; or the turn failed. */
    if (space == 'x' && (error == ETIMEDOUT || error == EREMOTEIO))
        error = 0;
    end(writer, op, error, space == 'x' ? (const int[]){EBUSY, 0} : NULL);
}

static void send_keyless(struct writer *writer, int actor)
{
    BYTES_AUTO(message);
    struct op *op = begin(writer, OP_KEYLESS, actor, 0, 0);
    bytes_format(&message, "%d\n", KEYLESS_VALUE);
    publish(writer);
    end(writer, op,
        file_write(path_of(writer, actor, "tasks"), O_WRONLY | O_APPEND,
                   view_bytes(&message)),
        NULL);
}

static bool is_certain(const struct record *record)
{
    return record->first_end_ns != NEVER_NS && strchr("krdbx", record->space) != NULL;
}

static void send_conflict(struct writer *writer, int actor)
{
    const struct record *record =
        ledger_pick(&writer->ledgers[actor], &writer->random, is_certain);
    char file[128], key[64];
    if (record == NULL)
        return;
    struct op *op = begin(writer, OP_CONFLICT, actor, record->space, record->index);
    key_text(record->space, record->index, 1, key, sizeof key);
    snprintf(file, sizeof file, "tasks@%s", key);
    publish(writer);
    int error = file_write(path_of(writer, actor, file), O_WRONLY | O_CREAT | O_APPEND,
                           view_text("other bytes\n"));
    if (error == 0)
        report_fault(writer, "other bytes were taken for the known key %s", key);
    end(writer, op, error, (const int[]){EEXIST, 0});
}

static void write_state(struct writer *writer, int actor)
{
    BYTES_AUTO(state);
    if (actor_behavior(actor) == BEHAVIOR_ECHO)
        return;
    struct op *op = begin(writer, OP_STATE, actor, 0, 0);
    /* A number that no other state write has. */
    op->value =
        1 +
        ((int64_t)writer->round_number * WRITERS + writer->number) * OPS_PER_WRITER +
        (op - writer->round->ops[writer->number]);
    bytes_format(&state, "%lld\n", (long long)(op->value * LINEAGE));
    publish(writer);
    end(writer, op,
        file_write(path_of(writer, actor, "state"), O_WRONLY | O_TRUNC,
                   view_bytes(&state)),
        NULL);
}

/* Reads without waiting what came of a key, and compares it with what must have. */
static void read_key(struct writer *writer, int actor)
{
    const struct record *record =
        ledger_pick(&writer->ledgers[actor], &writer->random, is_certain);
    char file[128], key[64], text[8192] = "";
    BYTES_AUTO(wanted);
    if (record == NULL || record->space == 'b')
        return;
    struct op *op = begin(writer, OP_READ, actor, record->space, record->index);
    key_text(record->space, record->index, 1, key, sizeof key);
    snprintf(file, sizeof file, "tasks@%s", key);
    int fd = open(path_of(writer, actor, file), O_RDONLY | O_NONBLOCK);
    ssize_t got = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    int error = got < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    if (actor_behavior(actor) == BEHAVIOR_ECHO)
        key_message(&wanted, actor, op->space, op->index, 1, 0);
    if (error == 0 && actor_behavior(actor) != BEHAVIOR_COUNTER &&
        !view_equal(view_of(text, (size_t)got), view_bytes(&wanted)))
        report_fault(writer, "%s of actor %d reads as %.200s", key, actor, text);
    op->value = strtoll(text, NULL, 10);
    publish(writer);
    end(writer, op, error, (const int[]){EAGAIN, 0});
}

static void say(struct writer *writer, enum op_kind kind, int actor, char space,
                uint32_t index)
{
    static const char *const words[] = {[OP_SUSPEND] = "suspend",
                                        [OP_RESUME] = "resume",
                                        [OP_CANCEL] = "cancel",
                                        [OP_RETRY] = "retry",
                                        [OP_FORGET] = "forget"};
    char key[64] = "";
    BYTES_AUTO(text);
    struct op *op = begin(writer, kind, actor, space, index);
    if (space != 0)
        key_text(space, index, 1, key, sizeof key);
    bytes_format(&text, "%s%s%s\n", words[kind], space != 0 ? " " : "", key);
    publish(writer);
    end(writer, op,
        file_write(path_of(writer, actor, "status"), O_WRONLY | O_APPEND,
                   view_bytes(&text)),
        NULL);
}

static void change_mode(struct writer *writer, int actor)
{
    uint32_t mode = 0600 | random_below(&writer->random, 0100);
    struct op *op = begin(writer, OP_CHMOD, actor, 0, mode);
    publish(writer);
    int failed = chmod(path_of(writer, actor, "tasks"), mode);
    end(writer, op, failed != 0 ? errno : 0, NULL);
}

void private_name(int writer, int round_number, int n, char *name_out, size_t size)
{
    snprintf(name_out, size, "private_%d_%d_%d", writer, round_number, n);
}

/* Makes a private actor or removes one; even and odd turns of a counter. */
static void make_or_remove(struct writer *writer)
{
    static int turn;
    char path[512], name[64];
    bool removes = turn % 3 == 2;
    int n = removes ? turn - 1 : turn;
    if (turn++ >= PRIVATE_ACTORS)
        return;
    struct op *op = begin(writer, removes ? OP_REMOVE : OP_MAKE, n, 0, 0);
    private_name(writer->number, writer->round_number, n, name, sizeof name);
    snprintf(path, sizeof path, "%s/%s", writer->actors_path, name);
    publish(writer);
    int failed = removes ? rmdir(path) : mkdir(path, 0755);
    int error = failed != 0 ? errno : 0;
    if (is_the_end(writer, error))
        _exit(0);
    if (error != 0)
        report_fault(writer, "%s %s: %s", removes ? "rmdir" : "mkdir", name,
                     strerror(error));
    op->answer = ANSWER_DONE;
}

/* ------------------------------------------------------------- what to do next --- */

static bool can_be_repeated(const struct record *record)
{
    return record->line == 1 && record->first_begin_ns != NEVER_NS &&
           strchr("krmdbx", record->space) != NULL;
}

static uint32_t new_index(const struct writer *writer)
{
    static uint32_t next;
    return (uint32_t)(writer->round_number * WRITERS + writer->number) *
               OPS_PER_WRITER +
           next++;
}

static void send_something(struct writer *writer, int actor, char space)
{
    const struct record *known =
        ledger_pick(&writer->ledgers[actor], &writer->random, can_be_repeated);
    if (random_below(&writer->random, 3) == 0 && known != NULL)
        send_key(writer, actor, known->space, known->index, 0);
    else if (space == 'r')
        send_key(writer, actor, 'r',
                 (uint32_t)writer->round_number * 100 +
                     writer->round->op_count[writer->number] / 8 % 100,
                 0);
    else
        send_key(writer, actor, space, new_index(writer), 0);
}

static bool waits(const struct record *record)
{
    return record->space == 'c' && record->state == KEY_WAITING;
}

static bool was_canceled(const struct record *record)
{
    return record->space == 'c' && record->state == KEY_CANCELED;
}

static bool is_forgettable(const struct record *record)
{
    return record->space == 'f';
}

static void cancel_or_retry(struct writer *writer, int actor)
{
    struct ledger *ledger = &writer->ledgers[actor];
    bool cancels = random_below(&writer->random, 2) == 0;
    const struct record *record =
        ledger_pick(ledger, &writer->random, cancels ? waits : was_canceled);
    if (record == NULL)
        send_key(writer, actor, 'c', new_index(writer), 0);
    else
        say(writer, cancels ? OP_CANCEL : OP_RETRY, actor, 'c', record->index);
}

static void forget_or_send(struct writer *writer, int actor)
{
    const struct record *record =
        ledger_pick(&writer->ledgers[actor], &writer->random, is_forgettable);
    if (record == NULL || random_below(&writer->random, 10) == 0)
        send_key(writer, actor, 'f', new_index(writer), 0);
    else if (record->state == KEY_RUNNABLE)
        say(writer, OP_FORGET, actor, 'f', record->index);
    else
        send_key(writer, actor, 'f', record->index, record->epoch + 1);
}

/* What only an actor's owner does. */
static void control(struct writer *writer)
{
    int actor =
        writer->number + WRITERS * (int)random_below(&writer->random, ACTORS / WRITERS);
    uint32_t dice = random_below(&writer->random, 100);
    if (dice < 5)
        say(writer, OP_SUSPEND, actor, 0, 0);
    else if (dice < 25)
        say(writer, OP_RESUME, actor, 0, 0);
    else if (dice < 55)
        cancel_or_retry(writer, actor);
    else if (dice < 85)
        forget_or_send(writer, actor);
    else
        change_mode(writer, actor);
}

static void act(struct writer *writer)
{
    int actor = (int)random_below(&writer->random, ACTORS);
    uint32_t dice = random_below(&writer->random, 100);
    if (dice < 40)
        send_something(writer, actor, "kkkkrrbd"[random_below(&writer->random, 8)]);
    else if (dice < 44)
        send_something(writer, actor, 'm');
    else if (dice < 52)
        send_something(writer, actor, 'x');
    else if (dice < 58)
        send_keyless(writer, actor);
    else if (dice < 64)
        send_conflict(writer, actor);
    else if (dice < 70)
        write_state(writer, actor);
    else if (dice < 80)
        read_key(writer, actor);
    else if (dice < 97)
        control(writer);
    else
        make_or_remove(writer);
}

_Noreturn void writer_run(struct writer *writer)
{
    while (!writer->round->ending)
        act(writer);
    _exit(0);
}
