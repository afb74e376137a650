/*
 * custody.pml - custody of one case, and what is open about it, as a model that Spin walks through
 * whole: every order of events, every crash, every duplicate.
 *
 * A opens the case, and B may at the same moment. A offers it to B, component by component: accepted,
 * rejected, offered again, withdrawn, lapsed, completed. Whoever holds it may offer it a second
 * time, to any of A, B, C: at once (stale), on from B to C, or back. A asks S (an enquiry), before
 * or while it holds the case, and refers to S (a referral that lives until it is closed). S answers
 * whom it takes for the asker, also when the case is closed by then; who asked and is not the holder
 * any more passes it on. S puts a question to A, which A and C may answer and B may not. Anyone may
 * also say what is not its to say, or too soon. Then the case is closed.
 *
 * What can go wrong, and how it stands here:
 *   loss       a message that was sent stays sent, and comes late or again: its sender resends it
 *              until it knows the answer, which it knows only from what is on the disk
 *   reordering the broker takes any message that was sent
 *   duplicates what was taken may come again at any time
 *   the broker CRASHES times in a run, what is not on the disk is gone, up to BATCH acts
 *   an agent   each of its steps is one transaction on its own disk, so a crash is a step that has
 *              not happened yet; that it was told something is a step that any other may precede
 *
 * What changes nothing is no step: what comes again, and is answered as it was; what is refused, so
 * that its sender may say it again, but for answers, which are then sent elsewhere; what is written
 * later than at once, as who is told of it later may as well act later; and that a message which
 * says nothing of what its sender knew was sent before it arrived.
 *
 * Every run ends, so what must happen at last is checked at the end of each.
 *
 * Checked in every state: an open case has exactly one holder, one that said OPEN or COMPLETE
 * itself; a referral that is open, and an enquiry that was the holder's once, have the holder for
 * their side; a question is with somebody who may answer it; who holds the case can close it unless
 * something is open that it can end itself; of a closed case no referral and no enquiry of the
 * holder's is open; what has ended is not open again. And, in every run: an answer that was sent
 * reaches who holds the case or asked, or did when the case was closed (claim `answers`).
 *
 * The rules are agreements/custody.c and conversation.c, act by act, and what broker/conversing.c
 * and claims.c add. Left out: the numbers of a conversation and what is held for them; more than one
 * of a kind, and so the limits; that what could not be opened was not said; what a former holder may
 * still open (what the holder could not send, what it puts to the holder, and all when the case is
 * closed); what a former holder says again in a conversation of its own; how both are told that an
 * enquiry ended or a question stays, which is in the same batch: each may act before it hears.
 *
 * Planted faults, each of which must be found:
 *   -DHOLDER_AT_ACCEPT      who accepts every component holds the case, before it says COMPLETE
 *   -DDROP_CONVERSATIONS    COMPLETE leaves what is open where it is
 *   -DMOVE_QUESTIONS        COMPLETE moves the question to whoever holds the case then
 *   -DANY_QUESTION_HINDERS  CLOSE waits for the question, wherever it is
 *   -DFORMER_OPENS          who held the case before refers and asks as if it did
 *   -DFORGET_DUPLICATES     what comes again is taken again
 *   -DLOSE_LATE_ANSWERS     the answer to who asked before ends the enquiry
 *   -DLOSE_AFTER_CLOSE      the answer to an enquiry that ended with its case is refused
 */
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef BATCH
#define BATCH 2
#endif

/* Agencies, as bits. */
#define A 1
#define B 2
#define C 4
#define ANSWERERS (A | C) /* some clause lets these answer what S asks */

/* Messages: one bit each. Transfer 1 is of two components, transfer 2 of one. */
#define OPEN_A 1
#define OPEN_B 2
#define OFFER_1 4
#define ACCEPT_1 8 /* of one, or of both */
#define REJECT_1 16
#define OFFER_1_AGAIN 32
#define ACCEPT_1_AGAIN 64
#define COMPLETE_1 128
#define WITHDRAW_1 256
#define OFFER_2 512
#define ACCEPT_2 1024
#define COMPLETE_2 2048
#define REFERRAL 4096
#define REFERRAL_CLOSE 8192
#define ENQUIRY 16384
#define ANSWER 32768
#define ANSWER_AGAIN 65536 /* after the first was refused: to who holds the case now */
#define LATE 131072
#define LATE_AGAIN 262144
#define CLOSE 524288
#define QUESTION 1048576
#define REPLY 2097152

