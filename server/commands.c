/* SPDX-License-Identifier: MIT */
#include "server/commands.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/base/log.h"
#include "common/base/text.h"
#include "server/control.h"
#include "server/dav/admin.h"

static int answer_stat(struct tree *tree, struct bytes *out)
{
    struct node node = tree_node(NODE_DAEMON_STATUS, 0);
    enum status status = tree_read(tree, &node, out);
    if (status)
        bytes_format(out, "the status cannot be read: %s\n", status_text(status));
    return status ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int answer_check(struct tree *tree, struct bytes *out)
{
    uint64_t faults = engine_check(tree_engine(tree), out);
    if (faults == 0)
        bytes_append_text(out, "no faults found\n");
    else
        bytes_format(out, "%" PRIu64 " fault%s found\n", faults, text_plural(faults));
    return faults ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* `unlock` lists, `unlock TOKEN` and `unlock PATH` break. */
static int answer_unlock(const struct command_context *context, struct view which,
                         struct bytes *out)
{
    if (!context->dav) {
        bytes_append_text(out, "no daemon runs: locks are its business\n");
        return EXIT_FAILURE;
    }
    if (!which.size) {
        dav_admin_list(context->dav, context->tree, out);
        return EXIT_SUCCESS;
    }
    if (dav_admin_break(context->dav, context->tree, which, out))
        return EXIT_SUCCESS;
    bytes_append_text(out, "there is no such lock; without an argument, unlock shows "
                           "all of them\n");
    return EXIT_FAILURE;
}

int command_answer(void *context, struct view word, struct bytes *out)
{
    const struct command_context *about = context;
    if (view_equal(word, view_text("stat")))
        return answer_stat(about->tree, out);
    if (view_equal(word, view_text("check")))
        return answer_check(about->tree, out);
    if (view_equal(word, view_text("unlock")))
        return answer_unlock(about, view_of("", 0), out);
    if (view_starts_with(word, "unlock "))
        return answer_unlock(about, view_of(word.data + 7, word.size - 7), out);
    bytes_append_text(out, "unknown command\n");
    return EXIT_FAILURE;
}

static int say_failure(const char *store, const char *why)
{
    fprintf(stderr, "actorfs: %s: %s\n", store, why);
    return EXIT_FAILURE;
}

/* Opening would make a store of any folder, and then find no fault in it. */
static bool is_store(const char *path)
{
    char *journal = NULL;
    struct stat found;
    ENSURE(asprintf(&journal, "%s/journal", path) > 0);
    bool is = stat(journal, &found) == 0 && S_ISDIR(found.st_mode);
    free(journal);
    return is;
}

/* Opening replays the journal and changes nothing else; nobody's turns run. */
static int answer_offline(const struct options *options, const char *word,
                          struct bytes *out)
{
    struct engine *engine;
    BYTES_AUTO(message);
    enum status status =
        engine_open(options->store, &options->engine, &engine, &message);
    if (status) {
        bytes_append(&message, view_of("", 1));
        return say_failure(options->store, message.data);
    }
    struct engine_owner owner = {0};
    struct tree *tree = tree_open(engine, &owner);
    struct command_context context = {.tree = tree};
    int result = command_answer(&context, view_text(word), out);
    tree_close(tree);
    engine_close(engine);
    return result;
}

/* The word for the daemon, NUL at the end. */
static void ask(const struct options *options, struct bytes *word)
{
    bytes_append_text(word, options->command == COMMAND_CHECK    ? "check"
                            : options->command == COMMAND_UNLOCK ? "unlock"
                                                                 : "stat");
    if (options->path)
        bytes_format(word, " %s", options->path);
    bytes_append(word, view_of("", 1));
}

int command_run(const struct options *options)
{
    BYTES_AUTO(answer);
    BYTES_AUTO(question);
    struct stat store;
    int result = EXIT_FAILURE;
    ask(options, &question);
    const char *word = question.data;
    if (stat(options->store, &store) != 0) /* opening would make it */
        return say_failure(options->store, strerror(errno));
    if (!is_store(options->store))
        return say_failure(options->store, "this is no store: it has no journal");
    enum status status = control_ask(options->store, word, &result, &answer);
    if (status == STATUS_NOT_FOUND)
        result = answer_offline(options, word, &answer);
    else if (status)
        return say_failure(options->store, "the daemon does not answer");
    if (answer.size)
        fwrite(answer.data, 1, answer.size, stdout);
    return fflush(stdout) == 0 ? result : EXIT_FAILURE;
}
