#include "tests/unit/due_story.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agents/base64.h"
#include "agents/body.h"

#define REFERRAL "safeguarding.referral.child"
#define OFFICER "case.officer.assigned"
#define CHECK "check.social_care.children.request"
#define TEXT_ROOM ((size_t)64 * 1024)
#define KIT                                                                                        \
    "\"subject\": {\"identifiers\": [{\"type\": \"CRN\", \"value\": \"X000001\"}], \"name\": "     \
    "{\"forename\": \"Kit\", \"surname\": \"Example\"}}"
#define ARI "{\"name\": {\"forename\": \"Ari\", \"surname\": \"Example\"}}"

const char *const story_agencies[] = {"nps.a", "crc.a", "csc.a"};
static const char *const kinds[] = {"NPS", "CRC", "LA_CHILDREN"};

/* ---- what they have agreed ---- */

static const struct flow {
    const char *type;
    const char *ways; /* pairs of initials: of probation, the company, social care */
    const char *more;
} flows[] = {
    {"case.transfer.offer", "nccn", "    acknowledge-within: 4h\n    decide-within: 2wd\n"},
    {"case.transfer.accept", "nccn", ""},
    {"case.transfer.reject", "nccn", ""},
    {"case.transfer.withdraw", "nccn", ""},
    {"case.transfer.complete", "nccn", ""},
    {"case.record.part", "nccn", ""},
    {"case.record.query", "nccn", ""},
    {"case.late_answer", "nccn", ""},
    {"case.update", "nccn", "    only-by-holder: true\n    acknowledge-within: 1d\n"},
    {"case.first_contact", "nccn", "    only-by-holder: true\n"},
    {OFFICER, "nscs", "    only-by-holder: true\n"},
    {REFERRAL, "nscs",
     "    acknowledge-within: 4h\n    decide-within: 1wd\n    close-within: 2d\n"
     "    escalation: [Team manager, Head of service]\n"},
    {"safeguarding.referral.ack", "snsc", ""},
    {"safeguarding.referral.decision", "snsc", ""},
    {"safeguarding.update", "snscnscs", ""},
    {"safeguarding.close", "snscnscs", ""},
    {CHECK, "nscs", "    answer-within: 2d\n"},
    {"check.social_care.children.response", "snsc", ""},
};

static const char expectations[] = "expectations:\n"
                                   "  - id: told\n" /* of the holder, whoever was referred */
                                   "    after: " REFERRAL "\n"
                                   "    expect: " OFFICER "\n"
                                   "    within: 2d\n"
                                   "    tell: Team manager\n"
                                   "  - id: updated\n" /* in each referral */
                                   "    after: safeguarding.referral.decision\n"
                                   "    expect: safeguarding.update\n"
                                   "    every: 1d\n"
                                   "    tell: Team manager\n"
                                   "  - id: closed\n"
                                   "    after: safeguarding.referral.decision\n"
                                   "    expect: safeguarding.close\n"
                                   "    within: 3d\n"
                                   "    tell: Team manager\n"
                                   "  - id: seen\n"
                                   "    after: case.transfer.complete\n"
                                   "    expect: case.first_contact\n"
                                   "    within: 2d\n"
                                   "    tell: Head of service\n"
                                   "  - id: seen-since\n"
                                   "    after: case.update\n"
                                   "    expect: case.first_contact\n"
                                   "    within: 1d\n"
                                   "    tell: Head of service\n"
                                   "  - id: record\n" /* of who gives the case */
                                   "    after: case.record.query\n"
                                   "    expect: case.record.part\n"
                                   "    within: 1d\n"
                                   "    tell: Head of service\n"
                                   "  - id: looked-for\n" /* of who was asked, once a case */
                                   "    after: " CHECK "\n"
                                   "    expect: safeguarding.referral.ack\n"
                                   "    within: 12h\n"
                                   "    tell: Team manager\n";

static const char *kind_of(char initial)
{
    return kinds[initial == 'n' ? NPS : initial == 'c' ? CRC : CSC];
}

static void write_categories(FILE *out, const char *what, category_set set)
{
    const char *comma = "";

    (void)fprintf(out, "    %s: [", what);
    for (uint32_t i = 1; i < 32; i++)
        if (set >> i & 1) {
            (void)fprintf(out, "%s%s", comma, category_name(i));
            comma = ", ";
        }
    (void)fprintf(out, "]\n");
}

