// SPDX-License-Identifier: GPL-3.0-or-later
// What the core asks of the hardware. avr/ answers it on the chip, the tests answer it on the computer.
#ifndef HAL_H
#define HAL_H
#include <stdint.h>

enum { HAL_INPUTS = 6, HAL_OUTPUTS = 6, HAL_REFERENCE = 0xFF }; // HAL_REFERENCE: the channel of the inner voltage reference

uint32_t hal_now(void); // us since the start; wraps after 71.58 minutes
uint8_t hal_lock(void); // no interrupt until hal_unlock(what this returned)
void hal_unlock(uint8_t before);

void hal_send(void);                       // there are bytes to take out of the transmit ring
void hal_baud(uint32_t baud);              // after everything sent before has left the chip
void hal_sample_every(uint16_t period_us); // calls sampler_tick() each period; 0 stops
void hal_convert(uint8_t channel);         // one conversion; calls sampler_converted() with its result
void hal_alarm(uint32_t at);               // calls stimulus_alarm() at that time, or at once if it is past
void hal_alarm_off(void);
void hal_outputs(uint8_t mask); // levels of the stimulus outputs, output 1 in bit 0
void hal_spike_wire(uint8_t on); // watch the comparator for one edge: calls bridge_spike_wire(), then rests until asked again

uint16_t hal_load_reference(void); // mV, as calibrated; anything if it never was
void hal_save_reference(uint16_t millivolt);
#endif
