/* SPDX-License-Identifier: MIT */
/*
 * simulator [--seed N] [--seconds S] [--steps N] [--seeds FILE] [--verbose]
 *
 * Runs the engine from a seed, or from fresh seeds until the time is over, each in a
 * process of its own, so that one that aborts can be named. A seed that fails is
 * printed with the command that runs it again; with --seed it runs in this process, for
 * a debugger's sake. FILE lists seeds that found something once; they run first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"
#include "tests/simulator/sim.h"

#define STEPS_DEFAULT 5000
#define SECONDS_DEFAULT 10
#define SAID_BYTES_MAX 16384
#define SEEDS_MAX 1000

struct arguments {
    const char *program;
    const char *seeds;
    uint64_t seed, steps;
    long seconds;
    bool has_seed, is_verbose;
};

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t run(const struct arguments *arguments, uint64_t seed)
{
    struct sim *sim = memory_take_zeroed(1, sizeof *sim);
    log_set_level(arguments->is_verbose ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR);
    sim_open(sim, seed, arguments->is_verbose);
    while (sim->steps < arguments->steps)
        schedule_round(sim);
    schedule_rest(sim);
    uint64_t steps = sim->steps;
    sim_close(sim);
    free(sim);
    return steps;
}

/* What was said last, faults that were planned among it. */
static void show_end(FILE *said)
{
    static char text[SAID_BYTES_MAX];
    fseek(said, 0, SEEK_END);
    long size = ftell(said);
    fseek(said, size > SAID_BYTES_MAX ? size - SAID_BYTES_MAX : 0, SEEK_SET);
    fwrite(text, 1, fread(text, 1, sizeof text, said), stderr);
}

static bool judge(const struct arguments *arguments, uint64_t seed, int status,
                  FILE *said)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    show_end(said);
    fprintf(stderr,
            "seed %llu failed%s; run it again with: %s --seed %llu --steps %llu "
            "--verbose\n",
            (unsigned long long)seed, WIFSIGNALED(status) ? " (killed)" : "",
            arguments->program, (unsigned long long)seed,
            (unsigned long long)arguments->steps);
    return false;
}

/* The engine logs every fault that was planned: that is kept to be shown if there is
   one that was not. */
static bool run_apart(const struct arguments *arguments, uint64_t seed,
                      _Atomic uint64_t *steps)
{
    FILE *said = tmpfile();
    ENSURE(said);
    pid_t child = fork();
    ENSURE(child >= 0);
    if (child == 0) {
        dup2(fileno(said), STDERR_FILENO);
        atomic_fetch_add(steps, run(arguments, seed));
        exit(0);
    }
    int status;
    ENSURE(waitpid(child, &status, 0) == child);
    bool passed = judge(arguments, seed, status, said);
    if (!passed)
        store_remove((long)child);
    fclose(said);
    return passed;
}

/* A seed a line, with a word about what it found. The file is closed before any child
   is forked, which would share its place in it. */
static size_t read_seeds(const char *path, uint64_t seeds[SEEDS_MAX])
{
    FILE *file = fopen(path, "r");
    char line[256];
    size_t count = 0;
    while (file && count < SEEDS_MAX && fgets(line, sizeof line, file))
        if (*line != '#' && *line != '\n')
            seeds[count++] = strtoull(line, NULL, 10);
    if (file)
        fclose(file);
    return count;
}

static bool run_known(const struct arguments *arguments, _Atomic uint64_t *steps)
{
    uint64_t seeds[SEEDS_MAX];
    size_t count = arguments->seeds ? read_seeds(arguments->seeds, seeds) : 0;
    if (arguments->seeds && count == 0) {
        fprintf(stderr, "%s: no seeds\n", arguments->seeds);
        return false;
    }
    for (size_t i = 0; i < count; i++)
        if (!run_apart(arguments, seeds[i], steps))
            return false;
    return true;
}

static bool run_fresh(const struct arguments *arguments, _Atomic uint64_t *steps)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct dice dice = {(uint64_t)now.tv_sec * 1000000007u + (uint64_t)now.tv_nsec};
    double from = seconds_now();
    uint64_t runs = 0;
    while (seconds_now() - from < (double)arguments->seconds) {
        if (!run_apart(arguments, dice_next(&dice) >> 24, steps))
            return false;
        runs++;
    }
    double minutes = (seconds_now() - from) / 60;
    printf("%llu seeds, %llu steps, %.1f million steps a minute\n",
           (unsigned long long)runs, (unsigned long long)atomic_load(steps),
           minutes > 0 ? (double)atomic_load(steps) / minutes / 1e6 : 0);
    return true;
}

static bool parse(int count, char **words, struct arguments *arguments)
{
    *arguments = (struct arguments){
        .program = words[0], .steps = STEPS_DEFAULT, .seconds = SECONDS_DEFAULT};
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "--verbose") == 0) {
            arguments->is_verbose = true;
            continue;
        }
        if (i + 1 == count)
            return false;
        if (strcmp(words[i], "--seed") == 0)
            arguments->has_seed = true,
            arguments->seed = strtoull(words[++i], NULL, 10);
        else if (strcmp(words[i], "--steps") == 0)
            arguments->steps = strtoull(words[++i], NULL, 10);
        else if (strcmp(words[i], "--seconds") == 0)
            arguments->seconds = strtol(words[++i], NULL, 10);
        else if (strcmp(words[i], "--seeds") == 0)
            arguments->seeds = words[++i];
        else
            return false;
    }
    return true;
}

int main(int count, char **words)
{
    struct arguments arguments;
    if (!parse(count, words, &arguments)) {
        fprintf(stderr,
                "usage: %s [--seed N] [--seconds S] [--steps N] [--seeds FILE] "
                "[--verbose]\n",
                words[0]);
        return 2;
    }
    store_remove_abandoned();
    if (arguments.has_seed) {
        printf("%llu steps\n", (unsigned long long)run(&arguments, arguments.seed));
        return 0;
    }
    _Atomic uint64_t *steps = mmap(NULL, sizeof *steps, PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ENSURE(steps != MAP_FAILED);
    return run_known(&arguments, steps) && run_fresh(&arguments, steps) ? 0 : 1;
}
