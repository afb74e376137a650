#include "agents/cli/show.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agents/cli/when.h"
#include "lib/limits.h"

#define DEFAULT_SOCKET "/run/concordat/agent.sock"

static bool is_control(const unsigned char *c)
{
    if (*c == '\n' || *c == '\t')
        return false;
    /* C1 controls, U+0080 to U+009F, are two bytes of UTF-8; some terminals obey them. */
    return *c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f);
}

void show_clean(FILE *stream, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (!is_control(c)) {
            (void)fputc(*c, stream);
            continue;
        }
        (void)fputc('?', stream);
        if (*c == 0xc2)
            c++;
    }
}

void complain(const char *format, ...)
{
    char text[2 * REASON_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)fflush(stdout); /* keeps the two streams in order on one terminal */
    (void)fputs("concordat: ", stderr);
    show_clean(stderr, text);
    (void)fputc('\n', stderr);
}

const char *tone_start(const struct cli *cli, enum tone tone)
{
    static const char *const starts[] = {
        [TONE_PLAIN] = "",        [TONE_GOOD] = "\033[32m", [TONE_BAD] = "\033[31m",
        [TONE_WARN] = "\033[33m", [TONE_FAINT] = "\033[2m",
    };
    return cli->colour ? starts[tone] : "";
}

const char *tone_end(const struct cli *cli)
{
    return cli->colour ? "\033[0m" : "";
}

void show_fact(const struct cli *cli, const char *name, const char *text)
{
    if (!*text)
        return;
    printf("%s%-12s%s ", tone_start(cli, TONE_FAINT), name, tone_end(cli));
    show_clean(stdout, text);
    printf("\n");
}

/* --- tables --- */

struct table {
    char **cells; /* owned, each too; the first row is the headings */
    size_t columns, count, room;
};

struct table *table_new(const char *const *headings, size_t columns)
{
    struct table *table = calloc(1, sizeof *table);

    assert(columns > 0 && columns <= TABLE_COLUMNS_MAX);
    if (!table)
        return NULL;
    table->columns = columns;
    for (size_t i = 0; i < columns; i++)
        table_add(table, headings[i]);
    return table;
}

void table_free(struct table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    free(table);
}

void table_add(struct table *table, const char *text)
{
    if (table->count == table->room) {
        size_t room = table->room ? 2 * table->room : 64;
        char **cells = reallocarray(table->cells, room, sizeof *cells);
        if (!cells)
            return;
        table->cells = cells;
        table->room = room;
    }
    table->cells[table->count++] = strdup(text);
}

static const char *cell_text(const struct table *table, size_t index)
{
    return table->cells[index] ? table->cells[index] : "?";
}

void table_print(const struct table *table, const struct cli *cli)
{
    size_t widths[TABLE_COLUMNS_MAX] = {0};

    for (size_t i = 0; i < table->count; i++) {
        size_t size = strlen(cell_text(table, i));
        if (size > widths[i % table->columns])
            widths[i % table->columns] = size;
    }
    for (size_t i = 0; i < table->count; i++) {
        size_t column = i % table->columns, size = strlen(cell_text(table, i));
        bool heading = i < table->columns, last = column + 1 == table->columns;

        printf("%s", heading ? tone_start(cli, TONE_FAINT) : "");
        show_clean(stdout, cell_text(table, i));
        printf("%s", heading ? tone_end(cli) : "");
        if (last)
            printf("\n");
        else
            printf("%*s", (int)(widths[column] - size + 2), "");
    }
}

/* --- JSON --- */

enum exit_code show_json(json_t *json)
{
    int wrong = !json || json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) != 0;

    json_decref(json);
    if (wrong || printf("\n") < 0 || fflush(stdout) != 0) {
        complain("cannot write the answer: %s", strerror(errno));
        return EXIT_FAILED;
    }
    return EXIT_DONE;
}

json_t *json_of_time(int64_t ms)
{
    char text[WHEN_SIZE];

    when_print(ms, text);
    return *text ? json_string(text) : json_null();
}

json_t *json_of_id(const struct concordat_id *id)
{
    char text[CONCORDAT_ID_TEXT];

    if (concordat_id_is_none(id))
        return json_null();
    concordat_id_print(id, text);
    return json_string(text);
}

json_t *json_of_names(const char *const *names, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(array, json_string(names[i]));
    return array;
}

void json_put(json_t *object, const char *key, json_t *value)
{
    if (!value || json_is_null(value) || (json_is_string(value) && !*json_string_value(value)))
        json_decref(value);
    else
        (void)json_object_set_new(object, key, value);
}

