// SPDX-License-Identifier: GPL-3.0-or-later
// The sampling schedule: each tick one scan of the chosen channels, collected into blocks that become DATA frames.
#ifndef SAMPLER_H
#define SAMPLER_H
#include <stdint.h>
#include "frame.h"

enum { CODES_MOST = (PAYLOAD_MOST - 4) / 2 };
enum { SKEW_US = 110 }; // from one channel of a scan to the next: 13 ADC clocks of 8 us and the interrupt
enum { BIT_SPIKE = 1u << 15, BIT_STIMULUS = 1u << 14, CODE = 0x0FFF };

typedef struct {
    uint32_t time; // of the first tick
    uint8_t sets;
    uint16_t codes[CODES_MOST];
} block_t;

uint8_t sampler_start(uint16_t period_us, uint8_t channels, uint8_t sets_most); // 0: the channels do not fit the period
void sampler_stop(void);
uint8_t sampler_running(void);
uint8_t sampler_channels(void); // as a mask
uint8_t sampler_count(void);    // how many they are
uint16_t sampler_period(void);
const block_t *sampler_block(void); // a full block, or 0
void sampler_free(void);            // the block has been sent
void sampler_reference(void);       // measure the reference at the end of the next scan, or now if none runs
uint16_t sampler_reference_code(void); // 0: not measured yet
uint16_t sampler_lost_blocks(void);
uint16_t sampler_missed_ticks(void);

void sampler_tick(uint32_t time); // from the timer's interrupt
void sampler_converted(uint16_t code); // from the ADC's interrupt
#endif