/* A referral's, an enquiry's life. */
#define NOT_YET 0
#define IS_OPEN 1
#define FORWARDING 2
#define ENDED 3
#define WITH_CASE 4 /* ended by CLOSE, unanswered: its answer is taken all the same */

int sent;           /* by anyone, so far */
byte version_1, version_1_again, version_2; /* as the sender knew it */
bool accepts_both;  /* ACCEPT_1 */
byte second_by, second_to; /* OFFER_2 */
byte answer_to, answer_again_to, late_by, late_to, late_again_to;
byte crashes = CRASHES;

/* The broker's memory, and the same on the disk. */
int m_got, m_yes, d_got, d_yes;     /* taken; of answers, accepted */
byte m_holder, d_holder;            /* agencies that hold it */
bool m_closed, d_closed;
byte m_version, d_version;
byte m_transfer, d_transfer, m_to, d_to;
byte m_offered, d_offered, m_accepted, d_accepted, m_rejected, d_rejected;
byte m_referral, d_referral, m_referrer, d_referrer;
byte m_enquiry, d_enquiry, m_asker, d_asker, m_before, d_before;
byte m_asked, d_asked;              /* who has S's question; 0: none is open */
bool m_goes, d_goes;                /* the enquiry was the holder's, once */
bool m_reached, d_reached;          /* the answer is where it belongs */
byte unwritten;                     /* acts in memory that are not on the disk */
bool crashing;                      /* what is taken now will be lost */

inline write()
{
    d_got = m_got; d_yes = m_yes; d_holder = m_holder; d_closed = m_closed; d_version = m_version;
    d_transfer = m_transfer; d_to = m_to; d_offered = m_offered; d_accepted = m_accepted;
    d_rejected = m_rejected; d_referral = m_referral; d_referrer = m_referrer;
    d_enquiry = m_enquiry; d_asker = m_asker; d_before = m_before; d_asked = m_asked;
    d_goes = m_goes; d_reached = m_reached
}

inline crash()
{
    m_got = d_got; m_yes = d_yes; m_holder = d_holder; m_closed = d_closed; m_version = d_version;
    m_transfer = d_transfer; m_to = d_to; m_offered = d_offered; m_accepted = d_accepted;
    m_rejected = d_rejected; m_referral = d_referral; m_referrer = d_referrer;
    m_enquiry = d_enquiry; m_asker = d_asker; m_before = d_before; m_asked = d_asked;
    m_goes = d_goes; m_reached = d_reached; unwritten = 0; crashing = false; crashes--
}

/* ---- what the broker makes of an act: when it is accepted, and what it does then ---- */

/* agreements/custody.c */
#define IS_HELD (m_version > 0 && !m_closed)
#define MAY_OPEN (m_version == 0)
#define MAY_OFFER(by, to, version)                                                                 \
    (m_holder == by && m_version == version && m_transfer == 0 && to != by)
#define MAY_OFFER_AGAIN(id, by, components, version)                                               \
    (m_holder == by && m_version == version && m_transfer == id &&                                 \
     (components & ~m_rejected) == 0)
#define MAY_REPLY(id, by, components)                                                              \
    (m_transfer == id && m_to == by && (components & ~m_offered) == 0)
#define MAY_WITHDRAW(id, by) (m_holder == by && m_transfer == id)
#define MAY_COMPLETE(id, by, all) (m_transfer == id && m_to == by && m_accepted == all)
/* broker/claims.c */
#ifdef ANY_QUESTION_HINDERS
#define HINDERS(by) (m_asked != 0)
#else
#define HINDERS(by) (m_asked == by)
#endif
#define MAY_CLOSE(by, version)                                                                     \
    (m_holder == by && m_version == version && m_transfer == 0 && m_referral != IS_OPEN &&         \
     !HINDERS(by))
/* broker/conversing.c: who held it before opens nothing that the holder could */
#ifdef FORMER_OPENS
#define IS_ITS_TO_OPEN true
#else
#define IS_ITS_TO_OPEN ((m_got & OPEN_A) == 0 || m_holder == A)
#endif

inline end_transfer()
{
    m_transfer = 0; m_to = 0; m_offered = 0; m_accepted = 0; m_rejected = 0
}

inline open(by)
{
    m_holder = by; m_version = 1
}

inline offer(id, to, all)
{
    m_transfer = id; m_to = to; m_offered = all; m_version++
}

inline offer_again(components)
{
    m_rejected = m_rejected & ~components; m_offered = m_offered | components; m_version++
}

