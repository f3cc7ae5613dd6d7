// SPDX-License-Identifier: GPL-3.0-or-later
#include "command.h"
#include "flash.h"

static char *word(char **rest) {
    char *p = *rest;
    while (*p == ' ' || *p == '\t') p++;
    char *start = p;
    while (*p && *p != ' ' && *p != '\t') p++;
    if (*p) *p++ = 0;
    *rest = p;
    return *start ? start : 0;
}

static uint8_t number(const char *text, uint32_t *value) {
    uint32_t sum = 0;
    do {
        uint8_t digit = (uint8_t)(*text - '0');
        if (digit > 9 || sum > UINT32_MAX / 10 || (sum == UINT32_MAX / 10 && digit > UINT32_MAX % 10)) return 0;
        sum = sum * 10 + digit;
    } while (*++text);
    *value = sum;
    return 1;
}

const char *command_parse(char *line, command_t *command) {
    command->tag[0] = 0;
    command->count = 0;
    command->name = word(&line);
    if (command->name && command->name[0] == '@') {
        uint8_t i = 0;
        for (const char *p = command->name; *p && i <= TAG_MOST; p++) command->tag[i++] = *p;
        command->tag[i] = 0;
        command->name = word(&line);
    }
    if (!command->name) return T("no command");
    for (char *p; (p = word(&line));) {
        if (command->count == ARGUMENTS_MOST) return T("too many numbers");
        if (!number(p, &command->arguments[command->count])) return T("not a whole number");
        command->count++;
    }
    return 0;
}

char *text_put(char *to, const char *text) {
    while ((*to = (char)pgm_read_byte(text++))) to++;
    return to;
}

char *text_number(char *to, uint32_t value) {
    char digits[10];
    uint8_t n = 0;
    do digits[n++] = (char)('0' + value % 10);
    while (value /= 10);
    while (n) *to++ = digits[--n];
    *to = 0;
    return to;
}
