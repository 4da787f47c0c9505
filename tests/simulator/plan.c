/* SPDX-License-Identifier: MIT */
/*
 * What one run is like. Runs differ more than the moments of one run do: some crash all
 * the time and some hardly ever, some have two actors with full mailboxes, in some the
 * clock leaps by weeks. What is rare in one is common in another.
 */
#include "tests/simulator/sim.h"

#define MINUTE_MS (60 * 1000LL)

static unsigned one_of(struct sim *sim, const unsigned *choices, size_t count)
{
    return choices[dice_roll(&sim->dice, count)];
}
#define ONE_OF(sim, ...)                                                               \
    one_of(sim, (const unsigned[]){__VA_ARGS__},                                       \
           sizeof((const unsigned[]){__VA_ARGS__}) / sizeof(unsigned))

/* Segments are as small as records allow: no event is cut into two of them. */
static void make_options(struct sim *sim)
{
    struct engine_options *options = &sim->options;
    engine_options_init(options);
    options->message_bytes_max = options->result_bytes_max = options->state_bytes_max =
        ONE_OF(sim, 100, 600);
    options->mailbox_tasks_max = ONE_OF(sim, 3, 10, 40, 100);
    options->log_bytes_max = ONE_OF(sim, 2000, 8000, 20000);
    options->segment_bytes = ONE_OF(sim, 65536, 131072);
    if (sim->plan.sends || sim->plan.ties)
        options->segment_bytes = ONE_OF(sim, 131072, 262144, 1u << 20);
    else if (options->message_bytes_max == 100 && options->log_bytes_max == 2000 &&
             options->mailbox_tasks_max <= 40)
        options->segment_bytes = options->mailbox_tasks_max <= 10 ? 8192 : 16384;
    if (dice_odds(&sim->dice, 2)) {
        options->retention_done_ms = 10 * MINUTE_MS;
        options->retention_failed_ms =
            ONE_OF(sim, 30, 10, 5) * MINUTE_MS; /* not always the longer one */
        options->retention_keyless_ms = 2 * MINUTE_MS;
    }
    if (dice_odds(&sim->dice, 8))
        options->durability = DURABILITY_OS;
}

/* Names say which behavior handles the actor, or none does. */
static void choose_names(struct sim *sim)
{
    static const char *const names[NAMES_MAX] = {"echo_1",  "counter_1", "keep",
                                                 "later_1", "soon_2",    "wild_1_7",
                                                 "plain",   "nobody"};
    for (size_t i = 0; i < NAMES_MAX; i++) {
        size_t at = dice_roll(&sim->dice, i + 1);
        sim->plan.names[i] = sim->plan.names[at];
        sim->plan.names[at] = names[i];
    }
}

static void flood(struct sim *sim)
{
    sim->plan.flood = 380; /* of a dozen each: more than the engine keeps in memory */
    sim->plan.posts_max = 12;
    sim->plan.has_fallback = false;
    sim->plan.sends = sim->plan.ties = sim->plan.away = 0;
    sim->plan.name_count = 1;
    sim->plan.names[0] = "nobody";
    sim->options.mailbox_tasks_max = 6000;
    sim->options.segment_bytes = 4u << 20; /* one `clear` is one event */
}

void plan_make(struct sim *sim)
{
    sim->plan = (struct plan){.name_count = ONE_OF(sim, 1, 3, NAMES_MAX),
                              .keys = ONE_OF(sim, 3, 10, 60),
                              .crash = ONE_OF(sim, 0, 10, 40, 200),
                              .fault = ONE_OF(sim, 0, 0, 30, 100),
                              .full = ONE_OF(sim, 0, 0, 20, 100),
                              .checkpoint = ONE_OF(sim, 0, 5, 30, 100),
                              .jump = ONE_OF(sim, 5, 30, 100),
                              .control = ONE_OF(sim, 4, 10, 30),
                              .remove = ONE_OF(sim, 20, 100),
                              .later = ONE_OF(sim, 2, 8, 40),
                              .batch = ONE_OF(sim, 0, 0, 3),
                              .flight = ONE_OF(sim, 0, 0, 3),
                              .posts_max = ONE_OF(sim, 1, 4, 12),
                              .pages_max = ONE_OF(sim, 0, 1, 3, 10),
                              .idle_actors_max = ONE_OF(sim, 1, 3, 1000),
                              .sends = ONE_OF(sim, 0, 2, 2, 6, 20),
                              .ties = ONE_OF(sim, 0, 2, 4, 10),
                              .defer = ONE_OF(sim, 0, 4, 10, 40),
                              .away = ONE_OF(sim, 0, 0, 0, 10, 60),
                              .has_fallback = dice_odds(&sim->dice, 2),
                              .jump_ms_max = ONE_OF(sim, 1, 60, 24 * 60, 20 * 24 * 60) *
                                             MINUTE_MS};
    make_options(sim);
    choose_names(sim);
    if (dice_odds(&sim->dice, 60))
        flood(sim);
}