static void write_clause(FILE *out, const struct flow *f, size_t at)
{
    const struct message_type *type = catalogue_find(f->type);

    assert_non_null(type);
    (void)fprintf(out,
                  "  - id: c%zu-%zu\n    type: %s\n    from: %s\n    to: %s\n    purpose: "
                  "allocation\n    gateway: OMA2007_S14\n%s%s",
                  (size_t)(f - flows), at / 2, f->type, kind_of(f->ways[at]),
                  kind_of(f->ways[at + 1]), f->more,
                  catalogue_is_answer(type) ? "    only-in-reply: false\n" : "");
    write_categories(out, "required", type->required);
    write_categories(out, "allowed", type->allowed & ~type->required);
}

static void write_terms(const char *folder)
{
    char path[128];

    (void)snprintf(path, sizeof path, "%s/terms.yaml", folder);
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    (void)fprintf(out,
                  "agreement: ISA-TEST\nversion: 1\ntitle: Cases\nin-force: 2020-01-01\n"
                  "review: 2090-01-01\nexpires: 2095-01-01\nmarking:\n  floor: OFFICIAL\n"
                  "  ceiling: OFFICIAL_SENSITIVE\nretention-days: 365\nonward: []\nparties:\n");
    for (size_t i = 0; i < STORY_AGENCIES; i++)
        (void)fprintf(out,
                      "  - agency: %s\n    kind: %s\n    contact: desk\n    calendar: always\n",
                      story_agencies[i], kinds[i]); /* or a story would depend on its day */
    (void)fprintf(out, "clauses:\n");
    for (size_t i = 0; i < LENGTH(flows); i++)
        for (size_t at = 0; flows[i].ways[at] != '\0'; at += 2)
            write_clause(out, &flows[i], at);
    (void)fprintf(out, "%s", expectations);
    assert_int_equal(fclose(out), 0);
}

/* ---- asking ---- */

static ProtobufCBinaryData field_of(const struct id *id)
{
    return (ProtobufCBinaryData){.len = id ? ID_SIZE : 0, .data = (uint8_t *)(uintptr_t)id};
}

static char *text_of(const char *text)
{
    return (char *)(uintptr_t)(text ? text : "");
}

void story_settle(struct story *s)
{
    town_settle(s->town);
    town_tick(s->town);
}

void story_wait(struct story *s, int64_t ms)
{
    town_wait(s->town, ms);
    story_settle(s);
}

/* NULL: it was refused, or is not to be sent. */
static const struct said *say(struct story *s, struct said said, const char *json,
                              const struct id *reply_to)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__SendRequest send = CONCORDAT__SEND_REQUEST__INIT;

    assert_true(s->count < STORY_SAID_MAX);
    send.type = text_of(said.type);
    send.to = text_of(said.to == STORY_AGENCIES ? NULL : story_agencies[said.to]);
    send.case_handle = field_of(&s->cases[said.about]);
    if (!id_is_zero(&said.conversation))
        send.conversation_id = field_of(&said.conversation);
    send.in_reply_to = field_of(reply_to);
    send.body_case = CONCORDAT__SEND_REQUEST__BODY_JSON;
    send.json = text_of(json);
    send.wait_ms = 100;
    request.kind_case = CONCORDAT__REQUEST__KIND_SEND;
    request.send = &send;
    const Concordat__Response *r = town_ask(s->town, said.from, &request);
    const bool is_said =
        r->outcome == CONCORDAT__OUTCOME__DONE || r->outcome == CONCORDAT__OUTCOME__QUEUED;
    if (getenv("STORY"))
        print_message("  %s of %s: %d %s %s %s\n", said.type, story_agencies[said.from],
                      (int)r->outcome, r->n_problems ? r->problems[0]->where : "",
                      r->n_problems ? r->problems[0]->text : "",
                      r->refusal ? refusal_name(r->refusal->code) : "");
    if (is_said) {
        memcpy(said.id.bytes, r->message_id.data, ID_SIZE);
        if (getenv("STORY")) {
            char text[ID_TEXT_SIZE];
            id_print(&said.id, text);
            print_message("    %s\n", text);
        }
        if (id_is_zero(&said.conversation))
            said.conversation = said.id;
        s->said[s->count++] = said;
        s->done++;
    }
    story_settle(s);
    return is_said ? &s->said[s->count - 1] : NULL;
}