inline accept(by, components, all)
{
    m_offered = m_offered & ~components; m_accepted = m_accepted | components;
#ifdef HOLDER_AT_ACCEPT
    if
    :: m_accepted == all -> m_holder = m_holder | by
    :: else
    fi
#endif
}

inline reject(components)
{
    m_offered = m_offered & ~components; m_rejected = m_rejected | components
}

#ifdef MOVE_QUESTIONS
#define MAY_ANSWER(agency) true
#else
#define MAY_ANSWER(agency) ((agency & ANSWERERS) != 0)
#endif

/* conversation_move of each that the old holder has a side of, but for what it alone can answer */
inline move(to)
{
#ifndef DROP_CONVERSATIONS
    if
    :: m_referral == IS_OPEN && m_referrer == m_holder -> m_referrer = to
    :: else
    fi;
    if
    :: m_enquiry == IS_OPEN && m_asker == m_holder -> /* who asked first has the answer's address */
        m_before = (m_before == 0 -> m_asker : (m_before == to -> 0 : m_before)); m_asker = to
    :: m_enquiry == FORWARDING && m_asker == m_holder && m_before != to -> m_asker = to
    :: m_enquiry == FORWARDING && m_asker == m_holder && m_before == to -> answered()
    :: else
    fi;
    if
    :: m_asked == m_holder && MAY_ANSWER(to) -> m_asked = to
    :: else
    fi
#else
    skip
#endif
}

inline complete(by)
{
    move(by); m_holder = by; end_transfer(); m_version++
}

inline close_case()
{
    assert(m_asked != m_holder); /* what it can answer, it answers first */
    if /* nobody may ever answer it */
    :: m_enquiry == IS_OPEN && m_asker == m_holder -> m_enquiry = WITH_CASE
    :: else
    fi;
    m_holder = 0; m_closed = true; m_version++
}

/* agreements/conversation.c */
#define MAY_CLOSE_REFERRAL(by) (m_referral == IS_OPEN && m_referrer == by)
#ifdef LOSE_AFTER_CLOSE
#define TAKES_ANSWER (m_enquiry == IS_OPEN)
#else
#define TAKES_ANSWER (m_enquiry == IS_OPEN || m_enquiry == WITH_CASE)
#endif
#define IS_ANSWER(to) (TAKES_ANSWER && to == m_asker)
#define IS_ANSWER_BEFORE(to) (TAKES_ANSWER && to == m_before)
#define IS_LATE(by, to) (m_enquiry == FORWARDING && by == m_before && to == m_asker)

inline refer()
{
    m_referral = IS_OPEN; m_referrer = A
}

inline close_referral()
{
    m_referral = ENDED; m_referrer = 0
}

inline enquire()
{
    m_enquiry = IS_OPEN; m_asker = A; m_before = 0
}

inline answered() /* it is where it belongs */
{
    m_enquiry = ENDED; m_asker = 0; m_before = 0; m_reached = true
}

inline answer(m, to)
{
    if
    :: IS_ANSWER(to) -> answered(); m_yes = m_yes | m
    :: IS_ANSWER_BEFORE(to) ->
#ifdef LOSE_LATE_ANSWERS
        m_enquiry = ENDED; m_asker = 0; m_before = 0;
#else
        m_enquiry = FORWARDING;
#endif
        m_yes = m_yes | m
    :: else /* refused */
    fi
}

inline pass_on(m, by, to)
{
    if
    :: IS_LATE(by, to) -> answered(); m_yes = m_yes | m
    :: else /* refused */
    fi
}

/* ---- what must be so in every state ---- */

#define IS_ONE(set) (set != 0 && (set & (set - 1)) == 0)
#define SAID(m) ((sent & (m)) != 0)
#define HAS_SAID                                                                                   \
    ((SAID(OPEN_A) -> A : 0) | (SAID(OPEN_B) -> B : 0) | (SAID(COMPLETE_1) -> B : 0)               \
     | (SAID(COMPLETE_2) -> second_to : 0))

/* What the holder can end itself: it withdraws, closes, answers. */
#define HAS_TO_END                                                                                 \
    (m_transfer != 0 || (m_referral == IS_OPEN && m_referrer == m_holder) ||                       \
     (m_asked == m_holder && (m_holder & ANSWERERS) != 0))

