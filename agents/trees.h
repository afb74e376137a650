/*
 * trees.h - what the agent's store holds: its trees, their keys and values.
 *
 * Numbers in keys are big-endian, so that the order of keys is the order of numbers. `way` is one
 * byte, WAY_OUT or WAY_IN; a `key id` is 16 bytes. Records begin with a version byte; each has one
 * module that reads and writes it, named here.
 */
#ifndef AGENTS_TREES_H
#define AGENTS_TREES_H

enum tree {
    TREE_META = 0,  /* name -> value: counters (desk.c), the key of derived ids (derive.c),
                     our own keys (own_keys.c) */
    TREE_TRACKS,    /* way, key id -> track (track.c) */
    TREE_NEWEST,    /* ~number -> way, key id: the newest first (track.c) */
    TREE_CASES,     /* case handle, ~number -> way, key id: what is about a case (cases.c) */
    TREE_EVIDENCE,  /* way, key id, u8 place -> signed step, kept as received or sent (steps.c) */
    TREE_OUTBOX,    /* message id -> sealed message, or one that waits for a key (outbox.c) */
    TREE_TO_SUBMIT, /* lane, number -> message id: sealed and unanswered (outbox.c) */
    TREE_KEYLESS,   /* recipient, 0, number -> message id: waits for a sealing key (outbox.c) */
    TREE_INBOX,     /* key id -> opened body (inbox.c) */
    TREE_UNOPENED,  /* lane, number -> key id: nobody has taken it yet (inbox.c) */
    TREE_STEPS,     /* number -> signed step, until the broker says it is recorded (steps.c) */
    TREE_DIRECTORY, /* agency -> entry; fingerprint -> certificate (directory.c) */
    TREE_DUE,       /* at_ms, what, key -> nothing: what is to be deleted when (desk.c) */
    TREE_KEYS,      /* our sealing keys (keyring.c) */
    TREE_LATEST,    /* place id -> which content was sent last (latest.c) */
    TREE_GAZETTE,   /* sequence -> an entry of the broker's gazette, as judged here (gazette.c) */
    TREE_KEPT,  /* message id -> what it takes to seal it once more, until the verdict (outbox.c) */
    TREE_STALE, /* lane, number -> message id, at_ms: refused as stale, to go again (outbox.c) */
    TREE_REFUSALS, /* at_ms, number -> a refusal, ours or the broker's (refusals.c) */
    TREE_TALKS, /* 'i', id -> conversation; 'c', case handle, id -> it is open (conversations.c) */
    TREE_CUSTODY, /* 'h', case handle -> who holds it; 'k' and 'p', transfer id, number ->
                     component, part (custody.c) */
    TREE_CLAIMS,  /* case handle -> a claim that the broker has not answered (holding.c) */
    TREE_ALARMS,  /* 'a', ~number -> alarm; 'd', digest -> taken; 'u', ~number -> unseen; 'x',
                     digest -> evidence that could not be read (alarms.c) */
    TREE_OWED, /* 'd', due_ms, place -> what is owed; 'm' 'v' 'c', id, place -> due_ms (owed.c) */
    TREE_FORWARD, /* key id of an answer -> it is owed to the case's holder (forward.c) */
    TREE_CLAIMED, /* case handle, at_ms, kind -> a claim that the broker has answered (claimed.c) */
    TREES
};

/* Names in the order above, for store_open. */
extern const char *const tree_names[TREES];

#define WAY_OUT '>' /* we sent it */
#define WAY_IN '<'  /* it came to us */

#endif
