#include "tests/unit/case_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "proto/wire.h"

const char *const agency_names[AGENCIES] = {"nps.a", "crc.a",    "crc.b",
                                            "csc.a", "police.a", "court.a"};
static const char *const kinds[AGENCIES] = {"NPS", "CRC", "CRC", "LA_CHILDREN", "POLICE", "COURT"};

static const struct flow {
    const char *type, *from, *to;
    const char *more;
} flows[] = {
#define BETWEEN(type, a, b)                                                                        \
    {type, a, b, ""},                                                                              \
    {                                                                                              \
        type, b, a, ""                                                                             \
    }
#define ACTS(a, b)                                                                                 \
    BETWEEN("case.transfer.offer", a, b), BETWEEN("case.transfer.accept", a, b),                   \
        BETWEEN("case.transfer.reject", a, b), BETWEEN("case.transfer.withdraw", a, b),            \
        BETWEEN("case.transfer.complete", a, b)
    ACTS("NPS", "CRC"),
    ACTS("NPS", "POLICE"),
    BETWEEN("case.record.part", "NPS", "CRC"),
    BETWEEN("case.late_answer", "NPS", "CRC"),
    {"case.late_answer", "CRC", "CRC", ""},
    {"risk.escalation.request", "CRC", "NPS", "    answer-within: 2d\n"},
    {"risk.escalation.decision", "NPS", "CRC", ""},
    {"risk.escalation.decision", "CRC", "CRC", ""},
    BETWEEN("safeguarding.update", "NPS", "LA_CHILDREN"),
    BETWEEN("safeguarding.update", "CRC", "LA_CHILDREN"),
    BETWEEN("safeguarding.close", "NPS", "LA_CHILDREN"),
    BETWEEN("safeguarding.close", "CRC", "LA_CHILDREN"),
    {"case.update", "NPS", "CRC", "    only-by-holder: true\n"},
    {"safeguarding.referral.child", "NPS", "LA_CHILDREN", ""},
    {"safeguarding.referral.child", "CRC", "LA_CHILDREN", ""},
    {"safeguarding.referral.ack", "LA_CHILDREN", "NPS", ""},
    {"safeguarding.referral.ack", "LA_CHILDREN", "CRC", ""},
    {"safeguarding.referral.decision", "LA_CHILDREN", "NPS", ""},
    {"safeguarding.referral.decision", "LA_CHILDREN", "CRC", ""},
    {"check.social_care.children.request", "NPS", "LA_CHILDREN", "    answer-within: 2d\n"},
    {"check.social_care.children.request", "CRC", "LA_CHILDREN", ""},
    {"check.social_care.children.response", "LA_CHILDREN", "NPS", ""},
    {"check.social_care.children.response", "LA_CHILDREN", "CRC", ""},
    {"case.update", "POLICE", "CRC", ""},
    {"check.social_care.children.response", "POLICE", "CRC", ""},
    {"psr.request", "COURT", "NPS", "    answer-within: 2d\n"},
    {"psr.report", "NPS", "COURT", ""},
    {"enforcement.breach.information", "NPS", "COURT", ""},
    {"mappa.info.request", "POLICE", "NPS", "    answer-within: 2d\n"},
    BETWEEN("mappa.info.response", "NPS", "POLICE"),
    BETWEEN("mappa.info.response", "CRC", "POLICE"),
    BETWEEN("case.record.query", "NPS", "CRC"),
};

session_id session_of(enum agency agency)
{
    static const session_id sessions[AGENCIES] = {NPS, 3, 4, 5, 6, COURT};

    return sessions[agency];
}

/* ---- the agreement ---- */

static void add(struct case_desk *c, const char *text)
{
    assert_true(strlen(c->text) + strlen(text) < sizeof c->text);
    strcat(c->text, text);
}

static const char *or_nothing(const char *text)
{
    return text ? text : "";
}

/* A test's own times take the place of ours. */
static const char *more_of(const struct flow *f, const struct case_terms *terms)
{
    for (size_t i = 0; i < LENGTH(terms->clauses); i++)
        if (strcmp(or_nothing(terms->clauses[i][0]), f->type) == 0 && strstr(f->more, "within"))
            return "";
    return f->more;
}

static const char *gateway_of(const char *from, const char *to)
{
    return strcmp(from, "COURT") == 0 ? "COURT_TO_PROBATION"
         : strcmp(to, "COURT") == 0   ? "SC2020_SCH10"
                                      : "OMA2007_S14";
}

static const char *purpose_of(const char *from, const char *to)
{
    return strcmp(from, "COURT") == 0 || strcmp(to, "COURT") == 0 ? "court_enforcement"
                                                                  : "allocation";
}

