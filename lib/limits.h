/*
 * limits.h - every bound of the product, with its unit and its reason.
 *
 * A number that a peer, a file or a user can push against stands here and nowhere
 * else. Sizes are bytes, times say their unit in the name.
 */
#ifndef LIB_LIMITS_H
#define LIB_LIMITS_H

/* Names. */
#define AGENCY_MAX 63        /* bytes before the NUL: one DNS label, RFC 1035 §2.3.4 */
#define OFFICER_CODE_MAX 31  /* bytes before the NUL: an officer's code within the agency */
#define TYPE_MAX 63          /* bytes before the NUL: "check.social_care.children.request" is 34 */
#define AGREEMENT_ID_MAX 63  /* bytes before the NUL */
#define CONVERSATIONS_MAX 64 /* open ones that go with a case in one offer */
#define CONVERSATIONS_APART_MAX 8 /* the same, opened by an agency that has no part in the case */
#define COMPONENTS_MAX 32         /* of one transfer: bits */
#define CLAUSE_ID_MAX 63          /* bytes before the NUL */
#define PURPOSE_MAX 31            /* bytes before the NUL; the longest of the closed list has 23 */
#define GATEWAY_MAX 31            /* bytes before the NUL; the longest of the statute book has 18 */

/* Binary sizes. */
#define ID_SIZE 16          /* message, share, case and conversation ids: RFC 9562 */
#define DIGEST_SIZE 32      /* SHA-256 */
#define SIGNATURE_SIZE 64   /* ECDSA P-256, raw r||s: IEEE P1363 */
#define SALT_SIZE 16        /* 128 bits hide a leaf's content from its siblings */
#define KEY_ID_SIZE 16      /* names a sealing key */
#define SEALING_KEY_SIZE 32 /* X25519, RFC 7748 */
#define WRAP_SIZE 48        /* 32-byte content key + 16-byte GCM tag */

/* Bodies and frames. */
#define BODY_MAX (1024 * 1024)             /* bytes of one unsealed body */
#define SECTIONS_MAX 24                    /* one per data category */
#define SEALED_MAX (BODY_MAX + 128 * 1024) /* Padmé adds under 12 %, tags 16 B per 16 KiB */
#define HEAD_MAX (64 * 1024)               /* bytes of a frame's head once welcomed */
#define HEAD_MAX_BEFORE_HELLO 4096         /* an unknown peer makes us hold no more */
#define HEADER_MAX (16 * 1024)             /* bytes of a message header inside a head */
#define STEP_MAX 512                       /* bytes of one evidence step */
#define LEGS_MAX 64                        /* headers that carry one share id */
#define ONWARD_MAX 8                       /* agencies in a header's onward list */
#define FRAME_PREFIX 8                     /* u32 head size, u32 body size */
#define FRAME_MAX (FRAME_PREFIX + HEAD_MAX + SEALED_MAX)
#define BATCH_LEAVES_MAX 64 /* headers or steps under one signature */
#define BATCH_PATH_MAX 6    /* hashes: log2(BATCH_LEAVES_MAX) */

/* Protobuf pre-scan. */
#define HEADER_DEPTH_MAX 4    /* messages inside messages in a header or frame head */
#define BODY_DEPTH_MAX 8      /* the same inside a body section */
#define BODY_FIELDS_MAX 65536 /* fields in one section: bounds the unpacked heap */
#define HEADER_FIELDS_MAX 512 /* fields in a header */
#define BODY_ARENA                                                                                 \
    (16u * BODY_MAX) /* bytes a body may occupy unpacked; protobuf-c expands up to 52 x */
#define HEAD_ARENA (256 * 1024) /* bytes a frame head may occupy unpacked */

/* Flow. */
#define SUBMIT_CREDIT 1024 /* messages a sender may have in flight */
#define SUBMIT_CREDIT_SIZE (8 * 1024 * 1024)
#define DELIVER_CREDIT 1024 /* items an agent takes before it has settled any */
#define DELIVER_CREDIT_SIZE (8 * 1024 * 1024)
#define LANES 3            /* immediate, same day, routine */
#define SESSIONS_MAX 4096  /* sockets at one broker */
#define PREAUTH_MAX 512    /* sockets not welcomed yet */
#define REKEYS_MAX 32      /* TLS key updates by a peer that takes no answers */
#define HANDSHAKE_MS 10000 /* from accept to welcome */
#define IDLE_MS 60000      /* no byte from the peer: close */
#define PING_MS 20000      /* no byte to the peer: ping */

