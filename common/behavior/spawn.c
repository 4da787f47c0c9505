/* SPDX-License-Identifier: MIT */
/*
 * The process is made as posix_spawn(3) makes it: clone(2) with the daemon's memory
 * shared and the calling thread stopped until execve(2) has happened, so that nothing
 * is copied, not even page tables. What posix_spawn cannot do is what this is for:
 * limits, another user, a death signal, the pidfd, and a say in what went wrong.
 *
 * Until execve the child runs in the daemon's memory, on a stack of its own. It must
 * touch nothing there but its plan, call nothing that locks or allocates, and run none
 * of the daemon's signal handlers: signals are blocked until all handlers are reset.
 * glibc's setuid() and its like would ask all threads of the daemon to follow: the
 * child makes those system calls itself.
 */
#include "common/behavior/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"

enum {
    STACK_BYTES = 32 * 1024, /* the deepest of it is execve's wrapper */
    SIGNAL_COUNT = 64,       /* of the kernel; glibc hides two of them */
    SIGNAL_SET_BYTES = 8,    /* of the kernel */
    SHEBANG_BYTES_MAX = 256, /* as much as the kernel looks at */
};

struct child {
    const struct spawn *plan;
    pid_t parent;
    enum spawn_step step; /* under way */
    int error;            /* of that step; 0: the program runs */
};

/* The child never returns from a stack that lies in a frame of its parent's: what
   AddressSanitizer notes of the child's frames would stay there. */
#define CHILDS __attribute__((no_sanitize("address")))

/* Handlers go by execve itself, but one must not run before; ignored signals would stay
   ignored. Zeroes are SIG_DFL, in the kernel's own layout on every machine. */
CHILDS static int reset_signals(void)
{
    static const uint64_t by_default[16];
    static const uint64_t none;

    for (int number = 1; number <= SIGNAL_COUNT; number++)
        (void)syscall(SYS_rt_sigaction, number, by_default, NULL, SIGNAL_SET_BYTES);
    return (int)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, SIGNAL_SET_BYTES);
}

/* First out of the way of one another, then each to its place, then all others away. */
CHILDS static int place_descriptors(const struct spawn *plan)
{
    int count = (int)plan->descriptor_count;
    int moved[SPAWN_DESCRIPTORS_MAX];

    for (int i = 0; i < count; i++) {
        moved[i] = plan->descriptors[i];
        if (moved[i] < count)
            moved[i] = fcntl(moved[i], F_DUPFD, count);
        if (moved[i] < 0)
            return -1;
    }
    for (int i = 0; i < count; i++)
        if (dup2(moved[i], i) < 0)
            return -1;
    return (int)syscall(SYS_close_range, (unsigned)count, ~0u, 0u);
}

CHILDS static int set_limit(__rlimit_resource_t resource, uint64_t value)
{
    struct rlimit limit = {.rlim_cur = value, .rlim_max = value};

    return setrlimit(resource, &limit);
}

CHILDS static int set_limits(const struct spawn *plan)
{
    if (set_limit(RLIMIT_CORE, 0) < 0)
        return -1;
    if (plan->memory_bytes && set_limit(RLIMIT_AS, plan->memory_bytes) < 0)
        return -1;
    return plan->process_count ? set_limit(RLIMIT_NPROC, plan->process_count) : 0;
}

CHILDS static int become_user(const struct spawn_user *user)
{
    if (user == NULL)
        return 0;
    if (syscall(SYS_setgroups, user->group_count, user->groups) < 0)
        return -1;
    if (syscall(SYS_setresgid, user->gid, user->gid, user->gid) < 0)
        return -1;
    return (int)syscall(SYS_setresuid, user->uid, user->uid, user->uid);
}

/* After the change of user, which clears it. A daemon that died before sends nothing.
 */
CHILDS static void die_with_parent(pid_t parent)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
}

