/* SPDX-License-Identifier: MIT */
/*
 * crash [--kills N] [--seconds S] [--seed X] [--verbose]
 *
 * Kills a real daemon while many writers use its mount, opens the store again, and
 * audits what it shows, over and over. A round:
 *   1. WRITERS processes send messages, control words and states to ACTORS actors, each
 *      taking down in shared memory what it asked and what was answered (writer.c);
 *   2. after some random time the daemon is killed, now and then stopped cleanly;
 *   3. it is started again, now and then killed once more while it replays;
 *   4. the auditor waits for rest and checks every actor (audit.c).
 * After some rounds the actors are retired and new ones are made. Ends after N kills or
 * S seconds, whichever is first. Exit status 0: no fault; 1: faults, with the seed and
 * the folder that has the store.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"
#include "tests/crash/arguments.h"
#include "tests/crash/audit.h"
#include "tests/crash/writer.h"
#include "tests/support/mounted.h"

#define GENERATION_ROUNDS 10
#define GENERATION_LOG_BYTES (600u << 10) /* of the 1 MiB that is kept */
#define WRITER_END_MS 60000

struct crash {
    struct mounted mounted;
    struct audit audit;
    struct ledger ledgers[ACTORS];
    struct round *round;
    int round_number;
    unsigned kills, stops;
    uint64_t operations;
    bool is_verbose;
};

/* ----------------------------------------------------------------- generations --- */

static void make_actors(struct crash *crash)
{
    char name[64];
    for (int i = 0; i < ACTORS; i++) {
        actor_name(crash->audit.generation, i, name, sizeof name);
        ENSURE(mkdir(mounted_path(&crash->mounted, "actors/%s", name), 0755) == 0);
        ledger_open(&crash->ledgers[i], i);
    }
}

static void retire_actors(struct crash *crash)
{
    char name[64];
    for (int i = 0; i < ACTORS; i++) {
        actor_name(crash->audit.generation, i, name, sizeof name);
        const char *folder = mounted_path(&crash->mounted, "actors/%s", name);
        int error = file_write(mounted_path(&crash->mounted, "actors/%s/status", name),
                               O_WRONLY | O_APPEND, view_text("clear\nresume\n"));
        if (error == 0 && rmdir(folder) != 0)
            error = errno;
        if (error != 0 || access(folder, F_OK) == 0)
            audit_fault(&crash->audit, &crash->ledgers[i], "cannot be retired: %s",
                        strerror(error));
        ledger_close(&crash->ledgers[i]);
    }
}

static void change_generation(struct crash *crash)
{
    size_t log_bytes = 0;
    for (int i = 0; i < ACTORS; i++)
        if (crash->ledgers[i].log.size > log_bytes)
            log_bytes = crash->ledgers[i].log.size;
    if (crash->round_number % GENERATION_ROUNDS != 0 &&
        log_bytes < GENERATION_LOG_BYTES)
        return;
    retire_actors(crash);
    crash->audit.generation++;
    make_actors(crash);
}

/* --------------------------------------------------------------------- writers --- */

static void start_writers(struct crash *crash, pid_t *writers)
{
    memset(crash->round->op_count, 0, sizeof crash->round->op_count);
    crash->round->ending = 0;
    for (int i = 0; i < WRITERS; i++) {
        uint64_t random = random_next(&crash->audit.random);
        writers[i] = fork();
        ENSURE(writers[i] >= 0);
        if (writers[i] != 0)
            continue;
        guard_leave(crash->mounted.guard);
        writer_run(&(struct writer){.number = i,
                                    .generation = crash->audit.generation,
                                    .round_number = crash->round_number,
                                    .actors_path = crash->audit.actors_path,
                                    .random = random,
                                    .round = crash->round,
                                    .ledgers = crash->ledgers});
    }
}

static void end_writers(struct crash *crash, pid_t *writers)
{
    long long deadline = now_ms() + WRITER_END_MS;
    for (int i = 0; i < WRITERS; i++) {
        int status = 0;
        while (waitpid(writers[i], &status, WNOHANG) == 0) {
            if (now_ms() > deadline) {
                audit_fault(&crash->audit, NULL, "writer %d hangs", i);
                kill(writers[i], SIGKILL);
                deadline += WRITER_END_MS;
            }
            poll_pause();
        }
        if (WIFSIGNALED(status))
            audit_fault(&crash->audit, NULL, "writer %d: signal %d", i,
                        WTERMSIG(status));
    }
    if (crash->round->faulty != 0)
        audit_fault(&crash->audit, NULL, "writer %d: %s", crash->round->writer_of_fault,
                    crash->round->fault);
}

