#include "agents/roles/part.h"

#include <stdlib.h>
#include <string.h>

#include "agents/roles/wire.h"

#define PART_MAX (1024 * 1024) /* bytes */
#define BLOCK 64               /* bytes; of SHA-256 */
#define DIGEST 32

/* --- SHA-256 (FIPS 180-4 §6.2) --- */

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turned(uint32_t word, int by)
{
    return word >> by | word << (32 - by);
}

static void digest_block(uint32_t state[static 8], const uint8_t block[static BLOCK])
{
    uint32_t w[64], v[8];

    for (int t = 0; t < 64; t++)
        w[t] = t < 16 ? (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16
                            | (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3]
                      : (turned(w[t - 2], 17) ^ turned(w[t - 2], 19) ^ w[t - 2] >> 10) + w[t - 7]
                            + (turned(w[t - 15], 7) ^ turned(w[t - 15], 18) ^ w[t - 15] >> 3)
                            + w[t - 16];
    memcpy(v, state, sizeof v);
    for (int t = 0; t < 64; t++) {
        uint32_t t1 = v[7] + (turned(v[4], 6) ^ turned(v[4], 11) ^ turned(v[4], 25))
                    + ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[t] + w[t];
        uint32_t t2 = (turned(v[0], 2) ^ turned(v[0], 13) ^ turned(v[0], 22))
                    + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

        memmove(v + 1, v, 7 * sizeof *v);
        v[0] = t1 + t2;
        v[4] += t1;
    }
    for (int i = 0; i < 8; i++)
        state[i] += v[i];
}

static void sha256(const uint8_t *bytes, size_t size, uint8_t out[static DIGEST])
{
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint8_t last[2 * BLOCK] = {0};
    size_t left = size % BLOCK, ends = left < BLOCK - 8 ? BLOCK : 2 * BLOCK;

    for (size_t at = 0; at + BLOCK <= size; at += BLOCK)
        digest_block(state, bytes + at);
    if (left > 0)
        memcpy(last, bytes + size - left, left);
    last[left] = 0x80;
    for (size_t i = 0; i < 8; i++) /* the length in bits, high byte first */
        last[ends - 1 - i] = (uint8_t)((uint64_t)size * 8 >> 8 * i);
    for (size_t at = 0; at < ends; at += BLOCK)
        digest_block(state, last + at);
    for (size_t i = 0; i < DIGEST; i++)
        out[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

/* --- protobuf --- */

struct buffer {
    uint8_t *bytes; /* room for PART_MAX */
    size_t size;
    bool full;
};

static void put(struct buffer *out, const void *bytes, size_t size)
{
    if (size > PART_MAX - out->size)
        out->full = true;
    else if (size > 0)
        memcpy(out->bytes + out->size, bytes, size);
    out->size += out->full ? 0 : size;
}

static void put_number(struct buffer *out, uint64_t number)
{
    uint8_t bytes[10];
    size_t size = 0;

    for (; number > 127; number >>= 7)
        bytes[size++] = (uint8_t)(number | 128);
    bytes[size++] = (uint8_t)number;
    put(out, bytes, size);
}

static void put_bytes(struct buffer *out, uint32_t tag, const void *bytes, size_t size)
{
    put_number(out, tag << 3 | 2);
    put_number(out, size);
    put(out, bytes, size);
}

static size_t number_size(size_t number)
{
    size_t size = 1;

    for (; number > 127; number >>= 7)
        size++;
    return size;
}

static size_t text_size(const char *text)
{
    return *text ? 1 + number_size(strlen(text)) + strlen(text) : 0;
}

/* --- parts --- */

static const struct {
    const char *category;
    uint32_t tag; /* record.proto, RecordPart */
} fields[] = {
    {"identity", 3},      {"contactAddress", 4},   {"offence", 5},        {"criminalHistory", 6},
    {"sentenceOrder", 7}, {"riskScore", 8},        {"riskNarrative", 9},  {"healthPhysical", 10},
    {"healthMental", 11}, {"substanceMisuse", 12}, {"child", 13},         {"adultAtRisk", 14},
    {"thirdParty", 15},   {"compliance", 16},      {"nonDisclosure", 17},
};

static const char *const bases[] = {"BASIS_UNSPECIFIED", "FACT", "ASSESSMENT_OR_OPINION",
                                    "UNVERIFIED"};

static uint32_t tag_of(const json_t *part)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strcmp(fields[i].category, wire_text(part, "category")) == 0)
            return fields[i].tag;
    return 0;
}

static uint32_t basis_of(const json_t *part)
{
    for (uint32_t i = 1; i < sizeof bases / sizeof *bases; i++)
        if (strcmp(bases[i], wire_text(part, "text.basis")) == 0)
            return i;
    return 0;
}

json_t *part_body(const char *manifest_id, uint32_t number, const json_t *part)
{
    json_t *content, *body;

    if (tag_of(part) == 0)
        return NULL;
    content = wire_made(json_object());
    wire_copy(content, "kind", part, "kind");
    wire_copy(content, "text", part, "text");
    body = wire_made(
        json_pack("{s:o, s:i}", "manifestId", wire_id(manifest_id), "number", (int)number));
    (void)json_object_set_new(body, wire_text(part, "category"), content);
    return body;
}

/* In order of tag, and nothing that is not there: the one way in which all write it. */
static void put_part(struct buffer *out, const struct concordat_id *manifest, uint32_t number,
                     const json_t *part)
{
    const char *kind = wire_text(part, "kind"), *text = wire_text(part, "text.text");
    uint32_t basis = basis_of(part);
    size_t statement = text_size(text) + (basis ? 2 : 0);

    put_bytes(out, 1, manifest->bytes, sizeof manifest->bytes);
    put_number(out, 2 << 3);
    put_number(out, number);
    put_number(out, tag_of(part) << 3 | 2);
    put_number(out, text_size(kind) + 1 + number_size(statement) + statement);
    if (*kind)
        put_bytes(out, 1, kind, strlen(kind));
    put_number(out, 2 << 3 | 2);
    put_number(out, statement);
    if (*text)
        put_bytes(out, 1, text, strlen(text));
    if (basis) {
        put_number(out, 2 << 3);
        put_number(out, basis);
    }
}

json_t *part_listed(const char *manifest_id, uint32_t number, const json_t *part)
{
    struct buffer out = {.bytes = malloc(PART_MAX)};
    struct concordat_id manifest;
    uint8_t digest[DIGEST];
    json_t *listed = NULL;

    if (out.bytes && tag_of(part) != 0 && concordat_id_parse(manifest_id, &manifest)) {
        put_part(&out, &manifest, number, part);
        sha256(out.bytes, out.size, digest);
        if (!out.full)
            listed = wire_made(json_pack("{s:i, s:s, s:i, s:o}", "number", (int)number, "kind",
                                         wire_text(part, "kind"), "size", (int)out.size, "sha256",
                                         wire_bytes(digest, sizeof digest)));
    }
    free(out.bytes);
    return listed;
}
