// SPDX-License-Identifier: GPL-3.0-or-later
#include "frame.h"
#include "hal.h"

enum { RING = 512, KEPT_FREE = 96 };
static uint8_t ring[RING];
static volatile uint16_t head, tail; // head: written by the core; tail: by the interrupt
static uint8_t sequence;

static uint16_t next(uint16_t at) { return (at + 1) & (RING - 1); }

static uint16_t room(void) {
    uint8_t before = hal_lock();
    uint16_t used = (head - tail) & (RING - 1);
    hal_unlock(before);
    return RING - 1 - used;
}

static void publish(uint16_t end) {
    uint8_t before = hal_lock();
    head = end;
    hal_unlock(before);
    hal_send();
}

// CRC-16/IBM-3740: polynomial 0x1021, start 0xFFFF, no reflection. Check value of "123456789": 0x29B1
static uint16_t crc16(uint16_t crc, uint8_t byte) {
    uint8_t x = (uint8_t)(crc >> 8) ^ byte;
    x ^= x >> 4;
    return (uint16_t)(crc << 8) ^ ((uint16_t)x << 12) ^ ((uint16_t)x << 5) ^ x;
}

typedef struct {
    uint16_t at, code_at;
    uint8_t code;
} cobs_t;

static void cobs(cobs_t *out, uint8_t byte) {
    if (byte) {
        ring[out->at] = byte;
        out->code++;
    } else {
        ring[out->code_at] = out->code;
        out->code_at = out->at;
        out->code = 1;
    }
    out->at = next(out->at);
}

uint8_t frame_send(uint8_t type, uint32_t time, const void *payload, uint8_t length) {
    uint8_t start[6] = {type, sequence++};
    put32(start + 2, time);
    if (room() < (uint16_t)length + sizeof start + 4 + (type == FRAME_DATA ? KEPT_FREE : 0)) return 0;
    uint16_t crc = 0xFFFF;
    cobs_t out = {next(head), head, 1};
    const uint8_t *bytes = payload;
    for (uint8_t i = 0; i < sizeof start + length; i++) {
        uint8_t byte = i < sizeof start ? start[i] : bytes[i - sizeof start];
        crc = crc16(crc, byte);
        cobs(&out, byte);
    }
    cobs(&out, (uint8_t)crc);
    cobs(&out, (uint8_t)(crc >> 8));
    ring[out.code_at] = out.code;
    ring[out.at] = 0;
    publish(next(out.at));
    return 1;
}

uint8_t frame_text(const char *text) {
    uint16_t at = head, left = room();
    for (; *text; at = next(at)) {
        if (!left--) return 0;
        ring[at] = (uint8_t)*text++;
    }
    publish(at);
    return 1;
}

void frame_break(void) {
    if (!room()) return;
    ring[head] = 0;
    publish(next(head));
}

uint8_t frame_take(uint8_t *byte) {
    uint16_t at = tail;
    if (at == head) return 0;
    *byte = ring[at];
    tail = next(at);
    return 1;
}

uint8_t frame_waiting(void) {
    uint8_t before = hal_lock(), waits = head != tail;
    hal_unlock(before);
    return waits;
}
