// SPDX-License-Identifier: GPL-3.0-or-later
// Frames to the computer: type, sequence number, time, payload and CRC-16, COBS-encoded into the transmit ring.
#ifndef FRAME_H
#define FRAME_H
#include <stdint.h>

enum { FRAME_HELLO = 1, FRAME_DATA = 2, FRAME_EVENT = 3, FRAME_STATUS = 4, FRAME_REPLY = 5 };
enum { PAYLOAD_MOST = 112 }; // with header and CRC 120 bytes: one COBS block, whose code byte stays below 0xFF

// Puts a frame into the ring. 0: there is no room; its sequence number is used up, so the computer sees the loss.
// DATA leaves room for the short frames that must not be lost.
uint8_t frame_send(uint8_t type, uint32_t time, const void *payload, uint8_t length);
uint8_t frame_text(const char *text);  // bare characters, for a person; 0: no room
void frame_break(void);                // a bare delimiter: text that went before does not spoil the next frame
uint8_t frame_take(uint8_t *byte);     // the next byte to transmit; 0: none. Called from the interrupt
uint8_t frame_waiting(void);           // are there bytes to transmit?

static inline uint8_t *put16(uint8_t *to, uint16_t value) {
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
    return to + 2;
}
static inline uint8_t *put32(uint8_t *to, uint32_t value) {
    return put16(put16(to, (uint16_t)value), (uint16_t)(value >> 16));
}
#endif
