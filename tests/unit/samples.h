/* samples.h - events and folders for the tests of journal and state. */
#ifndef TESTS_UNIT_SAMPLES_H
#define TESTS_UNIT_SAMPLES_H

#include "broker/event.h"

#define SCRATCH_SIZE 64

/* A new folder under the working one, and its end with everything in it (one level deep folders).
 */
void scratch_make(char out[static SCRATCH_SIZE]);
void scratch_remove(const char *folder);

/* An id with `n` in its last bytes. */
struct id sample_id(uint32_t n);
/* Messages go from "nps.cambs" to "csc.cambs" in lane 1, step 1 is what settles them; at_ms is the
 * sequence in milliseconds. */
struct event sample_accepted(uint64_t sequence, uint32_t n);
struct event sample_refused(uint64_t sequence, uint32_t n);
struct event sample_step(uint64_t sequence, uint32_t n, uint64_t message_sequence, uint8_t kind);
struct event sample_taken(uint64_t sequence, uint64_t item_sequence);
struct event sample_agency(uint64_t sequence);
struct event sample_key(uint64_t sequence);
struct event sample_gazette(uint64_t sequence); /* an instrument with its text */
struct event sample_notice(uint64_t sequence);
struct event sample_withheld(uint64_t sequence, uint32_t n, uint64_t message_sequence);
struct event sample_counted(uint64_t sequence);
/* Case `n` is kept as it is with `value`; 0: it is gone. */
struct event sample_kept(uint64_t sequence, uint32_t n, uint8_t value);
/* For "nps.cambs" in lane 1. */
struct event sample_told(uint64_t sequence);
/* A claim about the case whose handle begins with `handle'. */
struct event sample_claim(uint64_t sequence, uint8_t handle);
struct event sample_aged(uint64_t sequence, int64_t at_ms);

#endif
