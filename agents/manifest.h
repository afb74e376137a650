/*
 * manifest.h - what the manifest of an offer says of a part of the record: its size and its hash,
 * measured alike where the record is offered and where it is taken.
 *
 *     part's body --manifest_measure--> size, sha256 --> ManifestPart --manifest_digest--> header
 *
 * Measured is the part's body (record.proto, RecordPart) without the officer on whose behalf it is
 * sent, who is another each time it is: so a part that is sent again is the same part.
 *
 * Threads: none. Source: docs/protocol.md, custody.
 */
#ifndef AGENTS_MANIFEST_H
#define AGENTS_MANIFEST_H

#include "lib/arena.h"
#include "lib/bytes.h"
#include "lib/merkle.h"
#include "lib/status.h"
#include "proto/bodies/record.pb-c.h"
#include "proto/bodies/transfer.pb-c.h"

struct part_measure {
    uint64_t size; /* bytes */
    struct digest sha256;
};

/* Of a part's serialised body as it is sent, or as it came: field by field in order, whatever order
 * it came in. Resets `arena`.
 *   ST_INVALID  it is no part, or cannot be unpacked within `arena` */
enum status manifest_measure(struct bytes body, struct arena *arena, struct part_measure *out);
/* What the header's manifest_sha256 is: of the manifest, serialised field by field in order.
 *   ST_NOMEM  `arena`, which is not reset, has no room */
enum status manifest_digest(const Concordat__Body__RecordManifest *manifest, struct arena *arena,
                            struct digest *out);

#endif