static json_t *json_of_rungs(const struct concordat_item *item)
{
    json_t *array = json_array();

    for (size_t i = 0; i < item->rung_count; i++) {
        const struct concordat_rung *rung = &item->rungs[i];
        json_t *object = json_object();

        json_put(object, "name", json_string(rung->name));
        json_put(object, "at", json_of_time(rung->at_ms));
        json_put(object, "by", json_string(rung->by));
        json_put(object, "detail", json_string(rung->detail));
        json_put(object, "verified", json_boolean(rung->verified));
        if (rung->late)
            json_put(object, "late", json_true());
        (void)json_array_append_new(array, object);
    }
    return array;
}

json_t *json_of_item(const struct concordat_item *item)
{
    json_t *object = json_object();

    json_put(object, "id", json_of_id(&item->message_id));
    json_put(object, "type", json_string(item->type));
    json_put(object, "from", json_string(item->from));
    json_put(object, "to", json_string(item->to));
    json_put(object, "state", json_string(item->state));
    json_put(object, "urgency", json_string(urgency_name(item->urgency)));
    json_put(object, "marking", json_string(marking_name(item->marking)));
    json_put(object, "purpose", json_string(item->purpose));
    json_put(object, "created", json_of_time(item->created_ms));
    json_put(object, "neededBy", json_of_time(item->needed_by_ms));
    json_put(object, "case", json_of_id(&item->case_handle));
    json_put(object, "conversationId", json_of_id(&item->conversation_id));
    json_put(object, "sequence", json_integer(item->sequence));
    json_put(object, "inReplyTo", json_of_id(&item->in_reply_to));
    json_put(object, "answer", json_of_id(&item->answer));
    json_put(object, "late", json_boolean(item->late));
    if (item->late)
        json_put(object, "lateMs", json_integer(item->late_ms));
    json_put(object, "overdue", json_boolean(item->overdue));
    json_put(object, "breakGlass", json_boolean(item->break_glass));
    json_put(object, "sentAgainAs", json_of_id(&item->sent_again_as));
    if (*item->sent_again_agreement) {
        json_put(object, "sentAgainAgreement", json_string(item->sent_again_agreement));
        json_put(object, "sentAgainVersion", json_integer(item->sent_again_version));
    }
    json_put(object, "sentAgainFor", json_of_id(&item->sent_again_for));
    json_put(object, "agreementLapse", json_string(item->lapse));
    json_put(object, "shared", json_of_names(item->shared, item->shared_count));
    json_put(object, "agreement", json_string(item->agreement_id));
    json_put(object, "agreementVersion", json_integer(item->agreement_version));
    json_put(object, "clause", json_string(item->clause));
    json_put(object, "rungs", json_of_rungs(item));
    return object;
}

static json_t *json_of_refusal(const struct concordat_refusal *refusal)
{
    json_t *object = json_object();

    json_put(object, "code", json_string(refusal->code));
    json_put(object, "agreement", json_string(refusal->agreement_id));
    if (*refusal->agreement_id)
        json_put(object, "agreementVersion", json_integer(refusal->agreement_version));
    json_put(object, "clause", json_string(refusal->clause));
    if (refusal->offending_count > 0)
        json_put(object, "offending", json_of_names(refusal->offending, refusal->offending_count));
    json_put(object, "advice", json_string(refusal->advice));
    return object;
}

static const char *outcome_name(enum concordat_outcome outcome, const char *done)
{
    switch (outcome) {
    case CONCORDAT_DONE:
        return done;
    case CONCORDAT_BAD_INPUT:
        return "badInput";
    case CONCORDAT_REFUSED:
        return "refused";
    case CONCORDAT_QUEUED:
        return "queued";
    case CONCORDAT_FAILED:
    default:
        return "failed";
    }
}

json_t *json_of_outcome(const struct concordat_answer *answer, const char *done)
{
    json_t *object = json_object();

    json_put(object, "outcome", json_string(outcome_name(answer->outcome, done)));
    json_put(object, "id", json_of_id(&answer->message_id));
    json_put(object, "case", json_of_id(&answer->case_handle));
    if (!concordat_id_is_none(&answer->sent_again_for)) {
        json_put(object, "sentAgainFor", json_of_id(&answer->sent_again_for));
        json_put(object, "sentAgainAgreement", json_string(answer->sent_again_agreement));
        json_put(object, "sentAgainVersion", json_integer(answer->sent_again_version));
    }
    if (answer->refusal)
        json_put(object, "refusal", json_of_refusal(answer->refusal));
    if (answer->problem_count > 0) {
        json_t *problems = json_array();
        for (size_t i = 0; i < answer->problem_count; i++) {
            json_t *problem = json_object();
            json_put(problem, "where", json_string(answer->problems[i].where));
            json_put(problem, "text", json_string(answer->problems[i].text));
            (void)json_array_append_new(problems, problem);
        }
        json_put(object, "problems", problems);
    }
    return object;
}