/* -DNEVER=... of these must be found: some run comes to it. */
#define QUESTION_MOVED (m_asked == C && m_holder == C)
#define QUESTION_STAYED (m_asked == A && m_holder == B)
#define CLOSED_BESIDE_QUESTION (m_closed && m_asked == A)
#define CLOSED_FORWARDING (m_closed && m_enquiry == FORWARDING)
#define ANSWERED_AFTER_CLOSE (m_closed && m_enquiry == ENDED && d_enquiry == WITH_CASE)

inline check()
{
    if /* for good; until then who asked may never have held the case */
    :: IS_HELD && m_enquiry == IS_OPEN && m_asker == m_holder -> m_goes = true
    :: else
    fi;
    assert(!IS_HELD || IS_ONE(m_holder));
    assert((m_holder & ~HAS_SAID) == 0);
    assert(!(IS_HELD && m_referral == IS_OPEN) || m_referrer == m_holder);
    assert(!(IS_HELD && m_goes && (m_enquiry == IS_OPEN || m_enquiry == FORWARDING)) ||
           m_asker == m_holder);
    assert(m_asked == 0 || (m_asked & ANSWERERS) != 0);
    assert(!IS_HELD || HAS_TO_END || MAY_CLOSE(m_holder, m_version));
    assert(!m_closed ||
           (m_holder == 0 && m_referral != IS_OPEN && !(m_goes && m_enquiry == IS_OPEN)));
    assert((m_got & REFERRAL_CLOSE) == 0 || m_referral == ENDED);
    assert((m_got & REPLY) == 0 || m_asked == 0);
    assert(!m_reached || m_enquiry == ENDED)
#ifdef NEVER
    assert(!(NEVER))
#endif
}

/* ---- the agencies: what they know is on the disk; when they say something is their affair ---- */

#define NEW(m) ((sent & m) == 0)
#define KNOWS(m) ((d_got & m) != 0)
#define REFUSED(m) ((d_got & m) != 0 && (d_yes & m) == 0) /* of ANSWER, LATE */
#define FIRST (accepts_both -> 3 : 1)
#define SAY(m) sent = sent | m

active proctype a()
{
end:
    do
    :: NEW(OFFER_1) && KNOWS(OPEN_A) -> d_step { version_1 = d_version; SAY(OFFER_1) }
    :: NEW(OFFER_1_AGAIN) && KNOWS(REJECT_1) ->
        d_step { version_1_again = d_version; SAY(OFFER_1_AGAIN) }
    od
}

active proctype b()
{
end:
    do
    :: NEW(ACCEPT_1) && KNOWS(OFFER_1) -> d_step { accepts_both = true; SAY(ACCEPT_1) }
    :: NEW(ACCEPT_1) && KNOWS(OFFER_1) -> SAY(ACCEPT_1)
    od
}

/* Whoever holds the case, or thinks so: the second transfer. */
active proctype holder()
{
end:
    do
    :: NEW(OFFER_2) && KNOWS(OPEN_A) && !KNOWS(COMPLETE_1) -> /* beside the first */
        d_step { second_by = A; second_to = C; version_2 = d_version; SAY(OFFER_2) }
    :: NEW(OFFER_2) && KNOWS(COMPLETE_1) -> /* on */
        d_step { second_by = B; second_to = C; version_2 = d_version; SAY(OFFER_2) }
    :: NEW(OFFER_2) && KNOWS(COMPLETE_1) -> /* back */
        d_step { second_by = B; second_to = A; version_2 = d_version; SAY(OFFER_2) }
    od
}

/* S answers the enquiry; who asked passes on what came too late. A refusal makes each ask who it is
 * now, so that it is sent again. */
active proctype answering()
{
end:
    do
    :: NEW(ANSWER) && KNOWS(ENQUIRY) -> d_step { answer_to = A; SAY(ANSWER) }
    :: NEW(ANSWER) && KNOWS(ENQUIRY) && d_asker != A ->
        d_step { answer_to = d_asker; SAY(ANSWER) }
    :: NEW(ANSWER_AGAIN) && REFUSED(ANSWER) ->
        d_step { answer_again_to = d_asker; SAY(ANSWER_AGAIN) }
    :: NEW(LATE) && d_enquiry == FORWARDING ->
        d_step { late_by = d_before; late_to = d_asker; SAY(LATE) }
    :: NEW(LATE_AGAIN) && REFUSED(LATE) && d_enquiry == FORWARDING ->
        d_step { late_again_to = d_asker; SAY(LATE_AGAIN) }
    od
}

/* ---- the broker ---- */

#ifdef FORGET_DUPLICATES
#define IS_NEW(m) true
#else
#define IS_NEW(m) ((m_got & m) == 0)
#endif

