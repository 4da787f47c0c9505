/* SPDX-License-Identifier: MIT */
/*
 * A refresh lists the folder and compares it with the listing before. An entry whose
 * files kept their marks is kept as it is; the marks are taken over even where making
 * the behavior failed, so that a wrong .conf is complained of once, not at each change
 * of something else.
 */
#include "common/behavior/stock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"

/* --------------------------------------------------------------------- what changed */

static bool is_changed(const struct stock *stock, const struct folder_file *file)
{
    const struct folder_file *before =
        folder_find(&stock->listing, view_text(file->file));
    return !before || !file_mark_equal(&before->mark, &file->mark);
}

/* The file called like the behavior with `ending`, if it is of that kind. */
static const struct folder_file *file_of(const struct folder *listing, struct view name,
                                         const char *ending, enum file_kind kind)
{
    BYTES_AUTO(file);
    bytes_append(&file, name);
    bytes_append_text(&file, ending);
    const struct folder_file *found = folder_find(listing, view_bytes(&file));
    return found && found->kind == kind ? found : NULL;
}

static bool is_of_others(const struct file_mark *mark)
{
    return mark->mode & S_IWOTH || (mark->owner != 0 && mark->owner != geteuid());
}

static void report_file(const char *path, const struct folder *listing,
                        const struct folder_file *file)
{
    struct view name = view_of(file->file, file->name);
    if (file->kind == FILE_PASSED_OVER) {
        (file->is_noise ? log_debug : log_info)("%s/%s is passed over: it %s", path,
                                                file->file, file->why);
        return;
    }
    if (is_of_others(&file->mark))
        log_warning("%s/%s can be written by others, who then decide what runs here",
                    path, file->file);
    bool has_worker = file_of(listing, name, ".worker", FILE_WORKER) != NULL;
    if (file->kind == FILE_PROGRAM && has_worker)
        log_error("%s has both %s and %s.worker: the worker is taken", path, file->file,
                  file->file);
    if (file->kind == FILE_CONF && !has_worker &&
        !file_of(listing, name, "", FILE_PROGRAM) &&
        !behavior_builtin_set()->find(behavior_builtin_set(), name))
        log_info("%s/%s is passed over: there is no behavior of that name", path,
                 file->file);
}

static void report(const struct stock *stock, const char *path,
                   const struct folder *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        if (is_changed(stock, &listing->files[i]))
            report_file(path, listing, &listing->files[i]);
}

/* ------------------------------------------------------------------------- entries */

static struct entry *find_entry(const struct entries *entries, const char *name)
{
    for (size_t i = 0; i < entries->count; i++)
        if (strcmp(entries->list[i].name, name) == 0)
            return &entries->list[i];
    return NULL;
}

static struct entry *add_entry(struct entries *entries, struct view name)
{
    entries->list =
        memory_resize(entries->list, (entries->count + 1) * sizeof *entries->list);
    struct entry *entry = &entries->list[entries->count++];
    *entry = (struct entry){.name = memory_text(name)};
    return entry;
}

static void free_entries(struct entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        free(entries->list[i].name);
    free(entries->list);
    *entries = (struct entries){0};
}

static int compare_entries(const void *left, const void *right)
{
    return strcmp(((const struct entry *)left)->name,
                  ((const struct entry *)right)->name);
}

static void note_made(struct stock *stock, const struct entry *entry)
{
    struct made *made = memory_take(sizeof *made);
    *made = (struct made){stock->made, entry->kind, entry->behavior};
    stock->made = made;
}

/* ------------------------------------------------------------------------ refreshing
 */

/* One refresh: from the old entries to the next. */
struct refresh {
    struct stock *stock;
    const struct installer *installer;
    struct folder listing;
    struct entries next;
    bool is_start, is_changed;
    enum status status;    /* the first failure... */
    struct bytes *message; /* ...and what it was */
};

static bool is_written(const struct folder_file *file)
{
    return file && file->is_written;
}

static struct file_mark mark_of(const struct folder_file *file)
{
    return file ? file->mark : (struct file_mark){0};
}

/* The old entry goes on, if there is one; it is no longer the old entries'. */
static void keep(struct refresh *refresh, struct entry *old)
{
    if (!old)
        return;
    struct entry *entry = add_entry(&refresh->next, view_text(old->name));
    char *name = entry->name;
    *entry = *old;
    entry->name = name;
    old->behavior = NULL;
}

static void note_failure(struct refresh *refresh, const char *name, enum status status,
                         struct view message)
{
    if (!refresh->is_start)
        log_error("%.*s; %s stays what it was", (int)message.size, message.data, name);
    if (refresh->status)
        return;
    refresh->status = status;
    bytes_append(refresh->message, message);
}

/* To be told when it is so for everybody. */
static void note_news(struct refresh *refresh, const char *name, const char *what)
{
    bytes_format(&refresh->stock->news, "behavior %s is %s\n", name, what);
}

/* Where it fails the old behavior goes on; without one the entry only remembers what
   was complained of. */
