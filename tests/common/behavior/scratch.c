/* SPDX-License-Identifier: MIT */
#include "tests/common/behavior/scratch.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/foldertree.h"

enum { LOOKS_MAX = 10000, LOOK_NS = 2 * 1000 * 1000 };

static char folder[] = "/tmp/actorfs-behavior-XXXXXX";
static pid_t owner;

const char *scratch_folder(void)
{
    if (owner == 0) {
        cr_assert_not_null(mkdtemp(folder));
        cr_assert_eq(chmod(folder, 0777), 0);
        owner = getpid();
    }
    return folder;
}

void scratch_remove(void)
{
    if (getpid() != owner) /* never made, or made by whom this was forked off */
        return;
    owner = 0;
    cr_assert(foldertree_remove(AT_FDCWD, folder), "%s cannot be removed", folder);
}

char *scratch_path(const char *name)
{
    BYTES_AUTO(path);

    bytes_format(&path, "%s/%s", scratch_folder(), name);
    return memory_text(view_bytes(&path));
}

char *scratch_write(const char *name, const char *text, mode_t mode)
{
    char *path = scratch_path(name);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

    cr_assert(fd >= 0, "%s", path);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    cr_assert_eq(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

bool wait_until(bool (*holds)(void *context), void *context)
{
    const struct timespec pause = {.tv_nsec = LOOK_NS};

    for (int i = 0; i < LOOKS_MAX; i++) {
        if (holds(context))
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

struct number {
    const char *path;
    long value;
};

static bool has_number(void *context)
{
    struct number *number = context;
    FILE *file = fopen(number->path, "re");
    char newline = '\0';

    if (file == NULL)
        return false;
    int found = fscanf(file, "%ld%c", &number->value, &newline);
    fclose(file);
    return found == 2 && newline == '\n';
}

long scratch_read_number(const char *name)
{
    char *path = scratch_path(name);
    struct number number = {.path = path};

    cr_assert(wait_until(has_number, &number), "no number in %s", path);
    free(path);
    return number.value;
}

bool exists(long pid)
{
    return kill((pid_t)pid, 0) == 0;
}

bool is_running(long pid)
{
    char path[64], state = 'Z';

    snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    cr_assert(fscanf(file, "%*d (%*[^)]) %c", &state) >= 0);
    fclose(file);
    return state != 'Z' && state != 'X';
}

static bool has_ended(void *context)
{
    return !is_running(*(long *)context);
}

bool wait_until_ended(long pid)
{
    return wait_until(has_ended, &pid);
}

static bool is_gone(void *context)
{
    return !exists(*(long *)context);
}

bool wait_until_gone(long pid)
{
    return wait_until(is_gone, &pid);
}
