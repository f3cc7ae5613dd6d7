// SPDX-License-Identifier: GPL-3.0-or-later
#include "sampler.h"
#include "hal.h"
#include "spikes.h"
#include "stimulus.h"

enum { NONE = 0xFF, SCAN_US = 150, // a channel with all that the interrupts do meanwhile
       REFERENCE_CONVERSIONS = 2 }; // the first one after the switch charges the sampling capacitor

static block_t blocks[2];
static volatile uint8_t filling, ready = NONE;
static volatile uint8_t running, scanning, broken; // broken: a tick was missed, so this block ends with its scan
static volatile uint8_t reference_wanted, reference_left;
static volatile uint16_t reference_code, lost_blocks, missed_ticks;
static uint8_t mask, channels, list[HAL_INPUTS], sets_per_block, reference_fits;
static uint16_t period;
static uint8_t at, fill; // place in the scan, codes in the block
static uint32_t due;              // time of the channel being converted

uint8_t sampler_start(uint16_t period_us, uint8_t wanted, uint8_t sets_most) {
    sampler_stop();
    uint8_t count = 0;
    for (uint8_t i = 0; i < HAL_INPUTS; i++)
        if (wanted >> i & 1) list[count++] = i;
    if ((uint16_t)(count * SCAN_US) > period_us) return 0;
    mask = wanted;
    channels = count;
    period = period_us;
    reference_fits = (uint16_t)((count + REFERENCE_CONVERSIONS) * SCAN_US) <= period_us;
    sets_per_block = CODES_MOST / count;
    if (sets_per_block > sets_most) sets_per_block = sets_most;
    at = fill = filling = broken = reference_wanted = 0;
    blocks[0].sets = 0;
    ready = NONE;
    spikes_period(period_us);
    running = 1;
    hal_sample_every(period_us);
    return 1;
}

void sampler_stop(void) {
    hal_sample_every(0);
    running = 0;
    for (uint8_t busy = 1; busy;) { // at most one scan
        uint8_t before = hal_lock();
        busy = scanning;
        hal_unlock(before);
    }
    ready = NONE;
}

uint8_t sampler_running(void) { return running; }
uint8_t sampler_channels(void) { return running ? mask : 0; }
uint8_t sampler_count(void) { return channels; }
uint16_t sampler_period(void) { return period; }
const block_t *sampler_block(void) { return ready == NONE ? 0 : &blocks[ready]; }
void sampler_free(void) { ready = NONE; }

static uint16_t read16(const volatile uint16_t *value) {
    uint8_t before = hal_lock();
    uint16_t copy = *value;
    hal_unlock(before);
    return copy;
}
uint16_t sampler_reference_code(void) { return read16(&reference_code); }
uint16_t sampler_lost_blocks(void) { return read16(&lost_blocks); }
uint16_t sampler_missed_ticks(void) { return read16(&missed_ticks); }

void sampler_reference(void) {
    if (running) {
        reference_wanted = reference_fits;
    } else if (!scanning) {
        at = channels = 0;
        scanning = 1;
        reference_left = REFERENCE_CONVERSIONS;
        hal_convert(HAL_REFERENCE);
    }
}

void sampler_tick(uint32_t time) {
    if (!running) return;
    if (scanning) {
        missed_ticks++;
        broken = 1;
        return;
    }
    scanning = 1;
    at = 0;
    due = time;
    if (!blocks[filling].sets) blocks[filling].time = time;
    hal_convert(list[0]);
}

static void end_of_scan(void) {
    block_t *block = &blocks[filling];
    if (++block->sets >= sets_per_block || broken) {
        broken = 0;
        if (ready == NONE) {
            ready = filling;
            filling ^= 1;
        } else {
            lost_blocks++; // the time stamps of the frames around show how much
        }
        blocks[filling].sets = 0;
        fill = 0;
    }
}

void sampler_converted(uint16_t code) {
    if (at < channels) {
        uint8_t channel = list[at], last = ++at >= channels;
        if (!last) {
            hal_convert(list[at]); // first of all, so that the skew stays the same
        } else if (reference_wanted) {
            reference_wanted = 0;
            reference_left = REFERENCE_CONVERSIONS;
            hal_convert(HAL_REFERENCE);
        } else {
            scanning = 0;
        }
        if (spikes_sample(channel, code, due)) code |= BIT_SPIKE;
        if (stimulus_levels() >> channel & 1) code |= BIT_STIMULUS;
        due += SKEW_US;
        blocks[filling].codes[fill++] = code;
        if (last) end_of_scan();
    } else if (--reference_left) {
        hal_convert(HAL_REFERENCE);
    } else {
        reference_code = code;
        scanning = 0;
    }
}