static void add_clause(struct case_desk *c, size_t number, const struct case_terms *terms)
{
    const struct flow *f = &flows[number];
    const struct message_type *type = catalogue_find(f->type);
    char line[512];
    const char *comma = "";

    assert_non_null(type);
    snprintf(line, sizeof line,
             "  - id: c%zu\n    type: %s\n    from: %s\n    to: %s\n    purpose: %s"
             "\n    gateway: %s\n%s    required: [",
             number, f->type, f->from, f->to, purpose_of(f->from, f->to),
             gateway_of(f->from, f->to),
             catalogue_is_answer(type) ? "    only-in-reply: false\n" : more_of(f, terms));
    add(c, line);
    for (uint32_t i = 1; i < 32; i++)
        if (type->required >> i & 1) {
            snprintf(line, sizeof line, "%s%s", comma, category_name(i));
            add(c, line);
            comma = ", ";
        }
    add(c, "]\n    allowed: []\n");
    for (size_t i = 0; i < LENGTH(terms->clauses); i++)
        if (strcmp(or_nothing(terms->clauses[i][0]), f->type) == 0)
            add(c, terms->clauses[i][1]);
}

static void write_agreement(struct case_desk *c, const struct case_terms *terms)
{
    char line[256];

    add(c, "agreement: ISA-TEST\nversion: 1\ntitle: Cases\nin-force: 2020-01-01\n"
           "review: 2030-01-01\nexpires: 2035-01-01\nmarking:\n  floor: OFFICIAL\n"
           "  ceiling: OFFICIAL_SENSITIVE\nretention-days: 365\nonward: []\n");
    add(c, or_nothing(terms->head));
    add(c, "parties:\n");
    for (int i = 0; i < AGENCIES; i++) {
        snprintf(line, sizeof line, "  - agency: %s\n    kind: %s\n    contact: desk\n",
                 agency_names[i], kinds[i]);
        add(c, line);
        add(c, or_nothing(terms->party[i]));
    }
    add(c, "clauses:\n");
    for (size_t i = 0; i < LENGTH(flows); i++)
        add_clause(c, i, terms);
    add(c, or_nothing(terms->expectations));
}

/* ---- life ---- */

static void come(struct case_desk *c)
{
    for (enum agency a = NPS_A; a < AGENCIES; a++)
        c->members[a] = desk_hello(c->d, session_of(a), agency_names[a], 1000);
}

struct case_desk *case_desk_new(void)
{
    static const struct case_terms none;

    return case_desk_with(&none);
}

struct case_desk *case_desk_with(const struct case_terms *terms)
{
    struct case_desk *c = calloc(1, sizeof *c);

    assert_non_null(c);
    write_agreement(c, terms);
    c->store = scratch_store_open();
    c->d = desk_under(c->text, 1000);
    c->handle.bytes[0] = 0xca;
    come(c);
    for (enum agency a = CRC_A; a < AGENCIES; a++)
        desk_publish_key_of(c->d, session_of(a), c->members[a], agency_names[a]);
    return c;
}

void case_desk_free(struct case_desk *c)
{
    if (!c)
        return;
    desk_free(c->d);
    scratch_store_close(&c->store);
    free(c);
}

void case_desk_restart(struct case_desk *c)
{
    c->d = desk_restart(c->d, c->store.state, c->text);
    come(c);
}

void case_desk_wait(struct case_desk *c, int64_t ms)
{
    c->d->now_ms += ms;
    desk_run(c->d);
}

/* ---- letters ---- */

struct id id_of(uint32_t n)
{
    struct id id = {{0}};

    memcpy(id.bytes, &n, sizeof n);
    id.bytes[6] = 0x70; /* version 7 */
    id.bytes[8] = 0x80;
    id.bytes[15] = 1;
    return id;
}

static const char *clause_of(enum agency from, enum agency to, const char *type)
{
    static char id[16];

    for (size_t i = 0; i < LENGTH(flows); i++)
        if (strcmp(flows[i].type, type) == 0 && strcmp(flows[i].from, kinds[from]) == 0
            && strcmp(flows[i].to, kinds[to]) == 0) {
            snprintf(id, sizeof id, "c%zu", i);
            return id;
        }
    fail_msg("no clause for %s from %s to %s", type, agency_names[from], agency_names[to]);
    return NULL;
}

struct envelope letter(const struct case_desk *c, uint32_t n, enum agency from, enum agency to,
                       const char *type)
{
    struct envelope e = desk_envelope(c->d, n);
    const struct message_type *found = catalogue_find(type);

    assert_non_null(found);
    strcpy(e.type, type);
    strcpy(e.sender, agency_names[from]);
    strcpy(e.recipient, agency_names[to]);
    strcpy(e.clause, clause_of(from, to, type));
    strcpy(e.purpose, purpose_of(kinds[from], kinds[to]));
    strcpy(e.gateway, gateway_of(kinds[from], kinds[to]));
    e.categories = found->required;
    e.marking = found->marking;
    e.urgency = found->urgency;
    e.message_id = e.conversation_id = id_of(n);
    e.sequence = 1;
    e.case_handle = c->handle;
    e.created_ms = c->d->now_ms - 1000;
    e.expires_ms = c->d->now_ms + DAY;
    return e;
}

