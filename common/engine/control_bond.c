/* SPDX-License-Identifier: MIT */
/* Control words about other actors: watch, link, and their ends. */
#include "common/engine/control.h"

#include "common/engine/core.h"

/* The actor that a word names; null when the word was refused. */
static struct actor *find_other(struct control *control, const char *word,
                                struct view argument)
{
    BYTES_AUTO(name);
    struct actor *other = NULL;
    if (control->me && view_equal(argument, view_text("ME")))
        other = control->me;
    else if (memchr(argument.data, '%', argument.size))
        percent_decode(&name, argument);
    else
        bytes_append(&name, argument);
    if (!other && name.size)
        other = actor_get_by_name(control->engine, view_bytes(&name));
    if (!other)
        control_refuse(control, STATUS_NOT_FOUND, word, argument, "no such actor");
    else if (other == control->actor)
        control_refuse(control, STATUS_INVALID, word, argument,
                       "that is the actor itself");
    return control->status ? NULL : other;
}

/* The bond as the words so far leave it. */
static struct bond *planned_bond(struct control *control, const struct actor *other)
{
    for (size_t i = 0; i < control->bond_count; i++)
        if (control->bonds[i].other == other->id)
            return &control->bonds[i];
    control->bonds = memory_resize(control->bonds,
                                   (control->bond_count + 1) * sizeof *control->bonds);
    struct bond *bond = &control->bonds[control->bond_count++];
    *bond =
        (struct bond){.other = other->id,
                      .flags = bond_flags(control->engine, control->actor, other->id)};
    return bond;
}

static void bond(struct control *control, const char *word, struct view argument,
                 uint32_t set, uint32_t clear_flags)
{
    struct engine *engine = control->engine;
    struct actor *other = find_other(control, word, argument);
    if (!other)
        return;
    struct bond *bond = planned_bond(control, other);
    uint32_t flags = (bond->flags & ~clear_flags) | set;
    if (flags == bond->flags)
        return;
    if (!bond->flags &&
        (bond_count(engine, control->actor) + control->bond_count > BONDS_MAX ||
         bond_count(engine, other) >= BONDS_MAX)) {
        control_refuse(
            control, STATUS_FULL, word, argument,
            "an actor watches, is watched by or linked to 1000 others at most");
        return;
    }
    bond->flags = flags;
    control->head.flags |= ACTOR_BONDED;
    struct change change = {.type = CHANGE_BOND,
                            .actor = control->head.id,
                            .other = other->id,
                            .flags = flags};
    control_add(control, &change);
}

void control_watch(struct control *control, struct view argument)
{
    bond(control, "watch", argument, BOND_WATCHES, 0);
}

void control_unwatch(struct control *control, struct view argument)
{
    bond(control, "unwatch", argument, 0, BOND_WATCHES);
}

void control_link(struct control *control, struct view argument)
{
    bond(control, "link", argument, BOND_LINKED, 0);
}

void control_unlink(struct control *control, struct view argument)
{
    bond(control, "unlink", argument, 0, BOND_LINKED);
}