static const Concordat__CustodyState *case_of(struct story *s, size_t agency, size_t about)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__CaseRequest cases = CONCORDAT__CASE_REQUEST__INIT;

    cases.case_handle = field_of(&s->cases[about]);
    request.kind_case = CONCORDAT__REQUEST__KIND_CASES;
    request.cases = &cases;
    return town_ask(s->town, agency, &request)->custody;
}

size_t story_holder(struct story *s, size_t about)
{
    for (size_t i = NPS; i <= CRC; i++) {
        const Concordat__CustodyState *state = case_of(s, i, about);

        if (state && strcmp(state->holder, story_agencies[i]) == 0)
            return i;
    }
    return STORY_AGENCIES;
}

const struct said *story_last(const struct story *s, const char *type, size_t about)
{
    for (size_t i = s->count; i > 0; i--)
        if (s->said[i - 1].about == about && strcmp(s->said[i - 1].type, type) == 0)
            return &s->said[i - 1];
    return NULL;
}

/* ---- what is said ---- */

static unsigned day_after(const struct story *s, unsigned days)
{
    const time_t at = (time_t)(town_now(s->town) / 1000 + (int64_t)days * 86400);
    struct tm day;

    (void)gmtime_r(&at, &day);
    return (unsigned)(day.tm_year + 1900) * 10000 + (unsigned)(day.tm_mon + 1) * 100
         + (unsigned)day.tm_mday;
}

const struct said *story_refer(struct story *s, size_t about, bool watched)
{
    const size_t holder = story_holder(s, about);
    char json[1024], end[64] = "";

    if (holder == STORY_AGENCIES)
        return NULL;
    if (watched)
        (void)snprintf(end, sizeof end, "\"orderEnd\": {\"ymd\": %u}, ", day_after(s, 1));
    (void)snprintf(json, sizeof json,
                   "{" KIT ", \"children\": [" ARI "], \"concern\": [\"NEGLECT\"], %s\"consent\": "
                   "\"NOT_SOUGHT_UNSAFE\", \"whatHappened\": {\"text\": \"Left alone in the "
                   "evening.\"}}",
                   end);
    return say(s, (struct said){.type = REFERRAL, .from = holder, .to = CSC, .about = about}, json,
               NULL);
}

const struct said *story_enquire(struct story *s, size_t about, int64_t needed_in_ms)
{
    const size_t holder = story_holder(s, about);
    char json[1024], when[64] = "";

    if (holder == STORY_AGENCIES)
        return NULL;
    if (needed_in_ms != 0)
        (void)snprintf(when, sizeof when, "\"neededByMs\": \"%lld\", ",
                       (long long)(town_now(s->town) + needed_in_ms));
    (void)snprintf(json, sizeof json,
                   "{" KIT ", \"why\": \"PRE_SENTENCE\", %s\"children\": [{\"person\": " ARI
                   ", \"relationship\": \"child\"}]}",
                   when);
    return say(s, (struct said){.type = CHECK, .from = holder, .to = CSC, .about = about}, json,
               NULL);
}

static void write_reply(const struct story *s, const char *type, const char *id,
                        char out[static 512])
{
    if (strcmp(type, "safeguarding.referral.ack") == 0)
        (void)snprintf(out, 512,
                       "{\"referralId\": \"%s\", \"receivedMs\": \"%lld\", \"decisionDueMs\": "
                       "\"%lld\"}",
                       id, (long long)town_now(s->town),
                       (long long)(town_now(s->town) + TOWN_DAY_MS));
    else if (strcmp(type, "safeguarding.referral.decision") == 0)
        (void)snprintf(out, 512, "{\"referralId\": \"%s\", \"outcome\": \"S47_ENQUIRY\"}", id);
    else if (strcmp(type, "safeguarding.update") == 0)
        (void)snprintf(out, 512,
                       "{\"referralId\": \"%s\", \"number\": %zu, \"childChanges\": "
                       "[\"WORKER_CHANGED\"]}",
                       id, s->count + 1);
    else if (strcmp(type, "safeguarding.close") == 0)
        (void)snprintf(out, 512,
                       "{\"referralId\": \"%s\", \"reason\": \"ORDER_ENDED\", \"date\": {\"ymd\": "
                       "%u}}",
                       id, day_after(s, 0));
    else
        (void)snprintf(out, 512, "{\"outcome\": \"NOT_KNOWN\"}");
}

