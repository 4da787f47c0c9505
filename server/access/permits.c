/* SPDX-License-Identifier: MIT */
/*
 * What a user may do: a part of access.h. The rules and, where the user is mapped to a
 * Unix user, the modes must both allow it.
 */
#include "server/access/access.h"

bool access_allows(const struct user *user, enum right right, struct view actor)
{
    return !user || rules_allow(&user->rules, right, actor);
}

bool access_shows(const struct user *user, struct view actor)
{
    return !user || rules_show(&user->rules, actor);
}

bool access_permits(const struct user *user, const struct attributes *attributes,
                    unsigned want)
{
    return !user || !user->is_mapped ||
           unix_user_may(&user->unix_user, attributes, want);
}

bool access_permits_removal(const struct user *user, const struct attributes *folder,
                            const struct attributes *entry)
{
    return !user || !user->is_mapped ||
           unix_user_may_remove(&user->unix_user, folder, entry);
}

struct engine_owner access_owner(const struct user *user,
                                 const struct engine_owner *daemon)
{
    struct engine_owner owner = *daemon;
    if (user && user->is_mapped) {
        owner.uid = user->unix_user.uid;
        owner.gid = user->unix_user.gid;
    }
    return owner;
}

struct view access_name(const struct user *user)
{
    return user ? view_text(user->name) : view_of(NULL, 0);
}
