/* SPDX-License-Identifier: MIT */
/*
 * A behavior's .conf. Whatever the bytes are: they are refused with one line that names
 * file and line, or every value is within its bounds. The first byte says what the file
 * is for.
 */
#include <stdbool.h>
#include <stdint.h>

#include "common/base/log.h"
#include "common/behavior/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_policy(const struct behavior_policy *policy)
{
    ENSURE(policy->timeout_ms > 0 && policy->timeout_ms <= DELAY_MS_MAX);
    ENSURE(policy->attempts >= 1 && policy->attempts <= 1000);
    ENSURE(policy->backoff_ms > 0 && policy->backoff_ms <= policy->backoff_max_ms);
    ENSURE(policy->backoff_max_ms <= DELAY_MS_MAX);
    ENSURE((policy->rate_ms == 0) == (policy->rate_turns == 0));
    ENSURE(strnlen(policy->type, sizeof policy->type) < sizeof policy->type);
    ENSURE(strnlen(policy->control, sizeof policy->control) < sizeof policy->control);
}

static void check_conf(const struct conf *conf, enum conf_kind kind)
{
    check_policy(&conf->policy);
    ENSURE(conf->processes <= 1024);
    ENSURE(conf->memory_bytes == 0 || conf->memory_bytes >= 1u << 20);
    ENSURE(!conf->speculative || kind == CONF_WORKER);
    ENSURE(!conf->environment || kind != CONF_BUILTIN);
    for (size_t i = 0; conf->environment && conf->environment[i]; i++)
        ENSURE(strchr(conf->environment[i], '='));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum conf_kind kinds[] = {CONF_BUILTIN, CONF_PROGRAM, CONF_WORKER};
    BYTES_AUTO(message);
    struct conf conf = {0};
    if (size == 0)
        return 0;
    enum conf_kind kind = kinds[data[0] % 3];
    enum status status =
        conf_parse(view_of(data + 1, size - 1), "x.conf", kind, 0, &conf, &message);
    if (status) {
        ENSURE(status == STATUS_INVALID && !conf.environment && !conf.user);
        ENSURE(view_starts_with(view_bytes(&message), "x.conf:"));
    } else {
        check_conf(&conf, kind);
        conf_free(&conf);
    }
    return 0;
}