struct envelope reply(const struct case_desk *c, uint32_t n, enum agency from, enum agency to,
                      const char *type, uint32_t first, uint32_t sequence)
{
    struct envelope e = letter(c, n, from, to, type);

    e.conversation_id = id_of(first);
    e.sequence = sequence;
    return e;
}

static enum agency agency_of(const char *agency)
{
    for (enum agency a = NPS_A; a < AGENCIES; a++)
        if (strcmp(agency_names[a], agency) == 0)
            return a;
    fail_msg("no agency %s", agency);
    return AGENCIES;
}

static void submit(struct case_desk *c, const struct envelope *e)
{
    static const uint8_t body[BODY_SIZE];
    enum agency from = agency_of(e->sender);
    struct envelope whole = *e;
    struct digest digest = desk_digest(e);
    struct proof proof = {.count = 1};
    uint8_t header[4096];
    size_t size;
    uint32_t charge;

    whole.section_count = 1;
    whole.sections[0] = (struct sealed_section){.category = CONCORDAT__DATA_CATEGORY__DC_IDENTITY,
                                                .sealed_size = BODY_SIZE,
                                                .sealed_sha256 = {{1}},
                                                .wrap = {1}};
    whole.encapsulation[0] = 1;
    assert_int_equal(envelope_write(&whole, header, sizeof header, &size), ST_OK);
    const struct submission submission = {.session = session_of(from),
                                          .member = c->members[from],
                                          .envelope = e,
                                          .header_digest = &digest,
                                          .header = {header, size},
                                          .body = {body, sizeof body},
                                          .proof = &proof,
                                          .signing_key = &c->d->signing_key};
    assert_int_equal(turn_submit(&c->d->turn, &submission, &charge), ST_OK);
    desk_run(c->d);
}

Concordat__RefusalCode send(struct case_desk *c, const struct envelope *e)
{
    session_id session = session_of(agency_of(e->sender));

    submit(c, e);
    if (desk_count(c->d, EFFECT_RECEIPT, session) == 1)
        return CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED;
    const struct effect_refusal *refusal = desk_effect(c->d, EFFECT_REFUSAL, session, 0);
    return refusal->refusal.code;
}

uint64_t accepted(struct case_desk *c, const struct envelope *e)
{
    session_id session = session_of(agency_of(e->sender));

    submit(c, e);
    if (desk_count(c->d, EFFECT_REFUSAL, session) == 1) {
        const struct effect_refusal *refusal = desk_effect(c->d, EFFECT_REFUSAL, session, 0);
        fail_msg("%s: refused with %d", e->type, refusal->refusal.code);
    }
    const struct effect_receipt *receipt = desk_effect(c->d, EFFECT_RECEIPT, session, 0);
    return receipt->receipt.sequence;
}

void step(struct case_desk *c, const struct envelope *e, int kind)
{
    static uint64_t number;
    enum agency to = agency_of(e->recipient);
    struct command_step *given =
        turn_command(&c->d->turn, COMMAND_STEP, session_of(to), sizeof *given + 8);

    given->head.member = c->members[to];
    given->sequence = ++number;
    given->message_id = e->message_id;
    given->header_digest = desk_digest(e);
    given->kind = (uint32_t)kind;
    given->step_size = 4;
    memcpy(given->bytes, "step", 4);
    given->step_digest = sha256("step", 4);
    if (kind != CONCORDAT__STEP_KIND__DELIVERED && kind != CONCORDAT__STEP_KIND__REJECTED)
        given->previous = given->step_digest;
    desk_run(c->d);
    assert_int_equal(desk_events(c->d, EVENT_STEP), 1);
}

size_t delivered(const struct case_desk *c, enum agency to)
{
    return desk_count(c->d, EFFECT_DELIVER, session_of(to));
}

/* ---- claims ---- */

static Concordat__RefusalCode answer_of(struct case_desk *c, enum agency by,
                                        struct custody_told *custody, size_t *size)
{
    static uint8_t bytes[TOLD_MAX];
    OWNED(arena) arena = arena_new(4096, HEAD_ARENA);
    const struct effect_frame *frame = desk_effect(c->d, EFFECT_FRAME, session_of(by), 0);
    struct wire wire;
    struct told read;

