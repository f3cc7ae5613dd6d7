// SPDX-License-Identifier: GPL-3.0-or-later
#include <avr/interrupt.h>
#include <avr/sleep.h>
#include "../core/bridge.h"
#include "avr.h"

void avr_run(void) {
    bridge_poll();
    set_sleep_mode(SLEEP_MODE_IDLE);
    cli();
    if (bridge_waiting()) {
        sei();
        return;
    }
    sleep_enable();
    sei(); // takes effect after the next instruction, so nothing can come in between
    sleep_cpu();
    sleep_disable();
}

#ifndef ARDUINO
int main(void) {
    avr_start();
    for (;;) avr_run();
}
#endif
