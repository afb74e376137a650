/* town_broker.c - the broker of a town: takes everything, owes it until it is settled, and says
 * what the test makes it say. */
#include "tests/unit/town_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/envelope.h"

/* ---- frames ---- */

size_t town_find(const struct town *town, const char *agency)
{
    for (size_t i = 0; i < town->count; i++) {
        if (strcmp(town->members[i].agency, agency) == 0)
            return i;
    }
    return SIZE_MAX;
}

void town_frame_to(struct town *town, size_t to, const struct wire *wire, struct bytes body)
{
    struct resident *m = &town->members[to];
    size_t size, room = FRAME_PREFIX + HEAD_MAX + body.size;

    if (!m->connected)
        return;
    m->incoming = realloc(m->incoming, m->incoming_size + room);
    assert_non_null(m->incoming);
    assert_int_equal(wire_write(wire, body.size, m->incoming + m->incoming_size, room, &size),
                     ST_OK);
    if (body.size > 0)
        memcpy(m->incoming + m->incoming_size + size, body.data, body.size);
    m->incoming_size += size + body.size;
    town->moved = true;
}

uint8_t *town_copy(struct bytes bytes)
{
    uint8_t *copy = malloc(bytes.size + 1);

    assert_non_null(copy);
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    return copy;
}

/* ---- its life: it needs none ---- */

void town_broker_opens(struct town *)
{
}

void town_broker_closes(struct town *)
{
}

void town_broker_loses(struct town *, size_t)
{
}

/* ---- what is owed ---- */

void town_hand_over(struct town *town, size_t index, bool again)
{
    struct owed *o = &town->owed[index];
    struct wire wire = {.kind = o->is_step ? WIRE_STEP : WIRE_DELIVER};
    uint8_t *body = malloc(o->body_size + 1);

    assert_non_null(body);
    if (o->body_size > 0)
        memcpy(body, o->body, o->body_size);
    if (o->is_step) {
        wire.step.sequence = index + 1;
        wire.step.step = (struct bytes){o->header, o->header_size};
        wire.step.proof = o->proof;
        if (town->mischief.flip_step)
            wire.step.proof.signature[7] ^= 1;
        if (town->mischief.false_steps)
            town_sign_falsely(town, o, &wire.step.proof);
    } else {
        if (town->mischief.stray_frame)
            town_frame_to(town, o->to, &(struct wire){.kind = WIRE_PING}, (struct bytes){NULL, 0});
        wire.deliver.sequence = index + 1;
        wire.deliver.again = again;
        wire.deliver.accepted_ms = o->accepted_ms;
        wire.deliver.header = (struct bytes){o->header, o->header_size};
        wire.deliver.proof = o->proof;
        town->counts.deliveries++;
        if (town->mischief.flip_body)
            body[o->body_size / 2] ^= 1;
    }
    town_frame_to(town, o->to, &wire, (struct bytes){body, o->body_size});
    free(body);
}

static void owe(struct town *town, const struct owed *what)
{
    assert_true(town->owed_count < OWED_MAX);
    town->owed[town->owed_count++] = *what;
    if (what->is_note || (!what->is_step && town->mischief.hold))
        return;
    if (what->is_step && town->mischief.forge_first) {
        bool flip_step = town->mischief.flip_step;

        town->mischief.flip_step = true;
        town_hand_over(town, town->owed_count - 1, false);
        town->mischief.flip_step = flip_step;
    }
    town_hand_over(town, town->owed_count - 1, false);
    if (town->mischief.twice)
        town_hand_over(town, town->owed_count - 1, true);
}

static struct owed *find_message(struct town *town, const struct id *id)
{
    for (size_t i = 0; i < town->owed_count; i++) {
        if (!town->owed[i].is_step && !town->owed[i].is_note
            && id_equal(&town->owed[i].message, id))
            return &town->owed[i];
    }
    return NULL;
}

void town_broker_meets(struct town *town, size_t index)
{
    for (size_t i = 0; i < town->owed_count; i++)
        if (town->owed[i].live && town->owed[i].to == index)
            town_hand_over(town, i, true);
}

/* ---- messages ---- */

/* The first answer to a message is the answer, and its id is taken by its header. */
static const struct town_refused *remember_refused(struct town *town, const struct envelope *e,
                                                   struct bytes header)
{
    const struct digest digest = sha256(header.data, header.size);
    struct town_refused *refused = town->refused;

