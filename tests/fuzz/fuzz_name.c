/* SPDX-License-Identifier: MIT */
/*
 * Names and keys as people type them. Whatever the bytes are: a name is parsed or not;
 * a key that came out is typed back and read again as itself, and is within its bounds.
 */
#include <stdbool.h>
#include <stdint.h>

#include "common/base/log.h"
#include "common/base/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_key(const struct key *key)
{
    BYTES_AUTO(typed);
    struct key back;

    if (key->size == 0)
        return;
    ENSURE(key->size <= FULL_KEY_BYTES_MAX);
    key_append_encoded(&typed, key);
    ENSURE(key_from_name(view_bytes(&typed), &back) == STATUS_OK);
    ENSURE(view_equal(key_view(&back), key_view(key)));
}

static void check_parameters(const struct parameters *parameters)
{
    check_key(&parameters->key);
    ENSURE(parameters->delay_ms >= -1 && parameters->delay_ms <= DELAY_MS_MAX);
    ENSURE(parameters->wait_ms >= -1 && parameters->wait_ms <= WAIT_MS_MAX);
    ENSURE(parameters->at_ms >= -1);
    ENSURE(parameters->delay_ms < 0 || parameters->at_ms < 0);
    ENSURE(strnlen(parameters->timer, sizeof(parameters->timer)) <=
           TIMER_NAME_BYTES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view name = view_of(data, size), base;
    struct parameters parameters;
    struct key key;

    if (name_parse(name, &base, &parameters) == STATUS_OK) {
        ENSURE(base.size <= size && base.data == name.data);
        check_parameters(&parameters);
    }
    if (key_from_name(name, &key) == STATUS_OK)
        check_key(&key);
    if (key_from_raw(name, &key) == STATUS_OK)
        check_key(&key);
    if (name_check_actor(name) == STATUS_OK)
        ENSURE(size >= 1 && size <= ACTOR_NAME_BYTES_MAX && !memchr(data, '/', size));
    return 0;
}
