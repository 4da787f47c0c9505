/* SPDX-License-Identifier: MIT */
/*
 * Two dozen programs at once, and workers beside them, do whatever nobody should:
 * hostile/villain and hostile/traitor.worker tell what. Meanwhile an echo, a healthy
 * program and a healthy worker are asked again and again, and each answer has its
 * deadline; the daemon's memory and log stay bounded. At the end every misdeed has an
 * outcome, and nothing of them is left: no process, no file.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "tests/support/mounted.h"
#include "tests/support/stage.h"

#define GUARD_S 300
#define ALL_END_MS 100000
#define PEACE_MS 10000
#define MESSAGE_BYTES 500000
#if defined(__SANITIZE_ADDRESS__)
#define LATENCY_MS 15000
#define MEMORY_KIB (1500 << 10)
#else
#define LATENCY_MS 5000
#define MEMORY_KIB (256 << 10)
#endif
#define LOG_BYTES (1 << 20)

static struct mounted mounted;
static int faults;

static void wrong(const char *what, const char *who)
{
    faults++;
    printf("WRONG: %s: %s\n", who, what);
}

/* ------------------------------------------------------------------------ misdeeds ---
 */

/* What becomes of them; "": one or the other. */
static const struct misdeed {
    const char *actor, *state, *error;
} misdeeds[] = {
    {"villain_loop", "failed", "time limit"},
    {"villain_stdout", "failed", "result is larger"},
    {"villain_stderr", "", ""}, /* it takes about as long as it has */
    {"villain_state", "failed", "state is larger"},
    {"villain_outbox", "failed", "outbox is larger"},
    {"villain_lines", "failed", "time limit"},
    {"villain_closed", "failed", "time limit"},
    {"villain_stubborn", "failed", "time limit"},
    {"villain_stopped", "failed", "time limit"},
    {"villain_daemon", "done", ""},
    {"villain_disguised", "done", ""},
    {"villain_crowd", "failed", "time limit"},
    {"villain_holder", "done", ""},
    {"villain_endless", "failed", ""},
    {"villain_directory", "failed", "ACTOR_STATE"},
    {"villain_symlink", "failed", "ACTOR_STATE"},
    {"villain_fifo", "failed", "ACTOR_STATE"},
    {"villain_listener", "failed", "ACTOR_OUTBOX"},
    {"villain_sparse", "failed", "state is larger"},
    {"villain_garbage", "failed", "outbox"},
    {"villain_vandal", "failed", "ACTOR_STATE"},
    {"villain_hoarder", "done", ""},
    {"villain_glutton", "failed", "MemoryError"},
    {"villain_suicide", "failed", "signal 9"},
    {"villain_crash", "failed", "signal 6"},
    {"traitor_twice", "done", ""},
    {"thief_others", "done", ""},
    {"traitor_deaf", "failed", "time limit"},
    {"traitor_mute", "failed", "time limit"},
    {"traitor_endless", "failed", ""},
    {"traitor_babble", "failed", "time limit"},
    {"traitor_quitter", "failed", ""},
    {"traitor_closer", "failed", ""},
};
#define MISDEEDS (sizeof misdeeds / sizeof misdeeds[0])

static const char *path_in(const char *actor, const char *file)
{
    return mounted_path(&mounted, "actors/%s/%s", actor, file);
}

static void commit_misdeeds(void)
{
    BYTES_AUTO(message);
    memset(bytes_reserve(&message, MESSAGE_BYTES), 'm', MESSAGE_BYTES);
    message.size = MESSAGE_BYTES;
    for (size_t i = 0; i < MISDEEDS; i++)
        ENSURE(mkdir(path_in(misdeeds[i].actor, ""), 0755) == 0);
    for (size_t i = 0; i < MISDEEDS; i++)
        ENSURE(file_write(path_in(misdeeds[i].actor, "tasks@k"), O_WRONLY | O_CREAT,
                          view_bytes(&message)) == 0);
}

static bool all_have_ended(void)
{
    return mounted_number(&mounted, "status", "pending") == 0;
}

/* The log's only line: TIME SEQ OUTCOME ATTEMPTS MILLISECONDS KEY ERROR. */
static void judge(const struct misdeed *misdeed)
{
    BYTES_AUTO(log);
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\t%s", misdeed->state);
    ENSURE(file_read(path_in(misdeed->actor, "log"), &log) == 0);
    *bytes_reserve(&log, 1) = '\0';
    if (!strstr(log.data, wanted) || !strstr(log.data, misdeed->error))
        wrong(log.data, misdeed->actor);
}

/* ------------------------------------------------------------------------- victims ---
 */

static struct victim {
    const char *actor;
    long long asked, worst_ms;
} victims[] = {{.actor = "echo_1"}, {.actor = "loyal_1"}, {.actor = "honest_1"}};
#define VICTIMS (sizeof victims / sizeof victims[0])

/* Polls: a reader that waited could not give up. */
static bool is_answered(const char *path, struct view wanted, long long deadline)
{
    for (;;) {
        char text[64];
        int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text);
        if (fd >= 0)
            close(fd);
        if (got >= 0)
            return view_equal(view_of(text, (size_t)got), wanted);
        if (now_ms() > deadline)
            return false;
        poll_pause();
    }
}

