// SPDX-License-Identifier: GPL-3.0-or-later
// What the bridge tells: hello, samples, edges, status and answers, as frames for a program or as text for a person.
#ifndef REPORT_H
#define REPORT_H
#include <stdint.h>
#include "command.h"

void report_binary(uint8_t on);
uint8_t report_is_binary(void);
void report_plot(uint8_t every); // text mode: one line for so many samples; 0: none
void report_hello(uint32_t nonce);
void report_status(void);
void report_answer(const command_t *command, const char *refusal, uint32_t value); // refusal: flash text, 0 if carried out
void report_text(const char *flash_text);
void report_waiting(void); // sends the edges and the block that wait

void report_load_reference(void); // from where it is kept
uint16_t report_reference(void);  // mV
uint16_t report_vcc(void);        // mV; 0: not measured yet
void report_overflow(void);       // a received byte was lost
#endif
