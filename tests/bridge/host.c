// SPDX-License-Identifier: GPL-3.0-or-later
// The firmware's core on the computer: reads orders from standard input, writes what it sends to standard output. The "chip"
// converts at once and its clock moves 100 us with each poll, from a start that the first argument gives.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "bridge.h"
#include "frame.h"
#include "hal.h"
#include "sampler.h"
#include "stimulus.h"

static uint32_t now, due, alarm_at;
static uint16_t period, reference = 0xFFFF;
static int alarm_on, converting, wanted;

uint32_t hal_now(void) { return now; }
uint8_t hal_lock(void) { return 0; }
void hal_unlock(uint8_t before) { (void)before; }
static void drain(void) {
    uint8_t byte;
    while (frame_take(&byte)) putchar(byte);
}
void hal_send(void) { drain(); }
void hal_baud(uint32_t baud) { (void)baud; }
void hal_sample_every(uint16_t us) {
    period = us;
    due = now + us;
}
void hal_convert(uint8_t channel) {
    wanted = channel;
    if (converting) return; // the core asks for the next one from inside the interrupt
    converting = 1;
    while (wanted >= 0) {
        int it = wanted;
        wanted = -1;
        sampler_converted(it == HAL_REFERENCE ? 225 : (uint16_t)(100 * it + 7));
    }
    converting = 0;
}
void hal_alarm(uint32_t at) {
    alarm_at = at;
    alarm_on = 1;
}
void hal_alarm_off(void) { alarm_on = 0; }
void hal_outputs(uint8_t mask) { (void)mask; }
void hal_spike_wire(uint8_t on) { (void)on; }
uint16_t hal_load_reference(void) { return reference; }
void hal_save_reference(uint16_t millivolt) { reference = millivolt; }

static void pass(int polls) {
    while (polls--) {
        now += 100;
        if (period && (int32_t)(now - due) >= 0) {
            sampler_tick(due);
            due += period;
        }
        if (alarm_on && (int32_t)(now - alarm_at) >= 0) stimulus_alarm();
        bridge_poll();
    }
}

int main(int count, char **words) {
    now = count > 1 ? (uint32_t)strtoul(words[1], NULL, 10) : 0;
    bridge_start();
    for (int c; (c = getchar()) != EOF;) {
        bridge_receive((uint8_t)c);
        pass(c == '\n' ? 20 : 1);
    }
    pass(20000);
    drain();
    return 0;
}
