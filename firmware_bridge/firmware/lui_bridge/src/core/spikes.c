// SPDX-License-Identifier: GPL-3.0-or-later
#include "spikes.h"
#include "hal.h"

enum { QUEUE = 16, FALL_US = 5000 };

typedef struct {
    uint8_t seen; // SEEN_LEVEL, SEEN_FALL or SEEN_NOT
    uint8_t on;
    uint8_t since; // samples since the membrane was above `high`; 255: long ago
    uint16_t high, low;
} watch_t;

static watch_t watches[HAL_INPUTS];
static volatile uint8_t fall_samples = 5;
static edge_t queue[QUEUE];
static volatile uint8_t head, tail;
static uint16_t counter, lost;

void spikes_watch(uint8_t channels, uint8_t seen, uint16_t high, uint16_t low) {
    uint8_t before = hal_lock();
    for (watch_t *w = watches; channels; w++, channels >>= 1)
        if (channels & 1) {
            w->seen = seen;
            w->on = 0;
            w->since = 255;
            w->high = high;
            w->low = low;
        }
    hal_unlock(before);
}

void spikes_period(uint16_t period_us) {
    fall_samples = (uint8_t)(FALL_US / period_us) + 1;
}

uint8_t spikes_sample(uint8_t channel, uint16_t code, uint32_t time) {
    watch_t *w = &watches[channel];
    if (w->seen == SEEN_NOT) return 0;
    if (w->since < 255) w->since++;
    if (code >= w->high) {
        w->since = 0;
        if (w->seen == SEEN_LEVEL && !w->on) {
            w->on = 1;
            edge_put(channel | EDGE_RISES, SEEN_LEVEL, time);
        }
    } else if (code <= w->low) {
        if (w->seen == SEEN_FALL && w->since <= fall_samples) {
            w->on = 1;
            edge_put(channel | EDGE_RISES, SEEN_FALL, time);
        } else if (w->seen == SEEN_LEVEL && w->on) {
            w->on = 0;
            edge_put(channel, SEEN_LEVEL, time);
        }
        w->since = 255;
    } else if (w->seen == SEEN_FALL)
        w->on = 0; // the membrane rises again
    return w->on;
}

void edge_put(uint8_t source, uint8_t seen, uint32_t time) {
    uint8_t before = hal_lock(), at = head, end = (at + 1) & (QUEUE - 1);
    counter++;
    if (end == tail) {
        lost++;
    } else {
        edge_t *edge = &queue[at];
        edge->time = time;
        edge->counter = counter;
        edge->source = source;
        edge->seen = seen;
        head = end;
    }
    hal_unlock(before);
}

uint8_t edge_take(edge_t *edge) {
    uint8_t at = tail;
    if (at == head) return 0;
    *edge = queue[at];
    tail = (at + 1) & (QUEUE - 1);
    return 1;
}

uint8_t edge_waiting(void) { return head != tail; }

uint16_t edges_lost(void) {
    uint8_t before = hal_lock();
    uint16_t n = lost;
    hal_unlock(before);
    return n;
}
