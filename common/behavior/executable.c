/* SPDX-License-Identifier: MIT */
#include "common/behavior/executable.h"

#include <stdlib.h>
#include <unistd.h>

static uint32_t count_processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 1 ? (uint32_t)count : 1;
}

/* With its groups, in one piece; null of null. */
static struct spawn_user *copy_user(const struct spawn_user *user)
{
    if (user == NULL)
        return NULL;
    size_t groups_size = user->group_count * sizeof *user->groups;
    struct spawn_user *copy = memory_take(sizeof *copy + groups_size);
    *copy = *user;
    if (groups_size)
        memcpy(copy + 1, user->groups, groups_size);
    copy->groups = (const gid_t *)(copy + 1);
    return copy;
}

struct executable executable_copy(const struct executable_options *options)
{
    struct executable executable = {
        .name = memory_text(view_text(options->name)),
        .argv = {memory_text(view_text(options->path)), NULL},
        .processes = options->processes ? options->processes : count_processors(),
        .memory_bytes = options->memory_bytes,
        .process_count = options->process_count,
        .user = copy_user(options->user)};
    environment_set_defaults(&executable.environment, options->environment);
    return executable;
}

void executable_free(struct executable *executable)
{
    environment_free(&executable->environment);
    free(executable->user);
    free(executable->argv[0]);
    free(executable->name);
}

struct spawn executable_spawn(const struct executable *executable)
{
    return (struct spawn){.path = executable->argv[0],
                          .argv = executable->argv,
                          .environment = executable->environment.entries,
                          .memory_bytes = executable->memory_bytes,
                          .process_count = executable->process_count,
                          .user = executable->user};
}