const struct said *story_reply(struct story *s, size_t by, const char *type,
                               const struct said *first)
{
    const bool is_answer = catalogue_is_answer(catalogue_find(type));
    char json[512], id[BASE64_SIZE(ID_SIZE)];
    struct said said = {.type = type, .from = by, .to = STORY_AGENCIES, .about = first->about};

    base64_print(first->id.bytes, ID_SIZE, id);
    write_reply(s, type, id, json);
    said.conversation = first->conversation;
    return say(s, said, json, is_answer ? &first->id : NULL);
}

const struct said *story_notice(struct story *s, size_t by, const char *type, size_t about)
{
    const bool is_officer = strcmp(type, OFFICER) == 0;
    char json[512], more[128];

    if (is_officer)
        (void)snprintf(more, sizeof more, ", \"agencyId\": \"%s\", \"from\": {\"ymd\": %u}",
                       story_agencies[by], day_after(s, 0));
    else
        (void)snprintf(more, sizeof more, ", \"asAt\": {\"ymd\": %u}", day_after(s, 0));
    (void)snprintf(json, sizeof json, "{" KIT "%s}",
                   strcmp(type, "case.first_contact") == 0 ? "" : more);
    return say(s,
               (struct said){.type = type,
                             .from = by,
                             .to = is_officer ? CSC
                                 : by == NPS  ? CRC
                                              : NPS,
                             .about = about},
               json, NULL);
}

/* ---- custody ---- */

static void write_part(const struct story *s, size_t about, char out[static 512])
{
    char id[BASE64_SIZE(ID_SIZE)];

    base64_print(s->manifests[about].bytes, ID_SIZE, id);
    (void)snprintf(out, 512,
                   "{\"manifestId\": \"%s\", \"number\": 1, \"identity\": {\"kind\": \"contact "
                   "log\", \"text\": {\"text\": \"Seen on Monday.\"}}}",
                   id);
}

/* What the offer names of the part. */
static void write_manifest(const struct story *s, size_t about, char out[static 512])
{
    OWNED(arena) arena = arena_new(64 * 1024, 1024 * 1024);
    char part[512], id[BASE64_SIZE(ID_SIZE)], hash[BASE64_SIZE(DIGEST_SIZE)];
    struct problems problems = {0};
    struct bytes body;

    write_part(s, about, part);
    assert_int_equal(body_from_json(catalogue_find("case.record.part"), part, strlen(part),
                                    town_now(s->town), arena, &body, &problems),
                     ST_OK);
    const struct digest digest = sha256(body.data, body.size);
    base64_print(digest.bytes, DIGEST_SIZE, hash);
    base64_print(s->manifests[about].bytes, ID_SIZE, id);
    (void)snprintf(out, 512,
                   "\"manifest\": {\"manifestId\": \"%s\", \"parts\": [{\"number\": 1, \"kind\": "
                   "\"contact log\", \"size\": %zu, \"sha256\": \"%s\"}]}",
                   id, body.size, hash);
}

static const struct said *act(struct story *s, size_t about, bool by_holder, const char *type,
                              const char *json)
{
    const size_t holder = story_holder(s, about), other = holder == NPS ? CRC : NPS;

    if (holder == STORY_AGENCIES)
        return NULL;
    return say(s,
               (struct said){.type = type,
                             .from = by_holder ? holder : other,
                             .to = by_holder ? other : holder,
                             .about = about},
               json, NULL);
}

const struct said *story_offer(struct story *s, size_t about, unsigned components,
                               int64_t reply_in_ms)
{
    char json[1536], manifest[512], when[64] = "";

    write_manifest(s, about, manifest);
    if (reply_in_ms != 0)
        (void)snprintf(when, sizeof when, "\"replyByMs\": \"%lld\", ",
                       (long long)(town_now(s->town) + reply_in_ms));
    (void)snprintf(json, sizeof json,
                   "{" KIT ", %s%s, %s\"components\": [{\"number\": 1, \"kind\": \"OFFENDER\", "
                   "\"label\": \"all\"}, {\"number\": 2, \"kind\": \"REQUIREMENT\", \"label\": "
                   "\"drugs\"}], \"reason\": \"INITIAL_ALLOCATION\"}",
                   components == 2 ? "\"offered\": [2], " : "", manifest, when);
    return act(s, about, true, "case.transfer.offer", json);
}

