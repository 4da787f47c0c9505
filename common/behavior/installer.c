/* SPDX-License-Identifier: MIT */
/*
 * As whom a behavior runs is decided here and never left open: a daemon that runs as
 * root and finds no user `nobody` makes no behavior rather than one that is root.
 */
#include "common/behavior/installer.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/behavior/folder.h"
#include "common/behavior/program.h"
#include "common/behavior/worker.h"

#define CONF_BYTES_MAX (64u << 10)
#define GROUPS_MAX 64
/* How far a user's fork bomb gets: processes and threads of all its turns together. */
#define USER_PROCESSES 1024

struct who {
    struct spawn_user user;
    gid_t groups[GROUPS_MAX];
};

/* What program_create and worker_create are told in the same way. */
struct plan {
    const struct recipe *recipe;
    struct conf conf;
    struct who who;
    bool has_user;
    struct bytes path;
};

static void free_plan(struct plan *plan)
{
    conf_free(&plan->conf);
    bytes_free(&plan->path);
}

/* ---------------------------------------------------------------------- what is said
 */

static enum status read_conf(const struct installer *installer,
                             const struct recipe *recipe, struct conf *conf,
                             struct bytes *message)
{
    BYTES_AUTO(text);
    BYTES_AUTO(file);
    enum status status = STATUS_OK;
    if (recipe->conf)
        status = folder_read(installer->folder, recipe->conf, CONF_BYTES_MAX, &text);
    if (status == STATUS_NOT_FOUND) /* removed meanwhile: the next refresh sees that */
        status = STATUS_OK;
    bytes_format(&file, "%s/%s", installer->path, recipe->conf ? recipe->conf : "");
    bytes_append(&file, view_of("", 1));
    if (status) {
        bytes_format(message, "%s: %s", file.data,
                     status == STATUS_TOO_LARGE ? "larger than 64 KiB"
                                                : strerror(errno));
        return STATUS_IO;
    }
    return conf_parse(view_bytes(&text), file.data, recipe->kind, geteuid(), conf,
                      message);
}

/* ------------------------------------------------------------------------ as whom */

static enum status find_who(const char *name, struct who *who, struct bytes *message)
{
    char buffer[4096];
    struct passwd entry, *found = NULL;
    int count = GROUPS_MAX;
    if (getpwnam_r(name, &entry, buffer, sizeof buffer, &found) != 0 || !found) {
        bytes_format(message,
                     "there is no user %s to run behaviors as; say `user = NAME`",
                     name);
        return STATUS_INVALID;
    }
    if (getgrouplist(name, found->pw_gid, who->groups, &count) < 0) {
        bytes_format(message, "the user %s is in more than %d groups", name,
                     GROUPS_MAX);
        return STATUS_INVALID;
    }
    who->user = (struct spawn_user){.uid = found->pw_uid,
                                    .gid = found->pw_gid,
                                    .groups = who->groups,
                                    .group_count = (size_t)count};
    return STATUS_OK;
}

static enum status make_plan(const struct installer *installer,
                             const struct recipe *recipe, struct plan *plan,
                             struct bytes *message)
{
    plan->recipe = recipe;
    enum status status = read_conf(installer, recipe, &plan->conf, message);
    if (status || recipe->kind == CONF_BUILTIN)
        return status;
    bytes_format(&plan->path, "%s/%s", installer->path, recipe->file);
    bytes_append(&plan->path, view_of("", 1));
    plan->has_user = geteuid() == 0;
    if (!plan->has_user)
        return STATUS_OK;
    return find_who(plan->conf.user ? plan->conf.user : "nobody", &plan->who, message);
}

static const struct spawn_user *user_of(const struct plan *plan)
{
    return plan->has_user ? &plan->who.user : NULL;
}

/* Nothing else of the user's is to be hit by the limit, so it is set for a user that is
   there for behaviors: one that was named, or nobody. */
static uint64_t process_count_of(const struct plan *plan)
{
    return plan->has_user && plan->who.user.uid != 0 ? USER_PROCESSES : 0;
}

/* ------------------------------------------------------------------------- making it
 */

static struct executable_options executable_of(const struct plan *plan)
{
    return (struct executable_options){.name = plan->recipe->name,
                                       .path = plan->path.data,
                                       .environment = plan->conf.environment,
                                       .processes = plan->conf.processes,
                                       .memory_bytes = plan->conf.memory_bytes,
                                       .process_count = process_count_of(plan),
                                       .user = user_of(plan)};
}

static struct behavior *make_program(const struct installer *installer,
                                     const struct plan *plan)
{
    const struct protocol_limits *limits = &installer->limits;
    struct program_options options = {
        .executable = executable_of(plan),
        .policy = &plan->conf.policy,
        .limits = {.result_bytes = limits->result_bytes_max,
                   .state_bytes = limits->state_bytes_max,
                   .outbox_bytes = limits->outbox_bytes_max}};
    return program_create(installer->host, &options);
}

static struct behavior *make_worker(const struct installer *installer,
                                    const struct plan *plan)
{
    struct worker_options options = {.executable = executable_of(plan),
                                     .policy = &plan->conf.policy,
                                     .speculative = plan->conf.speculative,
                                     .limits = installer->limits};
    return worker_create(installer->host, &options);
}

static struct behavior *make_builtin(const struct plan *plan)
{
    struct behavior *behavior = memory_take(sizeof *behavior);
    *behavior = *plan->recipe->builtin;
    behavior->policy = plan->conf.policy;
    return behavior;
}

static struct behavior *make(const struct installer *installer, const struct plan *plan)
{
    switch (plan->recipe->kind) {
    case CONF_PROGRAM:
        return make_program(installer, plan);
    case CONF_WORKER:
        return make_worker(installer, plan);
    case CONF_BUILTIN:
        return make_builtin(plan);
    }
    return NULL;
}

enum status installer_make(const struct installer *installer,
                           const struct recipe *recipe, struct behavior **behavior_out,
                           struct bytes *message)
{
    struct plan plan = {0};
    enum status status = make_plan(installer, recipe, &plan, message);
    if (!status)
        *behavior_out = make(installer, &plan);
    free_plan(&plan);
    return status;
}

void installer_retire(enum conf_kind kind, struct behavior *behavior)
{
    if (kind == CONF_WORKER)
        worker_retire(behavior);
}

void installer_free(enum conf_kind kind, struct behavior *behavior)
{
    switch (kind) {
    case CONF_PROGRAM:
        program_free(behavior);
        return;
    case CONF_WORKER:
        worker_free(behavior);
        return;
    case CONF_BUILTIN:
        free(behavior);
        return;
    }
}