/* --- trouble --- */

static void show_refusal(const struct cli *cli, const struct concordat_refusal *refusal)
{
    char place[AGREEMENT_ID_MAX + CLAUSE_ID_MAX + 64] = "";

    if (*refusal->agreement_id)
        (void)snprintf(place, sizeof place, ", agreement %s version %u", refusal->agreement_id,
                       refusal->agreement_version);
    if (*refusal->clause) {
        size_t at = strlen(place);
        (void)snprintf(place + at, sizeof place - at, ", clause %s", refusal->clause);
    }
    complain("refused: %s%s", refusal->code, place);
    if (refusal->offending_count > 0) {
        (void)fputs("  categories: ", stderr);
        for (size_t i = 0; i < refusal->offending_count; i++) {
            (void)fputs(i > 0 ? ", " : "", stderr);
            show_clean(stderr, refusal->offending[i]);
        }
        (void)fputc('\n', stderr);
    }
    if (*refusal->advice) {
        (void)fputs("  ", stderr);
        show_clean(stderr, refusal->advice);
        (void)fputc('\n', stderr);
    }
    (void)cli;
}

void show_trouble(const struct cli *cli, const struct concordat_answer *answer)
{
    for (size_t i = 0; i < answer->problem_count; i++) {
        const struct concordat_problem *problem = &answer->problems[i];
        complain("%s%s%s", problem->where, *problem->where ? ": " : "", problem->text);
    }
    if (answer->refusal)
        show_refusal(cli, answer->refusal);
    else if (answer->outcome == CONCORDAT_REFUSED && answer->problem_count == 0)
        complain("refused");
    else if (answer->outcome == CONCORDAT_FAILED && answer->problem_count == 0)
        complain("the agent could not do it and gave no reason; see its log");
}

/* An item that has an answer is a question. */
static bool is_answered(const struct concordat_item *item)
{
    return !concordat_id_is_none(&item->answer);
}

const char *item_mark(const struct concordat_item *item)
{
    if (item->break_glass && (item->overdue || item->late))
        return item->overdue ? "BREAK-GLASS, OVERDUE" : "BREAK-GLASS, LATE";
    if (item->break_glass)
        return "BREAK-GLASS";
    if (item->overdue)
        return "OVERDUE";
    if (!item->late)
        return "";
    return is_answered(item) ? "answered LATE" : "LATE";
}

void deadline_print(const struct concordat_item *item, char out[static DEADLINE_SIZE])
{
    char text[SPAN_SIZE];

    out[0] = '\0';
    if (item->overdue) {
        when_print(item->needed_by_ms, text);
        (void)snprintf(out, DEADLINE_SIZE, "OVERDUE since %s", text);
    } else if (item->late) {
        when_print_span(item->late_ms, text);
        (void)snprintf(out, DEADLINE_SIZE, "LATE (%s after it was needed)", text);
    }
}

void lapse_print(const struct concordat_item *item, char out[static LAPSE_SIZE])
{
    out[0] = '\0';
    if (*item->lapse)
        (void)snprintf(out, LAPSE_SIZE, "accepted under %s v%u, which has %s since",
                       item->agreement_id, item->agreement_version,
                       strcmp(item->lapse, "expired") == 0 ? "expired" : "been superseded");
}

const char *urgency_name(int urgency)
{
    static const char *const names[] = {"routine", "same day", "immediate"};

    return urgency >= 0 && urgency < 3 ? names[urgency] : "?";
}

const char *marking_name(int marking)
{
    static const char *const names[] = {"", "OFFICIAL", "OFFICIAL-SENSITIVE"};

    return marking >= 0 && marking < 3 ? names[marking] : "?";
}

struct concordat *agent_open(const struct cli *cli)
{
    const char *path = cli->agent ? cli->agent : DEFAULT_SOCKET;
    char inside[PATH_MAX];
    struct concordat *agent;
    struct stat stat;

    if (lstat(path, &stat) == 0 && S_ISDIR(stat.st_mode)) {
        if (snprintf(inside, sizeof inside, "%s/agent.sock", path) < (int)sizeof inside)
            path = inside;
    }
    if (strlen(path) > SOCKET_PATH_MAX) {
        complain("%s: a socket's path has at most %d bytes", path, SOCKET_PATH_MAX);
        return NULL;
    }
    if (lstat(path, &stat) != 0) {
        complain("no agent at %s: %s\n  name its socket with --agent or CONCORDAT_AGENT", path,
                 strerror(errno));
        return NULL;
    }
    agent = concordat_open(path);
    if (!agent)
        complain("cannot open %s: memory is out", path);
    return agent;
}
