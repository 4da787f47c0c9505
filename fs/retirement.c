/* SPDX-License-Identifier: MIT */
#include "fs/retirement.h"

#include <stdlib.h>

#include "common/base/text.h"
#include "fs/waiting.h"

struct retirement {
    struct waiting waiting; /* first: they share an address */
    struct fuse_face *face;
    uint64_t actor;
    uint64_t changes; /* of the actor, when it was last looked at */
};

bool retirement_is_asked(struct view words)
{
    while (words.size > 0) {
        const char *newline = memchr(words.data, '\n', words.size);
        size_t size = newline ? (size_t)(newline - words.data) : words.size;
        struct view word = text_trimmed(view_of(words.data, size), " \t\r");
        if (view_equal(word, view_text("retire")))
            return true;
        size += newline ? 1 : 0;
        words = view_of(words.data + size, words.size - size);
    }
    return false;
}

/* False when it is gone. */
static bool look(struct retirement *retirement)
{
    struct actor_info info;
    struct engine *engine = tree_engine(retirement->face->tree);
    if (engine_actor(engine, retirement->actor, &info))
        return false;
    retirement->changes = info.changes;
    return true;
}

struct retirement *retirement_prepare(struct fuse_face *face, uint64_t actor,
                                      struct view words)
{
    if (!retirement_is_asked(words))
        return NULL;
    struct retirement *retirement = memory_take_zeroed(1, sizeof *retirement);
    retirement->face = face;
    retirement->actor = actor;
    if (look(retirement))
        return retirement;
    free(retirement);
    return NULL;
}

void retirement_drop(struct retirement *retirement)
{
    free(retirement);
}

static void dispose(struct waiting *waiting)
{
    free(waiting);
}

/* The files first: a folder with something in it is not dropped. */
void retirement_forget_folder(struct fuse_face *face, uint64_t actor)
{
    if (!face->prunes)
        return;
    for (int kind = NODE_TASKS; kind <= NODE_BEHAVIOR; kind++)
        notifier_post(face->notifier, inode_of_listed((enum node_kind)kind, actor));
    notifier_post(face->notifier, inode_of_listed(NODE_ACTOR, actor));
}

static void look_again(void *context, bool is_stopping)
{
    struct retirement *retirement = context;
    if (!is_stopping && look(retirement)) {
        retirement_watch(retirement);
        return;
    }
    if (!is_stopping) {
        retirement_forget_folder(retirement->face, retirement->actor);
        if (tree_files(retirement->face->tree))
            files_forget(tree_files(retirement->face->tree), retirement->actor);
    }
    free(retirement);
}

/* A watch wakes once; the next is started elsewhere, or a wake-up that is under way
   would find it too. */
static void wake(struct waiting *waiting, enum status status)
{
    const struct retirement *retirement = (struct retirement *)waiting;
    if (status == STATUS_SHUTDOWN)
        return;
    struct retirement *next = memory_take(sizeof *next);
    *next = *retirement;
    notifier_defer(next->face->notifier, look_again, next);
}

void retirement_watch(struct retirement *retirement)
{
    if (!retirement)
        return;
    struct waiting *waiting = &retirement->waiting;
    waiting_init(waiting, wake, dispose);
    waiting->wait =
        engine_wait_change(tree_engine(retirement->face->tree), retirement->actor,
                           retirement->changes, waiting_wake, waiting);
    waiting_put(waiting);
}
