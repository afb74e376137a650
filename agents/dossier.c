/* What is known about a case, as the local system asks: its conversations, or which cases there
 * are. See desk_inside.h. */
#include <stdlib.h>
#include <string.h>

#include "agents/cases.h"
#include "agents/desk_inside.h"

#define USUAL 100
#define SEEN_MAX 10000 /* messages looked at for a list of cases: others wait meanwhile */

/* What goes into one reply, in the request arena. */
struct dossier {
    struct desk *desk;
    Concordat__Item **items; /* one case's messages */
    Concordat__Case **cases;
    size_t count, limit, seen;
    size_t room;                      /* of `cases` */
    bool more, failed;                /* failed: the arena is full */
    Concordat__CustodyState *custody; /* one case's; NULL: nothing is known */
    uint64_t mark;                    /* of that */
};

static struct dossier dossier_of(struct desk *desk, uint32_t limit)
{
    struct dossier dossier = {.desk = desk, .limit = limit ? limit : USUAL};

    if (dossier.limit > ITEMS_MAX)
        dossier.limit = ITEMS_MAX;
    return dossier;
}

static void reply_dossier(struct dossier *dossier, struct bytes route)
{
    Concordat__Response response = CONCORDAT__RESPONSE__INIT;

    if (dossier->failed) {
        desk_reply_problem(dossier->desk, route, CONCORDAT__OUTCOME__FAILED, "agent",
                           "the list is too long: ask for fewer");
        return;
    }
    response.outcome = CONCORDAT__OUTCOME__DONE;
    response.items = dossier->items;
    response.n_items = dossier->items ? dossier->count : 0;
    response.cases = dossier->cases;
    response.n_cases = dossier->cases ? dossier->count : 0;
    response.more = dossier->more;
    response.custody = dossier->custody;
    response.mark = dossier->mark;
    desk_reply(dossier->desk, route, &response);
}

/* ---- one case ---- */

static bool add_message(void *context, char way, const struct id *key)
{
    struct dossier *dossier = context;
    struct desk *desk = dossier->desk;
    struct track track;
    enum status status = track_get(desk->txn, way, key, &track);

    if (status == ST_MORE || status == ST_INVALID)
        return true;
    if (!desk_ok(desk, status))
        return false;
    if (dossier->count == dossier->limit) {
        dossier->more = true;
        return false;
    }
    dossier->items[dossier->count] = desk_item(desk, &track);
    dossier->failed = !dossier->items[dossier->count];
    dossier->count++;
    return !dossier->failed;
}

