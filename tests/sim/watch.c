/* watch.c - what must hold after every batch of the simulation, and at its end. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/cases.h"
#include "proto/told.h"
#include "tests/sim/town.h"

void town_fail(struct town *t, const char *format, ...)
{
    va_list args;

    if (t->failed)
        return;
    t->failed = true;
    va_start(args, format);
    (void)vsnprintf(t->fault, sizeof t->fault, format, args);
    va_end(args);
}

int agency_of(const char *name)
{
    static const char *const names[AGENCIES] = {"nps.a", "nps.b", "crc.a", "csc.a"};

    for (int i = 0; i < AGENCIES; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return NONE;
}

struct talk *talk_of(struct town *t, const struct id *id)
{
    struct letter *letter = letter_of(t, id);

    return letter && letter->talk != NONE
                && t->talks[letter->talk].opening == (int)(letter - t->letters)
             ? &t->talks[letter->talk]
             : NULL;
}

struct file *file_of(struct town *t, const struct id *handle)
{
    for (int i = 0; i < CASES; i++)
        if (id_equal(&t->files[i].handle, handle))
            return &t->files[i];
    return NULL;
}

bool talk_is_open(const struct talk *talk, int case_number)
{
    return talk->case_number == case_number && talk->is_known && !talk->is_over
        && talk->opened->pattern != PATTERN_TRANSFER;
}

/* ---- custody, by the simulation's own rules ---- */

static void judge_offer(struct town *t, struct file *f, const struct letter *letter)
{
    const struct custody_claim *c = &letter->custody;
    bool again = f->is_open && id_equal(&c->transfer_id, &f->transfer) && letter->to == f->to;

    if (letter->from != f->holder || c->case_version != f->version)
        town_fail(t, "an offer by another than the holder, or on an old version, is accepted");
    if (f->is_open && (!again || (c->components & ~f->rejected) != 0))
        town_fail(t, "a second offer is accepted while one is open");
    for (int i = 0; i < t->talk_count; i++) {
        const struct talk *talk = &t->talks[i];
        bool listed = !talk_is_open(talk, letter->case_number)
                   || (talk->sides[0] != f->holder && talk->sides[1] != f->holder);
        for (uint32_t j = 0; j < c->conversation_count; j++)
            listed = listed || id_equal(&c->conversations[j], &talk->id);
        if (!listed)
            town_fail(t, "an offer without an open conversation is accepted");
    }
    if (!again) {
        f->accepted = f->rejected = f->offered = 0;
        f->transfer = c->transfer_id;
        f->to = letter->to;
        f->count = c->component_count;
    }
    f->is_open = true;
    f->rejected &= ~c->components;
    f->offered |= c->components;
    f->manifest = c->manifest;
    f->version++;
}

/* Who asked first has the answer's address; it has it where it belongs when the case comes back. */
static void follow_asker(struct talk *talk, int from, int to)
{
    if (talk->former == to) {
        talk->former = NONE;
        talk->is_passed = talk->is_passed || talk->said.answered;
    } else if (talk->former == NONE) {
        talk->former = from;
    }
}

/* The case goes, and every conversation of who had it. */
static void move(struct town *t, struct file *f, int case_number, int to)
{
    for (int i = 0; i < t->talk_count; i++) {
        struct talk *talk = &t->talks[i];
        /* Else as it was. One that has ended may be undone with whoever holds the case then. */
        bool is_asked = talk->sides[1] == f->holder
                     || (!talk_is_open(talk, case_number) && (f->held >> talk->sides[1] & 1)
                         && talk->sides[0] != f->holder);
        if (talk->case_number == case_number && talk->is_known && is_asked && talk->sides[0] != to
            && talk->opened->answered_by)
            talk->stays = !town_permits(t, talk->opened->answered_by, to, talk->sides[0]);
        if (!talk_is_open(talk, case_number))
            continue;
        for (int side = 0; side < 2 && !talk->stays; side++)
            if (talk->sides[side] == f->holder && talk->sides[1 - side] != to) {
                if (side == 0)
                    follow_asker(talk, f->holder, to);
                talk->sides[side] = to;
                talk->assigned[side] = 0; /* who has it now asks the broker */
                t->counts->moved++;
                break;
            }
    }
    f->holder = to;
    f->held |= 1u << to;
    f->is_open = false;
    f->version++;
    t->counts->transfers++;
}