inline forget(m) /* what it said, which nothing looks at any more */
{
    if
    :: m == OFFER_1 -> version_1 = 0
    :: m == OFFER_1_AGAIN -> version_1_again = 0
    :: m == OFFER_2 -> version_2 = 0; second_by = 0
    :: m == ANSWER -> answer_to = 0
    :: m == ANSWER_AGAIN -> answer_again_to = 0
    :: m == LATE -> late_to = 0
    :: m == LATE_AGAIN -> late_again_to = 0
    :: else
    fi
}

inline keep(m) /* on the disk, or to be lost */
{
    if
    :: crashing -> unwritten++
    :: else -> write(); forget(m)
    fi
}

#define ACTS (OPEN_A | OPEN_B | COMPLETE_1 | COMPLETE_2) /* check() looks at who said these */

/* A message arrives, once or again: what was taken before is answered as it was and changes nothing,
 * and so does what is refused; so neither is a step. */
#define TAKE(m, may, act)                                                                          \
    unwritten < BATCH && IS_NEW(m) && (may) -> d_step {                                            \
        act; SAY(m & ACTS); m_got = m_got | m; check(); keep(m)                                    \
    }

active proctype broker()
{
end:
    do
    :: TAKE(OPEN_A, MAY_OPEN, open(A))
    :: TAKE(OPEN_B, MAY_OPEN, open(B))
    :: TAKE(OFFER_1, SAID(OFFER_1) && MAY_OFFER(A, B, version_1), offer(1, B, 3))
    :: TAKE(ACCEPT_1, SAID(ACCEPT_1) && MAY_REPLY(1, B, FIRST), accept(B, FIRST, 3))
    :: TAKE(REJECT_1, KNOWS(OFFER_1) && MAY_REPLY(1, B, 2), reject(2))
    :: TAKE(OFFER_1_AGAIN, SAID(OFFER_1_AGAIN) && MAY_OFFER_AGAIN(1, A, 2, version_1_again),
            offer_again(2))
    :: TAKE(ACCEPT_1_AGAIN, KNOWS(OFFER_1_AGAIN) && MAY_REPLY(1, B, 2), accept(B, 2, 3))
    :: TAKE(COMPLETE_1, KNOWS(ACCEPT_1) && MAY_COMPLETE(1, B, 3), complete(B))
    :: TAKE(WITHDRAW_1, KNOWS(OFFER_1) && MAY_WITHDRAW(1, A), end_transfer())
    :: TAKE(OFFER_2, SAID(OFFER_2) && MAY_OFFER(second_by, second_to, version_2),
            offer(2, second_to, 1))
    :: TAKE(ACCEPT_2, KNOWS(OFFER_2) && MAY_REPLY(2, second_to, 1), accept(second_to, 1, 1))
    :: TAKE(COMPLETE_2, KNOWS(ACCEPT_2) && MAY_COMPLETE(2, second_to, 1), complete(second_to))
    :: TAKE(REFERRAL, KNOWS(OPEN_A) && !m_closed && IS_ITS_TO_OPEN, refer())
    :: TAKE(REFERRAL_CLOSE, KNOWS(REFERRAL) && MAY_CLOSE_REFERRAL(m_referrer), close_referral())
    :: TAKE(ENQUIRY, !m_closed && IS_ITS_TO_OPEN, enquire())
    :: TAKE(ANSWER, SAID(ANSWER), answer(ANSWER, answer_to))
    :: TAKE(ANSWER_AGAIN, SAID(ANSWER_AGAIN), answer(ANSWER_AGAIN, answer_again_to))
    :: TAKE(LATE, SAID(LATE), pass_on(LATE, late_by, late_to))
    :: TAKE(LATE_AGAIN, SAID(LATE_AGAIN), pass_on(LATE_AGAIN, late_by, late_again_to))
    :: TAKE(QUESTION, !m_closed, m_asked = A)
    :: TAKE(REPLY, d_asked != 0 && d_asked == m_asked, m_asked = 0)
    :: TAKE(CLOSE, MAY_CLOSE(m_holder, d_version), close_case()) /* as the holder knows it */
    :: m_transfer != 0 && unwritten < BATCH && m_accepted != (m_transfer == 1 -> 3 : 1) ->
        d_step { end_transfer(); check(); keep(0) } /* its time is over */
    :: crashes > 0 && !crashing -> crashing = true
    :: crashing && unwritten > 0 -> d_step { crash() }
    od
}

ltl answers { [] (SAID(ANSWER) -> <> d_reached) }