CHILDS static int take_steps(struct child *child)
{
    const struct spawn *plan = child->plan;

    (void)setsid();
    if (plan->pid_place)
        __atomic_store_n(plan->pid_place, getpid(), __ATOMIC_RELEASE);
    child->step = SPAWN_DESCRIPTORS;
    if (reset_signals() < 0 || place_descriptors(plan) < 0)
        return -1;
    child->step = SPAWN_LIMITS;
    if (set_limits(plan) < 0)
        return -1;
    child->step = SPAWN_USER;
    if (become_user(plan->user) < 0)
        return -1;
    die_with_parent(child->parent);
    child->step = SPAWN_DIRECTORY;
    if (chdir(plan->directory ? plan->directory : "/") < 0)
        return -1;
    child->step = SPAWN_EXEC;
    return execve(plan->path, plan->argv, plan->environment);
}

CHILDS static int child_main(void *context)
{
    struct child *child = context;

    if (take_steps(child) < 0)
        child->error = errno;
    _exit(127);
}

static void reap(const struct spawned *spawned)
{
    close(spawned->pidfd);
    while (waitpid(spawned->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

int spawn_process(const struct spawn *plan, struct spawned *spawned_out,
                  enum spawn_step *step_out)
{
    _Alignas(16) char stack[STACK_BYTES];
    struct child child = {.plan = plan, .parent = getpid(), .step = SPAWN_FORK};
    struct spawned spawned = {.pidfd = -1};
    sigset_t all, before;

    ENSURE(plan->descriptor_count <= SPAWN_DESCRIPTORS_MAX);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    spawned.pid =
        clone(child_main, stack + sizeof(stack),
              CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &child, &spawned.pidfd);
    int error = spawned.pid < 0 ? errno : child.error;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) {
        *spawned_out = spawned;
        return 0;
    }
    if (spawned.pid > 0)
        reap(&spawned);
    *step_out = child.step;
    return error;
}

bool spawn_error_passes(int error)
{
    switch (error) {
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ETXTBSY:
    case EINTR:
    case EIO:
    case ENOSPC:
        return true;
    default:
        return false;
    }
}

/* The interpreter that the file's first line names; false when it names none. */
static bool read_interpreter(const char *path, char *interpreter, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char line[SHEBANG_BYTES_MAX + 1];
    ssize_t got = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

    if (fd >= 0)
        close(fd);
    if (got < 2 || line[0] != '#' || line[1] != '!')
        return false;
    line[got] = '\0';
    line[strcspn(line, "\n")] = '\0';
    char *word = line + 2 + strspn(line + 2, " \t");
    word[strcspn(word, " \t")] = '\0';
    if (strlen(word) >= size)
        return false;
    memcpy(interpreter, word, strlen(word) + 1);
    return true;
}

static void explain_exec(struct bytes *out, const char *path, int error)
{
    char interpreter[SHEBANG_BYTES_MAX + 1] = "";
    struct stat status;
    bool is_script = read_interpreter(path, interpreter, sizeof(interpreter));

    bytes_format(out, "%s cannot be run: ", path);
    if (error == ENOEXEC)
        bytes_append_text(out, "neither a binary of this machine nor a script whose "
                               "first line names its interpreter, such as #!/bin/sh");
    else if (error == ENOENT && is_script && strchr(interpreter, '\r'))
        bytes_append_text(out, "its lines end in CRLF, not in LF alone");
    else if (error == ENOENT && is_script)
        bytes_format(out, "its first line names %s, which is not there", interpreter);
    else if (error == EACCES && stat(path, &status) == 0 && !(status.st_mode & 0111))
        bytes_append_text(out, "it is not executable (chmod +x)");
    else
        bytes_append_text(out, strerrordesc_np(error));
}

void spawn_explain(struct bytes *out, const struct spawn *plan, int error,
                   enum spawn_step step)
{
    static const char *const steps[] = {
        [SPAWN_FORK] = "no process could be made",
        [SPAWN_DESCRIPTORS] = "its descriptors could not be set up",
        [SPAWN_DIRECTORY] = "its folder could not be entered",
        [SPAWN_LIMITS] = "its limits could not be set",
        [SPAWN_USER] = "its user could not be set",
    };

    if (step == SPAWN_EXEC)
        explain_exec(out, plan->path, error);
    else
        bytes_format(out, "%s cannot be run: %s: %s", plan->path, steps[step],
                     strerrordesc_np(error));
}
