/* SPDX-License-Identifier: MIT */
/*
 * A story's text, cut into steps. The form of a story is told in README.md beside this.
 */
#ifndef ACTORFS_TESTS_STORY_SCRIPT_H
#define ACTORFS_TESTS_STORY_SCRIPT_H

#include "common/base/bytes.h"

#define STEP_WORDS_MAX 16

/* A line that the output must have. */
struct wanted_line {
    char *text;
    bool is_pattern; /* of fnmatch(3) */
};

struct step {
    int line; /* in the file, from 1 */
    char *words[STEP_WORDS_MAX];
    int word_count;
    struct bytes input;
    struct bytes output;       /* wanted exactly, when there is no pattern */
    struct wanted_line *lines; /* the same, by lines, with patterns */
    size_t line_count;
    bool has_pattern;
    char *error; /* wanted; null: none */
};

struct script {
    char *text; /* cut up; the words above point into it */
    struct step *steps;
    size_t step_count;
};

/* Reads a story. Exits with a message when it cannot be understood. */
void script_read(struct script *script, const char *path);
void script_free(struct script *script);

#endif