static bool is_same(const ProtobufCBinaryData *a, const ProtobufCBinaryData *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* From the newest first to conversation by conversation, each from its first message on, and the
 * conversation that began last, last. */
static void sort_by_conversation(struct dossier *dossier)
{
    Concordat__Item **sorted =
        arena_take(dossier->desk->request_arena, (dossier->count + 1) * sizeof(Concordat__Item *));
    size_t count = 0;

    if (!sorted) {
        dossier->failed = true;
        return;
    }
    for (size_t first = dossier->count; first > 0; first--) {
        const Concordat__Item *begins = dossier->items[first - 1];

        for (size_t i = first; begins && i > 0; i--) {
            Concordat__Item **item = &dossier->items[i - 1];

            if (!*item || !is_same(&(*item)->conversation_id, &begins->conversation_id))
                continue;
            sorted[count++] = *item;
            *item = NULL; /* it has its place */
        }
    }
    dossier->items = sorted;
}

/* Stands for a case's custody as it is here. */
static uint64_t mark_of(struct desk *desk, const Concordat__CustodyState *state)
{
    const size_t size = state ? concordat__custody_state__get_packed_size(state) : 0;
    uint8_t *packed = arena_take(desk->request_arena, size + 1);

    if (!packed) {
        (void)desk_ok(desk, ST_NOMEM);
        return 1;
    }
    if (state)
        (void)concordat__custody_state__pack(state, packed);
    const struct digest digest = sha256(packed, size);
    struct reader r = reader_of(digest.bytes, sizeof digest.bytes);
    const uint64_t mark = read_u64(&r);

    return mark ? mark : 1;
}

bool desk_reply_case(struct desk *desk, struct bytes route, const struct id *handle,
                     const struct case_wish *wish)
{
    struct dossier dossier = dossier_of(desk, wish->limit);

    arena_reset(desk->request_arena, true);
    dossier.custody = desk_custody_state(desk, handle);
    dossier.mark = mark_of(desk, dossier.custody);
    if (dossier.mark == wish->mark)
        return false;
    dossier.items =
        arena_take(desk->request_arena, (dossier.limit + 1) * sizeof(Concordat__Item *));
    dossier.failed = !dossier.items;
    if (!dossier.failed && !desk_ok(desk, cases_newest(desk->txn, handle, add_message, &dossier)))
        return true;
    if (!dossier.failed)
        sort_by_conversation(&dossier);
    reply_dossier(&dossier, route);
    return true;
}

/* Whoever names no mark waits for another custody than there is now. */
static void await_case(struct desk *desk, struct bytes route, const struct id *handle,
                       struct case_wish *wish, uint32_t wait_ms)
{
    if (wish->mark == 0)
        wish->mark = mark_of(desk, desk_custody_state(desk, handle));
    if (desk_reply_case(desk, route, handle, wish)
        || desk_park_case(desk, route, wait_ms, handle, wish))
        return;
    wish->mark = 0;
    (void)desk_reply_case(desk, route, handle, wish);
}

/* ---- all cases ---- */

struct counting {
    struct desk *desk;
    const struct track *newest; /* of all messages that have not been looked at yet */
    size_t count;
    bool is_other; /* another message is the case's newest: the case is listed already */
};

static bool count_message(void *context, char way, const struct id *key)
{
    struct counting *counting = context;
    struct track track;
    enum status status;

    if (counting->count == 0
        && (way != counting->newest->way || !id_equal(key, &counting->newest->key))) {
        status = track_get(counting->desk->txn, way, key, &track);
        if (status == ST_MORE || status == ST_INVALID)
            return true; /* a place that names nothing */
        counting->is_other = true;
        (void)desk_ok(counting->desk, status);
        return false;
    }
    counting->count++;
    return true;
}

/* With who holds it, as far as is known; NULL: the arena is full. */
static Concordat__Case *new_case(struct desk *desk, const struct id *handle)
{
    Concordat__Case *one = arena_take(desk->request_arena, sizeof *one);
    struct id *copy = arena_take(desk->request_arena, sizeof *copy);
    const struct holding holding = desk_holding(desk, handle);
    char *holder = arena_take(desk->request_arena, sizeof holding.holder);

    if (!one || !copy || !holder)
        return NULL;
    *copy = *handle;
    memcpy(holder, holding.holder, sizeof holding.holder);
    concordat__case__init(one);
    one->case_handle = (ProtobufCBinaryData){.len = ID_SIZE, .data = copy->bytes};
    one->holder = holder;
    one->closed = holding.is_closed;
    return one;
}

/* Its handle, when `track` is the newest message of its case: so that each case comes once. */
static bool add_case(void *context, const struct track *track)
{
    struct dossier *dossier = context;
    struct desk *desk = dossier->desk;
    struct counting counting = {.desk = desk, .newest = track};
    Concordat__Case *one;

    if (++dossier->seen > SEEN_MAX) {
        dossier->more = true;
        return false;
    }
    if (id_is_zero(&track->case_handle))
        return true;
    if (!desk_ok(desk, cases_newest(desk->txn, &track->case_handle, count_message, &counting)))
        return false;
    if (counting.is_other || counting.count == 0)
        return true;
    if (dossier->count == dossier->limit) {
        dossier->more = true;
        return false;
    }
    one = new_case(desk, &track->case_handle);
    if (!one) {
        dossier->failed = true;
        return false;
    }
    one->messages = counting.count;
    one->last_ms = track->rung_count > 0 ? track->rungs[0].at_ms : track->created_ms;
    dossier->cases[dossier->count++] = one;
    return true;
}

static bool has_message(void *context, char way, const struct id *key)
{
    (void)way, (void)key;
    *(bool *)context = true;
    return false;
}

/* A case that is known without a message about it: it was opened here, say. */
static bool add_silent(void *context, const struct id *handle)
{
    struct dossier *dossier = context;
    struct desk *desk = dossier->desk;
    struct holding holding;
    bool has = false;

    if (dossier->count == dossier->room || ++dossier->seen > SEEN_MAX) {
        dossier->more = true;
        return false;
    }
    if (!desk_ok(desk, cases_newest(desk->txn, handle, has_message, &has)))
        return false;
    holding = desk_holding(desk, handle);
    if (has || holding.version == 0)
        return true;
    dossier->cases[dossier->count] = new_case(desk, handle);
    if (!dossier->cases[dossier->count]) {
        dossier->failed = true;
        return false;
    }
    dossier->cases[dossier->count++]->last_ms = holding.changed_ms;
    return true;
}

static int compare_cases(const void *a, const void *b)
{
    const Concordat__Case *x = *(Concordat__Case *const *)a, *y = *(Concordat__Case *const *)b;

    return (x->last_ms < y->last_ms) - (x->last_ms > y->last_ms);
}

static void list_cases(struct desk *desk, struct bytes route, uint32_t limit)
{
    struct dossier dossier = dossier_of(desk, limit);
    uint64_t newest = 0;

    dossier.room = 2 * dossier.limit; /* those with messages, and those without */
    dossier.cases = arena_take(desk->request_arena, dossier.room * sizeof(Concordat__Case *));
    dossier.failed = !dossier.cases;
    if (!dossier.failed && !desk_ok(desk, track_newest(desk->txn, &newest, add_case, &dossier)))
        return;
    dossier.seen = 0;
    if (!dossier.failed && !desk_ok(desk, holdings_each(desk->txn, add_silent, &dossier)))
        return;
    if (dossier.cases && dossier.count > 0)
        qsort(dossier.cases, dossier.count, sizeof(Concordat__Case *), compare_cases);
    if (dossier.count > dossier.limit) {
        dossier.count = dossier.limit;
        dossier.more = true;
    }
    reply_dossier(&dossier, route);
}

void desk_cases(struct desk *desk, struct bytes route, const Concordat__CaseRequest *r)
{
    const uint32_t wait_ms = r->wait_ms;
    struct case_wish wish = {.limit = r->limit};
    struct id handle;

    if (!desk_take_id(&r->case_handle, &handle)) {
        desk_say_bad_id(desk, route, "case_handle");
    } else if (id_is_zero(&handle)) {
        list_cases(desk, route, r->limit);
    } else if (wait_ms > 0) {
        wish.mark = r->mark;
        await_case(desk, route, &handle, &wish, wait_ms);
    } else {
        (void)desk_reply_case(desk, route, &handle, &wish);
    }
}
