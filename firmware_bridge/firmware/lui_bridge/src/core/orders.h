// SPDX-License-Identifier: GPL-3.0-or-later
// The orders that a command line can give, and the line rate they agree on.
#ifndef ORDERS_H
#define ORDERS_H
#include <stdint.h>

void orders_carry_out(char *line);
void orders_watch_time(uint32_t now); // a new baud rate that nobody confirms is taken back after a second
#endif
