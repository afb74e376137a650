/*
 * manifest.h - what the manifest of an offer says of a part of the record: its size and its hash,
 * measured alike where the record is offered and where it is taken.
 *
 *     part's body --manifest_measure--> size, sha256 --> ManifestPart, or compared with it
 *
 * Measured is the part's body (record.proto, RecordPart) without the officer on whose behalf it is
 * sent, who is another each time it is: so a part that is sent again is the same part.
 *
 * Pure. Source: docs/protocol.md, custody.
 */
#ifndef AGENTS_MANIFEST_H
#define AGENTS_MANIFEST_H

#include "lib/bytes.h"
#include "lib/merkle.h"

struct part_measure {
    uint64_t size; /* bytes */
    struct digest sha256;
};

/* Of a serialised body as body.h makes it and sections are merged: fields ascend by tag, and the
 * officer's is the last. */
struct part_measure manifest_measure(struct bytes body);

#endif
