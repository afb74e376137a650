/*
 * instrument_show.h - what an instrument says, for people and as JSON: before it is signed.
 */
#ifndef AGENTS_CLI_INSTRUMENT_SHOW_H
#define AGENTS_CLI_INSTRUMENT_SHOW_H

#include <jansson.h>
#include <stdio.h>

#include "agreements/instrument.h"

bool act_is_of_text(Concordat__Act act); /* does it bring a text into force? */
bool act_is_of_key(Concordat__Act act);  /* is it about a signing key, and no agreement? */

/* `agreement` is the one that it is about; NULL exactly when it is about a key. With an act of a
 * text all pins are shown: whoever holds one of them speaks as that party. */
void show_instrument(FILE *stream, const struct instrument *instrument,
                     const struct agreement *agreement);
/* The same, with the name of the file that it is written to. */
json_t *json_of_instrument(const struct instrument *instrument, const struct agreement *agreement,
                           const char *file);

#endif