    *custody = (struct custody_told){.version = 0};
    *size = frame->bytes_size;
    assert_int_equal(
        wire_read((struct bytes){frame->bytes + FRAME_PREFIX, frame->bytes_size - FRAME_PREFIX},
                  arena, &wire, NULL),
        ST_OK);
    assert_int_equal(wire.kind, WIRE_CASE);
    assert_true(wire.case_frame.answered);
    assert_int_equal(wire.case_frame.request, 77);
    Concordat__RefusalCode code = wire.case_frame.code;
    if (wire.case_frame.custody.size == 0)
        return code;
    bytes[0] = TOLD_CUSTODY;
    memcpy(bytes + 1, wire.case_frame.custody.data, wire.case_frame.custody.size);
    assert_int_equal(
        told_read((struct bytes){bytes, 1 + wire.case_frame.custody.size}, arena, &read, NULL),
        ST_OK);
    *custody = read.custody;
    return code;
}

static struct command_case *command_of(struct case_desk *c, enum agency by, const struct id *handle)
{
    struct command_case *given =
        turn_command(&c->d->turn, COMMAND_CASE, session_of(by), sizeof *given);

    given->head.member = c->members[by];
    given->request = 77;
    given->handle = *handle;
    return given;
}

Concordat__RefusalCode claim(struct case_desk *c, enum agency by, Concordat__ClaimKind kind,
                             uint64_t version, struct custody_told *custody)
{
    struct command_case *given = command_of(c, by, &c->handle);
    size_t size;

    given->is_claim = true;
    given->claim = (struct claim){
        .kind = kind, .case_handle = c->handle, .case_version = version, .at_ms = c->d->now_ms};
    TEXT_COPY(given->claim.agency, agency_names[by]);
    size_t written = 0;
    assert_int_equal(claim_write(&given->claim, given->bytes, sizeof given->bytes, &written),
                     ST_OK);
    given->bytes_size = (uint32_t)written;
    given->signer = sha256(agency_names[by], strlen(agency_names[by]));
    memset(given->signature, 0x5a, sizeof given->signature);
    strcpy(given->claim.agency, agency_names[by]);
    desk_run(c->d);
    return answer_of(c, by, custody, &size);
}

Concordat__RefusalCode ask(struct case_desk *c, enum agency by, const struct id *handle,
                           struct custody_told *custody, size_t *size)
{
    (void)command_of(c, by, handle);
    desk_run(c->d);
    assert_int_equal(c->d->event_count, 0);
    return answer_of(c, by, custody, size);
}

const char *holder(struct case_desk *c, enum agency asker)
{
    static struct custody_told custody;
    size_t size;

    assert_int_equal(ask(c, asker, &c->handle, &custody, &size),
                     CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED);
    return custody.holder;
}

/* ---- what is told ---- */

size_t told_count(const struct case_desk *c)
{
    return desk_events(c->d, EVENT_TOLD);
}

bool told(const struct case_desk *c, enum agency to, size_t n, struct told *out)
{
    OWNED(arena) arena = arena_new(4096, HEAD_ARENA);

    for (size_t i = 0; i < desk_events(c->d, EVENT_TOLD); i++) {
        const struct event *event = desk_event(c->d, EVENT_TOLD, i);
        if (strcmp(event->agency, agency_names[to]) != 0 || n-- > 0)
            continue;
        assert_int_equal(told_read(event->told, arena, out, NULL), ST_OK);
        return true;
    }
    return false;
}

void assert_told(const struct case_desk *c, enum agency to, Concordat__CustodyChange change,
                 struct custody_told *out)
{
    struct told read;
    size_t found = 0;

    for (size_t n = 0; told(c, to, n, &read); n++)
        if (read.kind == TOLD_CUSTODY && read.custody.change == change) {
            *out = read.custody;
            found++;
        }
    assert_int_equal(found, 1);
    assert_true(id_equal(&out->case_handle, &c->handle));
    assert_int_equal(desk_count(c->d, EFFECT_STEP, session_of(to)) >= 1, 1);
}

/* ---- acts ---- */

struct envelope act(const struct case_desk *c, uint32_t n, enum agency from, enum agency to,
                    const char *type, uint32_t first, uint32_t sequence, uint32_t components)
{
    struct envelope e = reply(c, n, from, to, type, first, sequence);

    e.custody.transfer_id.bytes[0] = 0x77;
    e.custody.components = components;
    return e;
}

struct envelope offer(const struct case_desk *c, uint32_t n, enum agency from, enum agency to,
                      uint64_t version, uint32_t components, uint8_t manifest)
{
    struct envelope e = act(c, n, from, to, "case.transfer.offer", n, 1, components);

    e.custody.case_version = version;
    e.custody.component_count = 4;
    e.custody.manifest.bytes[0] = manifest;
    return e;
}

void name(struct envelope *e, uint32_t first)
{
    e->custody.conversations[e->custody.conversation_count++] = id_of(first);
}
