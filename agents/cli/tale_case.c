/* What the stories of weeks say of custody and clocks: acts that are typed, and what agents know by
 * then. What the broker tells of its own takes a moment: each waits for it. */
#include <string.h>
#include <time.h>

#include "agents/cli/chapters.h"
#include "lib/clock.h"

#define PATIENCE_MS 15000 /* until what the broker tells is there: it takes milliseconds */
#define PATIENCE "15"     /* the same, as an option has it */
#define NAP_NS 20000000
#define MARK_SIZE 17 /* of a case, as `case show --json' has it */

/* ---- asking until it is so ---- */

struct question {
    struct tale *tale;
    const char *agency, *id, *text, *type;
    const struct tale_alarm *alarm;
    int number;
};

/* False when it does not become so. */
static bool becomes(struct question *question, bool (*is_so)(const struct question *question))
{
    int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;

    while (!question->tale->play.failed && !is_so(question)) {
        if (clock_monotonic_ms() > end_ms)
            return false;
        (void)nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
    }
    return true;
}

static json_t *ask(const struct question *q, const char *const words[])
{
    return play_ask(&q->tale->play, q->agency, EXIT_DONE, words);
}

/* ---- acts ---- */

void tale_open_case(struct tale *tale, const char *agency)
{
    json_t *opened = play_command(&tale->play, agency, EXIT_DONE,
                                  (const char *[]){"case", "open", "--wait", "30", NULL});

    (void)snprintf(tale->case_handle, sizeof tale->case_handle, "%s", play_text(opened, "case"));
    (void)play_check(&tale->play,
                     *tale->case_handle && strcmp(play_text(opened, "custody.holder"), agency) == 0,
                     "%s holds the case from now on, by its signed word", agency);
    json_decref(opened);
}

void tale_act(struct tale *tale, const char *agency, const char *const words[],
              char id[static CONCORDAT_ID_TEXT])
{
    json_t *done = play_command(&tale->play, agency, EXIT_DONE, words);

    (void)snprintf(id, CONCORDAT_ID_TEXT, "%s", play_text(done, "id"));
    if (!tale->play.failed && strcmp(play_text(done, "outcome"), "accepted") != 0)
        play_fail(&tale->play, "the act was not accepted");
    json_decref(done);
}

/* ---- who holds it ---- */

void tale_holder(struct tale *tale, const char *asks, const char *holder, const char *what)
{
    json_t *answer =
        play_ask(&tale->play, asks, EXIT_DONE,
                 (const char *[]){"case", "holder", tale->case_handle, "--wait", "30", NULL});
    bool says = json_is_true(json_object_get(json_object_get(answer, "custody"), "fromBroker"))
             && strcmp(play_text(answer, "custody.holder"), holder) == 0;

    (void)play_check(&tale->play, says, "%s", what);
    json_decref(answer);
}

/* The case as the agency knows it, from change to change of its custody, until it is so. */
static bool case_becomes(const struct question *q,
                         bool (*is_so)(const struct question *question, const json_t *custody))
{
    const int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    char mark[MARK_SIZE] = "0000000000000001"; /* no case's: the first answer comes at once */
    bool so = false;

    while (!so && !q->tale->play.failed && clock_monotonic_ms() < end_ms) {
        json_t *shown = ask(q, (const char *[]){"case", "show", q->tale->case_handle, "--wait",
                                                PATIENCE, "--since", mark, NULL});

        so = is_so(q, json_object_get(shown, "custody"));
        (void)snprintf(mark, sizeof mark, "%s", play_text(shown, "mark"));
        json_decref(shown);
    }
    return so;
}

static bool part_is(const struct question *q, const json_t *custody)
{
    const json_t *part;
    bool is_so = false;
    size_t i;

    json_array_foreach(json_object_get(json_object_get(custody, "transfer"), "parts"), i, part)
    {
        if (json_integer_value(json_object_get(part, "number")) == q->number)
            is_so |= strcmp(play_text(part, "state"), q->text) == 0;
    }
    return is_so;
}

void tale_part(struct tale *tale, const char *agency, int number, const char *state,
               const char *what)
{
    struct question q = {.tale = tale, .agency = agency, .number = number, .text = state};

    (void)play_check(&tale->play, case_becomes(&q, part_is), "%s", what);
}

static bool conversation_is_so(const struct question *q, const json_t *custody)
{
    const json_t *one;
    bool is_open = false;
    size_t i;

    json_array_foreach(json_object_get(custody, "openConversations"), i, one)
    {
        if (strcmp(play_text(one, "conversationId"), q->id) == 0)
            is_open |= !q->text || strcmp(play_text(one, "with"), q->text) == 0;
    }
    return is_open == (q->text != NULL);
}

void tale_conversation(struct tale *tale, const char *agency, const char *id, const char *with,
                       const char *what)
{
    struct question q = {.tale = tale, .agency = agency, .id = id, .text = with};

    (void)play_check(&tale->play, case_becomes(&q, conversation_is_so), "%s", what);
}

/* ---- clocks ---- */

static bool is_meant(const json_t *alarm, const struct tale_alarm *meant)
{
    return strcmp(play_text(alarm, "kind"), meant->kind) == 0
        && (!meant->stage || strcmp(play_text(alarm, "stage"), meant->stage) == 0)
        && (!meant->role || strcmp(play_text(alarm, "for"), meant->role) == 0)
        && (!meant->expected || strcmp(play_text(alarm, "expected"), meant->expected) == 0);
}

/* So many of them are there, or come. */
static bool alarms_come(const struct question *q)
{
    const int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    const char *wait = q->alarm->count > 0 ? PATIENCE : "0";
    char after[24] = "0";
    size_t count = 0;

    do {
        json_t *answer = ask(q, (const char *[]){"alarms", "--all", "--limit", "1000", "--after",
                                                 after, "--wait", wait, NULL});
        const json_t *one, *alarms = json_object_get(answer, "alarms");
        size_t i;

        json_array_foreach(alarms, i, one) count += is_meant(one, q->alarm);
        if (json_array_size(alarms) > 0) /* the newest first */
            (void)snprintf(
                after, sizeof after, "%" JSON_INTEGER_FORMAT,
                json_integer_value(json_object_get(json_array_get(alarms, 0), "number")));
        json_decref(answer);
    } while (count < q->alarm->count && !q->tale->play.failed && clock_monotonic_ms() < end_ms);
    return count == q->alarm->count;
}

void tale_alarms(struct tale *tale, const char *agency, const struct tale_alarm *alarm,
                 const char *what)
{
    struct question q = {.tale = tale, .agency = agency, .alarm = alarm};

    (void)play_check(&tale->play, alarms_come(&q), "%s", what);
}

static bool due_is_so(const struct question *q)
{
    json_t *answer = ask(q, (const char *[]){"due", "--limit", "1000", NULL});
    const json_t *one;
    bool found = false;
    size_t i;

    json_array_foreach(json_object_get(answer, "due"), i, one)
    {
        const char *what = play_text(one, "what");
        const char *type = strcmp(what, "expected") == 0 ? "expected" : "type";
        found |= strcmp(what, q->text) == 0 && strcmp(play_text(one, type), q->type) == 0;
    }
    json_decref(answer);
    return found == (q->number != 0);
}

void tale_due(struct tale *tale, const char *agency, const char *kind, const char *type,
              bool is_due, const char *what)
{
    struct question q = {
        .tale = tale, .agency = agency, .text = kind, .type = type, .number = is_due};

    (void)play_check(&tale->play, becomes(&q, due_is_so), "%s", what);
}
