// SPDX-License-Identifier: GPL-3.0-or-later
// Starting and running the bridge on the chip: what main() of the plain build and setup() and loop() of the sketch call.
#ifndef AVR_H
#define AVR_H
#ifdef __cplusplus
extern "C" {
#endif
void avr_start(void);
void avr_run(void); // does what waits, then sleeps until the next interrupt
#ifdef __cplusplus
}
#endif
#endif
