/* import_send.c - one message to the agent. See import.h. */
#include <string.h>

#include "agents/cli/import.h"
#include "agents/cli/recipient.h"
#include "agents/cli/show.h"
#include "lib/merkle.h"

const char *const import_types[IMPORT_TYPES] = {"court.hearing.notice", "court.sentence.result"};

size_t import_type_index(const struct message_type *type)
{
    return strcmp(type->name, import_types[0]) == 0 ? 0 : 1;
}

void parcel_fini(struct parcel *parcel)
{
    concordat_answer_free(parcel->answer);
    parcel->answer = NULL;
}

/* Says which message of which file is in trouble; what the trouble is comes next. */
static void name_message(const char *file, const struct court_message *message)
{
    char path[NODE_PATH_MAX];

    progress_hide();
    node_path(message->defendant, path);
    complain("%s: %s about %s:", file, message->type->name, path);
}

static struct bytes text_part(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text) + 1};
}

/* The ids follow from what the message is made of, so that importing it again finds it: its place,
 * which is recipient, type, hearing, case and defendant, and its content; a content that is not the
 * last one sent about its place is another message. The handle follows from case and defendant
 * alone: all hearings of a case share it. A case without an id is nobody's but this hearing's and
 * this place's. */
static struct concordat_answer *derive(const struct import *import,
                                       const struct hearing_messages *messages,
                                       const struct parcel *parcel)
{
    const struct court_message *m = parcel->message;
    const struct bytes of_place[] = {
        text_part(parcel->to),    text_part(m->type->name), text_part(m->hearing),
        text_part(m->accusation), text_part(m->accused),
    };
    bool named = *m->accusation;
    char path[NODE_PATH_MAX];
    struct digest message, place, about;

    node_path(m->defendant, path);
    const struct bytes of_case[] = {
        text_part(m->accusation),
        text_part(m->accused),
        text_part(named ? "" : m->hearing),
        text_part(named ? "" : path),
    };
    place = sha256_parts(of_place, sizeof of_place / sizeof *of_place);
    const struct bytes of_message[] = {{place.bytes, sizeof place.bytes}, m->body};
    message = sha256_parts(of_message, sizeof of_message / sizeof *of_message);
    about = sha256_parts(of_case, sizeof of_case / sizeof *of_case);
    /* The broker reads an id's time: the month says no more than that the message is sent. */
    return concordat_derive(import->agent,
                            &(struct concordat_seed){.message = message.bytes,
                                                     .message_size = sizeof message.bytes,
                                                     .about = about.bytes,
                                                     .about_size = sizeof about.bytes,
                                                     .at_ms = messages->month_ms,
                                                     .place = place.bytes,
                                                     .place_size = sizeof place.bytes});
}

/* Is an agent no longer there? Then the rest of the run is in vain. */
static bool is_gone(const struct concordat_answer *answer)
{
    return answer->outcome == CONCORDAT_FAILED && answer->problem_count > 0
        && strcmp(answer->problems[0].where, "agent") == 0;
}

static void fail(struct import *import, const char *file, struct parcel *parcel)
{
    parcel->sent = SENT_FAILED;
    name_message(file, parcel->message);
    show_trouble(import->cli, parcel->answer);
    if (!is_gone(parcel->answer))
        return;
    complain("import the same files again when the agent is back: nothing is sent twice");
    import->over = true;
}

/* What the agent knows of the message is all that is to be told. */
static void tell_known(const char *file, struct parcel *parcel,
                       const struct concordat_answer *known)
{
    const char *state = known->items[0].state;

    if (strcmp(state, "refused") == 0 || strcmp(state, "rejected") == 0) { /* just now */
        parcel->sent = SENT_REFUSED;
        name_message(file, parcel->message);
        complain("%s; see concordat track", state);
    } else {
        parcel->sent = strcmp(state, "queued") == 0 ? SENT_QUEUED : SENT_BEFORE;
    }
}

/* Finds the id to send under. False: there is nothing left to do. */
static bool find_id(struct import *import, const char *file,
                    const struct hearing_messages *messages, struct parcel *parcel)
{
    OWNED_ANSWER derived = derive(import, messages, parcel);
    OWNED_ANSWER known = NULL;

    if (derived->outcome != CONCORDAT_DONE) {
        parcel->answer = derived;
        derived = NULL;
        fail(import, file, parcel);
        return false;
    }
    parcel->id = derived->message_id;
    parcel->case_handle =
        concordat_id_is_none(&import->case_handle) ? derived->case_handle : import->case_handle;
    known = concordat_track(import->agent, &parcel->id, 0, "delivered", 0);
    if (known->outcome == CONCORDAT_BAD_INPUT) /* it does not know it: not sent yet */
        return true;
    if (known->outcome == CONCORDAT_DONE && known->item_count > 0) {
        tell_known(file, parcel, known);
        return false;
    }
    parcel->answer = known;
    known = NULL;
    fail(import, file, parcel);
    return false;
}

static void send_parcel(struct import *import, const char *file, struct parcel *parcel)
{
    static const enum sent results[] = {
        [CONCORDAT_DONE] = SENT_ACCEPTED, [CONCORDAT_FAILED] = SENT_FAILED,
        [CONCORDAT_BAD_INPUT] = SENT_BAD, [CONCORDAT_REFUSED] = SENT_REFUSED,
        [CONCORDAT_QUEUED] = SENT_QUEUED,
    };
    const struct concordat_message message = {
        .type = parcel->message->type->name,
        .to = parcel->to,
        .protobuf = parcel->message->body.data,
        .protobuf_size = parcel->message->body.size,
        .case_handle = parcel->case_handle,
        .officer = import->officer,
        .message_id = parcel->id,
        .wait_ms = import->silent || import->wait_ms == 0 ? 1 : import->wait_ms,
    };

    parcel->answer = concordat_send(import->agent, &message);
    parcel->sent = results[parcel->answer->outcome];
    import->silent |= parcel->sent == SENT_QUEUED;
    if (parcel->sent == SENT_FAILED) {
        fail(import, file, parcel);
    } else if (parcel->sent != SENT_ACCEPTED && parcel->sent != SENT_QUEUED) {
        name_message(file, parcel->message);
        show_trouble(import->cli, parcel->answer);
    }
}

/* Who gets it. False after telling the user. */
static bool find_recipient(struct import *import, struct parcel *parcel)
{
    size_t type = import_type_index(parcel->message->type);
    enum exit_code code;

    if (import->to) {
        parcel->to = import->to;
        return true;
    }
    if (!*import->recipients[type]) {
        progress_hide();
        code = recipient_find(import->cli, import->agent, import->agency, import_types[type],
                              import->recipients[type]);
        if (code != EXIT_DONE) {
            parcel->sent = code == EXIT_FAILED ? SENT_FAILED : SENT_BAD;
            import->over = true; /* it would be the same for every file */
            return false;
        }
    }
    parcel->to = import->recipients[type];
    return true;
}

void import_send(struct import *import, const char *file, const struct hearing_messages *messages,
                 const struct court_message *message, struct parcel *parcel)
{
    *parcel = (struct parcel){.message = message, .to = "", .sent = SENT_FAILED};
    if (import->over || !find_recipient(import, parcel))
        return;
    if (message->same)
        parcel->sent = SENT_SAME;
    else if (import->dry_run)
        parcel->sent = SENT_WOULD;
    else if (find_id(import, file, messages, parcel))
        send_parcel(import, file, parcel);
}
