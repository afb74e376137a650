/* A hearing of two cases with two defendants each, one person in both: what is said of one stands
 * in no body of another. Every field of each has words and numbers that nobody else has. */
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/common_platform/hearing.h"

#define NOW 1782864000000 /* 2026-07-01 */
#define WORDS_MAX 64

/* Who is who; number 0 and 2 are one person, in two cases. */
static const struct person {
    const char *tag, *one_case, *master;
} people[] = {
    {"quaa", "case-one", "person-s"},
    {"queb", "case-one", "person-b"},
    {"quic", "case-two", "person-s"},
    {"quod", "case-two", "person-d"},
};

/* What is only theirs, as the bodies have it. */
struct own {
    size_t count;
    char items[WORDS_MAX][64];
};

static char letter_of(unsigned serial)
{
    return "ZABCDEFGHJKLMNPQRTUVWXY"[(190000000ull + serial) % 23];
}

__attribute__((format(printf, 2, 3))) static void add(struct own *own, const char *format, ...)
{
    va_list args;

    assert_true(own->count < WORDS_MAX);
    va_start(args, format);
    (void)vsnprintf(own->items[own->count++], sizeof own->items[0], format, args);
    va_end(args);
}

/* Fields of a notice; texts all end with the tag. */
static void own_of_notice(unsigned who, struct own *own)
{
    static const char *const words[] = {"Title",      "First",     "Middle", "Last",
                                        "AliasFirst", "AliasLast", "Line",   "Postcode"};
    const char *tag = people[who].tag;

    for (size_t i = 0; i < LENGTH(words); i++)
        add(own, "%s-%s", words[i], tag);
    for (unsigned i = 0; i < 2; i++) {
        add(own, "Offence%u-%s", i, tag);
        add(own, "Wording%u-%s", i, tag);
        add(own, "202605%02u", 1 + 2 * who + i);
        add(own, "202604%02u", 1 + 2 * who + i);
        add(own, "202603%02u", 1 + 2 * who + i);
        add(own, "TH6801%u", 2 * who + i);
    }
    add(own, "id-%s", tag);
    add(own, "1971%02u%02u", who + 1, who + 1);
    add(own, "2019/%07u%c", 1000 + who, letter_of(1000 + who));
    add(own, "X00000%u", who + 1);
}

static void own_of_sentence(unsigned who, struct own *own)
{
    const char *tag = people[who].tag;

    own_of_notice(who, own);
    for (unsigned i = 0; i < 2; i++) {
        add(own, "Order%u-%s", i, tag);
        add(own, "Prompt%u-%s", i, tag);
        add(own, "Value%u-%s", i, tag);
        add(own, "Work%u-%s", i, tag);
    }
    add(own, "Case-%s", tag);
    add(own, "Hearing-%s", tag);
    add(own, "\"count\":%u,\"unit\":\"MONTHS\"", 101 + who);
    add(own, "\"count\":%u,\"unit\":\"HOURS\"", 201 + 2 * who);
    add(own, "202702%02u", 1 + who);
}

static void put_offence(FILE *f, unsigned who, unsigned i)
{
    const char *tag = people[who].tag;
    unsigned day = 1 + 2 * who + i;

    fprintf(
        f,
        "%s{\"id\":\"o%u-%s\",\"offenceCode\":\"TH6801%u\",\"offenceTitle\":\"Offence%u-%s\","
        "\"wording\":\"Wording%u-%s\",\"startDate\":\"2026-05-%02u\",\"endDate\":\"2026-04-%02u\","
        "\"convictionDate\":\"2026-03-%02u\",\"judicialResults\":[",
        i ? "," : "", i, tag, 2 * who + i, i, tag, i, tag, day, day, day);
    fprintf(
        f,
        "{\"category\":\"FINAL\",\"cjsCode\":\"1116\",\"judicialResultId\":\"r%u-%s\",\"label\":"
        "\"Order%u-%s\",\"orderedDate\":\"2026-06-15\",\"judicialResultPrompts\":[{\"label\":"
        "\"Prompt%u-%s\",\"value\":\"Value%u-%s\"}],\"durationElement\":{\"primaryDurationUnit\":"
        "\"M\","
        "\"primaryDurationValue\":%u,\"durationEndDate\":\"2027-02-%02u\"}},",
        i, tag, i, tag, i, tag, i, tag, 101 + who, 1 + who);
    fprintf(
        f,
        "{\"category\":\"ANCILLARY\",\"cjsCode\":\"3101\",\"label\":\"Work%u-%s\","
        "\"parentJudicialResultId\":\"r%u-%s\",\"judicialResultPrompts\":[{\"label\":\"Number of "
        "hours\",\"value\":\"%u\"}]}]}",
        i, tag, i, tag, 201 + 2 * who + i);
}

static void put_defendant(FILE *f, unsigned who)
{
    const char *tag = people[who].tag;

    fprintf(
        f,
        "{\"id\":\"id-%s\",\"masterDefendantId\":\"%s\",\"pncId\":\"2019/%07u%c\",\"crn\":"
        "\"X00000%u\",\"aliases\":[{\"firstName\":\"AliasFirst-%s\",\"lastName\":\"AliasLast-%s\"}]"
        ","
        "\"defendantCaseJudicialResults\":[{\"category\":\"ANCILLARY\",\"label\":\"Case-%s\"}],",
        tag, people[who].master, 1000 + who, letter_of(1000 + who), who + 1, tag, tag, tag);
    fprintf(
        f,
        "\"personDefendant\":{\"personDetails\":{\"title\":\"Title-%s\",\"firstName\":\"First-%s\","
        "\"middleName\":\"Middle-%s\",\"lastName\":\"Last-%s\",\"dateOfBirth\":\"1971-%02u-%02u\","
        "\"address\":{\"address1\":\"Line-%s\",\"postcode\":\"Postcode-%s\"}}},\"offences\":[",
        tag, tag, tag, tag, who + 1, who + 1, tag, tag);
    put_offence(f, who, 0);
    put_offence(f, who, 1);
    fprintf(f, "]}");
}

