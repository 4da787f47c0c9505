/* SPDX-License-Identifier: MIT */
/*
 * The folders can be entered by everybody, because a daemon that is root runs behaviors
 * as nobody. A behavior finds `outside` from its own path.
 */
#include "tests/support/stage.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "tests/support/guard.h"
#include "tests/support/mounted.h"

static struct guard *guard;

static const char *path_of(const char *folder, const char *name)
{
    static char paths[4][512];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s/%s", guard_folder(guard), folder, name);
    return path;
}

const char *stage_behaviors(void)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/behaviors", guard_folder(guard));
    return path;
}

void stage_open(const char *behaviors, int guard_s)
{
    char outside[512];
    guard = guard_open(guard_s);
    snprintf(outside, sizeof outside, "%s/outside", guard_folder(guard));
    setenv("B", stage_behaviors(), 1);
    setenv("O", outside, 1);
    setenv("FROM", behaviors, 1);
    struct command command;
    command_run(&command, "cp -r $FROM $B && chmod -R a+rX ${B%/*} && mkdir $O && "
                          "chmod 1777 $O");
    ENSURE(command.status == 0);
    command_free(&command);
}

void stage_close(void)
{
    if (guard)
        guard_close(guard);
    guard = NULL;
}

void stage_install(const char *name, struct view text)
{
    const char *unfinished = path_of("outside", ".install");
    ENSURE(file_write(unfinished, O_WRONLY | O_CREAT | O_TRUNC, text) == 0);
    bool is_conf = fnmatch("*.conf", name, 0) == 0;
    ENSURE(chmod(unfinished, is_conf ? 0644 : 0755) == 0);
    ENSURE(rename(unfinished, path_of("behaviors", name)) == 0);
}

void stage_uninstall(const char *name)
{
    ENSURE(unlink(path_of("behaviors", name)) == 0);
}

void stage_read_outside(const char *name, struct bytes *out)
{
    if (file_read(path_of("outside", name), out) != 0)
        bytes_clear(out);
}