static void judge_act(struct town *t, const struct letter *letter)
{
    struct file *f = &t->files[letter->case_number];
    const struct custody_claim *c = &letter->custody;
    bool fits = f->is_open && id_equal(&c->transfer_id, &f->transfer);
    bool replies = fits && letter->from == f->to && letter->to == f->holder;

    switch (letter->type->custody) {
    case CUSTODY_OFFER:
        judge_offer(t, f, letter);
        return;
    case CUSTODY_ACCEPT:
    case CUSTODY_REJECT:
        if (!replies || c->components == 0 || (c->components & ~f->offered) != 0)
            town_fail(t, "a wrong %s is accepted", letter->type->name);
        f->offered &= ~c->components;
        *(letter->type->custody == CUSTODY_ACCEPT ? &f->accepted : &f->rejected) |= c->components;
        return;
    case CUSTODY_WITHDRAW:
        if (!fits || letter->from != f->holder || letter->to != f->to)
            town_fail(t, "a wrong withdrawal is accepted");
        f->is_open = false;
        return;
    case CUSTODY_COMPLETE:
        if (!replies || f->accepted != (1u << f->count) - 1
            || !digest_equal(&c->manifest, &f->manifest))
            town_fail(t, "a wrong completion is accepted");
        move(t, f, letter->case_number, letter->from);
        return;
    case CUSTODY_NONE:
        return;
    }
}

/* ---- conversations ---- */

static void judge_talk(struct town *t, struct letter *letter)
{
    struct talk *talk = &t->talks[letter->talk];
    const struct file *f = talk->case_number != NONE ? &t->files[talk->case_number] : NULL;

    if (talk->opening == (int)(letter - t->letters)) {
        talk->is_known = true;
        talk->with_holder =
            f && f->holder != NONE && (f->holder == letter->from || f->holder == letter->to);
        letter->side = 0;
        t->counts->talks++;
        if (f && f->holder != NONE && letter->from != f->holder && letter->to != f->holder
            && (f->held >> letter->from & 1) && letter->type->custody == CUSTODY_NONE
            && town_permits(t, letter->type->name, f->holder, letter->to))
            town_fail(t, "a former holder opens a conversation of the holder's case");
        return;
    }
    if (!talk->is_known || !talk->is_kept)
        return; /* the broker knows nothing of it, and judges nothing */
    if (strcmp(letter->type->name, LATE_ANSWER) == 0) {
        talk->is_passed = letter->passes = true;
        talk->former = NONE;
        t->counts->late_answers++;
        return;
    }
    if (talk->ended_with_case && !talk->said.answered && letter->from == talk->sides[1]
        && strcmp(letter->type->name, talk->opened->answered_by) == 0) {
        letter->to_former = letter->to != talk->sides[0] && letter->to == talk->former;
        letter->passes = !letter->to_former;
        talk->is_passed = talk->is_passed || letter->passes;
        return; /* it comes after all, outside the numbers */
    }
    if (talk->is_over)
        town_fail(t, "a message of a conversation that is over is accepted");
    for (int side = 0; side < 2; side++)
        if (letter->from == talk->sides[side] && letter->to == talk->sides[1 - side])
            letter->side = side;
    if (letter->side == NONE && letter->from == talk->sides[1] && letter->to == talk->former) {
        letter->side = 1;
        letter->to_former = true;
    }
    if (letter->side == 1 && !letter->to_former && talk->opened->answered_by
        && strcmp(letter->type->name, talk->opened->answered_by) == 0)
        talk->is_passed = letter->passes = true; /* the holder has one, whatever came before */
    if (letter->side == NONE)
        town_fail(t, "a message between others than the sides of its conversation is accepted");
}

static void on_accepted(struct town *t, const struct event *event)
{
    struct letter *letter = letter_of(t, &event->message_id);

    if (!letter || letter->accepted != 0) {
        town_fail(t, "a message is accepted twice, or nobody wrote it");
        return;
    }
    letter->accepted = event->sequence;
    letter->accepted_ms = event->at_ms;
    t->counts->accepted++;
    if (letter->talk != NONE)
        judge_talk(t, letter);
    if (letter->type->custody != CUSTODY_NONE)
        judge_act(t, letter);
    clockwork_accepted(t, letter);
}

/* ---- what the broker keeps ---- */

static const char *name_agency(void *context, uint32_t agency)
{
    return ((const struct town *)context)->agencies[agency - 1].name;
}

static enum status number_agency(void *, const char *name, uint32_t *agency)
{
    *agency = (uint32_t)(agency_of(name) + 1);
    return ST_OK;
}

static struct kept_record *kept_of(struct town *t, uint8_t kind, struct bytes key)
{
    for (size_t i = 0; i < t->kept_count; i++)
        if (t->kept[i].kind == kind && t->kept[i].key_size == key.size
            && memcmp(t->kept[i].key, key.data, key.size) == 0)
            return &t->kept[i];
    return NULL;
}