static void ask(struct victim *victim)
{
    char text[32], file[48];
    snprintf(text, sizeof text, "%lld", victim->asked++);
    snprintf(file, sizeof file, "tasks@%s", text);
    const char *path = path_in(victim->actor, file);
    long long start = now_ms();
    if (file_write(path, O_WRONLY | O_CREAT, view_text(text)) != 0)
        wrong("takes no message", victim->actor);
    else if (!is_answered(path, view_text(text), start + LATENCY_MS))
        wrong("gives no answer in time, or a wrong one", victim->actor);
    long long took = now_ms() - start;
    if (took > victim->worst_ms)
        victim->worst_ms = took;
}

static void ask_all(void)
{
    for (size_t i = 0; i < VICTIMS; i++)
        ask(&victims[i]);
}

/* -------------------------------------------------------------------------- damage ---
 */

static bool is_marked(const char *pid)
{
    char path[300];
    BYTES_AUTO(line);
    snprintf(path, sizeof path, "/proc/%s/cmdline", pid);
    if (file_read(path, &line) != 0)
        return false;
    const char *folder = stage_behaviors();
    size_t size = strlen(folder) - strlen("/behaviors");
    return memmem(line.data, line.size, folder, size) != NULL;
}

/* Processes whose command line names the stage: villains, workers and what they left.
   The daemon's own does, too, while it runs. */
static int count_processes(void)
{
    DIR *processes = opendir("/proc");
    int count = 0;
    ENSURE(processes);
    for (const struct dirent *entry; (entry = readdir(processes));)
        count += entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
                 strtol(entry->d_name, NULL, 10) != mounted.daemon &&
                 is_marked(entry->d_name);
    closedir(processes);
    return count;
}

/* Turn folders of the daemon with that pid. */
static int count_files(const char *folder, pid_t daemon)
{
    char mark[32];
    int count = 0;
    DIR *files = opendir(folder);
    if (!files)
        return 0;
    snprintf(mark, sizeof mark, "-%d-", (int)daemon);
    for (const struct dirent *entry; (entry = readdir(files));)
        count +=
            strncmp(entry->d_name, "actorfs-", 8) == 0 && strstr(entry->d_name, mark);
    closedir(files);
    return count;
}

static bool is_peaceful(void *context)
{
    (void)context;
    return count_processes() == 0;
}

static void assess_daemon(void)
{
    struct stat log;
    long long peak = process_number(mounted.daemon, "VmHWM");
    ENSURE(stat(mounted.log, &log) == 0);
    printf("memory at most %lld MiB, log %lld KiB\n", peak / 1024,
           (long long)log.st_size / 1024);
    if (peak < 0 || peak > MEMORY_KIB)
        wrong("took too much memory", "the daemon");
    if (log.st_size > LOG_BYTES)
        wrong("was flooded", "the log");
    for (size_t i = 0; i < VICTIMS; i++)
        printf("%s: asked %lld times, %lld ms at worst\n", victims[i].actor,
               victims[i].asked, victims[i].worst_ms);
}

static void assess_end(pid_t daemon)
{
    if (!poll_until(is_peaceful, NULL, PEACE_MS))
        wrong("processes are left", "the end");
    if (count_files("/dev/shm", daemon) + count_files("/tmp", daemon) > 0)
        wrong("files are left", "the end");
}

/* ------------------------------------------------------------------------------ main
 * --- */

static void suffer(void)
{
    long long start = now_ms();
    int most = 0;
    commit_misdeeds();
    while (!all_have_ended() && now_ms() - start < ALL_END_MS) {
        ask_all();
        int count = count_processes();
        most = count > most ? count : most;
    }
    printf("all misdeeds have ended after %lld ms, %d processes at most\n",
           now_ms() - start, most);
    if (most == 0) /* on a busy machine they are looked at rarely */
        wrong("were not seen at work", "villains");
    if (!all_have_ended())
        wrong("not all have ended", "misdeeds");
    for (size_t i = 0; i < MISDEEDS; i++)
        judge(&misdeeds[i]);
    ask_all();
}

int main(void)
{
    static char options[600];
    if (access("/dev/fuse", R_OK | W_OK) != 0)
        return 77;
    stage_open(HOSTILE, GUARD_S);
    snprintf(options, sizeof options, "--behaviors %s", stage_behaviors());
    mounted_open(&mounted, options, GUARD_S);
    for (size_t i = 0; i < VICTIMS; i++)
        ENSURE(mkdir(path_in(victims[i].actor, ""), 0755) == 0);
    ask_all();
    suffer();
    assess_daemon();
    pid_t daemon = mounted.daemon;
    if (mounted_stop(&mounted) != 0)
        wrong("did not end cleanly", "the daemon");
    assess_end(daemon);
    mounted_close(&mounted);
    stage_close();
    printf("%d faults\n", faults);
    return faults == 0 ? 0 : 1;
}