static void make(struct refresh *refresh, struct entry *old,
                 const struct recipe *recipe, const struct folder_file *file,
                 const struct folder_file *conf)
{
    BYTES_AUTO(message);
    struct entry *entry = add_entry(&refresh->next, view_text(recipe->name));
    entry->kind = recipe->kind;
    entry->file = mark_of(file);
    entry->conf = mark_of(conf);
    enum status status =
        installer_make(refresh->installer, recipe, &entry->behavior, &message);
    if (status) {
        note_failure(refresh, recipe->name, status, view_bytes(&message));
        if (!old)
            return;
        entry->kind = old->kind;
        entry->behavior = old->behavior;
        old->behavior = NULL;
        return;
    }
    refresh->is_changed = true;
    note_made(refresh->stock, entry);
    if (!refresh->is_start)
        note_news(refresh, recipe->name,
                  old && old->behavior ? "replaced" : "installed");
}

/* `file` is null for a built-in one. */
static void take(struct refresh *refresh, struct view name,
                 const struct folder_file *file, struct behavior *builtin)
{
    char *text = memory_text(name);
    struct entry *old = find_entry(&refresh->stock->entries, text);
    const struct folder_file *conf =
        file_of(&refresh->listing, name, ".conf", FILE_CONF);
    struct file_mark file_mark = mark_of(file), conf_mark = mark_of(conf);
    struct recipe recipe = {.kind = !file                       ? CONF_BUILTIN
                                    : file->kind == FILE_WORKER ? CONF_WORKER
                                                                : CONF_PROGRAM,
                            .name = text,
                            .file = file ? file->file : NULL,
                            .builtin = builtin,
                            .conf = conf ? conf->file : NULL};
    if (is_written(file) || is_written(conf) ||
        (old && file_mark_equal(&old->file, &file_mark) &&
         file_mark_equal(&old->conf, &conf_mark)))
        keep(refresh, old);
    else
        make(refresh, old, &recipe, file, conf);
    free(text);
}

static void take_files(struct refresh *refresh)
{
    const struct folder *listing = &refresh->listing;
    for (size_t i = 0; i < listing->count; i++) {
        const struct folder_file *file = &listing->files[i];
        struct view name = view_of(file->file, file->name);
        if (file->kind == FILE_WORKER ||
            (file->kind == FILE_PROGRAM &&
             !file_of(listing, name, ".worker", FILE_WORKER)))
            take(refresh, name, file, NULL);
    }
}

static void take_builtins(struct refresh *refresh)
{
    struct behavior_set *builtin = behavior_builtin_set();
    const char *name;
    for (size_t n = 0; (name = builtin->name(builtin, n)); n++)
        if (!find_entry(&refresh->next, name))
            take(refresh, view_text(name), NULL,
                 builtin->find(builtin, view_text(name)));
}

/* What is left in the old entries is replaced or gone. */
static void retire_rest(struct refresh *refresh)
{
    struct entries *old = &refresh->stock->entries;
    for (size_t i = 0; i < old->count; i++) {
        struct entry *entry = &old->list[i];
        if (!entry->behavior)
            continue;
        installer_retire(entry->kind, entry->behavior);
        if (!find_entry(&refresh->next, entry->name)) {
            refresh->is_changed = true;
            note_news(refresh, entry->name, "removed");
        }
    }
    free_entries(old);
}

enum status stock_refresh(struct stock *stock, const struct installer *installer,
                          bool is_start, bool *changed_out, struct bytes *message)
{
    struct refresh refresh = {.stock = stock,
                              .installer = installer,
                              .is_start = is_start,
                              .message = message};
    if (installer->folder >= 0 && folder_list(installer->folder, &refresh.listing)) {
        bytes_format(message, "%s: %s", installer->path, strerror(errno));
        if (!is_start)
            log_error("%.*s", (int)message->size, message->data);
        return STATUS_IO;
    }
    report(stock, installer->path, &refresh.listing);
    take_files(&refresh);
    take_builtins(&refresh);
    retire_rest(&refresh);
    qsort(refresh.next.list, refresh.next.count, sizeof *refresh.next.list,
          compare_entries);
    folder_free(&stock->listing);
    stock->listing = refresh.listing;
    stock->entries = refresh.next;
    *changed_out = refresh.is_changed;
    return refresh.status;
}

void stock_tell_news(struct stock *stock)
{
    struct view rest = view_bytes(&stock->news);
    while (rest.size) {
        size_t size =
            (size_t)((const char *)memchr(rest.data, '\n', rest.size) - rest.data);
        log_info("%.*s", (int)size, rest.data);
        rest = view_of(rest.data + size + 1, rest.size - size - 1);
    }
    bytes_clear(&stock->news);
}

void stock_free(struct stock *stock)
{
    bytes_free(&stock->news);
    while (stock->made) {
        struct made *made = stock->made;
        stock->made = made->older;
        installer_free(made->kind, made->behavior);
        free(made);
    }
    free_entries(&stock->entries);
    folder_free(&stock->listing);
}
