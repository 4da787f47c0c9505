/* SPDX-License-Identifier: MIT */
#include "server/access/unix_user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>

#define ENTRY_BYTES 4096 /* glibc's own advice is 1,024; an entry has a few fields */

static bool parse_number(const char *text, uint32_t *number)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || *end || text[0] < '0' || text[0] > '9' || value >= UINT32_MAX)
        return false;
    *number = (uint32_t)value;
    return true;
}

static void take_groups(const char *name, struct unix_user *user)
{
    gid_t groups[UNIX_GROUPS_MAX];
    int count = UNIX_GROUPS_MAX;
    if (getgrouplist(name, user->gid, groups, &count) < 0)
        count = UNIX_GROUPS_MAX;
    user->groups = memory_take((size_t)count * sizeof(*user->groups));
    user->group_count = (size_t)count;
    for (size_t i = 0; i < user->group_count; i++)
        user->groups[i] = groups[i];
}

bool unix_user_find(struct view text, struct unix_user *found_out)
{
    char buffer[ENTRY_BYTES];
    struct passwd entry, *found = NULL;
    struct unix_user user = {0};
    char *name = memory_text(text);
    bool is_number = parse_number(name, &user.uid);
    if (is_number)
        getpwuid_r(user.uid, &entry, buffer, sizeof buffer, &found);
    else
        getpwnam_r(name, &entry, buffer, sizeof buffer, &found);
    free(name);
    if (!found && !is_number)
        return false;
    user.gid = user.uid;
    if (found) {
        user.uid = found->pw_uid;
        user.gid = found->pw_gid;
        take_groups(found->pw_name, &user);
    }
    *found_out = user;
    return true;
}

void unix_user_free(struct unix_user *user)
{
    free(user->groups);
    *user = (struct unix_user){0};
}

static bool is_in_group(const struct unix_user *user, uint32_t gid)
{
    for (size_t i = 0; i < user->group_count; i++)
        if (user->groups[i] == gid)
            return true;
    return user->gid == gid;
}

/* As path_resolution(7) has it: the first class that fits decides, though a later one
   would allow more. */
bool unix_user_may(const struct unix_user *user, const struct attributes *attributes,
                   unsigned want)
{
    uint32_t mode = attributes->mode;
    if (user->uid == 0)
        return !(want & MAY_EXECUTE) || attributes->is_folder || mode & 0111;
    if (user->uid == attributes->uid)
        mode >>= 6;
    else if (is_in_group(user, attributes->gid))
        mode >>= 3;
    return (mode & want) == want;
}

bool unix_user_may_remove(const struct unix_user *user, const struct attributes *folder,
                          const struct attributes *entry)
{
    return !(folder->mode & S_ISVTX) || user->uid == 0 || user->uid == folder->uid ||
           user->uid == entry->uid;
}
