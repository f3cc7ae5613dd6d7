// SPDX-License-Identifier: GPL-3.0-or-later
// Commands: lines of ASCII words that a person can type too, `[@tag] name number ...`, cut into numbers.
#ifndef COMMAND_H
#define COMMAND_H
#include <stdint.h>

enum { LINE_MOST = 63, ARGUMENTS_MOST = 5, TAG_MOST = 7 };

typedef struct {
    char tag[TAG_MOST + 2]; // with its @; empty if there was none
    const char *name;       // inside the line
    uint8_t count;
    uint32_t arguments[ARGUMENTS_MOST];
} command_t;

// Cuts `line` up in place. 0 if it is good, otherwise what is wrong with it, as a flash text.
const char *command_parse(char *line, command_t *command);
char *text_put(char *to, const char *text); // a flash text; returns the new end
char *text_number(char *to, uint32_t value);
#endif
