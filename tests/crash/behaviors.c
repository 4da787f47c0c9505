/* SPDX-License-Identifier: MIT */
/*
 * behaviors [--kills N] [--seconds S] [--seed X] [--verbose]
 *
 * The crash test of behaviors that are processes: actors handled by programs and by
 * workers tell each other tales (tale.h), while the daemon, the programs and the
 * workers are killed at random moments. A round:
 *   1. TELLERS processes begin tales; children of the daemon are killed, stopped, or
 *      not to be had (mischief.c);
 *   2. the daemon is killed, or now and then stopped, and started again, several times
 *      while the tales go on; what may not have arrived is sent again;
 *   3. when all is quiet the accounts of the actors are judged (verdict.c), and no
 *      process of a daemon that is dead may be left.
 * Ends after N kills or S seconds, whichever is first. Exit status 0: no fault; 1:
 * faults, with the seed and the folder that has the store.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"
#include "tests/crash/arguments.h"
#include "tests/crash/load.h"
#include "tests/crash/mischief.h"
#include "tests/crash/verdict.h"
#include "tests/support/mounted.h"

#define QUIET_MS 120000
#define GONE_MS 10000
#define MEMORY_BYTES_MAX                                                               \
    (96u << 10) /* of a state or log, before the actor is renewed */

struct crash {
    struct mounted mounted;
    struct mischief mischief;
    struct telling *telling;
    struct mark marks[TALE_ACTORS];
    char actors_path[MOUNTED_PATH_MAX], folder[MOUNTED_PATH_MAX];
    char runs_path[MOUNTED_PATH_MAX], options[2 * MOUNTED_PATH_MAX];
    pid_t predecessor; /* the daemon before */
    uint64_t random;
    unsigned kills, stops, openings, faults;
    size_t tasks, runs, undeliverable;
};

static void blame(struct crash *crash, const char *what)
{
    fprintf(stderr, "FAULT: %s\n", what);
    crash->faults++;
}

/* ------------------------------------------------------------------------- daemons */

