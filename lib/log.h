/*
 * log.h - one line an event, on standard error: time, level, event name, key=value.
 *
 * Called by loops, where an error ends; library code below them stays silent.
 * Never payload, key material or personal data. Lines that a peer can cause take
 * a `struct log_limit`, which lets a burst through and then counts.
 *
 * Threads: any; a line is one write().
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdint.h>

enum log_level {
    LOG_DEBUG = 0,
    LOG_INFO,
    LOG_WARN,
    LOG_ERROR
};

/* Lines below `least` are dropped; `program` stands in each line. Call before threads start. */
void log_start(const char *program, enum log_level least);

/* log_event(LOG_INFO, "session_open", "agency=%s", id): `event` is a searchable word, the rest
 * key=value pairs. Control characters and quotes in the result are replaced, so that a hostile
 * name cannot forge a line. */
void log_event(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* At most `burst` lines in each period of `period_ms`; the next line after says how many were
 * left out. One per call site and thread. */
struct log_limit {
    uint32_t burst;
    uint32_t period_ms;
    uint32_t used, left_out; /* start at zero */
    int64_t since_ms;        /* start at zero */
};
void log_limited(struct log_limit *limit, int64_t now_ms, enum log_level level, const char *event,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
