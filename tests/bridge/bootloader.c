// SPDX-License-Identifier: GPL-3.0-or-later
// A bootloader for the tests: the part of STK500 version 1 that avrdude uses with an Arduino (Atmel application note AVR061),
// at 115200 baud. Runs after an external reset, and starts the application half a second after the last byte.
#include <avr/boot.h>
#include <avr/io.h>
#include <avr/pgmspace.h>
#include <stdint.h>

enum { SYNC = 0x14, OK = 0x10, END = 0x20 };
static uint16_t address;

static void start_application(void) {
    UCSR0B = 0;
    __asm__ volatile("jmp 0");
}
static uint8_t get(void) {
    for (uint32_t wait = 0; !(UCSR0A & _BV(RXC0));)
        if (++wait > 800000) start_application();
    return UDR0;
}
static void put(uint8_t byte) {
    while (!(UCSR0A & _BV(UDRE0))) {}
    UDR0 = byte;
}
static void skip(uint8_t n) {
    while (n--) get();
}
static void end(void) { // whoever does not end a command so is no programmer: do as Optiboot does
    if (get() != END) start_application();
    put(SYNC);
}

int main(void) {
    UCSR0A = _BV(U2X0);
    UBRR0 = 16;
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0);
    for (;;) {
        uint8_t page[SPM_PAGESIZE], command = get();
        uint16_t length;
        switch (command) {
        case 'A': // parameter
            get();
            end();
            put(3);
            break;
        case 'B': // device
            skip(20);
            end();
            break;
        case 'E': // extended device
            skip(5);
            end();
            break;
        case 'U': // address, in words
            address = get();
            address |= (uint16_t)get() << 8;
            address *= 2;
            end();
            break;
        case 'V': // universal
            skip(4);
            end();
            put(0);
            break;
        case 'd': // program a page
            length = (uint16_t)get() << 8;
            length |= get();
            get();
            for (uint16_t i = 0; i < length; i++) page[i & (SPM_PAGESIZE - 1)] = get();
            end();
            boot_page_erase(address);
            boot_spm_busy_wait();
            for (uint16_t i = 0; i < length; i += 2) boot_page_fill(address + i, page[i] | (uint16_t)page[i + 1] << 8);
            boot_page_write(address);
            boot_spm_busy_wait();
            boot_rww_enable();
            break;
        case 't': // read a page
            length = (uint16_t)get() << 8;
            length |= get();
            get();
            end();
            for (uint16_t i = 0; i < length; i++) put(pgm_read_byte(address + i));
            break;
        case 'u': // signature
            end();
            put(0x1E);
            put(0x95);
            put(0x0F);
            break;
        default: // sync, enter, leave
            end();
        }
        put(OK);
        if (command == 'Q') start_application();
    }
}