static void keep(struct town *t, const struct event *event)
{
    struct kept_record *kept = kept_of(t, event->kept_kind, event->key);

    if (kept) {
        free(kept->record);
        if (event->record.size == 0) {
            *kept = t->kept[--t->kept_count];
            return;
        }
    } else if (event->record.size == 0) {
        return;
    } else {
        if (t->kept_count == t->kept_room) {
            t->kept_room = t->kept_room > 0 ? 2 * t->kept_room : 64;
            t->kept = realloc(t->kept, t->kept_room * sizeof *t->kept);
            if (!t->kept)
                abort();
        }
        kept = &t->kept[t->kept_count++];
        kept->kind = event->kept_kind;
        kept->key_size = event->key.size;
        memcpy(kept->key, event->key.data, event->key.size);
    }
    kept->record = malloc(event->record.size);
    kept->record_size = event->record.size;
    if (!kept->record)
        abort();
    memcpy(kept->record, event->record.data, event->record.size);
}

void watch_forget(struct town *t)
{
    for (size_t i = 0; i < t->kept_count; i++)
        free(t->kept[i].record);
    t->kept_count = 0;
}

static bool was_claimed(const struct town *t, int agency, const struct file *f,
                        Concordat__ClaimKind kind)
{
    for (int i = 0; i < t->claim_count; i++)
        if (t->claims[i].agency == agency && &t->files[t->claims[i].case_number] == f
            && t->claims[i].kind == kind
            && (kind == CONCORDAT__CLAIM_KIND__CLAIM_OPEN || t->claims[i].version == f->version))
            return true;
    return false;
}

/* A case is opened or closed by a claim alone; its holder changes otherwise when a completion is
 * accepted, which has been judged. */
static void on_case(struct town *t, const struct event *event)
{
    const struct cases_names names = {t, name_agency, number_agency};
    struct case_held read;

    if (event->record.size == 0)
        return;
    MUST(case_read(event->key, event->record, &names, &read));
    struct file *f = file_of(t, &read.handle);
    int case_number = (int)(f - t->files), holder = (int)read.custody.holder - 1;
    f->is_kept = true;
    f->said = read.custody;
    free(read.again);
    if (read.custody.transfer.to == 0)
        clockwork_no_transfer(t, case_number);
    if (f->holder == NONE && !f->is_closed && holder != NONE) {
        if (!was_claimed(t, holder, f, CONCORDAT__CLAIM_KIND__CLAIM_OPEN) || holder >= HOLDERS)
            town_fail(t, "a case is opened without a claim, or by who may not hold one");
        f->holder = holder;
        f->held |= 1u << holder;
        f->version = 1;
        t->counts->opened++;
    } else if (read.custody.is_closed && !f->is_closed) {
        if (f->is_open || !was_claimed(t, f->holder, f, CONCORDAT__CLAIM_KIND__CLAIM_CLOSE))
            town_fail(t, "a case is closed without its holder's claim, or in a transfer");
        for (int i = 0; i < t->talk_count; i++) {
            struct talk *talk = &t->talks[i];
            if (!talk_is_open(talk, case_number))
                continue;
            if (talk->sides[0] == f->holder && talk->opened->pattern == PATTERN_ENQUIRY)
                talk->ended_with_case = talk->is_over = true;
            else if (talk->sides[0] == f->holder || talk->sides[1] == f->holder)
                town_fail(t, "a case is closed with a conversation open");
        }
        f->is_closed = true;
        f->holder = NONE;
        f->version++;
        t->counts->closed++;
    }
}

static void on_conversation(struct town *t, const struct event *event)
{
    const struct cases_names names = {t, name_agency, number_agency};
    struct conversation_kept read;
    struct id id;

    memcpy(id.bytes, event->key.data, ID_SIZE);
    struct talk *talk = talk_of(t, &id);
    if (!talk) {
        town_fail(t, "a conversation is kept that nobody opened");
        return;
    }
    if (event->record.size == 0) {
        if (!talk->is_over)
            town_fail(t, "a conversation is forgotten before it is over");
        talk->is_kept = false;
        return;
    }
    MUST(conversation_read(event->key, event->record, &names, &read));
    if (read.held_count > 0)
        t->counts->held++;
    clockwork_talk(t, talk, &read);
    free(read.held);
    talk->is_kept = true;
    /* What was held is said now: to the holder, when the case has come back to who asked. */
    if (read.conversation.answered && !talk->said.answered && talk->former == NONE)
        talk->is_passed = true;
    talk->said = read.conversation;
    talk->is_over = read.conversation.state == CONVERSATION_CLOSED;
}

/* ---- what it tells ---- */