    for (; refused < town->refused + town->refused_count; refused++)
        if (id_equal(&refused->id, &e->message_id)) {
            assert_true(digest_equal(&refused->header, &digest));
            return refused;
        }
    assert_true(town->refused_count < REFUSED_MAX);
    town->refused_count++;
    *refused = (struct town_refused){e->message_id, digest, town->wall_ms};
    return refused;
}

static void on_stale(struct town *town, size_t from, const struct envelope *e, struct bytes header)
{
    const struct town_refused *refused = remember_refused(town, e, header);
    struct wire answer = {.kind = WIRE_REFUSAL};

    town->counts.stale++;
    answer.refusal.refusal =
        (struct refusal){.message_id = e->message_id,
                         .header_digest = refused->header,
                         .code = CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE,
                         .agreement_version = e->agreement_version,
                         .refused_ms = refused->at_ms};
    (void)snprintf(answer.refusal.refusal.agreement_id, sizeof answer.refusal.refusal.agreement_id,
                   "%s", e->agreement_id);
    if (!town->mischief.lose_verdicts)
        town_frame_to(town, from, &answer, (struct bytes){NULL, 0});
}

static bool is_stale(struct town *town, const struct envelope *e)
{
    if (find_message(town, &e->message_id))
        return false;
    for (size_t i = 0; i < town->refused_count; i++)
        if (id_equal(&town->refused[i].id, &e->message_id))
            return true;
    return town->mischief.active_version && e->agreement_version != town->mischief.active_version;
}

/* What the broker says of this one; 0: it is taken. */
static Concordat__RefusalCode refusal_of(struct town *town, const struct envelope *e)
{
    struct town_mischief *m = &town->mischief;

    if (m->refuse_to && strcmp(m->refuse_to, e->recipient) == 0
        && !find_message(town, &e->message_id))
        return CONCORDAT__REFUSAL_CODE__CONVERSATION_UNKNOWN;
    if (m->refuse || !m->ended || strcmp(m->ended, e->agreement_id) != 0
        || find_message(town, &e->message_id))
        return m->refuse;
    if (m->ended_recorded > 0) {
        m->ended_recorded--;
        return CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED;
    }
    town->counts.rate_limited++;
    return CONCORDAT__REFUSAL_CODE__RATE_LIMITED;
}

static void on_submit(struct town *town, size_t from, const struct wire *wire, struct bytes body)
{
    struct wire answer = {.kind = WIRE_RECEIPT};
    struct bytes header = wire->submit.header;
    struct reason why = {""};
    OWNED(arena) arena = arena_new(64 * 1024, HEAD_ARENA);
    struct envelope e;
    struct owed owed;
    Concordat__RefusalCode refusal;

    assert_int_equal(envelope_read(header, arena, &e, &why), ST_OK);
    assert_string_equal(e.sender, town->members[from].agency);
    assert_int_equal(e.body_size, body.size);
    assert_int_equal(batch_verify(BATCH_HEADERS, NULL, town->members[from].key,
                                  tls_context_community(town->members[from].trust), header,
                                  &wire->submit.proof),
                     ST_OK);
    if (town->mischief.lose_submits > 0) {
        town->mischief.lose_submits--;
        return;
    }
    town->counts.submits++;
    if (is_stale(town, &e)) {
        on_stale(town, from, &e, header);
        return;
    }
    refusal = refusal_of(town, &e);
    if (refusal) {
        answer.kind = WIRE_REFUSAL;
        answer.refusal.refusal = (struct refusal){.message_id = e.message_id,
                                                  .header_digest = sha256(header.data, header.size),
                                                  .code = refusal,
                                                  .refused_ms = town->wall_ms};
        if (town->mischief.refuse_nameless)
            answer.refusal.refusal.message_id = (struct id){{0}};
        town_frame_to(town, from, &answer, (struct bytes){NULL, 0});
        return;
    }
    if (!find_message(town, &e.message_id)) {
        owed = (struct owed){.live = true,
                             .to = town_find(town, e.recipient),
                             .from = from,
                             .message = e.message_id,
                             .accepted_ms = town->wall_ms,
                             .header = town_copy(header),
                             .header_size = header.size,
                             .body = town_copy(body),
                             .body_size = body.size,
                             .proof = wire->submit.proof};
        assert_true(owed.to < town->count);
        town_falsify(town, &owed);
        owe(town, &owed);
    }
    answer.receipt.receipt =
        (struct receipt){.message_id = e.message_id,
                         .header_digest = sha256(header.data, header.size),
                         .sequence = town->owed_count,
                         .accepted_ms = find_message(town, &e.message_id)->accepted_ms,
                         .agreement_hash = e.agreement_hash};
    memcpy(answer.receipt.receipt.clause, e.clause, sizeof e.clause);
    if (!town->mischief.lose_receipts)
        town_frame_to(town, from, &answer, (struct bytes){NULL, 0});
}