static void note_operations(struct crash *crash)
{
    for (int writer = 0; writer < WRITERS; writer++) {
        uint32_t count = crash->round->op_count[writer];
        crash->operations += count;
        for (uint32_t i = 0; i < count; i++) {
            const struct op *op = &crash->round->ops[writer][i];
            if (op->kind != OP_MAKE && op->kind != OP_REMOVE)
                ledger_note(&crash->ledgers[op->actor], op);
        }
    }
}

/* ----------------------------------------------------------------------- kills --- */

static void pause_ms(uint32_t ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L},
              NULL);
}

static void check_store(struct crash *crash)
{
    struct command check;
    command_run(&check, "$ACTORFS check $STORE");
    if (check.status != 0)
        audit_fault(&crash->audit, NULL, "check: %.*s%.*s", (int)check.out.size,
                    check.out.size ? check.out.data : "", (int)check.err.size,
                    check.err.size ? check.err.data : "");
    command_free(&check);
}

static void kill_daemon(struct crash *crash)
{
    crash->kills++;
    if (!mounted_kill(&crash->mounted))
        audit_fault(&crash->audit, NULL, "the daemon could not be killed");
}

static void end_daemon(struct crash *crash)
{
    crash->round->ending = 1;
    if (random_below(&crash->audit.random, 10) == 0) {
        crash->stops++;
        if (mounted_stop(&crash->mounted) != 0)
            audit_fault(&crash->audit, NULL, "the daemon did not stop cleanly");
    } else {
        kill_daemon(crash);
    }
}

static void start_daemon(struct crash *crash)
{
    if (random_below(&crash->audit.random, 20) == 0)
        check_store(crash);
    while (random_below(&crash->audit.random, 5) == 0) {
        mounted_launch(&crash->mounted);
        pause_ms(random_below(&crash->audit.random, 60));
        kill_daemon(crash);
    }
    mounted_start(&crash->mounted);
}

static void run_round(struct crash *crash)
{
    pid_t writers[WRITERS];
    long long start = now_ms();
    crash->round_number++;
    start_writers(crash, writers);
    pause_ms(10 + random_below(&crash->audit.random, 500));
    end_daemon(crash);
    end_writers(crash, writers);
    note_operations(crash);
    long long killed = now_ms();
    start_daemon(crash);
    long long started = now_ms();
    crash->audit.number++;
    audit_wait(&crash->audit, crash->ledgers);
    for (int i = 0; i < ACTORS && crash->audit.faults == 0; i++)
        audit_actor(&crash->audit, &crash->ledgers[i]);
    audit_private(&crash->audit, crash->round, crash->round_number);
    if (crash->is_verbose)
        fprintf(stderr, "round %d: %lld ms, start %lld ms, audit %lld ms\n",
                crash->round_number, killed - start, started - killed,
                now_ms() - started);
    if (crash->audit.faults == 0)
        change_generation(crash);
}

/* ------------------------------------------------------------------------ main --- */

static void open_crash(struct crash *crash, const struct arguments *arguments)
{
    mounted_open(&crash->mounted, "", (int)arguments->seconds + 600);
    crash->round = mmap(NULL, sizeof *crash->round, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ENSURE(crash->round != MAP_FAILED);
    crash->is_verbose = arguments->is_verbose;
    crash->audit.random = arguments->seed;
    crash->audit.actors_path =
        memory_text(view_text(mounted_path(&crash->mounted, "actors")));
    make_actors(crash);
}

static void close_crash(struct crash *crash, const struct arguments *arguments)
{
    printf("%u kills, %u stops, %d rounds, %llu operations, %llu tasks: %u faults\n",
           crash->kills, crash->stops, crash->round_number,
           (unsigned long long)crash->operations,
           (unsigned long long)crash->audit.tasks, crash->audit.faults);
    if (crash->audit.faults > 0) {
        printf("again: crash --seed %llu; the store is kept in %s\n",
               (unsigned long long)arguments->seed, crash->mounted.store);
        mounted_print_log(&crash->mounted);
        guard_keep(crash->mounted.guard);
    }
    if (!mounted_close(&crash->mounted))
        crash->audit.faults++;
}

int main(int count, char **words)
{
    static struct crash crash;
    struct arguments arguments;
    if (!arguments_parse(count, words, 60, &arguments))
        return 2;
    if (access("/dev/fuse", R_OK | W_OK) != 0)
        return 77;
    open_crash(&crash, &arguments);
    long long deadline = now_ms() + arguments.seconds * 1000LL;
    while (crash.audit.faults == 0 && crash.kills < arguments.kills_max &&
           now_ms() < deadline)
        run_round(&crash);
    close_crash(&crash, &arguments);
    return crash.audit.faults == 0 ? 0 : 1;
}
