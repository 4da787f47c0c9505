/* SPDX-License-Identifier: MIT */
/*
 * story FACE FILE...
 *
 * Tells stories to a real daemon: each step is a verb through the face, and output and
 * error must be what the story says, byte for byte. Each story has a store of its own.
 * Exit status 0: all came true; 1: one did not; 77: this face cannot be tested here.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/story/face.h"
#include "tests/story/script.h"
#include "tests/support/mounted.h"
#include "tests/support/stage.h"

#define AWAIT_MS 30000
#define STAGE_GUARD_S 300

static const struct face *face;

/* -------------------------------------------------------------------- verbs --- */

static int make_actors(struct step *step, struct bytes *out)
{
    int code = face->code_of(STATUS_OK);
    (void)out;
    for (int i = 1; i < step->word_count && code == face->code_of(STATUS_OK); i++)
        code = face->make(step->words[i]);
    return code;
}

static int remove_actor(struct step *step, struct bytes *out)
{
    (void)out;
    return face->remove(step->words[1]);
}

static int send_message(struct step *step, struct bytes *out)
{
    (void)out;
    return face->send(step->words[1], view_bytes(&step->input));
}

static int append_lines(struct step *step, struct bytes *out)
{
    (void)out;
    return face->append(step->words[1], view_bytes(&step->input));
}

/* append ACTOR/status, with the words in the step itself. */
static int control(struct step *step, struct bytes *out)
{
    char path[512];
    BYTES_AUTO(line);
    (void)out;
    snprintf(path, sizeof path, "%s/status", step->words[1]);
    for (int i = 2; i < step->word_count; i++)
        bytes_format(&line, "%s%s", i > 2 ? " " : "", step->words[i]);
    bytes_append_text(&line, "\n");
    return face->append(path, view_bytes(&line));
}

static int call(struct step *step, struct bytes *out)
{
    return face->call(step->words[1], view_bytes(&step->input), out);
}

static int read_waiting(struct step *step, struct bytes *out)
{
    return face->read(step->words[1], true, out);
}

static int look(struct step *step, struct bytes *out)
{
    return face->read(step->words[1], false, out);
}

static int list(struct step *step, struct bytes *out)
{
    return face->list(step->words[1], out);
}

static int exists(struct step *step, struct bytes *out)
{
    bytes_append_text(out, face->exists(step->words[1]) ? "yes\n" : "no\n");
    return face->code_of(STATUS_OK);
}

/* The value of a `key: value` line; of several, in one step. */
static int value(struct step *step, struct bytes *out)
{
    BYTES_AUTO(lines);
    int code = face->read(step->words[1], false, &lines);
    for (int i = 2; i < step->word_count; i++) {
        if (i > 2)
            bytes_append_text(out, " ");
        line_value(view_bytes(&lines), step->words[i], out);
    }
    bytes_append_text(out, "\n");
    return code;
}

static bool status_says(const char *actor, const char *key, const char *wanted)
{
    char path[512];
    BYTES_AUTO(lines);
    BYTES_AUTO(found);
    snprintf(path, sizeof path, "%s/status", actor);
    return face->read(path, false, &lines) == face->code_of(STATUS_OK) &&
           line_value(view_bytes(&lines), key, &found) &&
           view_equal(view_bytes(&found), view_text(wanted));
}

/* Waits until the actor's status says so; says nothing more. */
static int await(struct step *step, struct bytes *out)
{
    long long deadline = now_ms() + AWAIT_MS;
    while (!status_says(step->words[1], step->words[2], step->words[3])) {
        if (now_ms() > deadline) {
            bytes_append_text(out, "it never does\n");
            break;
        }
        poll_pause();
    }
    return face->code_of(STATUS_OK);
}

static void append_columns(char *line, const struct step *step, struct bytes *out)
{
    char *fields[16] = {0};
    int count = 0;
    for (char *field = strsep(&line, "\t"); field != NULL && count < 16;
         field = strsep(&line, "\t"))
        fields[count++] = field;
    for (int i = 2; i < step->word_count; i++) {
        int column = atoi(step->words[i]);
        bytes_format(out, "%s%s", i > 2 ? " " : "",
                     column >= 1 && column <= count ? fields[column - 1] : "?");
    }
    bytes_append_text(out, "\n");
}

/* Some columns of a file whose columns are separated by tabs. */
static int columns(struct step *step, struct bytes *out)
{
    BYTES_AUTO(lines);
    int code = face->read(step->words[1], false, &lines);
    char *text = memory_text(view_bytes(&lines)), *rest = text;
    for (char *line = strsep(&rest, "\n"); rest != NULL; line = strsep(&rest, "\n"))
        append_columns(line, step, out);
    free(text);
    return code;
}

static int restart(struct step *step, struct bytes *out)
{
    (void)out;
    face->restart(strcmp(step->words[0], "kill") == 0);
    return face->code_of(STATUS_OK);
}

static int install(struct step *step, struct bytes *out)
{
    (void)out;
    stage_install(step->words[1], view_bytes(&step->input));
    return face->code_of(STATUS_OK);
}

static int uninstall(struct step *step, struct bytes *out)
{
    (void)out;
    stage_uninstall(step->words[1]);
    return face->code_of(STATUS_OK);
}

static int read_outside(struct step *step, struct bytes *out)
{
    stage_read_outside(step->words[1], out);
    return face->code_of(STATUS_OK);
}