/* ---- evidence ---- */

static bool is_recorded(const struct town *town, struct bytes step)
{
    for (size_t i = 0; i < town->owed_count; i++) {
        const struct owed *o = &town->owed[i];
        if (o->is_step && o->header_size == step.size
            && memcmp(o->header, step.data, step.size) == 0)
            return true;
    }
    return false;
}

static void on_step(struct town *town, size_t from, const struct wire *wire)
{
    struct wire answer = {.kind = WIRE_SETTLE};
    uint64_t number = wire->step.sequence;
    struct bytes bytes = wire->step.step;
    struct reason why = {""};
    struct owed *message, owed;
    struct step step;

    town->counts.steps++;
    assert_int_equal(step_read(bytes, town->arena, &step, &why), ST_OK);
    assert_string_equal(step.agency, town->members[from].agency);
    assert_int_equal(batch_verify(BATCH_STEPS, NULL, town->members[from].key,
                                  tls_context_community(town->members[from].trust), bytes,
                                  &wire->step.proof),
                     ST_OK);
    message = find_message(town, &step.message_id);
    assert_non_null(message);
    message->live = false;
    owed = (struct owed){.live = true,
                         .is_step = true,
                         .to = message->from,
                         .from = from,
                         .header = town_copy(bytes),
                         .header_size = bytes.size,
                         .proof = wire->step.proof};
    if (is_recorded(town, bytes))
        free(owed.header);
    else
        owe(town, &owed);
    answer.settle.count = 1;
    answer.settle.sequences = &number;
    if (!town->mischief.lose_settles)
        town_frame_to(town, from, &answer, (struct bytes){NULL, 0});
}

static void on_settle(struct town *town, size_t from, const struct wire *wire)
{
    for (uint32_t i = 0; i < wire->settle.count; i++) {
        uint64_t sequence = wire->settle.sequences[i];

        assert_in_range(sequence, 1, town->owed_count);
        assert_true(town->owed[sequence - 1].is_step || town->owed[sequence - 1].is_note);
        assert_int_equal(town->owed[sequence - 1].to, from);
        town->owed[sequence - 1].live = false;
        town->counts.settles++;
    }
}

/* ---- what comes ---- */

/* Its own system publishes, or it follows. Others are shown what the test shows. */
static void on_gazette(struct town *town, size_t from, const struct wire *wire, struct bytes text)
{
    struct resident *m = &town->members[from];
    struct wire answer = {.kind = WIRE_GAZETTE};

    if (wire->gazette.follow) {
        m->followed = true;
        m->after = wire->gazette.after;
        return;
    }
    answer.gazette.request = wire->gazette.request;
    answer.gazette.published = !town->mischief.verdict;
    answer.gazette.why = town->mischief.verdict ? town->mischief.verdict : "";
    if (answer.gazette.published)
        answer.gazette.after =
            town->mischief.publish_as ? town->mischief.publish_as : ++town->published;
    if (!town->mischief.no_verdict)
        town_frame_to(town, from, &answer, (struct bytes){NULL, 0});
    if (answer.gazette.published && !town->mischief.publish_as)
        town_entry(town, from,
                   &(struct gazette_entry){.sequence = answer.gazette.after,
                                           .at_ms = town->wall_ms,
                                           .instrument = wire->gazette.instrument,
                                           .text = text});
}

static void on_case(struct town *town, size_t from, const struct wire *wire)
{
    struct town_case *asked = &town->members[from].asked;
    struct bytes claim = wire->case_frame.claim;
    struct reason why = {""};

    asked->count++;
    asked->request = wire->case_frame.request;
    asked->is_claim = claim.size > 0;
    if (!asked->is_claim) {
        memcpy(asked->asked.bytes, wire->case_frame.ask.data, ID_SIZE);
        return;
    }
    assert_int_equal(claim_read(claim, town->arena, &asked->claim, &why), ST_OK);
    assert_string_equal(asked->claim.agency, town->members[from].agency);
    assert_int_equal(claim_verify(town->members[from].key,
                                  tls_context_community(town->members[from].trust), claim,
                                  wire->case_frame.signature),
                     ST_OK);
}

