/* SPDX-License-Identifier: MIT */
/*
 * A host, one program made of a script, and turns of it that are waited for. All is
 * closed and checked at the end of the test: nothing runs, no folder is left.
 */
#ifndef ACTORFS_TESTS_COMMON_BEHAVIOR_PROGRAM_RIG_H
#define ACTORFS_TESTS_COMMON_BEHAVIOR_PROGRAM_RIG_H

#include "common/behavior/program.h"
#include "tests/common/behavior/scratch.h"

/* To be changed before rig_install. */
extern struct program_options rig_options;
extern struct behavior_policy rig_policy;

void rig_open(void);   /* for .init */
void rig_close(void);  /* again does nothing */
void rig_end(void);    /* for .fini: closes, and removes all files */
void rig_reopen(void); /* after rig_close */
struct host *rig_host(void);
/* From now on the log goes into a file; what it said, and no more into a file. free()
   it. */
void rig_capture_log(void);
char *rig_captured_log(void);

/* The script becomes the program; twice makes two. */
struct behavior *rig_install(const char *script);

/* One turn. Zero-initialize. */
struct rig_turn {
    struct turn_output output;
    bool finished; /* by the host's thread, under a lock */
    int answers;
    uint64_t id;
};
/* A turn's input with the least in it. */
struct turn_input rig_input(const char *message, const char *state);
void rig_start(struct behavior *behavior, const struct turn_input *input,
               struct rig_turn *turn);
/* The same for a certain actor. */
void rig_start_as(struct behavior *behavior, const struct turn_input *input,
                  struct rig_turn *turn, uint64_t id);
/* Waits for it, for 60 s at most. */
void rig_finish(struct rig_turn *turn);

/* Installs, runs one turn, waits. The output is valid until the next call. */
const struct turn_output *rig_run(const char *script, const char *message,
                                  const char *state);

void assert_bytes(const struct bytes *bytes, const char *text);
/* The verdict, and that the error text has these words. */
void assert_verdict(const struct turn_output *output, enum turn_verdict verdict,
                    const char *words);
/* DONE with that result. */
void assert_done(const struct turn_output *output, const char *result);

#endif
