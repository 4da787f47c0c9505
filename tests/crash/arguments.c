/* SPDX-License-Identifier: MIT */
#include "tests/crash/arguments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/crash/load.h"

static bool take_words(int count, char **words, struct arguments *arguments)
{
    for (int i = 1; i < count; i++) {
        const char *value = i + 1 < count ? words[i + 1] : "";
        if (strcmp(words[i], "--kills") == 0)
            arguments->kills_max = (unsigned)strtoul(value, NULL, 10), i++;
        else if (strcmp(words[i], "--seconds") == 0)
            arguments->seconds = (unsigned)strtoul(value, NULL, 10), i++;
        else if (strcmp(words[i], "--seed") == 0)
            arguments->seed = strtoull(value, NULL, 10), i++;
        else if (strcmp(words[i], "--verbose") == 0)
            arguments->is_verbose = true;
        else
            return false;
    }
    return true;
}

bool arguments_parse(int count, char **words, unsigned seconds,
                     struct arguments *arguments_out)
{
    *arguments_out = (struct arguments){
        .kills_max = 1000000, .seconds = seconds, .seed = (uint64_t)wall_now_ms()};
    if (take_words(count, words, arguments_out))
        return true;
    fprintf(stderr, "usage: %s [--kills N] [--seconds S] [--seed X] [--verbose]\n",
            words[0]);
    return false;
}
