/* SPDX-License-Identifier: MIT */
/*
 * scale [--actors N] [--receipts N] [--pending N] [--options TEXT]
 *
 * Fills a store through the mount and prints what it costs: how fast actors are made,
 * listed and looked up, how fast messages are taken with no receipts and with many, how
 * much memory the daemon holds beyond the page cache (RssAnon), and how long after a
 * kill a new daemon serves. The defaults are small, for a test that everything works;
 * the product's own goals are for --actors 1000000 --receipts 10000000 --pending
 * 1000000. Exit status 1 when something is wrong; being slow is not wrong.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "tests/support/mounted.h"

#define THREADS 16
#define MESSAGE_BYTES 100
#define LINES_PER_WRITE 1000
#define LOADED_ACTORS 200     /* that receipts are spread over */
#define UNFINISHED_MAX 500000 /* while loading; then wait for the turns */
#define PROBE_MS 3000
#define LOOKUPS 10000
#define SETTLE_MS 600000

static struct mounted mounted;
static long long memory_peak_kib;
static int faults;

static void expect(bool holds, const char *what)
{
    if (holds)
        return;
    faults++;
    printf("WRONG: %s\n", what);
}

static void note_memory(void)
{
    long long now = process_number(mounted.daemon, "RssAnon");
    if (now > memory_peak_kib)
        memory_peak_kib = now;
}

static void print_memory(const char *when)
{
    note_memory();
    printf("  memory %s: %lld MiB (highest so far %lld MiB)\n", when,
           process_number(mounted.daemon, "RssAnon") / 1024, memory_peak_kib / 1024);
    fflush(stdout);
}

static double per_second(long long count, long long start_ms)
{
    long long took = now_ms() - start_ms;
    return took > 0 ? (double)count * 1000.0 / (double)took : 0;
}

/* --- threads --- */

struct share {
    pthread_t thread;
    int number;
    long long count; /* all threads together */
    long long done;
    long long deadline_ms;
};

