// SPDX-License-Identifier: GPL-3.0-or-later
// Spikes seen on sampled channels and on the comparator, and the queue of stamped edges that wait to be sent.
#ifndef SPIKES_H
#define SPIKES_H
#include <stdint.h>

// How an edge was seen, in order of sharpness: by the sample that crossed a level, by the membrane's fall from above one
// level to below another within 5 ms, by the comparator, or made by ourselves on a stimulus output.
enum { SEEN_NOT = 0, SEEN_LEVEL = 1, SEEN_FALL = 2, SEEN_COMPARATOR = 3, SEEN_STIMULUS = 4 };
enum { SOURCE_COMPARATOR = 7, SOURCE_STIMULUS = 8, EDGE_RISES = 0x80 };

typedef struct {
    uint32_t time;
    uint16_t counter; // of all edges, lost ones included
    uint8_t source;   // input, SOURCE_COMPARATOR, or SOURCE_STIMULUS + output; EDGE_RISES
    uint8_t seen;
} edge_t;

void spikes_watch(uint8_t channels, uint8_t seen, uint16_t high, uint16_t low); // levels are ADC codes
void spikes_period(uint16_t period_us);
uint8_t spikes_sample(uint8_t channel, uint16_t code, uint32_t time); // from the interrupt; is the spike on?
void edge_put(uint8_t source, uint8_t seen, uint32_t time);           // from an interrupt
uint8_t edge_take(edge_t *edge);
uint8_t edge_waiting(void);
uint16_t edges_lost(void);
#endif
