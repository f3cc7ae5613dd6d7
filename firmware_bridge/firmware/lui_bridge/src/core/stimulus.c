// SPDX-License-Identifier: GPL-3.0-or-later
#include "stimulus.h"
#include "hal.h"
#include "spikes.h"

enum { TRAINS = 8 };
typedef struct {
    uint32_t edge; // time of the next edge
    uint32_t width, period;
    uint16_t left; // pulses still to begin or to end; 0: this place is free
    uint8_t output, on;
} train_t;
static train_t trains[TRAINS];
static volatile uint8_t levels;

uint8_t stimulus_levels(void) { return levels; }

uint8_t stimulus_add(uint8_t output, uint32_t start, uint32_t width, uint16_t count, uint32_t period) {
    for (train_t *train = trains; train < trains + TRAINS; train++)
        if (!train->left) {
            train->edge = start;
            train->width = width;
            train->period = period;
            train->output = output;
            train->on = 0;
            uint8_t before = hal_lock();
            train->left = count; // now the interrupt sees it
            hal_unlock(before);
            hal_alarm(hal_now());
            return 1;
        }
    return 0;
}

void stimulus_clear(void) {
    uint8_t before = hal_lock();
    for (train_t *train = trains; train < trains + TRAINS; train++) train->left = 0;
    levels = 0;
    hal_outputs(0);
    hal_alarm_off();
    hal_unlock(before);
}

static void turn(train_t *train) {
    uint8_t bit = (uint8_t)(1u << train->output);
    if (train->on) {
        levels &= (uint8_t)~bit;
        train->on = 0;
        train->left--;
        train->edge += train->period - train->width;
    } else {
        levels |= bit;
        train->on = 1;
        train->edge += train->width;
    }
    hal_outputs(levels);
    edge_put(SOURCE_STIMULUS + train->output + (train->on ? EDGE_RISES : 0), SEEN_STIMULUS, hal_now());
}

void stimulus_alarm(void) {
    uint32_t now = hal_now(), soonest = 0;
    uint8_t any = 0;
    for (train_t *train = trains; train < trains + TRAINS; train++) {
        if (train->left && (int32_t)(train->edge - now) <= 0) turn(train);
        if (train->left && (!any || (int32_t)(train->edge - soonest) < 0)) {
            soonest = train->edge;
            any = 1;
        }
    }
    if (any)
        hal_alarm(soonest);
    else
        hal_alarm_off();
}