static long long run_threads(void *(*work)(void *), long long count,
                             long long deadline_ms)
{
    struct share shares[THREADS];
    long long done = 0;
    for (int i = 0; i < THREADS; i++) {
        shares[i] =
            (struct share){.number = i, .count = count, .deadline_ms = deadline_ms};
        ENSURE(pthread_create(&shares[i].thread, NULL, work, &shares[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(shares[i].thread, NULL);
        done += shares[i].done;
    }
    return done;
}

/* --- actors --- */

static void *make_some(void *context)
{
    struct share *share = context;
    for (long long i = share->number; i < share->count; i += THREADS) {
        if (mkdir(mounted_path(&mounted, "actors/echo_%lld", i), 0755) != 0)
            break;
        share->done++;
        if (share->number == 0 && i % 4096 == 0)
            note_memory();
    }
    return NULL;
}

static void make_actors(long long count)
{
    long long start = now_ms();
    long long made = run_threads(make_some, count, 0);
    printf("%lld actors made: %.0f a second\n", made, per_second(made, start));
    expect(made == count, "every actor can be made");
    print_memory("with the actors");
}

static void list_actors(long long count)
{
    long long start = now_ms(), found = 0, first_ms = -1;
    DIR *folder = opendir(mounted_path(&mounted, "actors"));
    ENSURE(folder != NULL);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (first_ms < 0)
            first_ms = now_ms() - start;
        found += entry->d_name[0] != '.';
    }
    closedir(folder);
    printf("listed: the first entry after %lld ms, all %lld after %lld ms\n", first_ms,
           found, now_ms() - start);
    expect(found == count, "every actor is listed once");
    print_memory("after the listing");
}

static void look_up(long long count)
{
    struct stat attributes;
    long long start = now_ms(), found = 0;
    for (long long i = 0; i < LOOKUPS; i++)
        found += stat(mounted_path(&mounted, "actors/echo_%lld", i * 7919 % count),
                      &attributes) == 0;
    printf("looked up: %.0f a second\n", per_second(found, start));
    expect(found == LOOKUPS, "every actor is found");
}

/* --- messages --- */

static void fill_message(char *message, long long number)
{
    memset(message, 'x', MESSAGE_BYTES);
    int size = snprintf(message, MESSAGE_BYTES, "%lld", number);
    message[size] = ' ';
    message[MESSAGE_BYTES - 1] = '\n';
}

/* Sends messages, each under a key of its own, until the deadline. */
static void *send_for_a_while(void *context)
{
    static _Atomic long long next;
    struct share *share = context;
    char message[MESSAGE_BYTES];
    while (now_ms() < share->deadline_ms) {
        long long number = next++;
        fill_message(message, number);
        const char *path =
            mounted_path(&mounted, "actors/echo_%lld/tasks@%llx", number % share->count,
                         (unsigned long long)number * 0x9e3779b97f4a7c15u);
        if (file_write(path, O_WRONLY | O_CREAT | O_TRUNC,
                       view_of(message, sizeof message)) != 0)
            break;
        share->done++;
    }
    return NULL;
}

/* One bulk load of `lines` lines in writes of LINES_PER_WRITE. */
static long long load_lines(long long actor, const char *key, long long lines)
{
    static char chunk[LINES_PER_WRITE * MESSAGE_BYTES];
    long long sent = 0;
    int fd = open(mounted_path(&mounted, "actors/echo_%lld/tasks@%s", actor, key),
                  O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    while (fd >= 0 && sent < lines) {
        long long now = lines - sent < LINES_PER_WRITE ? lines - sent : LINES_PER_WRITE;
        for (long long i = 0; i < now; i++)
            fill_message(chunk + i * MESSAGE_BYTES, sent + i);
        ssize_t put = write(fd, chunk, (size_t)(now * MESSAGE_BYTES));
        if (put != now * MESSAGE_BYTES)
            break;
        sent += now;
    }
    if (fd >= 0)
        close(fd);
    return sent;
}

static void wait_for_turns(long long unfinished_max)
{
    long long deadline = now_ms() + SETTLE_MS;
    while (mounted_number(&mounted, "status", "pending") > unfinished_max) {
        note_memory();
        if (now_ms() > deadline) {
            expect(false, "the turns come to an end");
            return;
        }
        poll_pause();
    }
}

static void measure_speed(const char *when, long long actors)
{
    long long start = now_ms();
    char key[64];
    long long sent =
        run_threads(send_for_a_while, actors < 1000 ? actors : 1000, start + PROBE_MS);
    printf("%s: %.0f messages a second, each under a key of its own\n", when,
           per_second(sent, start));
    wait_for_turns(0);
    snprintf(key, sizeof key, "probe%lld", now_ms());
    start = now_ms();
    sent = load_lines(0, key, 50000);
    printf("%s: %.0f lines a second, a bulk load\n", when, per_second(sent, start));
    expect(sent == 50000, "a bulk load is taken");
    wait_for_turns(0);
    print_memory("after that");
}

static void make_receipts(long long count, long long actors)
{
    long long start = now_ms(), sent = 0;
    long long spread = actors < LOADED_ACTORS ? actors : LOADED_ACTORS;
    long long lines = count / spread < 10000 ? count / spread : 10000;
    char key[64];
    for (long long load = 0; sent < count; load++) {
        snprintf(key, sizeof key, "receipts%lld", load / spread);
        long long now = load_lines(load % spread, key, lines);
        sent += now;
        if (now != lines) {
            expect(false, "a bulk load is taken");
            return;
        }
        wait_for_turns(UNFINISHED_MAX);
    }
    wait_for_turns(0);
    printf("%lld receipts made: %.0f a second, turns and all\n", sent,
           per_second(sent, start));
    print_memory("with the receipts");
}

static void make_pending(long long count, long long actors)
{
    long long start = now_ms(), sent = 0;
    long long spread = actors < LOADED_ACTORS ? actors : LOADED_ACTORS;
    for (long long i = 0; i < spread; i++) {
        ENSURE(file_write(mounted_path(&mounted, "actors/echo_%lld/status", i),
                          O_WRONLY | O_APPEND, view_text("suspend\n")) == 0);
        sent += load_lines(i, "pending", count / spread);
        note_memory();
    }
    printf("%lld tasks pending: %.0f a second\n", sent, per_second(sent, start));
    expect(sent == count / spread * spread, "everything is taken");
    print_memory("with the tasks pending");
}

/* --- the kill --- */

static void restart(long long pending, const char *when)
{
    BYTES_AUTO(result);
    long long start = now_ms();
    expect(mounted_kill(&mounted), "the daemon can be killed");
    long long killed = now_ms();
    mounted_start(&mounted);
    printf("%s: ends %lld ms after the kill, serves %lld ms later\n", when,
           killed - start, now_ms() - killed);
    expect(mounted_number(&mounted, "status", "pending") == pending,
           "what was pending is pending");
    expect(file_read(mounted_path(&mounted, "actors/echo_0/tasks@receipts0"),
                     &result) == 0 &&
               result.size == MESSAGE_BYTES,
           "a result is still there");
    memory_peak_kib = 0;
    print_memory("after the restart");
}

int main(int count, char **words)
{
    long long actors = 2000, receipts = 100000, pending = 20000;
    const char *options = "";
    for (int i = 1; i + 1 < count; i += 2) {
        long long value = strtoll(words[i + 1], NULL, 10);
        if (strcmp(words[i], "--actors") == 0)
            actors = value;
        else if (strcmp(words[i], "--receipts") == 0)
            receipts = value;
        else if (strcmp(words[i], "--pending") == 0)
            pending = value;
        else if (strcmp(words[i], "--options") == 0)
            options = words[i + 1];
    }
    if (access("/dev/fuse", R_OK | W_OK) != 0)
        return 77;
    mounted_open(&mounted, options, 4 * 3600);
    print_memory("at the start");
    make_actors(actors);
    list_actors(actors);
    look_up(actors);
    measure_speed("without receipts", actors);
    make_receipts(receipts, actors);
    measure_speed("with the receipts", actors);
    restart(0, "with the receipts");
    make_pending(pending, actors);
    long long left = mounted_number(&mounted, "status", "pending");
    restart(left, "with the tasks pending");
    if (!mounted_close(&mounted))
        faults++;
    printf("%d faults\n", faults);
    return faults == 0 ? 0 : 1;
}
