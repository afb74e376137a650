/* kept_names.h - the directory as records of cases, conversations and clocks know it, for tests of
 * them: entered as they come. And what every record must be proof against.
 */
#ifndef TESTS_UNIT_KEPT_NAMES_H
#define TESTS_UNIT_KEPT_NAMES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/cases.h"
#include "broker/event.h"
#include "tests/unit/unit.h"

#define NAMED_MAX 8192 /* every flipped bit of a name is a name */

struct named {
    char names[NAMED_MAX][AGENCY_MAX + 1];
    uint32_t count;
    enum status fails; /* number() answers it when it is not ST_OK */
};

static const char *named_name(void *context, uint32_t agency)
{
    const struct named *named = context;

    assert_in_range(agency, 1, named->count);
    return named->names[agency - 1];
}

static enum status named_number(void *context, const char *name, uint32_t *agency)
{
    struct named *named = context;
    uint32_t at = 0;

    if (named->fails != ST_OK)
        return named->fails;
    while (at < named->count && strcmp(named->names[at], name) != 0)
        at++;
    if (at == named->count) {
        if (named->count == NAMED_MAX)
            return ST_NOMEM;
        (void)snprintf(named->names[named->count++], AGENCY_MAX + 1, "%s", name);
    }
    *agency = at + 1;
    return ST_OK;
}

static inline struct cases_names named_of(struct named *named)
{
    return (struct cases_names){named, named_name, named_number};
}

/* Names as long as they may be: the largest records. */
static inline void named_fill(struct named *named, uint32_t count)
{
    *named = (struct named){.count = count};
    for (uint32_t i = 0; i < count; i++) {
        memset(named->names[i], 'a' + (int)i, AGENCY_MAX);
        named->names[i][AGENCY_MAX] = '\0';
    }
}

static inline uint64_t random_of(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline uint32_t below(uint64_t *state, uint32_t bound)
{
    return (uint32_t)(random_of(state) % bound);
}

/* Reads `record` and writes what it read: the bytes again, or the reason why not. */
typedef enum status again(struct bytes key, struct bytes record, struct writer *w);

/* Every record that is cut short or longer is refused; one with a flipped bit is refused, or is
 * another record that is written exactly so. */
static inline void check_record(struct bytes key, struct bytes record, again *read_and_write)
{
    uint8_t bytes[KEPT_RECORD_MAX + 1], out[KEPT_RECORD_MAX];
    size_t refused = 0;

    assert_in_range(record.size, 1, KEPT_RECORD_MAX);
    memcpy(bytes, record.data, record.size);
    bytes[record.size] = 0;
    for (size_t size = 0; size <= record.size + 1; size++) {
        struct writer w = writer_of(out, sizeof out);
        enum status status = read_and_write(key, (struct bytes){bytes, size}, &w);
        assert_int_equal(status, size == record.size ? ST_OK : ST_INVALID);
        if (status == ST_OK) {
            assert_int_equal(w.size, record.size);
            assert_memory_equal(out, record.data, record.size);
        }
    }
    for (size_t bit = 0; bit < 8 * record.size; bit++) {
        struct writer w = writer_of(out, sizeof out);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        enum status status = read_and_write(key, (struct bytes){bytes, record.size}, &w);
        if (status == ST_OK) {
            assert_int_equal(w.size, record.size);
            assert_memory_equal(out, bytes, record.size);
        } else {
            assert_int_equal(status, ST_INVALID);
            refused++;
        }
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_in_range(refused, 8, 8 * record.size);
    assert_int_equal(read_and_write((struct bytes){key.data, key.size - 1}, record,
                                    &(struct writer){.failed = true}),
                     ST_INVALID);
}

#endif