static void on_clock(struct town *t, const struct event *event, const struct clock_told *c)
{
    struct talk *talk = talk_of(t, &c->conversation_id);

    if (c->kind >= CONCORDAT__CLOCK_KIND__CLOCK_DECLINED) {
        words_told(t, talk, event, c);
        return;
    }
    t->counts->strikes++;
    clockwork_told(t, event, c);
    if (talk && c->kind == CONCORDAT__CLOCK_KIND__CLOCK_FORWARD)
        talk->is_missed = true;
}

static void on_told(struct town *t, const struct event *event)
{
    static struct arena *arena;
    static struct told told;
    struct reason why = {""};

    if (!arena && !(arena = arena_new(HEAD_ARENA, HEAD_ARENA)))
        abort();
    if (told_read(event->told, arena, &told, &why) != ST_OK) {
        town_fail(t, "what is told does not read: %s", why.text);
        return;
    }
    if (told.kind == TOLD_CLOCK) {
        on_clock(t, event, &told.clock);
        return;
    }
    struct file *f = file_of(t, &told.custody.case_handle);
    for (uint32_t i = 0; i < told.custody.conversation_count
                         && told.custody.change == CONCORDAT__CUSTODY_CHANGE__CASE_CLOSED;
         i++) {
        struct talk *talk = talk_of(t, &told.custody.conversations[i].id);
        if (talk)
            talk->told_ended |= 1u << agency_of(event->agency);
    }
    if (told.custody.change == CONCORDAT__CUSTODY_CHANGE__CASE_OFFER_LAPSED && f->is_open
        && id_equal(&f->transfer, &told.custody.transfer_id)) {
        if (f->accepted == (1u << f->count) - 1)
            town_fail(t, "an offer lapses whose components are all accepted");
        f->is_open = false;
    }
}

static void on_kept(struct town *t, const struct event *event)
{
    keep(t, event);
    if (event->kept_kind == KEPT_CASE)
        on_case(t, event);
    if (event->kept_kind == KEPT_CONVERSATION)
        on_conversation(t, event);
}

/* The holder has another answer in the conversation, and could open it as far as is known. */
static bool is_passed_by_other(const struct town *t, const struct letter *letter)
{
    for (int i = 0; i < t->letter_count; i++) {
        const struct letter *l = &t->letters[i];
        if (l != letter && l->talk == letter->talk && l->passes && !l->rejected)
            return true;
    }
    return false;
}

/* A conversation that has ended has not gone with its case: what is owed in it again, the holder is
 * to have. */
static void owe_holder(const struct town *t, struct talk *talk, const struct letter *late)
{
    const int holder = talk->case_number != NONE ? t->files[talk->case_number].holder : NONE;

    if (talk->is_over && holder != NONE && holder != late->from && holder != talk->sides[1])
        talk->sides[0] = holder;
}

/* What its recipient could not open, or never got, has not been said. */
static void on_unsaid(struct town *t, struct letter *letter, bool withheld)
{
    struct talk *talk = letter->talk != NONE ? &t->talks[letter->talk] : NULL;

    letter->rejected = true;
    letter->withheld = letter->withheld || withheld;
    t->counts->withheld += withheld;
    t->counts->rejected += !withheld;
    /* Who has handed the case on ends nothing of the new holder's. */
    if (talk && talk->opening == (int)(letter - t->letters)
        && (withheld || letter->to == talk->sides[1]))
        talk->came_to_nobody = true;
    if (talk && letter->passes)
        talk->is_passed = is_passed_by_other(t, letter);
    if (talk && letter->passes && strcmp(letter->type->name, LATE_ANSWER) == 0) {
        talk->former = talk->owes_again = letter->from;
        talk->is_missed = false;
        owe_holder(t, talk, letter);
    }
}

void watch_event(struct town *t, const struct event *event)
{
    struct letter *letter = NULL;

    clockwork_event(t, event);
    if (event->kind == EVENT_ACCEPTED)
        on_accepted(t, event);
    if (event->kind == EVENT_KEPT)
        on_kept(t, event);
    if (event->kind == EVENT_TOLD)
        on_told(t, event);
    if (event->kind == EVENT_REFUSED && (letter = letter_of(t, &event->message_id))) {
        letter->refused = true; /* known to be, also when its answer is lost */
        letter->refused_ms = event->at_ms;
    }
    letter = NULL;
    if (event->kind == EVENT_STEP || event->kind == EVENT_WITHHELD)
        letter = letter_of(t, &event->message_id);
    if (!letter)
        return;
    letter->settled = true;
    words_event(t, letter, event);
    if (event->kind == EVENT_WITHHELD || event->step_kind == CONCORDAT__STEP_KIND__REJECTED)
        on_unsaid(t, letter, event->kind == EVENT_WITHHELD);
    if (event->kind == EVENT_WITHHELD)
        clockwork_withheld(t, letter);
    else
        clockwork_step(t, letter, (Concordat__StepKind)event->step_kind);
}