static void write_components(unsigned components, const char *more, char out[static 256])
{
    (void)snprintf(out, 256, "{\"replies\": [");
    for (unsigned i = 1; i <= 2; i++)
        if (components >> (i - 1) & 1)
            (void)snprintf(out + strlen(out), 256 - strlen(out), "%s{\"component\": %u%s}",
                           i == 2 && components == 3 ? ", " : "", i, more);
    (void)snprintf(out + strlen(out), 256 - strlen(out), "]}");
}

const struct said *story_accept(struct story *s, size_t about, unsigned components)
{
    char json[256];

    write_components(components, "", json);
    return act(s, about, false, "case.transfer.accept", json);
}

const struct said *story_reject(struct story *s, size_t about, unsigned components)
{
    char json[256];

    write_components(components, ", \"reject\": \"ADDRESS_NOT_VERIFIED\"", json);
    return act(s, about, false, "case.transfer.reject", json);
}

const struct said *story_withdraw(struct story *s, size_t about)
{
    return act(s, about, true, "case.transfer.withdraw", "{\"reason\": \"OFFERED_IN_ERROR\"}");
}

const struct said *story_send_part(struct story *s, size_t about)
{
    char json[512];

    write_part(s, about, json);
    return act(s, about, true, "case.record.part", json);
}

const struct said *story_ask_part(struct story *s, size_t about)
{
    const struct said *offer = story_last(s, "case.transfer.offer", about);
    const size_t holder = story_holder(s, about);
    char json[128], id[BASE64_SIZE(ID_SIZE)];

    if (!offer || holder == STORY_AGENCIES)
        return NULL;
    base64_print(s->manifests[about].bytes, ID_SIZE, id);
    (void)snprintf(json, sizeof json, "{\"manifestId\": \"%s\", \"missing\": [1]}", id);
    return say(s,
               (struct said){.type = "case.record.query",
                             .from = holder == NPS ? CRC : NPS,
                             .to = holder,
                             .about = about,
                             .conversation = offer->conversation},
               json, NULL);
}

const struct said *story_complete(struct story *s, size_t about)
{
    return act(s, about, false, "case.transfer.complete", "{}");
}

void story_hand_over(struct story *s, size_t about)
{
    (void)story_offer(s, about, 3, 0);
    (void)story_accept(s, about, 3);
    (void)story_send_part(s, about);
    (void)story_complete(s, about);
}

void story_claim(struct story *s, size_t by, size_t about, Concordat__ClaimKind kind)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__HoldRequest hold = CONCORDAT__HOLD_REQUEST__INIT;

    hold.kind = kind;
    hold.case_handle = field_of(&s->cases[about]);
    hold.wait_ms = 100;
    request.kind_case = CONCORDAT__REQUEST__KIND_HOLD;
    request.hold = &hold;
    (void)town_ask(s->town, by, &request);
    story_settle(s);
}

void story_step(struct story *s, const struct said *of, Concordat__StepKind step)
{
    if (of->to != STORY_AGENCIES)
        (void)town_act(s->town, of->to, &of->id, step,
                       step == CONCORDAT__STEP_KIND__DECLINED
                           ? CONCORDAT__DECLINE_REASON__NO_CAPACITY
                           : CONCORDAT__DECLINE_REASON__DECLINE_UNSPECIFIED);
    story_settle(s);
}

void story_open(struct story *s, const struct said *of)
{
    if (of->to != STORY_AGENCIES)
        (void)town_open(s->town, of->to, &of->id);
    story_settle(s);
}

/* ---- life ---- */

struct story *story_new(void)
{
    struct story *s = calloc(1, sizeof *s);

    assert_non_null(s);
    (void)snprintf(s->folder, sizeof s->folder, "/tmp/concordat-due-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    write_terms(s->folder);
    s->town = town_new_under(s->folder, story_agencies, STORY_AGENCIES);
    for (size_t i = 0; i < STORY_CASES; i++) {
        s->cases[i] = id_random();
        s->manifests[i] = id_random();
        story_claim(s, NPS, i, CONCORDAT__CLAIM_KIND__CLAIM_OPEN);
        assert_int_equal(story_holder(s, i), NPS);
    }
    return s;
}

void story_free(struct story *s)
{
    char command[96];

    if (!s)
        return;
    town_free(s->town);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", s->folder);
    assert_int_equal(system(command), 0);
    free(s);
}
