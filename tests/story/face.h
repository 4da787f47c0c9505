/* SPDX-License-Identifier: MIT */
/*
 * What a story asks of a face: verbs, on paths below /actors (or from the root, with a
 * slash first). A face answers with a code of its own, an errno or an HTTP status, and
 * says which of its codes stands for what a story calls `not found` or `conflict`. So
 * one story demands the same outcome through every face.
 */
#ifndef ACTORFS_TESTS_STORY_FACE_H
#define ACTORFS_TESTS_STORY_FACE_H

#include "common/base/bytes.h"
#include "common/base/status.h"

struct face {
    const char *name;
    /* The code that stands for a status. */
    int (*code_of)(enum status status);
    const char *(*text_of)(int code);

    /* A fresh store, served. */
    void (*open)(const char *options);
    /* False when the daemon did not end cleanly. */
    bool (*close)(void);
    /* Stops the daemon, cleanly or with SIGKILL, and starts it again on its store. */
    void (*restart)(bool kills);

    int (*make)(const char *actor);
    int (*remove)(const char *actor);
    /* All of `content` is one message, or the file's new content. */
    int (*send)(const char *path, struct view content);
    /* Each line is a message, or a control word. */
    int (*append)(const char *path, struct view content);
    /* Sends one message and reads what this call gave. */
    int (*call)(const char *path, struct view content, struct bytes *out);
    /* Appends what a reader gets, which may precede an error. Without `waits` what is
       not there yet is AGAIN. */
    int (*read)(const char *path, bool waits, struct bytes *out);
    /* Appends the names in a folder, a line each, sorted. */
    int (*list)(const char *path, struct bytes *out);
    bool (*exists)(const char *path);
};

extern const struct face face_mount, face_http;

#endif