static void pause_ms(uint32_t ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

static void note_opening(struct crash *crash)
{
    ENSURE(file_write(crash->runs_path, O_WRONLY | O_APPEND, view_text("open\n")) == 0);
}

static void start_daemon(struct crash *crash)
{
    while (random_below(&crash->random, 8) == 0) {
        mounted_launch(&crash->mounted);
        crash->openings++;
        pause_ms(random_below(&crash->random, 60));
        crash->kills++;
        mounted_kill(&crash->mounted);
    }
    note_opening(crash);
    crash->openings++;
    mounted_start(&crash->mounted);
    crash->mischief.daemon = crash->mounted.daemon;
}

static void end_daemon(struct crash *crash)
{
    crash->telling->ending = 1;
    crash->predecessor = crash->mounted.daemon;
    if (random_below(&crash->random, 10) == 0) {
        crash->stops++;
        if (mounted_stop(&crash->mounted) != 0)
            blame(crash, "the daemon did not stop cleanly");
    } else {
        crash->kills++;
        if (!mounted_kill(&crash->mounted))
            blame(crash, "the daemon could not be killed");
    }
}

/* Of the daemon before: processes, or folders in memory that programs worked in. */
static bool is_anything_left(const struct crash *crash)
{
    char pattern[64];
    glob_t folders;
    snprintf(pattern, sizeof pattern, "/dev/shm/actorfs-*-%d-*",
             (int)crash->predecessor);
    bool is_left = glob(pattern, 0, NULL, &folders) == 0;
    globfree(&folders);
    return is_left || mischief_count_older(crash->folder, crash->mounted.daemon) > 0;
}

static void check_gone(struct crash *crash)
{
    long long deadline = now_ms() + GONE_MS;
    while (is_anything_left(crash)) {
        if (now_ms() > deadline) {
            blame(crash, "something of a daemon that is dead is left");
            return;
        }
        poll_pause();
    }
}

/* ------------------------------------------------------------------------- tellers */

static void start_tellers(struct crash *crash, pid_t *tellers)
{
    int round = crash->telling->round + 1;
    memset(crash->telling, 0, sizeof *crash->telling);
    crash->telling->round = round;
    for (int i = 0; i < TELLERS; i++) {
        uint64_t random = random_next(&crash->random);
        tellers[i] = fork();
        ENSURE(tellers[i] >= 0);
        if (tellers[i] != 0)
            continue;
        guard_leave(crash->mounted.guard);
        teller_run(crash->telling, i, crash->actors_path, random);
    }
}

static void end_tellers(struct crash *crash, const pid_t *tellers)
{
    int status;
    for (int i = 0; i < TELLERS; i++)
        if (waitpid(tellers[i], &status, 0) != tellers[i] || status != 0)
            blame(crash, "a teller failed");
}

static void send_again(struct crash *crash)
{
    struct telling *telling = crash->telling;
    struct token token;
    for (int teller = 0; teller < TELLERS; teller++) {
        for (uint32_t i = 0; i < telling->count[teller]; i++) {
            tale_root(telling->round, teller, (int)i, &token);
            if (random_below(&crash->random, 3) == 0)
                continue;
            if (tale_send(crash->actors_path, &token) != 0)
                blame(crash, "a tale cannot be sent again");
            telling->is_certain[teller][i] = true;
        }
    }
}

/* -------------------------------------------------------------------------- actors */

static void make_actor(struct crash *crash, int actor)
{
    char name[32], path[512];
    tale_actor_name(actor, name, sizeof name);
    snprintf(path, sizeof path, "%s/%s", crash->actors_path, name);
    rmdir(path);
    if (mkdir(path, 0755) != 0)
        blame(crash, "an actor cannot be made anew");
    crash->marks[actor] = (struct mark){0};
}

static bool is_quiet(struct crash *crash, int actor)
{
    static const char *const counts[] = {"pending", "delayed", "running"};
    char name[32], path[64];
    tale_actor_name(actor, name, sizeof name);
    snprintf(path, sizeof path, "actors/%s/status", name);
    for (int i = 0; i < 3; i++)
        if (mounted_number(&crash->mounted, path, counts[i]) != 0)
            return false;
    return true;
}

/* Nobody sends to anybody any more when all were quiet twice in a row. */
static void await_quiet(struct crash *crash)
{
    long long deadline = now_ms() + QUIET_MS;
    for (int quiet = 0; quiet < 2 * TALE_ACTORS; poll_pause()) {
        quiet = is_quiet(crash, quiet % TALE_ACTORS) ? quiet + 1 : 0;
        if (now_ms() > deadline) {
            blame(crash, "the actors do not come to rest");
            return;
        }
    }
}

static void judge(struct crash *crash)
{
    struct account account;
    if (!account_read(crash->actors_path, crash->runs_path, crash->marks, &account))
        crash->faults++;
    struct verdict verdict = {.account = &account,
                              .telling = crash->telling,
                              .actors_path = crash->actors_path,
                              .openings_max = crash->openings};
    verdict_reach(&verdict);
    crash->faults += verdict.faults;
    crash->tasks += verdict.tasks;
    crash->runs += account.run_count;
    crash->undeliverable += verdict.undeliverable;
    if (crash->undeliverable > 0 &&
        mounted_number(&crash->mounted, "actors/dead-letters/status", "failed") !=
            (long long)crash->undeliverable)
        blame(crash, "a dead letter too few or too many");
    account_free(&account);
}

static void renew_actors(struct crash *crash)
{
    for (int i = 0; i < TALE_ACTORS; i++)
        if (crash->marks[i].log_bytes + crash->marks[i].state_bytes > MEMORY_BYTES_MAX)
            make_actor(crash, i);
    ENSURE(truncate(crash->runs_path, 0) == 0);
    crash->openings = 0;
}

static void run_round(struct crash *crash, bool is_verbose)
{
    pid_t tellers[TELLERS];
    size_t tasks = crash->tasks, runs = crash->runs;
    long long start = now_ms();
    start_tellers(crash, tellers);
    for (unsigned lives = 1 + random_below(&crash->random, 4); lives > 0; lives--) {
        mischief_for(&crash->mischief, 10 + random_below(&crash->random, 700));
        end_daemon(crash);
        if (tellers[0] != 0)
            end_tellers(crash, tellers);
        tellers[0] = 0;
        start_daemon(crash);
        check_gone(crash);
    }
    send_again(crash);
    mischief_for(&crash->mischief, random_below(&crash->random, 500));
    await_quiet(crash);
    long long quiet = now_ms();
    judge(crash);
    if (is_verbose)
        fprintf(stderr, "round %d: %zu tasks, %zu runs, quiet after %lld ms, %lld ms\n",
                crash->telling->round, crash->tasks - tasks, crash->runs - runs,
                quiet - start, now_ms() - quiet);
    if (crash->faults == 0)
        renew_actors(crash);
}

/* ---------------------------------------------------------------------------- main */

/* The behaviors run as nobody where the daemon is root. */
static void install(struct crash *crash)
{
    struct command copy;
    const char *scratch = guard_folder(crash->mounted.guard);
    snprintf(crash->folder, sizeof crash->folder, "%s/behaviors", scratch);
    snprintf(crash->runs_path, sizeof crash->runs_path, "%s/runs", scratch);
    snprintf(crash->options, sizeof crash->options, "--behaviors %s", crash->folder);
    command_run(&copy, "chmod 755 $S && touch $S/runs && chmod 666 $S/runs && "
                       "mkdir -m 755 $S/behaviors && cd $S/behaviors && "
                       "cp " ACTOR " program && cp program worker.worker && "
                       "cp program ahead.worker && "
                       "printf '%s\\n' 'attempts = 1000' 'backoff = 10ms' "
                       "'backoff-max = 200ms' \"env.RUNS = $S/runs\" > program.conf && "
                       "(cat program.conf; echo processes = 2) > worker.conf && "
                       "(cat worker.conf; echo speculative = yes) > ahead.conf");
    if (copy.status != 0) {
        fprintf(stderr, "%.*s", (int)copy.err.size, copy.err.data);
        abort();
    }
    command_free(&copy);
}

static void open_crash(struct crash *crash, const struct arguments *arguments)
{
    mounted_open(&crash->mounted, "", (int)arguments->seconds + 600);
    install(crash);
    mounted_stop(&crash->mounted);
    crash->mounted.options = crash->options;
    crash->random = arguments->seed;
    crash->mischief = (struct mischief){.folder = crash->folder,
                                        .stopped = -1,
                                        .held = -1,
                                        .random = arguments->seed + 1};
    snprintf(crash->actors_path, sizeof crash->actors_path, "%s",
             mounted_path(&crash->mounted, "actors"));
    crash->telling = mmap(NULL, sizeof *crash->telling, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ENSURE(crash->telling != MAP_FAILED);
    start_daemon(crash);
    for (int i = 0; i < TALE_ACTORS; i++)
        make_actor(crash, i);
}

static void close_crash(struct crash *crash, const struct arguments *arguments)
{
    crash->predecessor = crash->mounted.daemon;
    if (mounted_stop(&crash->mounted) != 0)
        blame(crash, "the daemon did not stop cleanly at the end");
    check_gone(crash);
    printf("%u kills of the daemon, %u of its children, %u stops, %u squeezes, "
           "%d rounds, %zu tasks in %zu runs: %u faults\n",
           crash->kills, crash->mischief.kills, crash->stops + crash->mischief.stops,
           crash->mischief.squeezes, crash->telling->round, crash->tasks, crash->runs,
           crash->faults);
    if (crash->faults > 0) {
        printf("again: behaviors --seed %llu; the store is kept in %s\n",
               (unsigned long long)arguments->seed, crash->mounted.store);
        mounted_print_log(&crash->mounted);
        guard_keep(crash->mounted.guard);
    }
    mounted_close(&crash->mounted);
}

int main(int count, char **words)
{
    static struct crash crash;
    struct arguments arguments;
    if (!arguments_parse(count, words, 30, &arguments))
        return 2;
    if (access("/dev/fuse", R_OK | W_OK) != 0)
        return 77;
    open_crash(&crash, &arguments);
    long long deadline = now_ms() + arguments.seconds * 1000LL;
    while (crash.faults == 0 && crash.kills < arguments.kills_max &&
           now_ms() < deadline)
        run_round(&crash, arguments.is_verbose);
    close_crash(&crash, &arguments);
    return crash.faults == 0 ? 0 : 1;
}
