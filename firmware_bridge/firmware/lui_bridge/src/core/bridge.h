// SPDX-License-Identifier: GPL-3.0-or-later
// The bridge: takes in bytes, does what waits. Everything that the hardware calls is here, in sampler.h and in stimulus.h.
#ifndef BRIDGE_H
#define BRIDGE_H
#include <stdint.h>

void bridge_start(void);
void bridge_poll(void);       // does what waits; call it after every interrupt
uint8_t bridge_waiting(void); // is there something to do? Call it with interrupts off, before going to sleep

void bridge_receive(uint8_t byte);                   // from the interrupt
void bridge_spike_wire(uint8_t high, uint32_t time); // from the interrupt

void bridge_forget(void); // what came in and has not been read
void bridge_watch_wire(uint8_t on);
#endif
