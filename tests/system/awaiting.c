#include "tests/system/awaiting.h"

#include <time.h>

#define QUESTIONS 3     /* see hear_out */
#define QUESTION_MS 250 /* the first; one that was lost with its connection is not answered */
#define QUESTION_MOST_MS 8000
#define LIST 1000

/* The machine's time, whatever clock the programs have. */
static int64_t real_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint32_t left_ms(int64_t end_ms)
{
    int64_t left = end_ms - real_ms();

    return left > 0 ? (uint32_t)left : 1;
}

bool await_custody(struct concordat *client, const struct concordat_id *handle,
                   bool (*is_so)(const struct concordat_custody *custody, const void *context),
                   const void *context, int64_t patience_ms)
{
    const int64_t end_ms = real_ms() + patience_ms;
    uint64_t mark = 1; /* no case's: the first answer comes at once */

    for (;;) {
        struct concordat_answer *answer =
            concordat_case_await(client, handle, 1, mark, left_ms(end_ms));
        bool so = answer->outcome == CONCORDAT_DONE && is_so(answer->custody, context);

        if (answer->outcome == CONCORDAT_DONE)
            mark = answer->mark;
        concordat_answer_free(answer);
        if (so || real_ms() >= end_ms)
            return so;
    }
}

/* ---- alarms ---- */

static size_t count_meant(const struct concordat_answer *answer, const struct alarms_meant *which)
{
    size_t count = 0;

    for (size_t i = 0; i < answer->alarm_count; i++)
        count += which->is_meant(&answer->alarms[i], which->context);
    return count;
}

size_t count_alarms(struct concordat *client, const struct alarms_meant *which)
{
    struct concordat_answer *answer = concordat_alarms(client, LIST, true);
    size_t count = count_meant(answer, which);

    concordat_answer_free(answer);
    return count;
}

bool await_alarms(struct concordat *client, const struct alarms_meant *which, size_t count,
                  int64_t patience_ms)
{
    const int64_t end_ms = real_ms() + patience_ms;
    uint64_t last = 0;
    size_t there = 0;

    while (there < count) {
        struct concordat_answer *answer =
            concordat_alarms_await(client, LIST, true, last, left_ms(end_ms));

        there += count_meant(answer, which);
        if (answer->alarm_count > 0)
            last = answer->alarms[0].number;
        concordat_answer_free(answer);
        if (real_ms() >= end_ms)
            break;
    }
    return there >= count;
}

/* ---- the broker's word behind all others ---- */

static bool is_answered(struct concordat *client, const struct concordat_id *handle,
                        uint32_t wait_ms)
{
    struct concordat_answer *answer = concordat_holder(client, handle, wait_ms);
    bool is =
        answer->outcome == CONCORDAT_REFUSED || (answer->custody && answer->custody->from_broker);

    concordat_answer_free(answer);
    return is;
}

/* The broker judges what comes in batches, and hands out what they put into queues at the end of
 * each, behind their answers. So the second question is judged in a batch that began after this was
 * called, by the time of then; what is struck in it, and what was owed before, goes out behind that
 * answer, and before the third. */
bool hear_out(struct concordat *client, const struct concordat_id *handle, int64_t patience_ms)
{
    const struct concordat_id none = concordat_id_new();
    const int64_t end_ms = real_ms() + patience_ms;
    uint32_t wait_ms = QUESTION_MS;
    int answered = 0;

    while (answered < QUESTIONS && real_ms() < end_ms) {
        concordat_answer_free(concordat_status_await(client, left_ms(end_ms)));
        if (is_answered(client, concordat_id_is_none(handle) ? &none : handle, wait_ms)) {
            answered++;
            continue;
        }
        answered = 0; /* another connection, or none */
        if (wait_ms < QUESTION_MOST_MS)
            wait_ms *= 2;
    }
    return answered == QUESTIONS;
}