/* Time. */
#define CREATED_PAST_DAYS 30     /* `created` older than this is refused */
#define CREATED_AHEAD_MS 300000  /* `created` further ahead than 5 minutes is refused */
#define CLOCK_JUMP_MS 3600000    /* a wall clock that gets further ahead is not followed */
#define CLOCK_AHEAD_DAYS 400     /* of the newest event at a start: the life of a certificate */
#define DEADLINE_AHEAD_DAYS 3660 /* a time by which something is to be done, after `created` */
#define WATCH_UNTIL_MAX_MS                                                                         \
    INT64_C(7258118400000) /* 2200-01-01: no order of a living person ends later */
#define TIME_MAX_MS INT64_C(253402300799999) /* the year 9999: reckoned with, none overflows */
#define DUPLICATE_DAYS 90                    /* ids are kept this long after settlement */
#define LOST_GRACE_MS 3600000 /* without a certificate that holds: then mail is withheld */
#define SEAL_UNTIL_DAYS 7     /* a sealing key is used this long */
#define OPEN_UNTIL_DAYS 60    /* and opens mail this long */

/* Agreements. */
#define REFUSALS_QUOTA 20         /* recorded in an hour, of one agency under one agreement */
#define REFUSALS_QUOTA_MS 3600000 /* that hour */
#define OUTSIDER_TOLD_MS 86400000 /* of one that is no party its parties are told once in it */
#define PROPOSALS_A_DAY 64        /* of one agency: each text is kept for ever */
#define INSTRUMENTS_A_DAY 1024    /* the same of each other act, but those that stop sharing */
#define PROPOSAL_BYTES_A_DAY (2 * 1024 * 1024) /* bytes of their texts: two of the largest */
#define PROPOSALS_REFUSED_MAX 32     /* refused in an hour, brought by one agency: each is parsed */
#define INSTRUMENTS_REFUSED_MAX 1024 /* the same of all, but those that stop sharing */
#define GAZETTE_WINDOW (4 * 1024 * 1024) /* bytes of entries on their way to one follower */

/* Cases. */
#define CASES_PER_AGENCY 1000000 /* default; four times a country's probation caseload */
#define CASES_PER_AGENCY_MOST 100000000
#define SILENT_DAYS 400     /* an open conversation: as long as agents list what is overdue */
#define SILENT_MORE_DAYS 30 /* from then, told to both sides, until it is forgotten */

/* Journal. */
#define JOURNAL_BLOCK 4096                      /* bytes: batches start on this boundary */
#define JOURNAL_BATCH_MAX (8 * 1024 * 1024)     /* bytes of one batch with its header */
#define JOURNAL_SEGMENT_SIZE (32 * 1024 * 1024) /* bytes, default */
#define JOURNAL_SEGMENT_LEAST (4 * 1024 * 1024) /* bytes: what begins a batch, and one command */
#define JOURNAL_SEGMENTS 8                      /* default */

/* Local interface of the agent. */
#define LOCAL_REQUEST_MAX (8 * 1024 * 1024) /* bytes: 1 MiB of body is at most 6 MiB of JSON */
#define DERIVE_OF_MAX 1024  /* bytes that an id may be derived from: a few ids and a digest */
#define DERIVE_KEY_SIZE 32  /* of HMAC-SHA256 */
#define SOCKET_PATH_MAX 107 /* bytes: sun_path of unix(7) less its NUL */

/* Imports: hearings as the courts' system emits them. */
#define HEARING_MAX                                                                                \
    (1024 * 1024)                  /* bytes of one message; the largest seen in public has 802 KB  \
                                    */
#define HEARING_VALUES_MAX 65536   /* values in it, 16 bytes each at least; that one has 14,000 */
#define HEARING_DEPTH_MAX 32       /* objects and lists inside each other; that one has 13 */
#define HEARING_TWICE_MAX 16       /* fields that stand twice: each costs one more parse */
#define HEARING_DEFENDANTS_MAX 256 /* each becomes a message of its own, */
#define HEARING_DAYS_MAX 366       /* which repeats the sitting days: bounds their product */
#define IMPORT_FILES_MAX 100000    /* files of one import: their names are held */
#define IMPORT_LOSSES_MAX 4096     /* kinds of values not carried that one import lists */

#define REASON_MAX 512 /* bytes of a sentence for a person */

#endif
