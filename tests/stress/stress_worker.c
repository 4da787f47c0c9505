/* SPDX-License-Identifier: MIT */
/*
 * Workers under fire, for the sanitizers: turns of many actors in a few processes that
 * die, talk nonsense and are restarted, while turns are canceled. Each turn is answered
 * exactly once, and no turn that was asked for a result gets an error because of its
 * neighbors. Plain main(): ThreadSanitizer and Criterion do not go together.
 *
 *     stress_worker [TURNS [SEED]]
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/behavior/worker.h"

enum { ACTORS = 200 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct actor {
    bool is_running, is_canceled;
    char message[64];
    const char *result; /* of a turn that must succeed */
} actors[ACTORS];
static unsigned running, done, retried;

static unsigned random_below(unsigned bound)
{
    return (unsigned)random() % bound;
}

/* Host's thread. */
static void finish(void *context, uint64_t turn, struct turn_output *output)
{
    (void)context;
    pthread_mutex_lock(&lock);
    struct actor *actor = &actors[turn];
    ENSURE(actor->is_running);
    if (actor->result && !actor->is_canceled) {
        if (output->verdict != TURN_DONE)
            log_error("%s: %.*s", actor->message, (int)output->error.size,
                      output->error.data);
        ENSURE(output->verdict == TURN_DONE);
        ENSURE(view_equal(view_bytes(&output->result), view_text(actor->result)));
    }
    done++;
    retried += output->verdict == TURN_RETRY;
    actor->is_running = false;
    running--;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

/* Mostly good ones. */
static void choose_message(struct actor *actor, unsigned number)
{
    static const char *const bad[] = {
        "die",          "exit 1",  "answer-and-die",    "raw nonsense\n{\"id\":ID}",
        "raw {\"id\":", "close 1", "complain of beans", "raw {\"id\":ID,\"a\":1}"};
    unsigned chance = random_below(400);
    actor->result = NULL;
    if (chance < sizeof bad / sizeof *bad && chance != 4) {
        snprintf(actor->message, sizeof actor->message, "%s", bad[chance]);
    } else {
        snprintf(actor->message, sizeof actor->message, "echo %u", number);
        actor->result = actor->message + strlen("echo ");
    }
}

static void start_turn(struct behavior *behavior, unsigned index, unsigned number)
{
    struct turn_output output = {0};
    struct actor *actor = &actors[index];
    pthread_mutex_lock(&lock);
    choose_message(actor, number);
    actor->is_running = true;
    actor->is_canceled = false;
    running++;
    pthread_mutex_unlock(&lock);
    struct turn_input input = {.actor = view_text("actor"),
                               .sequence = number,
                               .key = view_text("key"),
                               .attempt = 1,
                               .message = view_text(actor->message),
                               .state = view_text("")};
    ENSURE(behavior->start(behavior, &input, index, &output, finish, NULL) ==
           TURN_STARTED);
}

static void meddle(struct behavior *behavior)
{
    unsigned chance = random_below(1000), index = random_below(ACTORS);
    if (chance == 0)
        behavior->restart(behavior);
    if (chance > 2)
        return;
    pthread_mutex_lock(&lock);
    bool is_running = actors[index].is_running;
    actors[index].is_canceled = true;
    pthread_mutex_unlock(&lock);
    if (is_running)
        behavior->kill(behavior, index);
}

static void await_running(unsigned at_most)
{
    pthread_mutex_lock(&lock);
    while (running > at_most)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static bool is_idle(unsigned index)
{
    pthread_mutex_lock(&lock);
    bool idle = !actors[index].is_running;
    pthread_mutex_unlock(&lock);
    return idle;
}

int main(int argc, char **argv)
{
    unsigned turns = argc > 1 ? (unsigned)atoi(argv[1]) : 3000;
    srandom(argc > 2 ? (unsigned)atoi(argv[2]) : 1);
    log_set_level(LOG_LEVEL_ERROR);
    struct host *host = host_open();
    struct worker_options options = {
        .executable = {.name = "trouble", .path = WORKER_TROUBLE, .processes = 3},
        .limits = {1 << 20, 1 << 20, 1 << 20}};
    struct behavior *behavior = worker_create(host, &options);
    for (unsigned number = 0; number < turns;) {
        unsigned index = random_below(ACTORS);
        await_running(ACTORS - 1);
        if (!is_idle(index) || !behavior->has_room(behavior))
            continue;
        start_turn(behavior, index, number++);
        meddle(behavior);
    }
    await_running(0);
    ENSURE(done == turns);
    printf("%u turns, %u to be retried\n", done, retried);
    worker_retire(behavior);
    host_close(host);
    worker_free(behavior);
    return 0;
}
