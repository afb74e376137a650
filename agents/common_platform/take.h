/*
 * take.h - single values out of the source into a body, as JSON.
 *
 *     take_text(source, body, "room", node_find(hearing, "courtCentre.roomName"));
 *
 * Each puts the value under `field` of the object `body` and marks the leaf carried; or it leaves
 * the leaf out, with the reason, and puts nothing. A node that is NULL, null or blank is neither.
 * They say whether they put something. Times are UTC.
 */
#ifndef AGENTS_COMMON_PLATFORM_TAKE_H
#define AGENTS_COMMON_PLATFORM_TAKE_H

#include <stdint.h>

#include "agents/common_platform/codes.h"
#include "agents/common_platform/source.h"

bool take_text(struct source *source, json_t *body, const char *field, struct node *node);
/* A whole number from 0 to 2^32 - 1. */
bool take_number(struct source *source, json_t *body, const char *field, struct node *node);
bool take_flag(struct source *source, json_t *body, const char *field, struct node *node);
/* A calendar day, as a Date. */
bool take_day(struct source *source, json_t *body, const char *field, struct node *node);
/* A point in time with its zone, in milliseconds since 1970. */
bool take_instant(struct source *source, json_t *body, const char *field, struct node *node);
/* What the node's text becomes by `words`; `unknown` is the reason when they do not have it. */
bool take_word(struct source *source, json_t *body, const char *field, struct node *node,
               const struct word words[], const char *unknown);

/* The node's text, neither put nor marked; NULL when there is none, after saying that a text should
 * stand where something else does. */
const char *text_of(struct source *source, struct node *node);
/* 20260630 of "2026-06-30" or "30/06/2026", which Common Platform writes both; 0: no such day. */
uint32_t day_of(const char *text);
/* Of "2026-06-15T09:30:00.000Z" or with a zone "+01:00"; false without a zone. */
bool instant_of(const char *text, int64_t *ms);
/* {"ymd": 20260630} */
json_t *date_of(uint32_t ymd);
/* Puts and takes `value`; a value of NULL (memory is out) shows when the body is checked. */
void put(json_t *body, const char *field, json_t *value);
/* Puts a list that is not empty. Takes it. */
void put_list(json_t *body, const char *field, json_t *list);

#endif