void town_broker_takes(struct town *town, size_t from, const struct stage_frames *frames)
{
    struct reader r = reader_of(frames->bytes, frames->size);

    while (r.left > 0) {
        uint32_t head_size = read_u32(&r), body_size = read_u32(&r);
        struct bytes head = read_bytes(&r, head_size), body = read_bytes(&r, body_size);
        OWNED(arena) arena = arena_new(64 * 1024, HEAD_ARENA);
        struct reason why = {""};
        struct wire wire;

        assert_false(r.failed);
        assert_int_equal(wire_read(head, arena, &wire, &why), ST_OK);
        if (wire.kind == WIRE_SUBMIT)
            on_submit(town, from, &wire, body);
        else if (wire.kind == WIRE_STEP)
            on_step(town, from, &wire);
        else if (wire.kind == WIRE_DIRECTORY)
            town_directory(town, from, &wire);
        else if (wire.kind == WIRE_SETTLE)
            on_settle(town, from, &wire);
        else if (wire.kind == WIRE_GAZETTE)
            on_gazette(town, from, &wire, body);
        else if (wire.kind == WIRE_CASE)
            on_case(town, from, &wire);
        else
            fail_msg("frame of kind %d", (int)wire.kind);
    }
}

/* ---- unasked ---- */

void town_withhold(struct town *town, const struct id *id, Concordat__RefusalCode code)
{
    struct owed *message = find_message(town, id);
    struct wire wire = {.kind = WIRE_WITHHELD};

    assert_non_null(message);
    message->live = false;
    owe(town, &(struct owed){.to = message->from, .from = message->to, .is_note = true});
    wire.withheld.sequence = town->owed_count;
    wire.withheld.withheld =
        (struct withheld){.message_id = *id,
                          .header_digest = sha256(message->header, message->header_size),
                          .code = code,
                          .withheld_ms = town->wall_ms};
    town_frame_to(town, message->from, &wire, (struct bytes){NULL, 0});
}

void town_tell(struct town *town, size_t agency, const struct told *told)
{
    static uint8_t bytes[TOLD_MAX];
    size_t size = 0;

    assert_int_equal(told_write(told, bytes, sizeof bytes, &size), ST_OK);
    town_tell_bytes(town, agency, bytes[0], (struct bytes){bytes + 1, size - 1});
}

void town_tell_bytes(struct town *town, size_t agency, uint8_t kind, struct bytes bytes)
{
    struct wire wire = {.kind = WIRE_TOLD};

    owe(town, &(struct owed){.to = agency, .from = agency, .is_note = true});
    wire.told.sequence = town->owed_count;
    wire.told.kind = kind;
    wire.told.told = bytes;
    town_frame_to(town, agency, &wire, (struct bytes){NULL, 0});
    if (town->mischief.twice)
        town_frame_to(town, agency, &wire, (struct bytes){NULL, 0});
}

void town_answer_case(struct town *town, size_t agency, Concordat__RefusalCode code,
                      const struct custody_told *custody)
{
    static uint8_t bytes[TOLD_MAX];
    struct wire wire = {.kind = WIRE_CASE};
    struct told told = {.kind = TOLD_CUSTODY};
    size_t size = 0;

    wire.case_frame.request = town->members[agency].asked.request;
    wire.case_frame.answered = true;
    wire.case_frame.code = code;
    if (custody) {
        told.custody = *custody;
        assert_int_equal(told_write(&told, bytes, sizeof bytes, &size), ST_OK);
        wire.case_frame.custody = (struct bytes){bytes + 1, size - 1};
    }
    town_frame_to(town, agency, &wire, (struct bytes){NULL, 0});
}

void town_entry(struct town *town, size_t agency, const struct gazette_entry *entry)
{
    struct wire wire = {.kind = WIRE_GAZETTE};

    wire.gazette.sequence = entry->sequence;
    wire.gazette.at_ms = entry->at_ms;
    wire.gazette.instrument = entry->instrument;
    wire.gazette.notice = entry->notice;
    town_frame_to(town, agency, &wire, entry->text);
}

size_t town_place(const struct town *town, const struct id *id)
{
    size_t place = 0;

    for (size_t i = 0; i < town->owed_count; i++) {
        if (!town->owed[i].is_step && id_equal(&town->owed[i].message, id))
            return place;
        place += !town->owed[i].is_step && !town->owed[i].is_note;
    }
    return SIZE_MAX;
}

void town_frame(struct town *town, size_t agency, const struct wire *wire)
{
    town_frame_to(town, agency, wire, (struct bytes){NULL, 0});
    town_settle(town);
}
