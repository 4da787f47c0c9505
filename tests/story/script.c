/* SPDX-License-Identifier: MIT */
/*
 * The first character of a line says what it is: `|` input, `=` wanted output, `~` a
 * pattern for a line of output, `!` a wanted error, `#` a remark; any other begins a
 * step. After `|` or `=` a `-` instead of the space says that no newline follows.
 */
#include "tests/story/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/mounted.h"

static _Noreturn void give_up(const char *path, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", path, line, what);
    exit(2);
}

/* What a line says behind its mark: `| text`, `|- text`. */
static char *text_behind(char *line)
{
    line += line[1] == '-' ? 2 : 1;
    return *line == ' ' ? line + 1 : line;
}

static void add_line(struct bytes *out, char *line)
{
    bytes_append_text(out, text_behind(line));
    if (line[1] != '-')
        bytes_append_text(out, "\n");
}

static void add_wanted(struct step *step, char *line)
{
    size_t count = step->line_count++;
    step->lines = memory_resize(step->lines, step->line_count * sizeof *step->lines);
    step->lines[count] =
        (struct wanted_line){.text = text_behind(line), .is_pattern = line[0] == '~'};
    step->has_pattern |= line[0] == '~';
    if (line[0] == '=')
        add_line(&step->output, line);
}

static void begin_step(struct script *script, char *line, int number, const char *path)
{
    size_t count = script->step_count++;
    char *rest = line;
    script->steps =
        memory_resize(script->steps, script->step_count * sizeof *script->steps);
    struct step *step = &script->steps[count];
    *step = (struct step){.line = number};
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " ")) {
        if (step->word_count == STEP_WORDS_MAX)
            give_up(path, number, "too many words");
        if (*word != '\0')
            step->words[step->word_count++] = word;
    }
}

static void read_line(struct script *script, char *line, int number, const char *path)
{
    if (line[0] == '\0' || line[0] == '#')
        return;
    if (strchr("|=~!", line[0]) == NULL) {
        begin_step(script, line, number, path);
        return;
    }
    if (script->step_count == 0)
        give_up(path, number, "belongs to no step");
    struct step *step = &script->steps[script->step_count - 1];
    if (line[0] == '|')
        add_line(&step->input, line);
    else if (line[0] == '!')
        step->error = text_behind(line);
    else
        add_wanted(step, line);
}

void script_read(struct script *script, const char *path)
{
    BYTES_AUTO(text);
    *script = (struct script){0};
    if (file_read(path, &text) != 0)
        give_up(path, 0, "cannot be read");
    script->text = memory_text(view_bytes(&text));
    int number = 0;
    char *rest = script->text;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n"))
        read_line(script, line, ++number, path);
}

void script_free(struct script *script)
{
    for (size_t i = 0; i < script->step_count; i++) {
        bytes_free(&script->steps[i].input);
        bytes_free(&script->steps[i].output);
        free(script->steps[i].lines);
    }
    free(script->steps);
    free(script->text);
}
