#include "agents/encapsulation.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/binding.h"
#include "lib/secret.h"

#define ID_SLOTS ((size_t)2 * ENCAPSULATION_MESSAGES) /* half empty at worst */

struct place {
    char sender[AGENCY_MAX + 1], recipient[AGENCY_MAX + 1]; /* with the two keys: its name */
    uint8_t key_id[KEY_ID_SIZE];
    uint8_t recipient_key[SEALING_KEY_SIZE];
    struct hpke_context *hpke; /* owned, in secret memory; NULL while the place is empty */
    uint8_t enc[SEALING_KEY_SIZE];
    int64_t made_ms;
    uint64_t used; /* the table's count when it last served; 0 while empty */
    uint32_t message_count;
    struct id *ids; /* owned: a hash table of ID_SLOTS, zero is empty */
};

struct encapsulations {
    uint8_t signer_spki[DIGEST_SIZE];
    pid_t process; /* a forked child must not go on with its parent's contexts */
    uint64_t used;
    struct place places[ENCAPSULATIONS_MAX];
};

struct encapsulations *encapsulations_new(const uint8_t signer_spki[static DIGEST_SIZE])
{
    struct encapsulations *table = calloc(1, sizeof *table);

    if (!table)
        return NULL;
    memcpy(table->signer_spki, signer_spki, DIGEST_SIZE);
    table->process = getpid();
    return table;
}

static void clear_place(struct place *place)
{
    secret_free(place->hpke, sizeof *place->hpke);
    free(place->ids);
    *place = (struct place){0};
}

static void clear_all(struct encapsulations *table)
{
    for (size_t i = 0; i < ENCAPSULATIONS_MAX; i++)
        clear_place(&table->places[i]);
}

void encapsulations_free(struct encapsulations *table)
{
    if (!table)
        return;
    clear_all(table);
    free(table);
}

/* The slot that holds `id`, or the empty one where it belongs. */
static struct id *id_slot(struct id *slots, const struct id *id)
{
    struct reader tail = reader_of(id->bytes + 8, 8); /* the random half of an RFC 9562 id */

    for (size_t i = read_u64(&tail) % ID_SLOTS;; i = (i + 1) % ID_SLOTS)
        if (id_is_zero(&slots[i]) || id_equal(&slots[i], id))
            return &slots[i];
}

/* May this context serve a message of this id now? A clock set back ends it too. */
static bool may_serve(const struct place *place, const struct id *message_id, int64_t now_ms)
{
    return now_ms >= place->made_ms && now_ms - place->made_ms < ENCAPSULATION_MS
        && place->message_count < ENCAPSULATION_MESSAGES
        && id_is_zero(id_slot(place->ids, message_id));
}

static bool is_named(const struct place *place, const struct envelope *envelope,
                     const uint8_t key[static SEALING_KEY_SIZE])
{
    return place->hpke && strcmp(place->recipient, envelope->recipient) == 0
        && strcmp(place->sender, envelope->sender) == 0
        && memcmp(place->key_id, envelope->recipient_key_id, KEY_ID_SIZE) == 0
        && memcmp(place->recipient_key, key, SEALING_KEY_SIZE) == 0;
}

/* The place of a recipient's key, else an empty one, else the idlest one emptied. */
static struct place *place_of(struct encapsulations *table, const struct envelope *envelope,
                              const uint8_t key[static SEALING_KEY_SIZE])
{
    struct place *idlest = &table->places[0];

    for (size_t i = 0; i < ENCAPSULATIONS_MAX; i++) {
        struct place *place = &table->places[i];
        if (is_named(place, envelope, key))
            return place;
        if (place->used < idlest->used)
            idlest = place;
    }
    clear_place(idlest);
    return idlest;
}

static enum status fill_place(const struct encapsulations *table, const struct envelope *envelope,
                              const uint8_t key[static SEALING_KEY_SIZE], int64_t now_ms,
                              struct place *place)
{
    struct binding info;

    clear_place(place);
    place->hpke = secret_alloc(sizeof *place->hpke);
    place->ids = calloc(ID_SLOTS, sizeof *place->ids);
    seal_info(binding_start(&info), envelope, table->signer_spki);
    enum status status = ST_NOMEM;
    if (place->hpke && place->ids)
        status =
            hpke_setup_sender(HPKE_AES_256_GCM, key, binding_bytes(&info), place->enc, place->hpke);
    if (status != ST_OK) {
        clear_place(place);
        return status;
    }
    memcpy(place->sender, envelope->sender, sizeof place->sender);
    memcpy(place->recipient, envelope->recipient, sizeof place->recipient);
    memcpy(place->key_id, envelope->recipient_key_id, KEY_ID_SIZE);
    memcpy(place->recipient_key, key, SEALING_KEY_SIZE);
    place->made_ms = now_ms;
    return ST_OK;
}

enum status encapsulation_for(struct encapsulations *table, const struct envelope *envelope,
                              const uint8_t recipient_key[static SEALING_KEY_SIZE], int64_t now_ms,
                              struct encapsulation *out)
{
    assert(!id_is_zero(&envelope->message_id)); /* zero is an empty slot */
    if (table->process != getpid()) {
        clear_all(table);
        table->process = getpid();
    }
    struct place *place = place_of(table, envelope, recipient_key);
    if (!place->hpke || !may_serve(place, &envelope->message_id, now_ms)) {
        enum status status = fill_place(table, envelope, recipient_key, now_ms, place);
        if (status != ST_OK)
            return status;
    }
    *id_slot(place->ids, &envelope->message_id) = envelope->message_id;
    place->message_count++;
    place->used = ++table->used;
    *out = (struct encapsulation){place->enc, place->hpke};
    return ST_OK;
}