static const struct verb {
    const char *name;
    int words; /* at least, the verb itself included */
    int (*run)(struct step *step, struct bytes *out);
} verbs[] = {
    {"make", 2, make_actors},    {"remove", 2, remove_actor},
    {"send", 2, send_message},   {"append", 2, append_lines},
    {"control", 3, control},     {"call", 2, call},
    {"read", 2, read_waiting},   {"look", 2, look},
    {"list", 2, list},           {"exists", 2, exists},
    {"value", 3, value},         {"await", 4, await},
    {"columns", 3, columns},     {"restart", 1, restart},
    {"kill", 1, restart},        {"install", 2, install},
    {"uninstall", 2, uninstall}, {"outside", 2, read_outside},
};

/* ------------------------------------------------------------------ outcomes --- */

static bool lines_match(const struct step *step, const struct bytes *output)
{
    char *text = memory_text(view_bytes(output)), *rest = text;
    size_t at = 0;
    bool right = true;
    for (char *line = strsep(&rest, "\n");
         line != NULL && (rest != NULL || *line != '\0'); line = strsep(&rest, "\n")) {
        const struct wanted_line *wanted = &step->lines[at];
        right = right && at < step->line_count &&
                (wanted->is_pattern ? fnmatch(wanted->text, line, 0) == 0
                                    : strcmp(wanted->text, line) == 0);
        at += at < step->line_count;
    }
    free(text);
    return right && at == step->line_count;
}

static bool output_is_right(const struct step *step, const struct bytes *output)
{
    return step->has_pattern
               ? lines_match(step, output)
               : view_equal(view_bytes(output), view_bytes(&step->output));
}

/* The face's code for what the story calls an error; -1 for a word it does not know. */
static int wanted_code(const struct step *step)
{
    if (step->error == NULL)
        return face->code_of(STATUS_OK);
    for (int status = STATUS_OK; status <= STATUS_DEADLOCK; status++)
        if (strcmp(step->error, status_text((enum status)status)) == 0)
            return face->code_of((enum status)status);
    return -1;
}

static void tell_difference(const char *path, const struct step *step, int code,
                            const struct bytes *output)
{
    fprintf(stderr, "%s:%d: %s %s: %s, wanted %s\n", path, step->line, step->words[0],
            step->word_count > 1 ? step->words[1] : "", face->text_of(code),
            step->error != NULL ? step->error : "ok");
    fprintf(stderr, "--- wanted:\n");
    for (size_t i = 0; i < step->line_count; i++)
        fprintf(stderr, "%s\n", step->lines[i].text);
    fprintf(stderr, "--- got:\n%.*s---\n", (int)output->size,
            output->data != NULL ? output->data : "");
}

static const struct verb *find_verb(const struct step *step)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(step->words[0], verbs[i].name) == 0 &&
            step->word_count >= verbs[i].words)
            return &verbs[i];
    return NULL;
}

/* `eventually VERB ...`: again and again, until it comes true. */
static bool take_eventually(struct step *step)
{
    if (strcmp(step->words[0], "eventually") != 0 || step->word_count < 2)
        return false;
    step->word_count--;
    memmove(step->words, step->words + 1,
            (size_t)step->word_count * sizeof *step->words);
    return true;
}

static bool run_step(struct step *step, const char *path)
{
    BYTES_AUTO(output);
    long long deadline = take_eventually(step) ? now_ms() + AWAIT_MS : 0;
    const struct verb *verb = find_verb(step);
    if (verb == NULL) {
        fprintf(stderr, "%s:%d: `%s` is no verb\n", path, step->line, step->words[0]);
        return false;
    }
    for (;;) {
        bytes_clear(&output);
        int code = verb->run(step, &output);
        if (code == wanted_code(step) && output_is_right(step, &output))
            return true;
        if (now_ms() > deadline) {
            tell_difference(path, step, code, &output);
            return false;
        }
        poll_pause();
    }
}

/* A first step `options ...` gives the daemon options, `behaviors ...` behaviors, too.
 */
static size_t open_face(const struct script *script)
{
    static char options[512]; /* the daemon's later starts need it, too */
    const struct step *first = script->steps;
    bool has_stage =
        script->step_count > 0 && strcmp(first->words[0], "behaviors") == 0;
    bool has_options =
        script->step_count > 0 && strcmp(first->words[0], "options") == 0;
    options[0] = '\0';
    if (has_stage) {
        stage_open(STORY_BEHAVIORS, STAGE_GUARD_S);
        snprintf(options, sizeof options, "--behaviors %s ", stage_behaviors());
    }
    for (int i = 1; (has_stage || has_options) && i < first->word_count; i++) {
        size_t size = strlen(options);
        snprintf(options + size, sizeof options - size, "%s ", first->words[i]);
    }
    face->open(options);
    return has_stage || has_options;
}

static bool tell_story(const char *path)
{
    struct script script;
    bool right = true;
    script_read(&script, path);
    size_t first = open_face(&script);
    for (size_t i = first; i < script.step_count && right; i++)
        right = run_step(&script.steps[i], path);
    if (!face->close()) {
        fprintf(stderr, "%s: the daemon did not end cleanly\n", path);
        right = false;
    }
    stage_close();
    printf("%s: %s\n", path, right ? "came true" : "FAILED");
    script_free(&script);
    return right;
}

int main(int count, char **words)
{
    bool right = true;
    bool http = count > 2 && strcmp(words[1], face_http.name) == 0;
    if (count < 3 || (!http && strcmp(words[1], face_mount.name) != 0)) {
        fprintf(stderr, "usage: story mount|http FILE...\n");
        return 2;
    }
    face = http ? &face_http : &face_mount;
    if (access("/dev/fuse", R_OK | W_OK) != 0)
        return 77;
    for (int i = 2; i < count; i++)
        right = tell_story(words[i]) && right;
    return right ? 0 : 1;
}
