/*
 * forgetting.h - brokers with a bug planted that forget something over their death, for crash.c: it
 * must be seen, or that proves nothing.
 *
 * Each is killed when what it forgets is surely with it alone, so one death is enough. It runs in a
 * process of its own: it is meant to fail.
 */
#ifndef TESTS_SYSTEM_FORGETTING_H
#define TESTS_SYSTEM_FORGETTING_H

#include <stdbool.h>

/* `arguments`: BIN SOURCE FOLDER. */

/* A broker without its journal's tail loses a message that it has accepted. */
bool forgotten_tail_is_seen(const char *const arguments[3], const char *broker);
/* One that keeps no cases, or not where their conversations went: the case of a desk is another's
 * afterwards, or what was open in it does not go on under its holder. */
bool forgotten_case_is_seen(const char *const arguments[3], const char *broker);

#endif
