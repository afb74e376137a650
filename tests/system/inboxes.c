#include "tests/system/inboxes.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 100 /* of the inbox: several, so that an end of one loses nothing */

struct concordat_answer *send_until_verdict(struct concordat *client,
                                            const struct concordat_message *message,
                                            const _Atomic bool *go_on)
{
    for (;;) {
        struct concordat_answer *a = concordat_send(client, message);

        if (a->outcome != CONCORDAT_QUEUED && a->outcome != CONCORDAT_FAILED)
            return a;
        concordat_answer_free(a);
        if (!*go_on)
            return NULL;
    }
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct concordat_id));
}

size_t inbox_repeats(struct concordat_id ids[], size_t count)
{
    size_t repeats = 0;

    qsort(ids, count, sizeof *ids, compare_ids);
    for (size_t i = 1; i < count; i++)
        repeats += compare_ids(&ids[i - 1], &ids[i]) == 0;
    return repeats;
}

struct concordat_id *inbox_everything(struct concordat *client, size_t *count)
{
    struct concordat_id *ids = calloc(INBOX_MAX, sizeof *ids);
    uint64_t next = 0;

    *count = 0;
    do {
        struct concordat_answer *a = concordat_inbox_older(client, next, PAGE);

        if (a->outcome != CONCORDAT_DONE || !ids || *count + a->item_count > INBOX_MAX)
            fail("inbox: %s", a->problem_count ? a->problems[0].text : "no room");
        for (size_t i = 0; i < a->item_count; i++)
            ids[(*count)++] = a->items[i].message_id;
        next = a->next;
        concordat_answer_free(a);
    } while (next != 0);
    qsort(ids, *count, sizeof *ids, compare_ids);
    return ids;
}

size_t inbox_count(const struct concordat_id ids[], size_t count, const struct concordat_id *id)
{
    const struct concordat_id *at = bsearch(id, ids, count, sizeof *ids, compare_ids);
    size_t times = 0;

    if (!at)
        return 0;
    while (at > ids && compare_ids(at - 1, id) == 0)
        at--;
    for (; at < ids + count && compare_ids(at, id) == 0; at++)
        times++;
    return times;
}