static char *hearing(size_t *size)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, size);

    fprintf(
        f,
        "{\"id\":\"h-1\",\"courtCentre\":{\"code\":\"B35CZ00\"},\"hearingDays\":[{\"sittingDay\":"
        "\"2026-06-15T09:30:00.000Z\"}],\"defendantJudicialResults\":[");
    for (unsigned i = 0; i < LENGTH(people); i++)
        fprintf(f,
                "%s{\"masterDefendantId\":\"%s\",\"defendantId\":\"id-%s\",\"judicialResult\":{"
                "\"category\":"
                "\"ANCILLARY\",\"label\":\"Hearing-%s\"}}",
                i ? "," : "", people[i].master, people[i].tag, people[i].tag);
    fprintf(f, "],\"prosecutionCases\":[");
    for (unsigned i = 0; i < LENGTH(people); i++) {
        if (i % 2 == 0)
            fprintf(f,
                    "%s{\"id\":\"%s\",\"prosecutionCaseIdentifier\":{\"caseURN\":\"35SA000000%u\"},"
                    "\"defendants\":[",
                    i ? "," : "", people[i].one_case, i);
        put_defendant(f, i);
        fprintf(f, i % 2 ? "]}" : ",");
    }
    fprintf(f, "]}");
    assert_int_equal(fclose(f), 0);
    return text;
}

static char *body_of(const struct court_message *message)
{
    OWNED(arena) arena = arena_new(4096, BODY_ARENA);
    struct reason why;
    char *text = NULL, *compact;
    json_t *json;

    assert_int_equal(body_to_json(message->type, message->body, arena, &text, &why), ST_OK);
    json = json_loads(text, 0, NULL);
    compact = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    free(text);
    return compact;
}

/* How many of these are in the text. */
static size_t count_in(const char *text, const struct own *own)
{
    size_t count = 0;

    for (size_t i = 0; i < own->count; i++)
        count += strstr(text, own->items[i]) != NULL;
    return count;
}

static void expect_all(const char *text, const struct own *own)
{
    for (size_t i = 0; i < own->count; i++) {
        if (!strstr(text, own->items[i]))
            fail_msg("%s is missing in %s", own->items[i], text);
    }
}

static void expect_none(const char *text, unsigned other)
{
    struct own own = {0};

    own_of_sentence(other, &own);
    if (strstr(text, people[other].tag))
        fail_msg("something of %s is in %s", people[other].tag, text);
    for (size_t i = 0; i < own.count; i++) {
        if (strstr(text, own.items[i]))
            fail_msg("%s of %s is in %s", own.items[i], people[other].tag, text);
    }
}

static void a_body_holds_what_is_its_own_and_nothing_of_anothers(void **)
{
    const struct hearing_settings settings = {NULL, "B35CZ00", NOW};
    OWNED(hearing_messages) messages = NULL;
    struct problem problem;
    size_t size, notices = 0;
    char *text = hearing(&size);

    if (hearing_convert(text, size, &settings, &messages, &problem) != ST_OK)
        fail_msg("%s: %s", problem.where, problem.text);
    assert_int_equal(messages->skipped_count, 0);
    assert_int_equal(messages->count, 2 * LENGTH(people));
    for (size_t i = 0; i < messages->count; i++) {
        const struct court_message *m = &messages->messages[i];
        unsigned who = (unsigned)(i / 2);
        bool notice = strcmp(m->type->name, "court.hearing.notice") == 0;
        char *body = body_of(m), urn[32];
        struct own own = {0};

        notices += notice;
        assert_string_equal(m->accusation, people[who].one_case);
        assert_non_null(strstr(m->accused, people[who].tag));
        if (notice)
            own_of_notice(who, &own);
        else
            own_of_sentence(who, &own);
        expect_all(body, &own);
        (void)snprintf(urn, sizeof urn, "35SA000000%u", who < 2 ? 2 : 0);
        assert_null(strstr(body, urn)); /* the other case's */
        for (unsigned other = 0; other < LENGTH(people); other++) {
            if (other != who)
                expect_none(body, other);
        }
        free(body);
    }
    assert_int_equal(notices, LENGTH(people));
    free(text);
}

/* The control: a body beside another's is seen to hold both. */
static void the_sentinels_tell_people_apart(void **)
{
    const struct hearing_settings settings = {NULL, "B35CZ00", NOW};
    OWNED(hearing_messages) messages = NULL;
    struct problem problem;
    size_t size;
    char *text = hearing(&size), *both = NULL;

    assert_int_equal(hearing_convert(text, size, &settings, &messages, &problem), ST_OK);
    char *first = body_of(&messages->messages[1]), *second = body_of(&messages->messages[5]);
    assert_true(asprintf(&both, "%s%s", first, second) > 0);
    for (unsigned who = 0; who < LENGTH(people); who++) {
        struct own own = {0};

        own_of_sentence(who, &own);
        assert_int_equal(count_in(both, &own), who == 0 || who == 2 ? own.count : 0);
    }
    print_message("control_caught=yes\n");
    free(first);
    free(second);
    free(both);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sentinels_tell_people_apart),
        cmocka_unit_test(a_body_holds_what_is_its_own_and_nothing_of_anothers),
    };
    return cmocka_run_group_tests_name("import_apart", tests, NULL, NULL);
}
