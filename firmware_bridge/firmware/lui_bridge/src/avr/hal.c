// SPDX-License-Identifier: GPL-3.0-or-later
// ATmega328P at 16 MHz (Arduino Uno and Nano). Timer 1 runs at 2 MHz and is the clock: its compare match ticks the
// sampling, its input capture stamps the comparator. Timer 2 wakes the stimulus. Spike wire: D7 (AIN1) against the 1.1 V
// reference. Stimulus outputs 1 to 6: D2, D3, D4, D5, D6, D8.
#include "../core/hal.h"
#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/io.h>
#include <util/delay.h>
#include "../core/bridge.h"
#include "../core/frame.h"
#include "../core/sampler.h"
#include "../core/stimulus.h"
#include "avr.h"

#if F_CPU != 16000000UL
#error "timer, ADC clock and baud rates are made for 16 MHz"
#endif

enum { TICKS_PER_US = 2, FARTHEST_LEAP = 200, REFERENCE_MUX = 0x0E };

static volatile uint32_t overflows; // of timer 1
static volatile uint16_t period_ticks;
static uint16_t EEMEM stored_reference; // 0xFFFF from the factory

uint8_t hal_lock(void) {
    uint8_t before = SREG;
    cli();
    return before;
}
void hal_unlock(uint8_t before) { SREG = before; }

// interrupts off: the time of timer value `low`, which lies at most half a turn (16 ms) from now
static uint32_t time_of(uint16_t low) {
    uint16_t now = TCNT1;
    uint32_t turns = overflows;
    if ((TIFR1 & _BV(TOV1)) && now < 0x8000) turns++;
    int32_t ticks = (int32_t)now - (int16_t)(now - low); // may be of the turn before
    return (turns << 15) + (uint32_t)(ticks >> 1);
}

uint32_t hal_now(void) {
    uint8_t before = hal_lock();
    uint32_t now = time_of(TCNT1);
    hal_unlock(before);
    return now;
}

ISR(TIMER1_OVF_vect) {
    while (TCNT1 >= 0xFF00) {} // the simulated timer interrupts a tick early
    overflows++;
}

void hal_send(void) {
    uint8_t before = hal_lock();
    UCSR0B |= _BV(UDRIE0);
    hal_unlock(before);
}

ISR(USART_UDRE_vect) {
    uint8_t byte;
    if (frame_take(&byte)) {
        UDR0 = byte;
    } else {
        UCSR0B &= (uint8_t)~_BV(UDRIE0);
    }
}

ISR(USART_RX_vect) { bridge_receive(UDR0); }

void hal_baud(uint32_t baud) {
    if (UCSR0B & _BV(TXEN0)) {
        while (frame_waiting()) {}
        while (!(UCSR0A & _BV(UDRE0))) {}
        _delay_us(250); // two bytes at 115200: the one in the shift register, and a pause for the other side
    }
    UCSR0A = _BV(U2X0);
    UBRR0 = baud == 115200 ? 16 : baud == 250000 ? 7 : 3; // with U2X0: 117647 (2.1 % too fast), the others exact
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0) | _BV(RXCIE0);
}

void hal_sample_every(uint16_t period_us) {
    uint8_t before = hal_lock();
    period_ticks = period_us * TICKS_PER_US;
    if (period_us) {
        OCR1A = (TCNT1 + period_ticks) | 1; // odd it stays: the simulated timer never matches 0
        TIFR1 = _BV(OCF1A);
        TIMSK1 |= _BV(OCIE1A);
    } else {
        TIMSK1 &= (uint8_t)~_BV(OCIE1A);
    }
    hal_unlock(before);
}

ISR(TIMER1_COMPA_vect) {
    uint16_t due = OCR1A;
    OCR1A = due + period_ticks;
    sampler_tick(time_of(due));
}

void hal_convert(uint8_t channel) {
    ADMUX = _BV(REFS0) | (channel == HAL_REFERENCE ? REFERENCE_MUX : channel);
    ADCSRA |= _BV(ADSC);
}

ISR(ADC_vect) { sampler_converted(ADC); }

void hal_outputs(uint8_t mask) {
    PORTD = (uint8_t)((PORTD & ~0x7C) | (mask & 0x1F) << 2);
    PORTB = (uint8_t)((PORTB & ~0x01) | (mask >> 5 & 1));
}

// Timer 2 counts 4 us and turns in 1 ms: a far alarm is approached in leaps. It is not timer 1's second compare register,
// because writing that one makes the simulated timer forget a match of the first that is due just then.
void hal_alarm(uint32_t at) {
    int32_t left = (int32_t)(at - hal_now()) / 4;
    uint8_t leap = left > FARTHEST_LEAP ? FARTHEST_LEAP : left < 2 ? 2 : (uint8_t)left;
    leap += TCNT2;
    OCR2A = leap ? leap : 1; // the simulated timer never matches 0
    TIFR2 = _BV(OCF2A);
    TIMSK2 = _BV(OCIE2A);
}
void hal_alarm_off(void) { TIMSK2 = 0; }

// lets the others interrupt it: looking through the list takes longer than a tick may wait
ISR(TIMER2_COMPA_vect, ISR_NOBLOCK) { stimulus_alarm(); }

// The comparator's output is high while the wire is below the reference, so a spike's start is a falling edge of it.
void hal_spike_wire(uint8_t on) {
    uint8_t before = hal_lock();
    if (on) {
        ACSR = _BV(ACBG) | _BV(ACIC);
        if (ACSR & _BV(ACO))
            TCCR1B &= (uint8_t)~_BV(ICES1);
        else
            TCCR1B |= _BV(ICES1);
        TIFR1 = _BV(ICF1);
        TIMSK1 |= _BV(ICIE1);
    } else {
        TIMSK1 &= (uint8_t)~_BV(ICIE1);
    }
    hal_unlock(before);
}

ISR(TIMER1_CAPT_vect) {
    uint16_t low = ICR1;
    TIMSK1 &= (uint8_t)~_BV(ICIE1);
    uint32_t time = time_of(low);
    sei(); // the rest may wait for others
    bridge_spike_wire(!(TCCR1B & _BV(ICES1)), time);
}

uint16_t hal_load_reference(void) { return eeprom_read_word(&stored_reference); }
void hal_save_reference(uint16_t millivolt) { eeprom_update_word(&stored_reference, millivolt); }

void avr_start(void) {
    TIMSK0 = 0; // the Arduino core's millis(), which would only delay our interrupts
    DDRD = 0x7C;
    DDRB = 0x01;
    hal_outputs(0);
    TCCR1A = 0;
    TCCR1B = _BV(CS11);
    TIMSK1 = _BV(TOIE1);
    TCCR2A = 0;
    TCCR2B = _BV(CS22);
    ACSR = _BV(ACBG) | _BV(ACIC); // keeps the reference running, too
    DIDR0 = 0x3F;
    DIDR1 = _BV(AIN1D);
    ADCSRA = _BV(ADEN) | _BV(ADIE) | 7; // clock 125 kHz
    sei();
    bridge_start();
}
