// SPDX-License-Identifier: GPL-3.0-or-later
// Stimulus pulses: a short list of pulse trains whose edges are all made by the alarm interrupt, so their widths are exact.
#ifndef STIMULUS_H
#define STIMULUS_H
#include <stdint.h>

enum { WIDTH_LEAST = 50, STIMULUS_LEAD = 200 }; // us

uint8_t stimulus_add(uint8_t output, uint32_t start, uint32_t width, uint16_t count, uint32_t period); // 0: the list is full
void stimulus_clear(void); // every output low, every train forgotten
uint8_t stimulus_levels(void);
void stimulus_alarm(void); // from the interrupt
#endif
